"""Vectors by hand from ANSI/ASHRAE 135-2020, annex F and clause 20."""

from pathlib import Path

import pytest

from infrastress.events.network import NetworkRow
from tests.connectors.pcap.packets import ethernet, pcap, read, udp

ENDS = ("10.0.0.1", 47808), ("10.0.0.2", 47808)


def rows_of(folder: Path, *turns: tuple[str, str]) -> list[NetworkRow]:
    """Datagrams of ("c" or "s", APDU in hexadecimal), behind a plain network layer."""
    packets = []
    for side, text in turns:
        body = b"\x01\x04" + bytes.fromhex(text)
        data = b"\x81\x0a" + (4 + len(body)).to_bytes(2, "big") + body
        packets.append(ethernet(udp(*(ENDS if side == "c" else ENDS[::-1]), data)))
    rows, reader = read(folder, pcap(packets))
    assert reader.balance.total("decoded") == len(turns) or any(row.kind == "malformed" for row in rows)
    return [row for row in rows if row.kind != "connection"]


VECTORS = [  # request, response, what the row has to say
    (
        "0003 0f 0c 0c00000005 1955",
        "30 0f 0c 0c00000005 1955 3e 44 4290999a 3f",
        {"action": "read", "object": "analog-input 5", "address": 85, "value": pytest.approx(72.3), "ok": True},
    ),
    (
        "0004 59 0f 0c00800001 1955 3e 44 43340000 3f 4908",
        "20 59 0f",
        {"action": "write", "object": "analog-value 1", "address": 85, "value": 180.0, "ok": True},
    ),
    (
        "0004 07 0f 0c01000003 1955 3e 9101 3f",
        "50 07 0f 9102 9128",
        {"action": "write", "object": "binary-output 3", "value": 1.0, "ok": False, "error": "write access denied"},
    ),
    (
        "0003 02 0c 0c0200000a 1946",
        "30 02 0c 0c0200000a 1946 3e 7506 00 504c433132 3f",
        {"object": "device 10", "address": 70, "identity": "model-name=PLC12"},
    ),
    ("0004 05 11 0905 1901", "60 05 05", {"action": "silence", "error": "rejected: missing required parameter"}),
    ("0004 02 14 0901", "20 02 14", {"action": "restart", "function_name": "reinitialize device: warm start"}),
    ("0004 03 14 0904", "20 03 14", {"action": "download", "function_name": "reinitialize device: start restore"}),
    (
        "0004 04 06 c402800001 0e 3100 2164 0f",
        "71 04 04",
        {"action": "file-read", "object": "file 1", "ok": False, "error": "aborted: segmentation not supported"},
    ),
    ("0004 09 1b 0901 1b004142 2903", "20 09 1b", {"action": "operate", "ok": True}),
]


@pytest.mark.parametrize(("request_", "response", "expected"), VECTORS, ids=[vector[0][:10] for vector in VECTORS])
def test_a_confirmed_service(tmp_path: Path, request_: str, response: str, expected: dict[str, object]) -> None:
    [row] = rows_of(tmp_path, ("c", request_), ("s", response))
    fields = row._asdict()
    assert {name: fields[name] for name in expected} == expected
    assert (row.kind, row.sender, row.transaction) == ("transaction", "client", int(request_.split()[1], 16))


def test_several_properties_are_a_row_each_with_an_error_of_its_own(tmp_path: Path) -> None:
    ask = "0004 f1 0e 0c00000021 1e 0955 0967 1f"
    answer = "30 f1 0e 0c00000021 1e 2955 4e 44 42293333 4f 2967 5e 9102 9120 5f 1f"
    one, two = rows_of(tmp_path, ("c", ask), ("s", answer))
    assert (one.object, one.address, one.value, one.ok) == ("analog-input 33", 85, pytest.approx(42.3), True)
    assert (two.address, two.value, two.ok, two.error) == (103, None, False, "unknown property")


def test_several_writes_and_a_change_of_value(tmp_path: Path) -> None:
    ask = "0004 01 10 0c00800005 1e 0955 2e 44 42860000 2f 1f 0c01000001 1e 0955 2e 9100 2f 1f"
    report = "10 02 0904 1c0200000a 2c00000005 3900 4e 0955 2e 44 42820000 2f 096f 2e 820400 2f 4f"
    one, two, value, flags = rows_of(tmp_path, ("c", ask), ("s", "20 01 10"), ("s", report))
    assert [(row.object, row.value, row.ok) for row in (one, two)] == [
        ("analog-value 5", 67.0, True),
        ("binary-output 1", 0.0, True),
    ]
    assert (value.action, value.object, value.address, value.value) == ("report", "analog-input 5", 85, 65.0)
    assert (flags.sender, flags.address, flags.value) == ("server", 111, None)


def test_who_is_there(tmp_path: Path) -> None:
    ask, answer = "10 08 0903 1905", "10 00 c402000004 220400 9100 2163"
    asked, said = rows_of(tmp_path, ("c", ask), ("s", answer))
    assert (asked.function_name, asked.address, asked.quantity) == ("Who-Is", 3, 3)
    assert (said.function_name, said.identity, said.sender) == ("I-Am", "device 4; vendor=99; apdu=1024", "server")


def test_the_server_may_ask_too(tmp_path: Path) -> None:
    hello, ask, answer = "10 08", "0003 01 0c 0c00000005 1955", "30 01 0c 0c00000005 1955 3e 2107 3f"
    _, row = rows_of(tmp_path, ("c", hello), ("s", ask), ("c", answer))
    assert (row.kind, row.sender, row.client, row.value) == ("transaction", "server", "10.0.0.1", 7.0)


def test_segments_are_named(tmp_path: Path) -> None:
    ask = "0244 f1 0e 0c00000021 1e 0955 1f"
    rows = rows_of(
        tmp_path, ("c", ask), ("s", "3c f1 00 04 0e 0c0000"), ("c", "40 f1 00 04"), ("s", "38 f1 01 04 0e 00")
    )
    assert [(row.kind, row.function_name, row.ok) for row in rows] == [
        ("transaction", "read property multiple", True),
        ("message", "segment ack", None),
        ("message", "read property multiple ack, segment 1", True),
    ]


def test_behind_a_router_and_forwarded(tmp_path: Path) -> None:
    apdu = bytes.fromhex("00030f0c0c000000051955")
    routed = b"\x01\x24\x00\x05\x01\x6c\xff" + apdu
    forwarded = b"\x81\x04" + (10 + len(routed)).to_bytes(2, "big") + bytes([10, 0, 0, 9, 0xBA, 0xC0]) + routed
    rows, _ = read(tmp_path, pcap([ethernet(udp(*ENDS, forwarded))]))
    assert (rows[0].kind, rows[0].object, rows[0].unit) == ("request", "analog-input 5", 0x6C)


@pytest.mark.parametrize(
    ("apdu", "rule"),
    [
        ("0003 0f 0c 0c0000", "a tag reaches beyond the message"),
        ("0004 59 0f 0c00800001 1955 3e 4443340000", "a bracket that isn't closed"),
        ("0003 0f 0c 0a0005 1955", "an object identifier isn't 4 bytes long"),
        ("90 00", "an unknown kind of BACnet message"),
        ("00", "a field reaches beyond the PDU"),
    ],
)
def test_a_broken_rule_is_a_row(tmp_path: Path, apdu: str, rule: str) -> None:
    assert [row.error for row in rows_of(tmp_path, ("c", apdu)) if row.kind == "malformed"] == [rule]
