"""From packets to rows: finds each packet's conversation, reassembles, dissects, and keeps the balance."""

import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infrastress.connectors.pcap.addresses import Addresses
from infrastress.connectors.pcap.balance import CaptureBalance, Outcome
from infrastress.connectors.pcap.capture import Chunk
from infrastress.connectors.pcap.deep import Deep, Failure, Limits, Place, tshark
from infrastress.connectors.pcap.fragments import Fragments
from infrastress.connectors.pcap.layers import CUT, Fate, Headers, headers
from infrastress.connectors.pcap.names import ETHERTYPES, IP_PROTOCOLS
from infrastress.connectors.pcap.protocols import SERVER_PORTS
from infrastress.connectors.pcap.steady import Steady, steady
from infrastress.connectors.pcap.talk import Half, Row, Talk
from infrastress.events.network import SCHEMA, columns_of, joined
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport

__all__ = ["MAX_TALKS", "Dissection"]

MAX_TALKS: Final = 32_768
"""Open conversations; beyond, the eighth that was quiet longest is closed."""
_OVER_NS: Final = 60_000_000_000
"""A connection that ended is kept this long: a forged end shows by what follows it."""
_IDLE_NS: Final = {Transport.TCP: 3_600_000_000_000, Transport.UDP: 300_000_000_000}
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_MASK: Final = 0xFFFF_FFFF
_COLUMNS: Final = (
    "fate", "network", "version", "transport", "payload", "stop", "missing", "sequence", "ack", "flags", "vlan",
)  # fmt: skip
_REASONS: Final = {Fate.SHORT: "ends within its headers", Fate.BAD: "a header contradicts itself"}
Ints = npt.NDArray[np.int64]
Key = bytes
_Place = tuple[Chunk, Headers, int]


class _Packet(NamedTuple):
    """A TCP segment or UDP datagram; fields as in `Headers`."""

    fate: int
    time: int
    number: int
    body: bytes
    missing: int
    sequence: int
    ack: int
    flags: int


