"""The same functions, addresses and values as tshark's on public captures, by packet."""

import math
import os
import shutil
import struct
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from infrastress.connectors.pcap.protocols.cip_codes import CLASSES
from infrastress.connectors.pcap.protocols.s7comm_codes import AREAS, WIDTHS
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.events.network import NetworkRow

DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark isn't installed"),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data at {DATA}"),
]

T = TypeVar("T")
Said = dict[int, list[float]]


def fields(path: Path, show: str, *names: str) -> dict[int, list[list[str]]]:
    """All occurrences of fields by packet."""
    command = ["tshark", "-n", "-r", str(path), "-Y", show, "-T", "fields", "-e", "frame.number"]
    command += [part for name in names for part in ("-e", name)]
    command += [
        "-d",
        "tcp.port==1102,enip",
    ]  # a client's port, of another protocol for tshark, which reads nothing then
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=250).stdout.splitlines()
    cells = [line.split("\t") for line in lines]
    return {int(number): [[word for word in text.split(",") if word] for text in rest] for number, *rest in cells}


def tshark(path: Path, show: str, field: str) -> Said:
    """All occurrences of a field by packet, as numbers."""
    return {number: [_number(word) for word in words] for number, [words] in fields(path, show, field).items() if words}


def _number(text: str) -> float:
    if text in ("True", "False"):
        return float(text == "True")
    return float(int(text, 16)) if text.startswith("0x") else float(text)


def ours(path: Path, protocol: str) -> list[NetworkRow]:
    reader = CaptureReader(path)
    rows = [row for records in reader for row in records.rows() if row.protocol == protocol]
    assert reader.balance.balances
    return [row for row in rows if row.kind != "connection"]


def by_packet(pairs: Iterable[tuple[int | None, T]]) -> dict[int, list[T]]:
    said: dict[int, list[T]] = defaultdict(list)
    for number, value in pairs:
        if number is not None:
            said[number].append(value)
    return dict(said)


def same(left: Said, right: Said, beyond: Iterable[int] = ()) -> None:
    """Equal by packet; `beyond` are packets that tshark leaves undecoded, for a reason the caller gives."""
    left = {number: values for number, values in left.items() if number in right or number not in set(beyond)}
    assert left.keys() == right.keys(), sorted(left.keys() ^ right.keys())[:10]
    wrong = {
        number: (left[number], right[number])
        for number in left
        if len(left[number]) != len(right[number])
        or not all(
            math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6)
            for a, b in zip(sorted(left[number]), sorted(right[number]), strict=True)
        )
    }
    assert not wrong, dict(list(wrong.items())[:5])


def captures(*names: str) -> list[Path]:
    return [DATA / name for name in names]


MODBUS = captures(
    "icsnpp/icsnpp_modbus.pcap",
    "iti/mb2.pcap",
    "lemay-modbus/CnC_uploading_exe_modbus_6RTU_with_operate.pcap",
    "lemay-modbus/send_a_fake_command_modbus_6RTU_with_operate.pcap",
)


@pytest.mark.parametrize("path", MODBUS, ids=lambda path: path.stem[:24])
def test_modbus(path: Path) -> None:
    rows = ours(path, "modbus")
    assert {row.kind for row in rows} <= {"transaction", "request", "response"}
    ends = [(row, packet) for row in rows for packet in (row.packet, row.response_packet) if packet]
    fresh = "modbus && !tcp.analysis.retransmission"
    # A segment sent again may bring new PDUs with old ones; tshark decodes none of them.
    again = tshark(path, "tcp.analysis.retransmission", "frame.len")
    functions = by_packet(
        (packet, float(row.function or 0)) for row, packet in ends if (row.function, row.action) != (23, "read")
    )
    same(functions, tshark(path, fresh, "modbus.func_code"), again)
    read = [row for row in rows if row.function in (3, 4) and row.ok and row.kind == "transaction"]
    values = by_packet((row.response_packet, value) for row in read for value in row.values or [row.value])
    shown = tshark(path, f"{fresh} && tcp.srcport == 502 && modbus.func_code in {{3, 4}}", "modbus.regval_uint16")
    values = {number: value for number, value in values.items() if number not in again}
    same(values, {number: shown[number] for number in values})
    plain = [row for row in rows if row.kind != "response" and row.function in (1, 2, 3, 4, 5, 6, 15, 16, 22)]
    asked = by_packet((row.packet, float(row.address)) for row in plain)
    shown = tshark(
        path, f"{fresh} && tcp.dstport == 502 && modbus.func_code in {{1..6, 15, 16, 22}}", "modbus.reference_num"
    )
    same(asked, shown, again)


