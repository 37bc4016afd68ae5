"""The same functions, addresses and values as tshark's on public captures, by packet."""

import math
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.events.network import NetworkRow

DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark isn't installed"),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data at {DATA}"),
]

Said = dict[int, list[float]]


def tshark(path: Path, show: str, field: str) -> Said:
    """All occurrences of a field by packet."""
    command = ["tshark", "-r", str(path), "-Y", show, "-T", "fields", "-e", "frame.number", "-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    cells = [line.split("\t") for line in lines]
    said = {int(number): [_number(value) for value in text.split(",") if value] for number, text in cells}
    return {number: values for number, values in said.items() if values}


def _number(text: str) -> float:
    if text in ("True", "False"):
        return float(text == "True")
    return float(int(text, 16)) if text.startswith("0x") else float(text)


def ours(path: Path, protocol: str) -> list[NetworkRow]:
    reader = CaptureReader(path)
    rows = [row for records in reader for row in records.rows() if row.protocol == protocol]
    assert reader.balance.balances
    return [row for row in rows if row.kind != "connection"]


def by_packet(pairs: Iterable[tuple[int | None, float]]) -> Said:
    said: Said = defaultdict(list)
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
    analog = [row for row in rows if row.object in ("g30v1", "g30v2", "g30v3", "g30v4") and row.value is not None]
    values = by_packet((row.packet, value) for row in analog for value in row.values or [row.value])
    shown = tshark(path, "dnp3.al.ana.int", "dnp3.al.ana.int")
    same(values, {n: v for n, v in shown.items() if n in values}, wrapped)


@pytest.mark.parametrize("path", captures("icsnpp/icsnpp_s7.pcap", "iti/mb2.pcap"), ids=lambda path: path.stem)
def test_s7comm(path: Path) -> None:
    rows = [row for row in ours(path, "s7comm") if row.function is not None and row.function < 256]
    jobs = [row for row in rows if not (row.function_name or "").startswith("COTP")]
    asks = {(row.packet, row.transaction, row.function) for row in jobs}
    # a response refused as a whole has no parameters that could name its function
    answers = {(row.response_packet, row.transaction, row.function) for row in jobs if (row.exception or 0) < 256}
    same(
        by_packet((packet, float(function or 0)) for packet, _, function in asks | answers),
        tshark(path, "s7comm.param.func", "s7comm.param.func"),
    )
    read = [row for row in jobs if row.object in ("flags byte", "flags word", "inputs byte", "outputs byte")]
    asked = by_packet((row.packet, float(row.address or 0)) for row in read)
    shown = tshark(path, "s7comm.header.rosctr == 1", "s7comm.param.item.address.byte")
    assert all(set(places) <= set(shown[number]) for number, places in asked.items())
    blocks = by_packet(
        (row.packet, float(row.object[2:].split()[0])) for row in jobs if (row.object or "").startswith("DB")
    )
    same(blocks, tshark(path, "s7comm.param.item.db > 0", "s7comm.param.item.db"))


CIP = captures("icsnpp/icsnpp_enip.pcap", "quickdraw-enip/qd_Remote_Mode_Change_Attempt.pcap", "iti/mb2.pcap")


@pytest.mark.parametrize("path", CIP, ids=lambda path: path.stem)
def test_cip(path: Path) -> None:
    """Services of requests by packet; tshark names envelopes (0x0a, 0x52 of class 6) too, we what is inside."""
    rows = [row for row in ours(path, "cip") if row.kind != "response"]
    again = tshark(path, "tcp.analysis.retransmission", "frame.len")
    said = by_packet((row.packet, float(row.function or 0)) for row in rows)
    shown = tshark(path, "cip.rr == 0", "cip.service")
    missed = {n: (said.get(n), v) for n, v in shown.items() if not set(v) - {10.0, 82.0} <= set(said.get(n, ()))}
    assert not missed
    assert not said.keys() - shown.keys() - again.keys()
