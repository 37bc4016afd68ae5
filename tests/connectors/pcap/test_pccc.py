"""PCCC inside CIP: vectors by hand from Rockwell 1770-6.5.16, the same by tshark, and what the rules make of them."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols.pccc_codes import COMMANDS, WITH_FUNCTION
from infrastress.core.time import SECOND
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind
from tests.connectors.pcap.packets import pcap, read, talk
from tests.connectors.pcap.test_protocols import enip, unconnected
from tests.detectors.network.saying import START, judge

REQUESTOR = bytes.fromhex("07 4d00 78563412".replace(" ", ""))
"""Seven bytes of id: length, vendor, serial number."""
LOGICAL = "protected typed logical"


def order(command: int, *rest: int, number: int = 1) -> bytes:
    """Execute PCCC of object 0x67, instance 1: CMD, STS, transaction, then FNC and data."""
    return b"\x4b\x02\x20\x67\x24\x01" + REQUESTOR + bytes([command, 0]) + struct.pack("<H", number) + bytes(rest)


def answer(command: int, status: int, *rest: int, number: int = 1) -> bytes:
    return b"\xcb\0\0\0" + REQUESTOR + bytes([command | 0x40, status]) + struct.pack("<H", number) + bytes(rest)


def packets(*pairs: tuple[bytes, bytes]) -> list[bytes]:
    said = ((side, message) for pair in pairs for side, message in zip("cs", pair, strict=True))
    turns = ((side, bytes.fromhex(enip(0x6F, unconnected(message)))) for side, message in said)
    return talk(*turns, server=("10.0.0.2", 44818))


def rows(tmp_path: Path, *pairs: tuple[bytes, bytes]) -> list[NetworkRow]:
    return [row for row in read(tmp_path, pcap(packets(*pairs)))[0] if row.kind != Kind.CONNECTION]


def test_a_file_is_read_and_written_by_its_own_name(tmp_path):
    integers = order(0x0F, 0xA2, 4, 7, 0x89, 10, 0), answer(0x0F, 0, 0x2C, 0x01, 0xFF, 0xFF)
    setpoint = order(0x0F, 0xAA, 4, 8, 0x8A, 0xFF, 0x2C, 0x01, 0, *struct.pack("<f", 52.5)), answer(0x0F, 0)
    preset = order(0x0F, 0xAA, 2, 4, 0x86, 3, 1, 0x64, 0), answer(0x0F, 0)
    bit = order(0x0F, 0xAB, 2, 3, 0x85, 0, 0, 0x08, 0x00, 0x08, 0x00), answer(0x0F, 0)
    found = rows(tmp_path, integers, setpoint, preset, bit)
    assert [(r.kind, r.protocol, r.function, r.action, r.object, r.address, r.quantity, r.ok) for r in found] == [
        ("transaction", "cip", 0x0FA2, "read", "N7", 10, 2, True),
        ("transaction", "cip", 0x0FAA, "write", "F8", 300, 1, True),
        ("transaction", "cip", 0x0FAA, "write", "T4.PRE", 3, 1, True),
        ("transaction", "cip", 0x0FAB, "write", "B3", 0, 1, True),
    ]
    assert [r.values or [r.value] for r in found] == [[300.0, -1.0], [52.5], [100.0], [8.0]]
    assert found[0].function_name == "PCCC protected typed logical read, three address fields"


def test_plc5_and_plc2_addresses(tmp_path):
    named = order(0x0F, 0x01, 0, 0, 2, 0, 0, 0x24, *b"N7:10", 0, 4), answer(0x0F, 0, 1, 0, 2, 0)
    levels = order(0x0F, 0x68, 0, 0, 1, 0, 0b110, 7, 10, 1, 0), answer(0x0F, 0)
    words = order(0x08, 0x10, 0, 5, 0, 6, 0), answer(0x08, 0)
    one, two, three = rows(tmp_path, named, levels, words)
    assert (one.object, one.address, one.quantity, one.values) == ("N7", 10, 2, [1.0, 2.0])
    assert (two.object, two.address, two.quantity) == ("file 7", 10, 1)
    assert (three.function, three.object, three.address, three.values) == (0x0800, "PLC-2 data", 16, [5.0, 6.0])


@pytest.mark.parametrize(
    ("command", "action", "name"),
    [
        ((0x0F, 0x80, 1), Action.STOP, "PCCC change mode to remote program"),
        ((0x0F, 0x80, 6), Action.START, "PCCC change mode to remote run"),
        ((0x0F, 0x80, 8), Action.MODE, "PCCC change mode to remote test, single scan"),
        ((0x0F, 0x80, 0x55), Action.MODE, "PCCC change mode"),
        ((0x0F, 0x3A, 2), Action.MODE, "PCCC set CPU mode"),
        ((0x0F, 0x50), Action.DOWNLOAD, "PCCC download all request"),
        ((0x0F, 0x53), Action.UPLOAD, "PCCC upload all request"),
        ((0x0F, 0x57), Action.DELETE, "PCCC initialize memory"),
        ((0x0F, 0x0A), Action.RESTART, "PCCC restart request"),
        ((0x07, 0x00), Action.STOP, "PCCC disable outputs"),
        ((0x0F, 0xAA, 2, 2, 0x22, 0, 0, 1, 2), Action.DOWNLOAD, f"PCCC {LOGICAL} write, three address fields"),
        ((0x0F, 0xA2, 2, 2, 0x22, 0, 0), Action.UPLOAD, f"PCCC {LOGICAL} read, three address fields"),
        ((0x0F, 0xA9, 2, 1, 0xA1, 0, 1, 0), Action.OPERATE, f"PCCC {LOGICAL} write, two address fields"),
        ((0x0F, 0xEE), Action.OTHER, "PCCC command 0x0f 0xee"),
        ((0x33,), Action.OTHER, "PCCC command 0x33 0x00"),
    ],
)  # fmt: skip
def test_what_a_command_is_for(tmp_path, command, action, name):
    [row] = rows(tmp_path, (order(*command), answer(command[0], 0)))
    assert (row.action, row.function_name, row.ok) == (action, name, True)


def test_refusals_and_identity(tmp_path):
    mode = order(0x0F, 0x80, 1)
    status = order(0x06, 0x03), answer(0x06, 0, 0x07, 0xEE, 0x34, 0x5B, 0x23, *b"5/04       ", 0, 0)
    one, two, three = rows(
        tmp_path, (mode, answer(0x0F, 0x60)), (order(0x0F, 0x80, 6), answer(0x0F, 0xF0, 0x0B)), status
    )
    assert (one.ok, one.exception, one.error) == (False, 0x60, "not allowed by command protection")
    assert (two.ok, two.exception, two.error) == (False, 0xF00B, "access denied")
    assert (three.action, three.identity) == ("identify", "5/04")


@pytest.mark.parametrize(
    "message", [b"\x4b\x02\x20\x67\x24\x01", order(0x0F), order(0x0F, 0xA2, 4), order(0x01, 1), order(0x0F, 0x68, 0)]
)
def test_what_ends_within_its_fields_is_malformed(tmp_path, message):
    [row] = rows(tmp_path, (message, b""))[:1]
    assert row.kind == Kind.MALFORMED


def test_a_reply_to_another_command_is_malformed(tmp_path):
    found = rows(tmp_path, (order(0x0F, 0x80, 1), answer(0x06, 0)))
    assert [row.kind for row in found] == ["malformed", "request"]
    assert found[1].action == "stop"


def test_the_rules_name_modes_programs_and_memory(tmp_path):
    sent = [
        (0x0F, 0x80, 1),
        (0x0F, 0x3A, 2),
        (0x0F, 0x50),
        (0x0F, 0x53),
        (0x0F, 0x57),
        (0x0F, 0x0A),
        (0x0F, 0xA2, 2, 7, 0x89, 0, 0),
    ]
    said = rows(tmp_path, *((order(*one), answer(one[0], 0)) for one in sent))
    found = judge(*(row._replace(time=START + SECOND) for row in said))
    named = {finding.body.rule: finding.body.techniques for finding in found if finding.body.phase == "raised"}
    assert named["net.stop"] == ("T0858",)
    assert named["net.download"][:1] == ("T0843",)
    assert {"net.stop", "net.mode", "net.download", "net.upload", "net.restart"} <= named.keys()
    stop = next(finding.body.sentence for finding in found if finding.body.rule == "net.stop")
    assert "cip PCCC change mode to remote program" in stop


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark isn't installed")
def test_names_and_addresses_are_those_of_tshark(tmp_path):
    """Every command by its number; of logical ones file, type, element and sub-element too."""
    logical = [(0x0F, fnc, 4, 7, kind, 10, 1, 0, 0, 0, 0) for fnc in (0xA2, 0xAA) for kind in (0x89, 0x8A, 0x86)]
    sent = [
        (cmd, *([fnc] if cmd in WITH_FUNCTION else []), *bytes(12)) for cmd, fnc in COMMANDS if fnc not in (0xA1, 0xA9)
    ]
    sent += logical
    capture = pcap(packets(*((order(*one), answer(one[0], 0)) for one in sent)))
    ours, _ = read(tmp_path, capture)
    names = ("cmd.code", "fnc.code_06", "fnc.code_07", "fnc.code_0f", "file.num", "element.num")
    command = ["tshark", "-n", "-r", str(tmp_path / "test.pcap"), "-Y", "cip.pccc.fnc.code_0f || cip.pccc.cmd.code"]
    command += ["-T", "fields", "-e", "frame.number", *(part for name in names for part in ("-e", f"cip.pccc.{name}"))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    theirs = {}
    for line in lines:
        number, cmd, *fncs, file, element = line.split("\t")
        code = int(cmd, 16) << 8 | next((int(fnc, 16) for fnc in fncs if fnc), 0)
        theirs[int(number)] = code, (int(file, 0), int(element, 0)) if file and element else None
    known = {row.packet: row for row in ours if row.function_name and row.function_name.startswith("PCCC")}
    assert len(known) == len(sent)
    compared = 0
    for number, row in known.items():
        code, place = theirs[number]
        assert row.function == code, row
        if row.address == 10 and row.object and row.object[0] in "NFT":
            assert place == (int(row.object[1:].partition(".")[0]), row.address)
            compared += 1
    assert compared == 6