def test_iec104() -> None:
    [path] = captures("iti/iec104_090813_diverse.pcap")
    rows = [row for row in ours(path, "iec104") if row.object]
    ends = [(row, packet) for row in rows for packet in (row.packet, row.response_packet) if packet]
    places = by_packet((packet, float(row.address + i)) for row, packet in ends for i in range(row.quantity or 0))
    same(places, tshark(path, "iec60870_asdu", "iec60870_asdu.ioa"))
    floats = by_packet(
        (packet, value)
        for row, packet in ends
        if row.function in (13, 36, 50, 63)
        for value in row.values or [row.value]
    )
    same(floats, tshark(path, "iec60870_asdu", "iec60870_asdu.float"))


DNP3 = captures(
    "icsnpp/icsnpp_dnp3.pcap",
    "suricata-verify/dnp3-eve.pcap",
    "suricata-verify/dnp3-file-write.pcap",
    "suricata-verify/dnp3-select-operate.pcap",
    "suricata-verify/dnp3-write.pcap",
)


@pytest.mark.parametrize("path", DNP3, ids=lambda path: path.stem)
def test_dnp3(path: Path) -> None:
    rows = [row for row in ours(path, "dnp3") if row.function is not None]
    assert {row.kind for row in rows} <= {"transaction", "message", "request", "response"}
    shown = tshark(path, "dnp3.al.func && !tcp.analysis.retransmission", "dnp3.al.func")
    first = {row.packet: [float(row.function)] for row in rows}
    answered = {row.response_packet: [129.0] for row in rows if row.response_packet}
    # tshark doesn't put fragments together whose transport sequence passes from 63 to 0.
    wrapped = tshark(path, "dnp3.tr.seq == 0 && dnp3.tr.fir == 0", "frame.len")
    # And it mixes some that share their sequence number with an older one, which it says itself.
    mixed = tshark(path, "dnp3.al.fragment.overlap.conflict == 1", "frame.len")
    said = {number: function for number, function in (answered | first).items() if number not in mixed}
    same(said, {number: function for number, function in shown.items() if number not in mixed}, wrapped)
    for number, (objects, near, far, *values) in fields(path, "dnp3.al.obj", *DNP3_FIELDS).items():
        if number in mixed or number in wrapped:
            continue
        here = [row for row in rows if row.packet == number and row.object]
        # what a response only repeats of a control isn't a row of its own
        echoed = {row.object for row in rows if row.response_packet == number and row.action in ("select", "operate")}
        assert {row.object for row in here} | echoed == {_variation(word) for word in objects} | echoed
        if echoed:
            continue
        points = [row.address + i for row in here if row.address is not None for i in range(row.quantity or 0)]
        shown = [float(word) for word in [*near, *far]]
        # tshark gives points of a count the indices 0 to n - 1; they have none.
        assert sorted(points) == sorted(shown) or not {row.address for row in here} - {None}, number
        said = [value for row in here if _compared(row) for value in row.values or [row.value]]
        told = [_number(word) for words in values for word in words]
        double = {row.object for row in here} & {"g3v2", "g4v1"}  # of whose two bits tshark shows one as a field
        if not double:
            assert sorted(said) == pytest.approx(sorted(told), rel=1e-5), number


DNP3_FIELDS = [
    f"dnp3.al.{name}"
    for name in (
        *("obj", "point_index", "index", "bit", "2bit", "ana.int", "ana.float", "ana.double", "anaout.int"),
        *("anaout.float", "anaout.double", "cnt", "biq.b7", "boq.b7"),
    )
]


def _variation(word: str) -> str:
    return f"g{int(word, 16) >> 8}v{int(word, 16) & 255}"


