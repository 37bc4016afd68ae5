"""Packets and captures for tests, made by hand."""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.events.network import NetworkRow

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 502)
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8
BASE = 1_700_000_000_000_000_000


def ip4(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def tcp(  # noqa: PLR0917  # as they stand in the header
    source: tuple[str, int], target: tuple[str, int], seq: int, data: bytes = b"", flags: int = ACK, ack: int = 0
) -> bytes:
    numbers = seq & 0xFFFF_FFFF, ack & 0xFFFF_FFFF
    segment = struct.pack(">HHIIBBHHH", source[1], target[1], *numbers, 0x50, flags, 8192, 0, 0) + data
    return ipv4(source[0], target[0], 6, segment)


def udp(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    return ipv4(source[0], target[0], 17, struct.pack(">HHHH", source[1], target[1], 8 + len(data), 0) + data)


def ipv4(source: str, target: str, protocol: int, body: bytes, *, field: int = 0, name: int = 1) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), name, field, 64, protocol, 0)
    return head + ip4(source) + ip4(target) + body


def ipv6(protocol: int, body: bytes, source: int = 1, target: int = 2) -> bytes:
    head = struct.pack(">IHBB", 0x6000_0000, len(body), protocol, 64)
    return head + source.to_bytes(16, "big") + target.to_bytes(16, "big") + body


def ethernet(packet: bytes, *tags: tuple[int, int], kind: int = 0x0800) -> bytes:
    marks = b"".join(struct.pack(">HH", ethertype, vlan) for ethertype, vlan in tags)
    return bytes.fromhex("0200000000020200000000 01".replace(" ", "")) + marks + struct.pack(">H", kind) + packet


def pcap(
    packets: Iterable[bytes], *, order: str = "<", nano: bool = False, link: int = 1, step: int = 1_000_000
) -> bytes:
    out = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link)
    for i, packet in enumerate(packets):
        seconds, rest = divmod(BASE + i * step, 10**9)
        out += struct.pack(order + "IIII", seconds, rest if nano else rest // 1000, len(packet), len(packet)) + packet
    return out


def pcapng(
    packets: Iterable[bytes], *, order: str = "<", link: int = 1, resolution: int = 9, sections: int = 1
) -> bytes:
    """Packets dealt out over sections of two interfaces each."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    units = 2 ** (resolution & 127) if resolution & 128 else 10**resolution
    option = struct.pack(order + "HHBxxx", 9, 1, resolution) + struct.pack(order + "HH", 0, 0)
    out, dealt = b"", list(packets)
    each = -(-len(dealt) // sections)
    for section in range(sections):
        out += block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        out += block(1, struct.pack(order + "HHI", 999, 0, 0)) + block(
            1, struct.pack(order + "HHI", link, 0, 0) + option
        )
        for i in range(section * each, min(len(dealt), (section + 1) * each)):
            time = (BASE + i * 1_000_000) * units // 10**9
            head = struct.pack(order + "IIIII", 1, time >> 32, time & 0xFFFF_FFFF, len(dealt[i]), len(dealt[i]))
            out += block(6, head + dealt[i])
    return out


def read(folder: Path, data: bytes, **options: Any) -> tuple[list[NetworkRow], CaptureReader]:
    """Rows and the reader of a capture; its balance has to balance."""
    path = folder / "test.pcap"
    path.write_bytes(data)
    reader = CaptureReader(path, **options)
    rows = [row for records in reader for row in records.rows()]
    assert reader.balance.balances, reader.balance
    return rows, reader


def talk(*turns: tuple[str, bytes], server: tuple[str, int] = SERVER, start: int = 1000) -> list[bytes]:
    """A TCP connection from SYN to FIN: turns are ("c" or "s", payload), a segment each."""
    ends = {"c": (CLIENT, server), "s": (server, CLIENT)}
    at = {"c": start, "s": start * 7}
    packets = [tcp(*ends["c"], at["c"], flags=SYN), tcp(*ends["s"], at["s"], flags=SYN | ACK, ack=at["c"] + 1)]
    at, other = {side: value + 1 for side, value in at.items()}, {"c": "s", "s": "c"}
    for side, data in turns:
        packets.append(tcp(*ends[side], at[side], data, ACK | PSH, at[other[side]]))
        at[side] += len(data)
    packets += [tcp(*ends[side], at[side], flags=FIN | ACK, ack=at[other[side]]) for side in ("c", "s")]
    return [ethernet(packet) for packet in packets]


def mbap(transaction: int, pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
