"""Vectors by hand from OPC 10000-6, and real traffic of a client and a server through a proxy that keeps it."""

import asyncio
import struct
from pathlib import Path

import pytest
from asyncua import Client, Server, ua, uamethod

from infrastress.connectors.pcap.protocols.opcua_services import MOST
from infrastress.events.network import NetworkRow
from tests.connectors.pcap.packets import pcap, read, talk

ADDRESS = ("10.0.0.2", 4840)


def rows_of(folder: Path, *turns: tuple[str, bytes]) -> list[NetworkRow]:
    return [row for row in read(folder, pcap(talk(*turns, server=ADDRESS)))[0] if row.kind != "connection"]


def text(value: str) -> bytes:
    return struct.pack("<i", len(value)) + value.encode()


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", 8 + len(body)) + body


def service(number: int, body: bytes, request: int = 1, chunk: bytes = b"MSGF") -> bytes:
    return message(chunk, struct.pack("<IIII", 1, 1, request, request) + b"\x01\0" + struct.pack("<H", number) + body)


ASKS = b"\0\0" + bytes(8) + struct.pack("<II", 1, 0) + struct.pack("<i", -1) + bytes(4) + b"\0\0\0"
"""A request's header: no token, no time, handle 1, nothing else."""


def says(status: int = 0) -> bytes:
    """A response's header."""
    return bytes(8) + struct.pack("<II", 1, status) + b"\0" + struct.pack("<i", -1) + b"\0\0\0"


def to_read(*nodes: bytes) -> bytes:
    each = b"".join(node + struct.pack("<Ii", 13, -1) + b"\0\0" + struct.pack("<i", -1) for node in nodes)
    return ASKS + bytes(12) + struct.pack("<i", len(nodes)) + each


PUMP, LEVEL = b"\x03\x02\0" + text("Pump"), b"\x01\x02" + struct.pack("<H", 77)


def test_values_read_with_a_status_of_their_own(tmp_path: Path) -> None:
    results = struct.pack("<i", 2) + b"\x01\x0b" + struct.pack("<d", 2.5) + b"\x02" + struct.pack("<I", 0x80340000)
    one, two = rows_of(
        tmp_path, ("c", service(631, to_read(PUMP, LEVEL))), ("s", service(634, says() + results + bytes(4)))
    )
    assert (one.object, one.address, one.value, one.ok, one.action) == ("ns=2;s=Pump", 13, 2.5, True, "read")
    assert (two.object, two.value, two.ok, two.error) == ("ns=2;i=77", None, False, "BadNodeIdUnknown")


def test_a_write_of_an_array_is_refused(tmp_path: Path) -> None:
    value = b"\x01\x86" + struct.pack("<iii", 2, 5, -6)
    ask = ASKS + struct.pack("<i", 1) + PUMP + struct.pack("<Ii", 13, -1) + value
    answer = says() + struct.pack("<iI", 1, 0x801F0000) + bytes(4)
    [row] = rows_of(tmp_path, ("c", service(673, ask)), ("s", service(676, answer)))
    assert (row.action, row.values, row.ok, row.error) == ("write", [5.0, -6.0], False, "BadUserAccessDenied")


def test_chunks_and_a_fault(tmp_path: Path) -> None:
    whole = service(631, to_read(PUMP))
    first, second = service(631, to_read(PUMP)[:20], chunk=b"MSGC"), whole[28 + 20 :]
    rest = message(b"MSGF", struct.pack("<IIII", 1, 1, 2, 1) + second)
    [row] = rows_of(tmp_path, ("c", first), ("c", rest), ("s", service(397, says(0x80250000))))
    assert (row.object, row.ok, row.error) == ("ns=2;s=Pump", False, "BadSessionIdInvalid")


def test_more_nodes_than_rows(tmp_path: Path) -> None:
    n = MOST + 1
    answer = says() + struct.pack("<i", n) + b"\x01\x01\x01" * n + bytes(4)
    [row] = rows_of(tmp_path, ("c", service(631, to_read(*[PUMP] * n))), ("s", service(634, answer)))
    assert (row.object, row.quantity, len(row.values or ()), row.ok) == ("ns=2;s=Pump", n, n, True)


