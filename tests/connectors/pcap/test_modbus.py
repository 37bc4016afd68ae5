"""Vectors by hand from MODBUS Application Protocol 1.1b3, chapter 6."""

from pathlib import Path

import pytest

from tests.connectors.pcap.packets import ethernet, mbap, pcap, read, talk, tcp

VECTORS = [  # request, response, what the row has to say
    ("0100130013", "0103cd6b05", {"action": "read", "object": "coil", "address": 19, "quantity": 19, "value": 1.0}),
    ("0200c40016", "0203acdb35", {"object": "discrete-input", "address": 196, "quantity": 22, "value": 0.0}),
    ("03006b0003", "0306022b00000064", {"object": "holding-register", "values": [555.0, 0.0, 100.0], "ok": True}),
    ("0400080001", "0402000a", {"object": "input-register", "address": 8, "value": 10.0, "values": None}),
    ("0500acff00", "0500acff00", {"action": "write", "object": "coil", "address": 172, "value": 1.0}),
    ("0600010003", "0600010003", {"action": "write", "object": "holding-register", "address": 1, "value": 3.0}),
    ("07", "076d", {"action": "diagnose", "value": 109.0}),
    ("080000a537", "080000a537", {"action": "diagnose", "address": 0, "value": 42295.0}),
    ("0800010000", "0800010000", {"action": "restart", "address": 1}),
    ("0800040000", "0800040000", {"action": "silence", "function_name": "diagnostics: force listen only mode"}),
    ("0b", "0bffff0108", {"action": "diagnose", "values": [65535.0, 264.0]}),
    ("0c", "0c080000010801212000", {"function_name": "get comm event log", "ok": True}),
    ("0f0013000a02cd01", "0f0013000a", {"action": "write", "quantity": 10, "value": 1.0}),
    ("100001000204000a0102", "1000010002", {"address": 1, "quantity": 2, "values": [10.0, 258.0]}),
    ("11", "110541424300ff", {"action": "identify", "identity": "ABC"}),
    (
        "140e0600040001000206000300090002",
        "140c05060dfe0020050633cd0040",
        {"object": "file 4", "address": 1, "quantity": 2},
    ),
    ("150d0600040007000306af04be100d", "150d0600040007000306af04be100d", {"action": "file-write", "address": 7}),
    ("16000400f20025", "16000400f20025", {"action": "write", "address": 4, "values": [242.0, 37.0]}),
    ("1804de", "1800060002 01b81284".replace(" ", ""), {"address": 1246, "values": [440.0, 4740.0]}),
    (
        "2b0e0100",
        "2b0e01010000030002414201034344450203312e30",
        {"action": "identify", "identity": "VendorName=AB; ProductCode=CDE; MajorMinorRevision=1.0"},
    ),
    ("5a0041ff00", "5a00fe", {"action": "stop", "function_name": "Unity: stop", "ok": True}),
    ("5a012901000102", "5a01fd", {"action": "download", "function_name": "Unity: write block", "ok": False}),
    ("5a0130", "5a01fe", {"action": "upload", "ok": True}),
    ("0300640002", "8302", {"ok": False, "exception": 2, "error": "illegal data address", "address": 100}),
]


@pytest.mark.parametrize(("request_", "response", "expected"), VECTORS, ids=[vector[0] for vector in VECTORS])
def test_a_function(tmp_path: Path, request_: str, response: str, expected: dict[str, object]) -> None:
    turns = (("c", mbap(9, bytes.fromhex(request_), 17)), ("s", mbap(9, bytes.fromhex(response), 17)))
    rows, _ = read(tmp_path, pcap(talk(*turns)))
    assert [row.kind for row in rows] == ["transaction", "connection"]
    row = rows[0]._asdict()
    assert {name: row[name] for name in expected} == expected
    assert (row["unit"], row["transaction"], row["function"]) == (17, 9, int(request_[:2], 16))


def test_read_and_write_at_once_are_two_rows(tmp_path: Path) -> None:
    ask = bytes.fromhex("1700030006000e00030600ff00ff00ff")
    answer = bytes.fromhex("170c00fe0acd00010003000d00ff")
    rows, _ = read(tmp_path, pcap(talk(("c", mbap(1, ask)), ("s", mbap(1, answer)))))
    write, look, _ = rows
    assert (write.action, write.address, write.values) == ("write", 14, [255.0] * 3)
    assert (look.action, look.address, look.quantity, look.value) == ("read", 3, 6, 254.0)


def test_several_pdus_a_segment_and_pdus_over_segments(tmp_path: Path) -> None:
    asks = b"".join(mbap(i, bytes.fromhex("0300640001")) for i in range(3))
    answers = b"".join(mbap(i, bytes.fromhex("030200") + bytes([i])) for i in reversed(range(3)))
    turns = [("c", asks), *(("s", answers[i : i + 4]) for i in range(0, len(answers), 4))]
    turns[1:3] = [("s", answers[:8])]
    rows, _ = read(tmp_path, pcap(talk(*turns)))
    assert [(row.kind, row.transaction, row.value) for row in rows[:3]] == [("transaction", i, i) for i in (2, 1, 0)]


def test_what_has_no_counterpart_is_kept(tmp_path: Path) -> None:
    ask, answer = bytes.fromhex("0600010003"), bytes.fromhex("0600010003")
    rows, _ = read(tmp_path, pcap(talk(("c", mbap(1, ask)), ("c", mbap(1, ask)), ("s", mbap(2, answer)))))
    assert [(row.kind, row.transaction, row.sender) for row in rows[:3]] == [
        ("request", 1, "client"),
        ("response", 2, "server"),
        ("request", 1, "client"),
    ]


@pytest.mark.parametrize("port", [502, 1502, 40001])
def test_the_port_does_not_matter_nor_the_beginning(tmp_path: Path, port: int) -> None:
    pair = (("c", mbap(5, bytes.fromhex("0300640001"))), ("s", mbap(5, bytes.fromhex("03020007"))))
    packets = talk(*pair, *pair, server=("10.0.0.2", port))
    assert [row.kind for row in read(tmp_path, pcap(packets))[0]] == ["transaction", "transaction", "connection"]
    middle = [ethernet(tcp(("10.0.0.1", 5), ("10.0.0.2", 502), 10 + i, bytes([i]))) for i in range(3)]
    assert read(tmp_path, pcap(middle))[0][-1].protocol == "unknown"


BAD = {
    "0300640002": "read",
    "03006400": "a read request is not 5 bytes long",
    "0500ac1234": "a coil is neither on nor off",
    "100001000205000a0102": "byte count does not fit the length",
    "100001000304000a0102": "byte count does not fit the quantity",
}


@pytest.mark.parametrize(("pdu", "rule"), list(BAD.items())[1:])
def test_a_broken_rule_is_a_row_and_the_next_pdu_is_read(tmp_path: Path, pdu: str, rule: str) -> None:
    good = bytes.fromhex("0300640002")
    rows, reader = read(
        tmp_path, pcap(talk(("c", mbap(1, good)), ("c", mbap(2, bytes.fromhex(pdu))), ("c", mbap(3, good))))
    )
    assert [(row.kind, row.error) for row in rows if row.kind == "malformed"] == [("malformed", rule)]
    assert {row.transaction for row in rows if row.kind == "request"} == {1, 3}
    assert reader.balance.counts["modbus", "malformed", ""] == 1
