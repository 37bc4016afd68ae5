"""Ethernet frames: ARP, and IPv4 with TCP, with the checksums that a real sender writes."""

import struct
from typing import Final, NamedTuple

__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "End", "arp", "mac_of", "packed", "tcp"]

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BROADCAST: Final = b"\xff" * 6
_TCP: Final = struct.Struct(">HHIIBBHHH")
_IP: Final = struct.Struct(">BBHHHBBH4s4s")
_WINDOW: Final = 64_240
_OPTIONS: Final = bytes.fromhex("020405b401010402")
"""Of a SYN: largest segment 1,460 bytes, selective acknowledgement."""


class End(NamedTuple):
    """One end of a conversation as it is seen on the wire; a node behind a router has the router's MAC address."""

    address: bytes
    mac: bytes
    port: int = 0


def packed(address: str) -> bytes:
    """An IPv4 address in four bytes."""
    return bytes(int(part) for part in address.split("."))


def mac_of(address: bytes) -> bytes:
    """A locally administered MAC address for a node of which the site model doesn't say it."""
    return b"\x02\x00" + address


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071): the ones' complement of a sum that is the number modulo 65,535."""
    return (0xFFFF - int.from_bytes(data + b"\0" * (len(data) & 1), "big") % 0xFFFF) % 0xFFFF


def tcp(source: End, target: End, vlan: int | None, numbers: tuple[int, int], *, flags: int, data: bytes) -> bytes:
    """A segment. `numbers` are its own and the acknowledged one."""
    options = _OPTIONS if flags & SYN else b""
    fields = (source.port, target.port, *numbers, (20 + len(options)) << 2, flags, _WINDOW)
    head = _TCP.pack(*fields, 0, 0) + options
    size = len(head) + len(data)
    pseudo = source.address + target.address + struct.pack(">HH", 6, size)
    checksum = _checksum(pseudo + head + data)
    name = numbers[0] * 7 & 0xFFFF
    ip = _IP.pack(0x45, 0, 20 + size, name, 0x4000, 64, 6, 0, source.address, target.address)
    ip = ip[:10] + _checksum(ip).to_bytes(2, "big") + ip[12:]
    return (
        _ethernet(source.mac, target.mac, vlan, 0x0800)
        + ip
        + head[:16]
        + checksum.to_bytes(2, "big")
        + head[18:]
        + data
    )


def arp(sender: End, target: End, vlan: int | None, *, reply: bool, to: bytes = BROADCAST) -> bytes:
    """Who has the target's address, or that the sender has it; a gratuitous one has its own address for target."""
    asked = target.mac if reply else bytes(6)
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2 if reply else 1) + sender.mac + sender.address + asked
    frame = _ethernet(sender.mac, to, vlan, 0x0806) + body + target.address
    return frame + bytes(max(0, 60 - len(frame)))


def _ethernet(source: bytes, target: bytes, vlan: int | None, kind: int) -> bytes:
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    return target + source + tag + kind.to_bytes(2, "big")