def test_what_is_encrypted_is_named(tmp_path: Path) -> None:
    policy = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
    opening = message(b"OPNF", bytes(4) + text(policy) + text("cert") + text("thumb") + b"\x99" * 64)
    secret = message(b"MSGF", bytes(8) + b"\x77" * 80)
    one, *rest = rows_of(tmp_path, ("c", opening), ("s", opening), ("c", secret), ("s", secret))
    assert (one.function_name, one.object, one.ok) == ("OpenSecureChannel", "policy Basic256Sha256", True)
    assert [row.function_name for row in rest] == ["encrypted message"] * 2


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (service(631, to_read(PUMP)[:-9]), "a field reaches beyond the PDU"),
        (service(631, ASKS + bytes(12) + struct.pack("<i", 2**30)), "an array longer than the message"),
        (message(b"MSGF", bytes(40)), "a message without the number of its service"),
        (service(673, ASKS + struct.pack("<i", 1) + b"\x09" + bytes(20)), "an unknown kind of node id"),
        (
            service(673, ASKS + struct.pack("<i", 1) + PUMP + struct.pack("<Ii", 13, -1) + b"\x01" + b"\x18" * 40),
            "values nested too deeply",
        ),
    ],
)
def test_a_broken_rule_is_a_row(tmp_path: Path, data: bytes, rule: str) -> None:
    good = service(631, to_read(PUMP), 9)
    rows = rows_of(tmp_path, ("c", data), ("c", good))
    assert [row.error for row in rows if row.kind == "malformed"] == [rule]
    assert [row.transaction for row in rows if row.kind == "request"] == [9]


@uamethod
def double(_: object, value: float) -> float:
    return 2 * value


async def spoken() -> list[tuple[str, bytes]]:
    """What a client and a server say to each other: browse, read, write, call, subscription."""
    turns: list[tuple[str, bytes]] = []
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_server_name("Tank farm")
    space = await server.register_namespace("urn:test")
    node = await server.nodes.objects.add_variable(ua.NodeId("Level", space), "Level", 1.5)
    await node.set_writable()
    await server.nodes.objects.add_method(
        ua.NodeId("Double", space), "Double", double, [ua.VariantType.Double], [ua.VariantType.Double]
    )
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]

        async def pump(side: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65_536):
                turns.append((side, data))
                writer.write(data)
            writer.close()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            back, forth = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pump("c", reader, forth), pump("s", back, writer))

        proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = Client(f"opc.tcp://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        client.name = "Engineering station"
        async with client:
            seen = client.get_node(node.nodeid)
            await client.nodes.objects.get_children()
            await seen.read_value()
            subscription = await client.create_subscription(20, Changes())
            await subscription.subscribe_data_change(seen)
            await seen.write_value(42.5)
            await client.nodes.objects.call_method(ua.NodeId("Double", space), 3.0)
            await asyncio.wait_for(Changes.both.wait(), 20)
        proxy.close()
    return turns


class Changes:
    both = asyncio.Event()

    def datachange_notification(self, _node: object, value: float, _data: object) -> None:
        if value == 42.5:
            self.both.set()


def test_real_traffic(tmp_path: Path) -> None:
    turns = asyncio.run(spoken())
    rows = rows_of(
        tmp_path, *((side, data[at : at + 1400]) for side, data in turns for at in range(0, len(data), 1400))
    )
    assert not [row for row in rows if row.kind == "malformed"]
    done = [row for row in rows if row.kind == "transaction"]
    [session] = [row for row in done if row.function_name == "CreateSession"]
    assert "application=Tank farm" in session.identity
    assert "client application=Engineering station" in session.identity
    level = [row for row in done if (row.object or "").endswith("s=Level") and row.address == 13]
    assert [(row.action, row.value, row.ok) for row in level if row.action != "subscribe"] == [
        ("read", 1.5, True),
        ("write", 42.5, True),
    ]
    assert [row.ok for row in level if row.action == "subscribe"] == [True]
    [call] = [row for row in done if row.action == "operate"]
    assert (call.object.endswith("s=Double"), call.value, call.ok) == (True, 3.0, True)
    reported = [row for row in done if (row.action == "report" and row.values) or row.value is not None]
    assert {1.5, 42.5} <= {row.value for row in reported if (row.object or "").endswith("s=Level")}
    assert {"hello", "OpenSecureChannel", "Browse", "CloseSession"} <= {row.function_name for row in done}