def _compared(row: NetworkRow) -> bool:
    """Rows whose value tshark shows as such a field; a control code (g12) it spells out."""
    return row.value is not None and not (row.object or "").startswith(("g12", "g50", "g51", "g52", "g34"))


S7 = captures("icsnpp/icsnpp_s7.pcap", "iti/mb2.pcap")


@pytest.mark.parametrize("path", S7, ids=lambda path: path.stem)
def test_s7comm(path: Path) -> None:
    """Functions by packet; of every item area, data block, width, place, count, and the octets read or written."""
    rows = [row for row in ours(path, "s7comm") if row.function is not None and row.function < 256]
    jobs = [row for row in rows if not (row.function_name or "").startswith("COTP")]
    asks = {(row.packet, row.transaction, row.function) for row in jobs}
    # a response refused as a whole has no parameters that could name its function
    answers = {(row.response_packet, row.transaction, row.function) for row in jobs if (row.exception or 0) < 256}
    same(
        by_packet((packet, float(function or 0)) for packet, _, function in asks | answers),
        tshark(path, "s7comm.param.func", "s7comm.param.func"),
    )
    items = ["area", "db", "transp_size", "length", "address.byte", "address.bit", "address.number"]
    show = "s7comm.header.rosctr == 1 && s7comm.param.item.area"
    for number, columns in fields(path, show, *(f"s7comm.param.item.{name}" for name in items)).items():
        areas, blocks, widths, counts, octets, bits, numbers = ([int(word, 0) for word in col] for col in columns)
        here = [row for row in jobs if row.packet == number]
        names = [f"DB{b}" if a == 0x84 else AREAS[a] for a, b in zip(areas, blocks, strict=True)]
        assert [row.object for row in here] == [f"{n} {WIDTHS[w]}" for n, w in zip(names, widths, strict=True)]
        assert [row.quantity for row in here] == counts
        timers = [row.address for row in here if (row.object or "").startswith(("timer", "counter"))]
        places = [row.address for row in here if not (row.object or "").startswith(("timer", "counter"))]
        wide = [width for area, width in zip(areas, widths, strict=True) if area not in (0x1C, 0x1D)]
        shown = [8 * a + b if w == 1 else a for a, b, w in zip(octets, bits, wide, strict=True)]
        assert (places, timers) == (shown, numbers)
    data: dict[int | None, bytes] = defaultdict(bytes)
    for row in jobs:
        if row.value is not None:
            data[row.packet if row.function == 5 else row.response_packet] += _octets(row)
    shown = fields(path, "s7comm.param.func in {4, 5} && s7comm.resp.data", "s7comm.resp.data")
    assert dict(data) == {number: bytes.fromhex("".join(words)) for number, [words] in shown.items()}


def _octets(row: NetworkRow) -> bytes:
    """A row's values as S7 sends them."""
    code = {"bit": "B", "word": "H", "int": "h", "dword": "I", "dint": "i", "real": "f", "timer": "H", "counter": "H"}
    kind = code.get((row.object or "").rsplit(" ", 1)[-1], "B")
    values = row.values or [row.value or 0.0]
    return struct.pack(f">{len(values)}{kind}", *(value if kind == "f" else int(value) for value in values))


CIP = captures(
    "icsnpp/icsnpp_enip.pcap",
    "quickdraw-enip/qd_Control_Protocol_Change_Attempt.pcap",
    "quickdraw-enip/qd_Remote_Mode_Change_Attempt.pcap",
    "quickdraw-enip/qd_Software_Upload.pcap",
    "iti/mb2.pcap",
)
NUMBERS = {name: number for number, name in CLASSES.items()}