class Dissection:
    """One stream of packets, in the order they were captured.

    Args:
        capture: its name in rows.
        max_talks: conversations that may be open.
        deep: tshark reads what we don't, within these limits, where it is installed.

    Attributes:
        balance: complete after `finish`.
    """

    def __init__(self, capture: str, max_talks: int = MAX_TALKS, deep: Limits | None = None) -> None:
        self.capture = capture
        self.balance = CaptureBalance()
        self._max = max_talks
        self._rows: list[Row] = []
        self._completed: list[int] = []
        """Of each row, the index of the packet in the chunk that completed it."""
        self._halves: dict[Transport, dict[Key, Half]] = {Transport.TCP: {}, Transport.UDP: {}}
        self._addresses = Addresses()
        self._fragments = Fragments()
        self._swept = 0
        self._deep: Deep | None = None
        if deep is not None:
            self.deepen(deep)

    def deepen(self, limits: Limits) -> None:
        """From now on have tshark, where it is installed, read what we don't."""
        program = tshark()
        if program is not None:
            self._deep = Deep(self.balance, self._rows, self.capture, limits=limits, program=program)

    def chunk(self, chunk: Chunk) -> pa.RecordBatch:
        """Rows that a chunk completes, in the order of packets, by `SCHEMA`."""
        h = headers(chunk)
        self.balance.packets += len(chunk.start)
        self._plain(h, chunk)
        left, table = h.fate <= Fate.ARP, self._halves[Transport.TCP]
        room = len(table) + 2 * len(chunk.start) < 2 * self._max  # nothing is closed for want of it meanwhile
        quick = steady(chunk, h, table, lambda rows: self._run(h, chunk, rows)) if room else None
        if quick is not None:
            left[quick.packets] = False
        self._run(h, chunk, np.flatnonzero(left))
        if len(chunk.time):
            self._sweep(int(chunk.time[-1]))
        return self._taken(len(chunk.start), quick)

    def _run(self, h: Headers, chunk: Chunk, rows: Ints) -> None:
        """Read packets, given by index, one by one."""
        lists = [getattr(h, name)[rows].tolist() for name in _COLUMNS]
        data, times = chunk.data, chunk.time[rows].tolist()
        for i, time, fate, network, version, transport, payload, stop, missing, sequence, ack, flags, vlan in zip(
            rows.tolist(), times, *lists, strict=True
        ):
            if fate <= Fate.UDP:
                at, size = (network + 12, 8) if version == 4 else (network + 8, 32)
                if transport == at + size:
                    key = data[at : transport + 4]
                else:
                    key = data[at : at + size] + data[transport : transport + 4]
                if vlan >= 0:
                    key += vlan.to_bytes(2, "big")
                packet = _Packet(fate, time, chunk.first + i, data[payload:stop], missing, sequence, ack, flags)
                self._packet(key, packet, (chunk, h, i))
            elif fate == Fate.FRAGMENT:
                self._fragment(chunk, h, i, time)
            else:
                self._arp(chunk, h, i, time)
            if len(self._rows) > len(self._completed):
                self._completed += [i] * (len(self._rows) - len(self._completed))

    def finish(self) -> pa.RecordBatch:
        """Rows of what is still open; nothing more comes."""
        for table in self._halves.values():
            for half in list(table.values()):
                self._close(half.talk)
            table.clear()
        self._fragments.finish()
        self._count_fragments()
        return self.flush()

    def flush(self) -> pa.RecordBatch:
        """Rows of what tshark reads of the packets that wait for it."""
        if self._deep is not None:
            self._deep.flush()
        return self._taken(0, None)

    def failures(self) -> list[Failure]:
        """What tshark failed at since last time."""
        if self._deep is None:
            return []
        failures, self._deep.failures = self._deep.failures, []
        return failures

    def _taken(self, end: int, quick: Steady | None) -> pa.RecordBatch:
        """The rows so far, in the order of the packets that completed them; `end` is behind the last one."""
        fields = zip(*self._rows, strict=True) if self._rows else [()] * len(SCHEMA)
        columns = columns_of(dict(zip(SCHEMA.names, fields, strict=True)))
        completed = np.array(self._completed + [end] * (len(self._rows) - len(self._completed)), np.int64)
        self._rows.clear()  # the same list stays: conversations write into it
        self._completed.clear()
        if quick is None:
            return columns
        order = np.argsort(np.concatenate([completed, quick.completed]), kind="stable")
        return joined([columns, quick.columns]).take(pa.array(order))

    def _count(self, protocol: str, outcome: Outcome, reason: str = "", n: int = 1) -> None:
        self.balance.counts[protocol, outcome, reason] += n

    def _plain(self, h: Headers, chunk: Chunk) -> None:
        """Packets that are only counted."""
        which = h.fate >= Fate.OTHER_IP
        if self._deep is not None:
            which &= ~self._offered(h, chunk, self._deep)
        cut = chunk.captured < chunk.wire
        triples = np.stack([h.fate, h.protocol, cut, chunk.link], 1)[which]
        for (fate, protocol, was_cut, link), n in zip(*np.unique(triples, axis=0, return_counts=True), strict=True):
            if fate in (Fate.OTHER_IP, Fate.OTHER_ETHERNET):
                name, reason = _named(int(protocol), over_ip=fate == Fate.OTHER_IP)
                self._count(name, Outcome.UNDECODED, reason, int(n))
            elif fate == Fate.LINK:
                self._count(Protocol.UNKNOWN, Outcome.UNDECODED, f"link type {link} is not read", int(n))
            elif was_cut:
                self._count(Protocol.UNKNOWN, Outcome.UNDECODED, CUT, int(n))
            else:
                self._count(Protocol.UNKNOWN, Outcome.MALFORMED, _REASONS[Fate(int(fate))], int(n))

    def _offered(self, h: Headers, chunk: Chunk, deep: Deep) -> npt.NDArray[np.bool_]:
        """bool[n]: packets over Ethernet or IP, neither TCP nor UDP, that tshark is to read."""
        which: npt.NDArray[np.bool_] = np.isin(h.fate, (Fate.OTHER_IP, Fate.OTHER_ETHERNET))
        which &= (chunk.captured == chunk.wire) & (h.mac >= 0)
        which &= (h.fate != Fate.OTHER_IP) | ~np.isin(h.protocol, list(IP_PROTOCOLS))
        for i in np.flatnonzero(which).tolist():
            over_ip, kind = h.fate[i] == Fate.OTHER_IP, int(h.protocol[i])
            name, reason = _named(kind, over_ip=over_ip)
            start, mac, at, text = int(chunk.start[i]), int(h.mac[i]), int(h.network[i]), self._addresses
            frame = chunk.data[start : start + int(chunk.captured[i])]
            ends: tuple[str | None, ...] = None, None
            if over_ip:
                first, size = (at + 12, 4) if h.version[i] == 4 else (at + 8, 16)
                ends = tuple(text.ip(chunk.data[k : k + size]) for k in (first, first + size))
            macs = text.mac(chunk.data[mac + 6 : mac + 12]), text.mac(chunk.data[mac : mac + 6])
            tags = [int(tag) if tag >= 0 else None for tag in (h.vlan[i], h.outer_vlan[i])]
            place = Place(
                (*ends, None, None, *macs, *tags), Transport.IP if over_ip else Transport.ETHERNET, name, reason
            )
            time, number, link = int(chunk.time[i]), chunk.first + i, int(chunk.link[i])
            deep.seen(place, frame, time=time, number=number, link=link)
        return which

    def _packet(self, key: Key, packet: _Packet, at: _Place) -> None:
        table = self._halves[Transport.TCP if packet.fate == Fate.TCP else Transport.UDP]
        half = table.get(key)
        if half is None or (packet.fate == Fate.TCP and self._another(half, packet)):
            half = self._begin(half, key, packet, at)
        if half.former is not None and packet.body:
            half = self._proven(half, packet.sequence)
        talk = half.talk
        talk.last = packet.time if packet.time > talk.last else talk.last
        talk.packets += 1
        if packet.fate == Fate.TCP:
            self._segment(half, packet)
        else:
            talk.answered = talk.answered or not half.client
            if packet.missing:
                talk.counts[Outcome.UNDECODED, CUT] += 1
            else:
                talk.datagram(half, packet.body, packet.time, packet.number)
        if self._deep is not None and talk.dissector is None and packet.body and not (packet.missing or talk.closed):
            chunk, _, i = at
            start, link = int(chunk.start[i]), int(chunk.link[i])
            frame = chunk.data[start : start + int(chunk.captured[i])]
            self._deep.said(talk, frame, time=packet.time, number=packet.number, link=link, client=half.client)

    def _segment(self, half: Half, packet: _Packet) -> None:
        _, time, number, body, missing, sequence, ack, flags = packet
        talk = half.talk
        doubt = self._control(half, packet) if flags & (_SYN | _FIN | _RST) and not talk.closed else None
        if flags & (_ACK | _RST) == _ACK:
            talk.acknowledge(half, ack, time)
        if doubt is not None:
            talk.unbelieved(doubt)
        elif not body or flags & _RST:
            talk.counts[(Outcome.UNDECODED, CUT) if missing else (Outcome.DECODED, "no payload")] += 1
        else:
            talk.segment(half, sequence + (flags & _SYN > 0), body, time, number)
            if missing:
                talk.lost(half, missing)
        if talk.closed:
            self._settle(talk)
        elif talk.refused:
            self._close(talk)
        elif half.stream and half.stream.ended and half.peer.stream and half.peer.stream.ended:
            talk.ending = True

    def _control(self, half: Half, packet: _Packet) -> str | None:
        """SYN, FIN and RST; why one isn't believed."""
        talk, sequence, flags = half.talk, packet.sequence, packet.flags
        if flags & _RST:
            if not half.resets(sequence, packet.ack if flags & _ACK else None):
                return "a RST with another sequence number"
            talk.refused = talk.opened and not talk.answered and not half.client
            talk.ending = True
            return None
        if flags & _SYN:
            begun = (sequence + 1) & _MASK
            if not half.begin(begun):
                half.retry = begun, packet.time, packet.number
                return "a SYN inside a conversation"
            talk.answered = talk.answered or not half.client
            talk.opened = talk.opened or half.client
        if flags & _FIN and not half.ends((sequence + len(packet.body) + packet.missing) & _MASK):
            return "a FIN with another sequence number"
        return None

    def _another(self, half: Half, packet: _Packet) -> bool:
        """Whether the packet belongs to another connection between the same ports.

        A SYN alone tells so only where the former connection ended or never began; else the other end has to agree.
        """
        talk, peer = half.talk, half.peer
        if not packet.flags & _SYN:
            return talk.closed and bool(packet.body)
        if packet.flags & _ACK:
            return peer.retry is not None and peer.retry[0] == packet.ack
        if not talk.packets or half.begun == (packet.sequence + 1) & _MASK:
            return talk.closed
        return talk.closed or talk.ending or not (talk.answered or talk.payload)

    def _begin(self, old: Half | None, key: Key, packet: _Packet, at: _Place) -> Half:
        """A conversation; one on the same ports that a SYN and its answer ended is kept until data prove it."""
        if old is None or packet.flags & (_SYN | _ACK) != _SYN | _ACK or old.peer.retry is None:
            if old is not None:
                self._close(old.talk)
            return self._open(key, packet, at)
        half = self._open(key, packet, at)
        begun, half.talk.first, half.talk.first_packet = old.peer.retry
        half.peer.begin(begun)
        half.talk.opened, half.talk.packets = True, 1
        self._close_former(old)
        half.former, half.peer.former = old, old.peer
        return half

    def _proven(self, half: Half, sequence: int) -> Half:
        """Data tell which of two conversations on the same ports is true."""
        former, table = half.former, self._halves[Transport.TCP]
        if former is None or half.off(sequence) <= former.off(sequence):
            self._close_former(half)
            return half
        half.former = half.peer.former = None
        self._close(half.talk)
        for key in half.talk.keys:
            table[key] = former if table[key] is half else former.peer
        former.retry = former.peer.retry = None
        return former

    def _close_former(self, half: Half) -> None:
        former, half.former, half.peer.former = half.former, None, None
        if former is not None:
            self._close(former.talk)

    def _open(self, key: Key, packet: _Packet, at: _Place) -> Half:
        transport = Transport.TCP if packet.fate == Fate.TCP else Transport.UDP
        table = self._halves[transport]
        if len(table) >= 2 * self._max:
            self._evict(table)
        chunk, h, i = at
        n = 16 if len(key) >= 36 else 4
        tail = key[2 * n + 4 :]
        source, target, ports = key[:n], key[n : 2 * n], key[2 * n : 2 * n + 4]
        source_port, target_port = int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big")
        client = _is_client(transport, packet.flags, source_port, target_port)
        mac = int(h.mac[i])
        text = self._addresses
        macs = (
            (text.mac(chunk.data[mac + 6 : mac + 12]), text.mac(chunk.data[mac : mac + 6])) if mac >= 0 else (None,) * 2
        )
        ends = (text.ip(source), text.ip(target)), (source_port, target_port), macs
        step = 1 if client else -1
        tags = [int(tag) if tag >= 0 else None for tag in (h.vlan[i], h.outer_vlan[i])]
        head = tuple(part for pair in ends for part in pair[::step]) + tuple(tags)
        back = target + source + ports[2:] + ports[:2] + tail
        talk = Talk(self._rows, head, transport, capture=self.capture, time=packet.time, packet=packet.number)
        half, other = Half(talk, client), Half(talk, not client)
        half.peer, other.peer = other, half
        talk.half = half
        talk.keys = (key, back)
        table[key], table[back] = half, other
        if key == back:  # a packet from a port to itself
            half.peer = half
        return half

    def _settle(self, talk: Talk) -> None:
        """Move a conversation's counts into the balance."""
        protocol = talk.protocol
        for (outcome, reason), n in talk.counts.items():
            unread = outcome is Outcome.DECODED and talk.dissector is None
            what = (Outcome.UNDECODED, "") if unread else (outcome, reason)
            if self._deep is None or what != (Outcome.UNDECODED, "") or not self._deep.hold(talk, n):
                self._count(protocol, *what, n)
        talk.counts.clear()
        self.balance.gaps += talk.gaps
        self.balance.signs += talk.signs
        talk.signs.clear()
        talk.gaps = 0

    def _close(self, talk: Talk, dropped: bool = False) -> None:
        if talk.half is not None:
            self._close_former(talk.half)
        talk.finish(dropped)
        self._settle(talk)

    def _evict(self, table: dict[Key, Half]) -> None:
        talks = {id(half.talk): half.talk for half in table.values()}
        for talk in sorted(talks.values(), key=lambda talk: (talk.last, talk.first_packet))[: self._max // 8 + 1]:
            self.balance.connections_dropped += not talk.closed
            self._close(talk, dropped=True)
            for key in talk.keys:
                table.pop(key, None)

    def _sweep(self, now: int) -> None:
        """Close what has been quiet for long, once a minute of the capture's time."""
        if now - self._swept < 60_000_000_000:
            return
        self._swept = now
        for transport, table in self._halves.items():
            quiet = now - _IDLE_NS[transport]
            for key, half in list(table.items()):
                talk = half.talk
                unheard = talk.opened and not (
                    talk.answered or talk.payload
                )  # nobody answers a minute behind the last SYN
                if talk.last < (now - _OVER_NS if talk.ending or talk.closed or unheard else quiet):
                    self._close(talk)
                    table.pop(key, None)

    def _fragment(self, chunk: Chunk, h: Headers, i: int, time: int) -> None:
        """An IP fragment; the datagram goes on once it is whole."""
        data, network, start = chunk.data, int(h.network[i]), int(h.transport[i])
        if h.missing[i]:
            return self._count("ip", Outcome.UNDECODED, CUT)
        if h.version[i] == 4:
            field = int.from_bytes(data[network + 6 : network + 8], "big")
            offset, more, protocol = (field & 0x1FFF) * 8, bool(field & 0x2000), data[network + 9]
            pair, name = data[network + 12 : network + 20], data[network + 4 : network + 6]
        else:
            field = int.from_bytes(data[start + 2 : start + 4], "big")
            offset, more, protocol = field & 0xFFF8, bool(field & 1), data[start]
            pair, name = data[network + 8 : network + 40], data[start + 4 : start + 8]
            start += 8
        key = pair + bytes([protocol]) + name + int(h.vlan[i]).to_bytes(2, "big", signed=True)
        whole = self._fragments.add(key, offset, data[start : int(h.stop[i])], more, time)
        self._count_fragments()
        if whole is None:
            return None
        if whole.packets > 1:
            self._count("ip", Outcome.DECODED, "fragment", whole.packets - 1)
        payload, tail = whole.payload, b"" if h.vlan[i] < 0 else int(h.vlan[i]).to_bytes(2, "big")
        number, place = chunk.first + i, (chunk, h, i)
        if protocol == 17 and len(payload) >= 8:
            body = payload[8 : int.from_bytes(payload[4:6], "big")]
            self._packet(pair + payload[:4] + tail, _Packet(Fate.UDP, time, number, body, 0, -1, -1, 0), place)
        elif protocol == 6 and len(payload) >= 20 and 20 <= (payload[12] >> 4) * 4 <= len(payload):
            body, (sequence, ack) = payload[(payload[12] >> 4) * 4 :], struct.unpack_from(">II", payload, 4)
            packet = _Packet(Fate.TCP, time, number, body, 0, sequence, ack, payload[13])
            self._packet(pair + payload[:4] + tail, packet, place)
        elif protocol in (6, 17):
            self._count("ip", Outcome.MALFORMED, "a datagram of fragments without its header")
        else:
            self._count(IP_PROTOCOLS.get(protocol, Protocol.UNKNOWN), Outcome.UNDECODED, f"IP protocol {protocol}")
        return None

    def _count_fragments(self) -> None:
        if self._fragments.dropped:
            self._count("ip", Outcome.DROPPED, "fragments that never became whole", self._fragments.dropped)
            self._fragments.dropped = 0

    def _arp(self, chunk: Chunk, h: Headers, i: int, time: int) -> None:
        """Who says to have which address: function 1 asks, 2 answers."""
        at, data, text = int(h.network[i]), chunk.data, self._addresses
        if data[at : at + 6] != b"\0\x01\x08\0\x06\x04":
            return self._count(Protocol.ARP, Outcome.UNDECODED, "not of Ethernet and IPv4")
        operation = int.from_bytes(data[at + 6 : at + 8], "big")
        tags = [int(tag) if tag >= 0 else None for tag in (h.vlan[i], h.outer_vlan[i])]
        name = {1: "request", 2: "reply"}.get(operation)
        ends = text.ip(data[at + 14 : at + 18]), text.ip(data[at + 24 : at + 28]), None, None
        macs = text.mac(data[at + 8 : at + 14]), text.mac(data[at + 18 : at + 24])
        head = (time, Kind.MESSAGE, Protocol.ARP, Transport.ETHERNET, *ends, *macs, *tags, Sender.CLIENT)
        nothing = (None,) * 11
        row = (*head, None, None, None, None, operation, name, *nothing[:10], 28, self.capture, chunk.first + i, None)
        self._rows.append(row)
        self._count(Protocol.ARP, Outcome.DECODED)
        return None


def _named(kind: int, *, over_ip: bool) -> tuple[Protocol, str]:
    """What a packet is by its IP protocol or EtherType, or why that isn't known."""
    name = (IP_PROTOCOLS if over_ip else ETHERTYPES).get(kind, Protocol.UNKNOWN)
    unknown = f"IP protocol {kind}" if over_ip else f"EtherType {kind:#06x}" if kind >= 0x600 else "LLC frame"
    return name, unknown if name is Protocol.UNKNOWN else ""


def _is_client(transport: Transport, flags: int, source: int, target: int) -> bool:
    """Whether a conversation's first packet comes from its client: by SYN, usual ports, or the higher port."""
    if transport is Transport.TCP and flags & _SYN:
        return not flags & _ACK
    if (source in SERVER_PORTS) != (target in SERVER_PORTS):
        return target in SERVER_PORTS
    return transport is Transport.UDP or source >= target
