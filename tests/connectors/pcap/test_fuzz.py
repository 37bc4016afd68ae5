"""Hostile input raises nothing, hangs nowhere and balances."""

import random
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols import DISSECTORS
from infrastress.core.errors import InputError
from tests.connectors.pcap import test_pccc as pccc
from tests.connectors.pcap.packets import ethernet, mbap, pcap, pcapng, read, talk, tcp, udp
from tests.connectors.pcap.sessions import kexinit, smb2, tls_session
from tests.connectors.pcap.test_opcua import PUMP, says, service, to_read
from tests.connectors.pcap.test_protocols import CROB, link

MODBUS = talk(
    *((side, mbap(i, bytes.fromhex(pdu))) for i in range(3) for side, pdu in (("c", "0300640001"), ("s", "03020007")))
)
IEC104 = talk(
    ("c", bytes.fromhex("680407000000")),
    ("s", bytes.fromhex("68040b000000")),
    ("c", bytes.fromhex("680e000000002d010600030094110081")),
    ("s", bytes.fromhex("680e000000002d010700030094110081")),
)
DNP3 = talk(
    ("c", bytes.fromhex(link(0xC4, 10, 1, b"\xc0\xc3\x05" + CROB + b"\0"))),
    ("s", bytes.fromhex(link(0x44, 1, 10, b"\xc1\xc3\x81\0\0" + CROB + b"\x07"))),
    server=("10.0.0.2", 20000),
)
S7 = talk(
    ("c", bytes.fromhex("0300002702f080320100000005000e00080501120a100400020001840000500004002000010002")),
    ("s", bytes.fromhex("0300001602f0803203000000050002000100000501ff")),
    server=("10.0.0.2", 102),
)
ENIP = talk(
    (
        "c",
        bytes.fromhex("6f0016000100000000000000010101010101010100000000000000000000020000000000b20006000702208e2401"),
    ),
    ("s", bytes.fromhex("6f0014000100000000000000010101010101010100000000000000000000020000000000b200040087000000")),
    server=("10.0.0.2", 44818),
)
PCCC = pccc.packets(
    (pccc.order(0x0F, 0xA2, 4, 7, 0x8A, 10, 0), pccc.answer(0x0F, 0, 0, 0, 128, 63)),
    (pccc.order(0x0F, 0xAB, 2, 3, 0x85, 0xFF, 0, 1, 0, 8, 0, 8, 0), pccc.answer(0x0F, 0xF0, 0x0B)),
    (pccc.order(0x0F, 0x68, 0, 0, 1, 0, 0b110, 7, 10, 1, 0), pccc.answer(0x0F, 0)),
    (pccc.order(0x0F, 0x01, 0, 0, 2, 0, 0, 0x24, *b"N7:10", 0, 4), pccc.answer(0x0F, 0, 1, 0, 2, 0)),
    (pccc.order(0x08, 0x10, 0, 5, 0), pccc.answer(0x08, 0x60)),
    (pccc.order(0x06, 3), pccc.answer(0x06, 0, 7, 0xEE, *b"abc5/04")),
)
VALUE = struct.pack("<i", 1) + b"\x01\x0b" + struct.pack("<d", 2.5) + bytes(4)
OPCUA = talk(("c", service(631, to_read(PUMP))), ("s", service(634, says() + VALUE)), server=("10.0.0.2", 4840))
_PEERS = ("10.0.0.1", 47808), ("10.0.0.2", 47808)
BACNET = [
    ethernet(udp(*_PEERS[::step], b"\x81\x0a" + (6 + len(apdu)).to_bytes(2, "big") + b"\x01\0" + apdu))
    for step, apdu in (
        (1, bytes.fromhex("0004010e0c000000211e095509671f")),
        (-1, bytes.fromhex("30010e0c000000211e29554e44422933334f29675e910291205f1f")),
        (1, bytes.fromhex("1000c40200000422040091002163")),
    )
]
LISTS = ["kex", "key", "up", "down", "mac", "mac", "none", "none", "", ""]
RDP = b"\x03\0\0\x2c\x27\xe0\0\0\0\0\0Cookie: mstshash=operator\r\n" + bytes.fromhex("0100080003000000")
PUT = b"PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nab"
SPOKEN = {
    "opcua": OPCUA, "bacnet": BACNET, "modbus": MODBUS, "iec104": IEC104, "dnp3": DNP3, "s7": S7, "enip": ENIP,
    "pccc": PCCC,
    "tls": talk(*tls_session(ssl.TLSVersion.TLSv1_2)),
    "ssh": talk(("s", b"SSH-2.0-a\r\n"), ("c", b"SSH-2.0-b\r\n" + kexinit(*LISTS)), ("s", kexinit(*LISTS))),
    "smb": talk(
        ("c", smb2(5, 1, bytes(56))), ("s", smb2(5, 1, bytes(80), response=True)), ("c", smb2(9, 2, bytes(48)))
    ),
    "rdp": talk(("c", RDP), ("s", bytes.fromhex("030000130ed000001234000200080002000000"))),
    "http": talk(("c", PUT), ("s", b"HTTP/1.1 200 OK\r\n\r\n")),
    "ftp": talk(("s", b"220 a\r\n"), ("c", b"STOR b\r\n"), ("s", b"150 c\r\n226 d\r\n")),
    "vnc": talk(("s", b"RFB 003.008\n"), ("c", b"RFB 003.008\n")),
    "telnet": talk(("s", bytes.fromhex("fffd18")), ("c", bytes.fromhex("fffb18"))),
    "tftp": [ethernet(udp(("10.0.0.1", 4000), ("10.0.0.2", 69), b"\0\x02a\0octet\0"))],
}  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("packets", SPOKEN.values(), ids=SPOKEN)
def test_bit_flips_truncations_and_noise(tmp_path: Path, packets: list[bytes], seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        garbled = []
        for packet in packets * 2:
            octets = bytearray(packet)
            for _ in range(chance.choice([0, 0, 1, 3])):
                octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
            garbled.append(bytes(octets[: chance.choice([len(octets)] * 4 + [chance.randrange(len(octets) + 1)])]))
        chance.shuffle(garbled) if seed % 2 else None
        read(tmp_path, pcap(garbled))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_a_damaged_file(tmp_path: Path, write: Callable[..., bytes], seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        data = bytearray(write(MODBUS))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(InputError):  # anything else is a fault
            read(tmp_path, bytes(data))


@pytest.mark.parametrize("kind", DISSECTORS, ids=lambda kind: kind.__name__)
def test_random_bytes_after_a_true_beginning(tmp_path: Path, kind: type) -> None:
    chance, port = random.Random(1), min(kind.ports)
    seeds = {packet[at:] for packets in SPOKEN.values() for packet in packets for at in (42, 54) if len(packet) > at}
    mine = [payload for payload in sorted(seeds) if kind.sniff(payload)]
    for _ in range(150):
        begin = chance.choice(mine)[: chance.randrange(1, 24)] if mine else b""
        noise = begin + chance.randbytes(chance.randrange(60))
        packets = [tcp(("10.0.0.1", 9), ("10.0.0.2", port), 1, noise), udp(("10.0.0.1", 9), ("10.0.0.2", port), noise)]
        read(tmp_path, pcap(ethernet(packet) for packet in packets))


def test_too_little_to_tell_behind_a_gap_is_no_beginning(tmp_path: Path) -> None:
    """Found by the guided fuzz: two bytes where a conversation has lost its step."""
    packets = talk(("c", bytes.fromhex("680407000000")), ("c", b"no beginning"), ("c", b"\x68\x04"))
    assert [row.kind for row in read(tmp_path, pcap(packets))[0]].count("malformed") == 1