@pytest.mark.parametrize("path", CIP, ids=lambda path: path.stem)
def test_cip(path: Path) -> None:
    """By packet the services, classes, instances and tags asked for, and the status of the replies.

    tshark names envelopes too (0x0a of class 2, 0x52 of class 6), we what is inside.
    """
    rows = ours(path, "cip")
    again = tshark(path, "tcp.analysis.retransmission", "frame.len")
    asked = by_packet((row.packet, row) for row in rows if row.kind != "response")
    shown = fields(path, "cip.rr == 0", "cip.service", "cip.class", "cip.instance", "cip.symbol", "cip.rr")
    for number, (services, classes, instances, symbols, ways) in shown.items():
        here = asked.get(number, [])
        if {int(way, 16) for way in ways} != {0} or number in again:
            continue
        said = Counter(row.function for row in here)
        rest = Counter(int(word, 16) for word in services) - said
        assert rest.keys() <= {0x0A, 0x52}, (number, rest)
        objects = [name for row in here for name in (row.object or "").split(" / ")]
        extra = Counter(int(word, 16) for word in classes) - Counter(_class(name) for name in objects)
        assert extra.keys() <= {0x02, 0x06}, (number, extra)
        places = Counter(int(name.rsplit(" ", 1)[-1]) for name in objects if _class(name) is not None)
        assert (Counter(int(word, 16) for word in instances) - places).keys() <= {1}, number
        assert sorted(symbols) == sorted(name for name in objects if _class(name) is None), number
    assert not asked.keys() - shown.keys() - again.keys()
    status = by_packet(
        (row.packet if row.kind == "response" else row.response_packet, row.exception or 0) for row in rows
    )
    for number, (words, services) in fields(path, "cip.rr == 1", "cip.genstat", "cip.service").items():
        here = Counter(status.get(number, []))
        envelopes = sum(word in ("0x8a", "0xd2", "0x0a", "0x52") for word in services)
        rest = Counter(int(word, 16) for word in words) - here
        assert rest.total() <= envelopes or number in again, (number, rest, services)


def _class(name: str) -> int | None:
    """The number of an object's class; None for a tag."""
    name = name.rsplit(" ", 1)[0]
    return int(name[6:], 16) if name.startswith("class 0x") else NUMBERS.get(name)


def test_bacnet() -> None:
    """Services, objects, properties, invoke identifiers and real values by packet."""
    [path] = captures("icsnpp/icsnpp_bacnet.pcap")
    rows = ours(path, "bacnet")
    names = ["type", "confirmed_service", "unconfirmed_service", "instance_number", "property_identifier", "invoke_id"]
    asked = by_packet((row.packet, row) for row in rows)
    answered = by_packet((row.response_packet, row) for row in rows)
    whole = "udp && bacapp.type && !bacapp.sequence_number"  # segments are named, not read
    shown = fields(path, whole, *(f"bacapp.{name}" for name in [*names, "present_value.real"]))
    assert len(shown) > 7000
    for number, (kinds, confirmed, unconfirmed, instances, properties, invoked, reals) in shown.items():
        here = asked.get(number, []) if kinds[0] in ("0", "1", "4") or number not in answered else answered[number]
        functions = {row.function for row in here} - {None}
        assert functions == {*map(int, confirmed), *(0x100 | int(word) for word in unconfirmed)} or kinds[0] == "4"
        if kinds[0] in ("0", "1") and unconfirmed != ["1"]:  # of I-Have we name the object, not the device
            assert {(row.object or "").split()[-1] for row in here if row.object} - {"device"} <= set(instances)
        if kinds[0] == "0":
            assert [str(row.address) for row in here if row.address is not None] == properties
            assert {str(row.transaction) for row in here} == set(invoked)
        if reals:
            values = [value for row in here for value in row.values or [row.value]]
            assert values == pytest.approx([float(word) for word in reals], rel=1e-5)


def test_opcua() -> None:
    """Services by packet: requests as they are, responses by the number behind."""
    [path] = captures("icsnpp/icsnpp_opcua.pcap")
    rows = [row for row in ours(path, "opcua") if row.function is not None]
    ends = {(row.packet, row.transaction, row.function) for row in rows}
    # a fault answers with a number of its own
    answers = {(row.response_packet, row.transaction, (row.function or 0) + 3) for row in rows if row.ok is not False}
    refused = {(row.response_packet, row.transaction, (row.function or 0) + 3) for row in rows if row.ok is False}
    shown = tshark(path, "opcua.servicenodeid.numeric", "opcua.servicenodeid.numeric")
    said = by_packet((packet, float(number)) for packet, _, number in ends | answers | refused)
    for number in {packet for packet, *_ in refused}:
        if 397.0 in shown.get(number or 0, []):
            said.pop(number or 0), shown.pop(number or 0)
    same(said, shown)
