"""A line: the specification's examples byte by byte, answers that don't fit, and that nothing but reads ever leaves."""

import ast
import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import infrastress.connectors.modbus
from infrastress.connectors.modbus.line import FUNCTIONS, Address, Line, Pace, ReadFailed, ReadRefused
from infrastress.core.errors import PluginError
from tests.connectors.live_contract import run

FREE = Pace(1000, 0.0)


async def asked(
    answer: Callable[[bytes], bytes | None], ask: Callable[[Line], Awaitable[object]], timeout_s: float = 0.2
) -> tuple[object, list[bytes]]:
    """What a line makes of a device that answers each request's bytes with bytes; and the requests."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(300):
            requests.append(data)
            reply = answer(data)
            if reply is None:
                break
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line = Line(Address("127.0.0.1", server.sockets[0].getsockname()[1]), timeout_s, FREE, None)
    try:
        await line.open()
        try:
            result: object = await ask(line)
        except (ReadFailed, ReadRefused) as error:
            result = error
        return result, requests
    finally:
        line.close()
        server.close()
        await asyncio.sleep(0)


def framed(request: bytes, pdu: bytes) -> bytes:
    return request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu


# MODBUS Application Protocol Specification V1.1b3, the examples of sections 6.1 to 6.4
EXAMPLES = [
    ("coil", 0x13, 0x13, "01 0013 0013", "01 03 CD6B05", [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]),
    (
        "discrete", 0xC4, 0x16, "02 00C4 0016", "02 03 ACDB35",
        [0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1],
    ),
    ("holding", 0x6B, 3, "03 006B 0003", "03 06 022B 0000 0064", [555, 0, 100]),
    ("input", 0x08, 1, "04 0008 0001", "04 02 000A", [10]),
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example[0])
def test_examples_of_the_specification(example):
    table, address, count, request_pdu, answer_pdu, numbers = example

    async def main() -> None:
        result, requests = await asked(
            lambda request: framed(request, bytes.fromhex(answer_pdu)),
            lambda line: line.read(table, 17, address, count),
        )
        assert result == numbers
        (sent,) = requests
        assert sent[2:7] == bytes.fromhex("0000 0006 11")  # protocol, length, unit
        assert sent[7:] == bytes.fromhex(request_pdu)

    run(main())


def test_an_exception_is_the_devices_answer():
    async def main() -> None:
        for code, reason in ((1, "modbus-illegal-function"), (6, "modbus-busy"), (11, "modbus-gateway-target"),
                             (77, "modbus-exception-77")):  # fmt: skip
            result, _ = await asked(
                lambda request, code=code: framed(request, bytes([0x84, code])),
                lambda line: line.read("input", 1, 0, 1),
            )
            assert isinstance(result, ReadRefused)
            assert (result.code, result.reason) == (code, reason)

    run(main())


BAD = [
    ("silence", lambda r: b"", "modbus-timeout", False),
    ("closed", lambda r: None, "modbus-lost", True),
    ("another transaction", lambda r: b"\xff\xff" + framed(r, b"\x04\x02\x00\x0a")[2:], "modbus-mismatch", False),
    ("not Modbus", lambda r: b"HTTP/1.1 400 Bad Request\r\n\r\n", "modbus-garbage", True),
    ("another function", lambda r: framed(r, b"\x03\x02\x00\x0a"), "modbus-garbage", True),
    ("too short", lambda r: framed(r, b"\x04\x00"), "modbus-garbage", True),
    ("too much", lambda r: framed(r, b"\x04\x04\x00\x0a\x00\x0b"), "modbus-garbage", True),
    ("count that lies", lambda r: framed(r, b"\x04\x08\x00\x0a"), "modbus-garbage", True),
    ("half an answer", lambda r: framed(r, b"\x04\x02\x00\x0a")[:9], "modbus-timeout", False),
]


@pytest.mark.parametrize(("answer", "reason", "lost"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_answers_that_do_not_fit(answer, reason, lost):
    async def main() -> None:
        result, _ = await asked(answer, lambda line: line.read("input", 1, 0, 1))
        assert isinstance(result, ReadFailed), result
        assert (result.reason, result.lost) == (reason, lost)

    run(main())


def test_an_answer_that_comes_late_is_not_taken_for_the_next():
    late: list[bytes] = []

    def answer(request: bytes) -> bytes:
        late.append(framed(request, b"\x04\x02\x00" + bytes([len(late)])))
        return b"" if len(late) == 1 else late[0] + late[1]

    async def ask(line: Line) -> list[int]:
        with pytest.raises(ReadFailed):
            await line.read("input", 1, 0, 1)
        return await line.read("input", 1, 0, 1)

    async def main() -> None:
        result, _ = await asked(answer, ask)
        assert result == [1]

    run(main())


def test_a_half_open_connection_is_given_up():
    async def ask(line: Line) -> list[bool]:
        lost = []
        for _ in range(3):
            with pytest.raises(ReadFailed) as failure:
                await line.read("input", 1, 0, 1)
            lost.append(failure.value.lost)
        return lost

    async def main() -> None:
        result, _ = await asked(lambda request: b"", ask, timeout_s=0.05)
        assert result == [False, False, True]

    run(main())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_give_numbers_or_a_reason(data, whole):
    async def main() -> None:
        result, _ = await asked(
            lambda request: framed(request, data) if whole else request[:2] + data,
            lambda line: line.read("holding", 1, 0, 2),
            timeout_s=0.02,
        )
        if isinstance(result, list):
            assert (data[:2], len(data)) == (b"\x03\x04", 6)
        else:
            assert isinstance(result, ReadFailed | ReadRefused)

    run(main())


def test_requests_keep_their_distance():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        def answer(request: bytes) -> bytes:
            times.append(loop.time())
            return framed(request, b"\x04\x02\x00\x0a")

        async def ask(line: Line) -> None:
            line._pace = Pace(4, 0.05)
            line._sent = type(line._sent)(maxlen=4)
            for _ in range(7):
                await line.read("input", 1, 0, 1)

        await asked(answer, ask)
        assert min(b - a for a, b in itertools.pairwise(times)) >= 0.049
        assert min(b - a for a, b in zip(times, times[4:], strict=False)) >= 0.99

    run(main())


def test_a_write_is_stopped_before_it_leaves():
    async def ask(line: Line) -> None:
        assert line._client is not None
        for function in set(range(1, 128)) - set(FUNCTIONS.values()):
            with pytest.raises(PluginError, match="isn't a read"):
                line._inspect(True, b"\0\1\0\0\0\6\1" + bytes([function]) + b"\0\0\0\0")
        with pytest.raises(PluginError, match="isn't a read"):
            await line._client.write_register(0, 1)

    async def main() -> None:
        _, requests = await asked(lambda request: b"", ask)
        assert requests == []

    run(main())


def test_the_connector_calls_no_method_that_writes():
    called: set[str] = set()
    for file in Path(infrastress.connectors.modbus.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text())
        called |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "getattr" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    from pymodbus.client import AsyncModbusTcpClient

    theirs = {name for name in dir(AsyncModbusTcpClient) if not name.startswith("_")}
    reads = {"read_coils", "read_discrete_inputs", "read_holding_registers", "read_input_registers"}
    assert called & theirs - {"connect", "close", "read", "register"} == reads
