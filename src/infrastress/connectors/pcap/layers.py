"""Headers of a chunk's packets in columns: link layer, VLAN tags, IPv4, IPv6 with extension headers, TCP, UDP.

Nothing is copied: columns say where in the chunk's data an address or a payload lies. Checksums aren't checked, because
captures on a host show them before the network card has filled them in.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.connectors.pcap.capture import Chunk

__all__ = ["CUT", "Fate", "Headers", "headers"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_PAD: Final = 256
_VLAN: Final = (0x8100, 0x88A8, 0x9100)
_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806
_EXTENSIONS: Final = (0, 43, 60, 135, 139, 140)
CUT: Final = "cut by the capture's snap length"


class Fate(IntEnum):
    """What a packet is for the next layer."""

    TCP = 0
    UDP = 1
    FRAGMENT = 2
    ARP = 3
    OTHER_IP = 4
    OTHER_ETHERNET = 5
    LINK = 6  # a link type that isn't read
    SHORT = 7  # ends within its headers
    BAD = 8  # a header that contradicts itself


class Headers(NamedTuple):
    """Columns of a chunk's packets, -1 where a packet has no such thing.

    Attributes:
        fate: a `Fate`.
        mac: offset of the two MAC addresses (Ethernet), destination first. vlan, outer_vlan: ids.
        network: offset of the network header. version: 4, 6 or 0. protocol: IP protocol, or EtherType.
        transport: offset of the transport header. payload, stop: where its payload begins and the captured part ends.
        missing: payload bytes that were on the wire and weren't captured.
        sequence, ack, flags: of TCP.
    """

    fate: Ints
    mac: Ints
    vlan: Ints
    outer_vlan: Ints
    network: Ints
    version: Ints
    protocol: Ints
    transport: Ints
    payload: Ints
    stop: Ints
    missing: Ints
    sequence: Ints
    ack: Ints
    flags: Ints


def headers(chunk: Chunk) -> Headers:
    """All headers of a chunk."""
    octets = np.frombuffer(chunk.data + bytes(_PAD), np.uint8)
    n, end = len(chunk.start), chunk.start + chunk.captured
    fate, none = np.full(n, Fate.OTHER_ETHERNET, np.int64), np.full(n, -1, np.int64)
    mac, kind, network = _link(octets, chunk, fate)
    vlan, outer = none.copy(), none.copy()
    for _ in range(3):
        tagged = np.isin(kind, _VLAN) & (network + 4 <= end)
        if not tagged.any():
            break
        outer[tagged] = vlan[tagged]
        vlan[tagged] = _u16(octets, network[tagged]) & 0x0FFF
        kind[tagged] = _u16(octets, network[tagged] + 2)
        network[tagged] += 4
    h = Headers(
        fate, mac, vlan, outer, network, np.zeros(n, np.int64), kind, none.copy(), none.copy(), end.copy(),
        np.zeros(n, np.int64), none.copy(), none.copy(), none.copy(),
    )  # fmt: skip
    live = fate != Fate.LINK
    short = live & ((network > end) | ((kind == _ARP) & (network + 28 > end)))
    fate[live & (kind == _ARP)] = Fate.ARP
    _ipv4(octets, h, chunk, np.flatnonzero(live & ~short & (kind == _IPV4)))
    _ipv6(octets, h, chunk, np.flatnonzero(live & ~short & (kind == _IPV6)))
    fate[short] = Fate.SHORT
    return h


def _u16(octets: Bytes, at: Ints) -> Ints:
    return octets[at].astype(np.int64) << 8 | octets[at + 1]


def _u32(octets: Bytes, at: Ints) -> Ints:
    return _u16(octets, at) << 16 | _u16(octets, at + 2)


def _link(octets: Bytes, chunk: Chunk, fate: Ints) -> tuple[Ints, Ints, Ints]:
    """Offset of MAC addresses, EtherType and offset of the network header, by link type."""
    start, n = chunk.start, len(chunk.start)
    mac, kind, network = np.full(n, -1, np.int64), np.full(n, -1, np.int64), start.copy()
    for link in np.unique(chunk.link).tolist():
        these = chunk.link == link
        at = start[these]
        if link == 1:
            mac[these], kind[these], network[these] = at, _u16(octets, at + 12), at + 14
        elif link == 113:  # Linux cooked capture
            kind[these], network[these] = _u16(octets, at + 14), at + 16
        elif link == 276:  # its second version
            kind[these], network[these] = _u16(octets, at), at + 20
        elif link in (12, 14, 101, 228, 229):  # raw IP
            kind[these] = np.where(octets[at] >> 4 == 6, _IPV6, _IPV4)
        elif link in (0, 108):  # BSD loopback: the address family in either byte order
            family = np.maximum(octets[at], octets[at + 3])
            kind[these], network[these] = np.where(family == 2, _IPV4, _IPV6), at + 4
        else:
            fate[these] = Fate.LINK
    return mac, kind, network


def _ipv4(octets: Bytes, h: Headers, chunk: Chunk, rows: Ints) -> None:
    at, end = h.network[rows], (chunk.start + chunk.captured)[rows]
    wire = (chunk.start + chunk.wire)[rows]
    length, total = (octets[at] & 15).astype(np.int64) * 4, _u16(octets, at + 2)
    total = np.where(total == 0, wire - at, total)  # left to the network card
    fragment = _u16(octets, at + 6) & 0x3FFF
    protocol = octets[at + 9].astype(np.int64)
    bad = (octets[at] >> 4 != 4) | (length < 20) | (total < length)
    short = at + 20 > end
    h.version[rows], h.protocol[rows], h.transport[rows] = 4, protocol, at + length
    h.stop[rows] = np.minimum(at + total, end)
    h.missing[rows] = np.maximum(at + total - end, 0)
    _transport(octets, h, rows, short=short | (at + length > end), bad=bad, fragment=fragment != 0)


def _ipv6(octets: Bytes, h: Headers, chunk: Chunk, rows: Ints) -> None:
    at, end = h.network[rows], (chunk.start + chunk.captured)[rows]
    protocol, transport = octets[np.minimum(at + 6, len(octets) - 1)].astype(np.int64), at + 40
    total = 40 + _u16(octets, at + 4)
    short, bad = at + 40 > end, octets[at] >> 4 != 6
    fragment = np.zeros(len(rows), bool)
    for _ in range(8):
        safe = np.minimum(transport, len(octets) - 8)
        more = np.isin(protocol, _EXTENSIONS) & (transport + 8 <= end)
        authentic = (protocol == 51) & (transport + 8 <= end)
        whole = (protocol == 44) & (transport + 8 <= end) & (_u16(octets, safe + 2) & 0xFFF9 == 0)
        fragment |= (protocol == 44) & ~whole
        if not (more | authentic | whole).any():
            break
        size = octets[safe + 1].astype(np.int64)
        protocol = np.where(more | authentic | whole, octets[safe], protocol)
        transport += np.where(more, size * 8 + 8, 0) + np.where(authentic, size * 4 + 8, 0) + np.where(whole, 8, 0)
    h.version[rows], h.protocol[rows], h.transport[rows] = 6, protocol, transport
    h.stop[rows] = np.minimum(at + total, end)
    h.missing[rows] = np.maximum(at + total - end, 0)
    bad |= transport > at + total
    _transport(octets, h, rows, short=short | (transport > end), bad=bad, fragment=fragment)


def _transport(octets: Bytes, h: Headers, rows: Ints, *, short: Bools, bad: Bools, fragment: Bools) -> None:
    """TCP and UDP of some packets; says their fate."""
    at = np.minimum(h.transport[rows], len(octets) - 24)
    stop, protocol = h.stop[rows], h.protocol[rows]
    fate = np.full(len(rows), Fate.OTHER_IP, np.int64)
    tcp, udp = protocol == 6, protocol == 17
    size = np.where(tcp, (octets[at + 12] >> 4).astype(np.int64) * 4, 8)
    ends = at + size > stop
    fate[tcp], fate[udp] = Fate.TCP, Fate.UDP
    fate[tcp & (size < 20)] = Fate.BAD
    lacking = (tcp | udp) & (ends | (at + np.where(tcp, 20, 8) > stop))
    fate[lacking] = np.where(h.missing[rows][lacking] > 0, Fate.SHORT, Fate.BAD)
    length = _u16(octets, at + 4)
    fate[udp & ~lacking & (length < 8) & (length != 0)] = Fate.BAD
    sized = udp & (length >= 8)
    whole = stop + h.missing[rows]
    stop = np.where(sized, np.minimum(stop, at + length), stop)
    missing = np.where(sized, np.maximum(np.minimum(at + length, whole) - stop, 0), h.missing[rows])
    fate[fragment], fate[bad], fate[short] = Fate.FRAGMENT, Fate.BAD, Fate.SHORT
    h.fate[rows], h.payload[rows], h.stop[rows], h.missing[rows] = fate, at + size, stop, missing
    h.sequence[rows] = np.where(tcp, _u32(octets, at + 4), -1)
    h.ack[rows] = np.where(tcp, _u32(octets, at + 8), -1)
    h.flags[rows] = np.where(tcp, octets[at + 13], -1)
