"""Hostile input raises nothing, hangs nowhere and balances."""

import random
from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols import DISSECTORS
from infrastress.core.errors import InputError
from tests.connectors.pcap.packets import ethernet, mbap, pcap, pcapng, read, talk, tcp, udp

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
    ("c", bytes.fromhex("056414c403000200f51fc1c1030c012801000100030164000000c8da640000000087c5".replace(" ", ""))),
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
SPOKEN = {"modbus": MODBUS, "iec104": IEC104, "dnp3": DNP3, "s7": S7, "enip": ENIP}


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
def test_a_damaged_file(tmp_path: Path, write: object, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        data = bytearray(write(MODBUS))  # type: ignore[operator]
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read(tmp_path, bytes(data))
        except InputError:
            assert True


@pytest.mark.parametrize("kind", DISSECTORS, ids=lambda kind: kind.__name__)
def test_random_bytes_after_a_true_beginning(tmp_path: Path, kind: type) -> None:
    chance, port = random.Random(1), min(kind.ports)
    seeds = {packet[54:] for packets in SPOKEN.values() for packet in packets if len(packet) > 54}
    mine = [payload for payload in sorted(seeds) if kind.sniff(payload)]
    for _ in range(150):
        begin = chance.choice(mine)[: chance.randrange(1, 24)] if mine else b""
        noise = begin + chance.randbytes(chance.randrange(60))
        packets = [tcp(("10.0.0.1", 9), ("10.0.0.2", port), 1, noise), udp(("10.0.0.1", 9), ("10.0.0.2", port), noise)]
        read(tmp_path, pcap(ethernet(packet) for packet in packets))
