"""What every dissector has to keep, and vectors by hand from the specifications."""

from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols import DISSECTORS
from infrastress.connectors.pcap.protocols.base import MAX_PENDING, Dissector, Message
from infrastress.connectors.pcap.protocols.dnp3 import crc
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind
from tests.connectors.pcap.packets import pcap, read, talk


class Kept:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.time, self.packet = 0, 0
        self.rows: list[tuple[Kind, Message]] = []

    def write(self, kind: Kind, message: Message, reply: Message | None, from_client: bool) -> None:
        self.rows.append((kind, message))


@pytest.mark.parametrize("kind", DISSECTORS, ids=lambda kind: kind.__name__)
class TestContract:
    def test_bounds_what_waits_and_gives_it_back_at_the_end(self, kind: type[Dissector]) -> None:
        kept = Kept()
        dissector = kind(kept)
        for i in range(MAX_PENDING + 10):
            dissector.ask(i, Message())
        assert len(kept.rows) == 10
        dissector.finish()
        assert [row[0] for row in kept.rows] == [Kind.REQUEST] * (MAX_PENDING + 10)

    def test_takes_nothing_for_its_own(self, kind: type[Dissector]) -> None:
        others = {"http": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ssh": b"SSH-2.0-OpenSSH_9.2\r\n"}
        for protocol, data in {"": bytes(64), "-": b"\xff" * 64, **others}.items():
            assert not kind.sniff(data) or kind.protocol == protocol

    def test_has_usual_ports_and_a_docstring(self, kind: type[Dissector]) -> None:
        assert kind.ports
        assert kind.__doc__


def rows_of(folder: Path, port: int, *turns: tuple[str, str]) -> list[NetworkRow]:
    packets = talk(*((side, bytes.fromhex(data)) for side, data in turns), server=("10.0.0.2", port))
    return [row for row in read(folder, pcap(packets))[0] if row.kind != "connection"]


def link(control: int, target: int, source: int, user: bytes) -> str:
    head = bytes([5, 0x64, 5 + len(user), control]) + target.to_bytes(2, "little") + source.to_bytes(2, "little")
    out = head + crc(head).to_bytes(2, "little")
    for at in range(0, len(user), 16):
        out += user[at : at + 16] + crc(user[at : at + 16]).to_bytes(2, "little")
    return out.hex()


def test_dnp3_crc_of_the_standards_example() -> None:
    assert crc(bytes.fromhex("056405c001000004")) == 0x21E9  # IEEE 1815, header of a link frame


CROB = bytes.fromhex("0c012801000500" + "0301" + "64000000" + "c8000000")


def test_dnp3_operate_is_tied_to_its_refusal(tmp_path: Path) -> None:
    ask = link(0xC4, 10, 1, b"\xc0\xc3\x05" + CROB + b"\0")
    answer = link(0x44, 1, 10, b"\xc1\xc3\x81\0\0" + CROB + b"\x07")
    [row] = rows_of(tmp_path, 20000, ("c", ask), ("s", answer))
    assert (row.action, row.object, row.address, row.unit, row.client_unit) == (Action.OPERATE, "g12v1", 5, 10, 1)
    assert (row.ok, row.exception, row.error) == (False, 7, "local")


def test_dnp3_fragments_and_bad_crc(tmp_path: Path) -> None:
    body = b"\xc1\x81\0\0" + bytes.fromhex("1e0200000200") + b"".join(b"\x01" + bytes([i, 0]) for i in range(3))
    body = b"\xc1\x81\0\0\x1e\x02\0\0\x02" + b"".join(b"\x01" + bytes([i, 0]) for i in range(3))
    parts = [link(0x44, 1, 10, bytes([head]) + part) for head, part in ((0x7F, body[:9]), (0x80, body[9:]))]
    wrong = parts[0][:-4] + "0000"
    rows = rows_of(tmp_path, 20000, ("s", parts[0]), ("s", parts[1]), ("s", wrong))
    assert [(row.object, row.values) for row in rows if row.object] == [("g30v2", [0.0, 1.0, 2.0])]
    assert [row.error for row in rows if row.kind == "malformed"] == ["CRC of a data block is wrong"]


def test_iec104_setpoint_with_its_refusal_and_measured_values(tmp_path: Path) -> None:
    ask = "6812" + "00000000" + "32010600" + "0300" + "9c1300" + "00004842" + "00"
    refused = "6812" + "00000000" + "32016f00" + "0300" + "9c1300" + "00004842" + "00"
    measured = "6816" + "00000000" + "09830300" + "0300" + "0a0000" + "004000" + "00c000" + "ff7f80"
    command, report = rows_of(tmp_path, 2404, ("c", ask), ("s", refused), ("s", measured))
    assert (command.action, command.address, command.value, command.ok) == (Action.OPERATE, 5020, 50.0, False)
    assert (command.exception, command.error) == (47, "unknown object address")
    assert (report.action, report.address, report.quantity) == (Action.REPORT, 10, 3)
    assert report.values == [0.5, -0.5, 32767 / 32768]


def test_s7_write_to_a_data_block_and_stop(tmp_path: Path) -> None:
    write = (
        "03000027" + "02f080" + "320100000005000e0008" + "0501" + "120a10040002000184000050" + "00040020" + "00010002"
    )
    done = "03000016" + "02f080" + "320300000005000200010000" + "0501" + "ff"
    stop = "03000021" + "02f080" + "3201000000060010" + "0000" + "29000000000009" + "505f50524f4752414d"
    first, second = rows_of(tmp_path, 102, ("c", write), ("s", done), ("c", stop))
    assert (first.action, first.object, first.address, first.quantity) == (Action.WRITE, "DB1 word", 10, 2)
    assert (first.values, first.ok) == ([1.0, 2.0], True)
    assert (second.kind, second.action, second.ok) == (Kind.REQUEST, Action.STOP, None)


def enip(command: int, body: bytes, session: int = 1) -> str:
    context = b"\x01" * 8
    head = command.to_bytes(2, "little") + len(body).to_bytes(2, "little") + session.to_bytes(4, "little")
    return (head + bytes(4) + context + bytes(4) + body).hex()


def unconnected(message: bytes) -> bytes:
    return bytes(6) + b"\x02\0" + bytes(4) + b"\xb2\0" + len(message).to_bytes(2, "little") + message


def test_cip_stop_tag_write_and_multiple_services(tmp_path: Path) -> None:
    stop = b"\x07\x02\x20\x8e\x24\x01"
    write = b"\x4d\x03\x91\x04Pump\xca\0\x01\0" + bytes.fromhex("00004842")
    read = b"\x4c\x02\x91\x02Lv\x01\0"
    first = 6
    multiple = b"\x0a\x02\x20\x02\x24\x01" + b"\x02\0" + bytes([first, 0, first + len(write), 0]) + write + read
    answers = b"\xcd\0\x0f\0", b"\xcc\0\0\0\xc3\0\x07\0"
    reply = b"\x8a\0\0\0" + b"\x02\0" + bytes([first, 0, first + len(answers[0]), 0]) + b"".join(answers)
    one, two, three = rows_of(
        tmp_path,
        44818,
        ("c", enip(0x6F, unconnected(stop))),
        ("s", enip(0x6F, unconnected(b"\x87\0\0\0"))),
        ("c", enip(0x6F, unconnected(multiple))),
        ("s", enip(0x6F, unconnected(reply))),
    )
    assert (one.action, one.object, one.ok) == (Action.STOP, "class 0x8e 1", True)
    assert (two.action, two.object, two.value, two.ok, two.error) == (
        Action.WRITE,
        "Pump",
        50.0,
        False,
        "privilege violation",
    )
    assert (three.action, three.object, three.value, three.ok) == (Action.READ, "Lv", 7.0, True)


def test_cip_numbers_of_64_bits_and_attributes(tmp_path: Path) -> None:
    write = b"\x4d\x03\x91\x04Pump\xc5\0\x01\0" + b"\xff" * 7 + b"\x7f"
    single = b"\x10\x03\x20\x0f\x24\x01\x30\x01" + bytes.fromhex("0102030405060708")
    one = b"\x03\x02\x20\x8b\x24\x01\x01\0\x08\0"
    answer = b"\x83\0\0\0\x01\0\x08\0\0\0" + b"\x07\0"
    tag, attribute, listed = rows_of(
        tmp_path,
        44818,
        ("c", enip(0x6F, unconnected(write))),
        ("s", enip(0x6F, unconnected(b"\xcd\0\0\0"))),
        ("c", enip(0x6F, unconnected(single))),
        ("s", enip(0x6F, unconnected(b"\x90\0\0\0"))),
        ("c", enip(0x6F, unconnected(one))),
        ("s", enip(0x6F, unconnected(answer))),
    )
    assert (tag.object, tag.value) == ("Pump", float(2**63 - 1))
    assert (attribute.object, attribute.address, attribute.value) == ("class 0x0f 1", 1, float(0x0807060504030201))
    assert (listed.object, listed.address, listed.quantity, listed.value) == ("wall clock 1", 8, 1, 7.0)


def test_enip_identity(tmp_path: Path) -> None:
    fields = bytes.fromhex("0100" + "0e00" + "3600" + "1405" + "3000" + "78563412") + b"\x04PLC1\x03"
    item = b"\x01\0" + bytes.fromhex("0002af12") + bytes([10, 0, 0, 2]) + bytes(8) + fields
    body = b"\x01\0\x0c\0" + len(item).to_bytes(2, "little") + item
    [row] = rows_of(tmp_path, 44818, ("c", enip(0x63, b"", 0)), ("s", enip(0x63, body, 0)))
    assert row.identity == "PLC1; vendor=1; type=14; product=54; revision=20.005; serial=12345678; address=10.0.0.2"
