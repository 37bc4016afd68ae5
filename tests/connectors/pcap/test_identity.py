"""What devices say they are: by hand from the manuals, and the same as tshark's fields on public captures."""

import struct

import pytest

from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.cip import reply_of
from infrastress.connectors.pcap.protocols.s7comm_szl import identity_of
from infrastress.events.network import NetworkRow
from tests.connectors.pcap.test_tshark import DATA, fields, ours, pytestmark

__all__ = ["pytestmark"]


def modules(*records: tuple[int, bytes, bytes]) -> bytes:
    """SSL-ID W#16#0011: index, order number (20 letters), BGTYP, AUSBG, AUSBE."""
    rows = [struct.pack(">H20s2s", index, order.ljust(20), b"\0\xc0") + version for index, order, version in records]
    return struct.pack(">4H", 0x11, 0, 28, len(rows)) + b"".join(rows)


def components(*records: tuple[int, bytes], which: int = 0x1C) -> bytes:
    """SSL-ID W#16#001C: index, 32 bytes of text."""
    return struct.pack(">4H", which, 0, 34, len(records)) + b"".join(struct.pack(">H32s", *one) for one in records)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (
            modules((1, b"6ES7 315-2EH14-0AB0 ", b"\0\3\0\1"), (6, b"6ES7 315", b"\0\3\0\1"), (7, b" ", b"V\3\2\7"),
                    (0x81, b"Boot Loader", b"A \t\t")),
            "order=6ES7 315-2EH14-0AB0; firmware=V3.2.7",
        ),
        (modules((7, b" ", b"\0\3\2\7")), None),
        (
            components((1, b"Station"), (2, b"PLC_1"), (3, b""), (4, b"Original"), (5, b"S C-1"), (7, b"CPU 315"),
                       (8, b"MMC 4A"), (9, b"\0\x2a")),
            "station=Station; name=PLC_1; copyright=Original; serial=S C-1; module=CPU 315; card=MMC 4A",
        ),
        (components((0x0105, b"S C-2"), which=0x031C), "serial=S C-2"),  # the CPU of rack 1 in a redundant pair
        (components((1, b"Station"), (2, b"PLC_1"))[:60], "station=Station"),
        (components((1, b"Station"), which=0x1D), None),
        (struct.pack(">4H", 0x1C, 0, 34, 0xFFFF), None),
        (struct.pack(">4H", 0x1C, 0, 0, 0xFFFF), None),
        (b"", None),
        (b"\0\x1c\0", None),
    ],
)  # fmt: skip
def test_system_state_lists(data, wanted):
    assert identity_of(data) == wanted


def said(rows: list[NetworkRow]) -> dict[int, dict[str, str]]:
    """By the packet of the answer: what it says, field by field."""
    found = {}
    for row in rows:
        if row.identity:
            parts = [part.partition("=")[::2] for part in row.identity.split("; ")]
            found[row.response_packet or row.packet or 0] = dict(parts)
    return found


def test_state_lists_as_tshark_reads_them():
    path, szl = DATA / "icsnpp" / "icsnpp_s7.pcap", "s7comm.szl."
    names = {
        "station": "001c.0001.name", "name": "001c.0002.name", "copyright": "001c.0004.copyright",
        "serial": "001c.0005.serialn", "module": "001c.0007.cputypname", "card": "001c.0008.snmcmmc",
    }  # fmt: skip
    mine = said(ours(path, "s7comm"))
    lists = fields(path, f"{szl}001c.0005.serialn", *(f"{szl}{name}" for name in names.values()))
    assert lists
    for packet, row in lists.items():
        assert mine[packet] == {name: values[0].strip() for name, values in zip(names, row, strict=True) if values}
    versions = fields(
        path, f"{szl}xy11.0001.anz", f"{szl}xy11.0001.anz", f"{szl}xy11.0001.ausbg", f"{szl}xy11.0001.ausbe"
    )
    assert versions
    for packet, (orders, heads, tails) in versions.items():
        octets = int(heads[2]).to_bytes(2, "big") + int(tails[2]).to_bytes(2, "big")
        assert mine[packet] == {"order": orders[0].strip(), "firmware": f"V{octets[1]}.{octets[2]}.{octets[3]}"}


def test_an_identity_object_by_a_list_of_attributes():
    asked = Message(object="identity 1")
    name = b"\x07\0\0\0\x04PLC1"
    body = bytes.fromhex("0400 0100 0000 0100 0400 0000 1014 0500 0500 0600 0000 3f825100 ".replace(" ", "")) + name

    def told(body: bytes, request: Message) -> str | None:
        return reply_of(b"\x83\0\0\0" + body, [request])[0].identity

    assert told(b"\5" + body[1:], asked) == "PLC1; vendor=1; revision=16.020; serial=0051823f"
    assert told(body, asked) == "vendor=1; revision=16.020; serial=0051823f"
    assert told(b"\5" + body[1:-3], asked) == "P; vendor=1; revision=16.020; serial=0051823f"
    assert told(bytes.fromhex("010063000000ff"), asked) is None
    assert told(body, Message(object="program 1")) is None


def test_modbus_objects_as_tshark_reads_them():
    path = DATA / "icsnpp" / "icsnpp_modbus.pcap"
    lists = fields(path, "modbus.object_str_value", "modbus.object_str_value")
    mine = {row.response_packet: row.identity for row in ours(path, "modbus") if row.function == 43}
    assert lists
    for packet, [values] in lists.items():
        assert [part.partition("=")[2] for part in str(mine[packet]).split("; ")] == values


@pytest.mark.parametrize(
    ("capture", "protocol", "name", "serial"),
    [
        ("icsnpp/icsnpp_enip.pcap", "enip", "enip.lir.name", "enip.lir.serial"),
        ("quickdraw-enip/qd_Software_Upload.pcap", "cip", "cip.id.product_name", "cip.id.serial_number"),
    ],
)
def test_identity_objects_as_tshark_reads_them(capture, protocol, name, serial):
    theirs = fields(DATA / capture, name, name, serial)
    mine = {row.response_packet: row.identity for row in ours(DATA / capture, protocol) if row.identity}
    assert theirs
    for packet, ([product], [number]) in theirs.items():
        assert str(mine[packet]).startswith(f"{product}; vendor=1; ")
        assert f"serial={int(number, 16):08x}" in str(mine[packet])


def test_bacnet_devices_as_tshark_reads_them():
    path = DATA / "icsnpp" / "icsnpp_bacnet.pcap"
    theirs = fields(path, "bacapp.unconfirmed_service==0 && udp", "bacapp.instance_number", "bacapp.vendor_identifier")
    mine = {row.packet: row.identity for row in ours(path, "bacnet") if row.function_name == "I-Am"}
    assert {packet: f"device {number}; vendor={vendor}" for packet, ([number], [vendor]) in theirs.items()} == {
        packet: str(text).rpartition(";")[0] for packet, text in mine.items()
    }
    # A device behind a router is named for what it is, whichever end of the conversation sends.
    behind = {row.packet: (row.client_unit if row.sender == "client" else row.unit) for row in ours(path, "bacnet")}
    sources = fields(path, "bacapp.unconfirmed_service==0 && bacnet.sadr_mstp && udp", "bacnet.sadr_mstp")
    assert {packet: int(source) for packet, [[source]] in sources.items()} == {
        packet: behind[packet] for packet in sources
    }
