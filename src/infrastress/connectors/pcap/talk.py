"""A conversation: a TCP connection or the datagrams between two ports, with its dissector, its rows and its counts."""

import struct
from collections import Counter
from typing import Any, Final

from infrastress.connectors.pcap.balance import Outcome
from infrastress.connectors.pcap.names import name_of
from infrastress.connectors.pcap.protocols import dissector_for
from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message
from infrastress.connectors.pcap.stream import WINDOW, Piece, Stream, apart
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport

__all__ = ["Half", "Talk"]

_TRIES: Final = 8
"""Segments a direction that may look like nothing before the conversation counts as unknown."""
_ENOUGH: Final = 24
"""From the first byte of a connection on, this many tell a protocol."""
_BUFFER: Final = 1 << 18
DIFFERS: Final = "overlapping segments that differ"
OUTSIDE: Final = "a segment outside the window"
UNREACHED: Final = "a segment the stream never reached"
_BROKEN: Final = (IndexError, ValueError, struct.error, OverflowError)
Row = tuple[Any, ...]
Head = tuple[Any, ...]


class Half:
    """One direction: what is in order and not yet a whole PDU."""

    __slots__ = (
        "ack", "ack_time", "begun", "buffer", "client", "doubt", "former", "open", "peer", "retry", "stream", "synced",
        "talk", "tries",
    )  # fmt: skip

    def __init__(self, talk: "Talk", client: bool) -> None:
        self.talk, self.client = talk, client
        self.peer = self
        self.stream: Stream | None = None
        self.buffer = b""
        self.open = 0
        """Packets with bytes in the buffer."""
        self.synced = False
        self.tries = 0
        self.begun: int | None = None
        """Sequence number behind the SYN."""
        self.ack: int | None = None
        """Up to where this end said last that it has the other's bytes; `ack_time` when."""
        self.ack_time = 0
        self.doubt: tuple[int, bytes, int, int] | None = None
        """The last segment that wasn't believed: sequence number, bytes, time, packet."""
        self.retry: tuple[int, int, int] | None = None
        """The last SYN inside the conversation: sequence number behind it, time, packet."""

        self.former: Half | None = None
        """This end of the conversation on the same ports that a SYN and its answer ended, until data prove it."""

    @property
    def calm(self) -> bool:
        """In step, and nothing waits, is doubted or is about to end."""
        doubts = self.buffer or self.open or self.doubt or self.retry or self.former
        return self.synced and not doubts and self.stream is not None and self.stream.calm

    def off(self, sequence: int) -> int:
        """How far a sequence number is from the one expected; 2^32 where nothing is known."""
        at = self.stream.next if self.stream is not None else None
        return 1 << 32 if at is None else abs(apart(sequence, at))

    def begin(self, sequence: int) -> bool:
        """A SYN: the first byte's sequence number. False where it contradicts what is known."""
        if self.begun is None and (self.stream is None or self.stream.next is None):
            self.begun = sequence
            self.stream = Stream(sequence)
        return self.begun == sequence

    def ends(self, sequence: int) -> bool:
        """A FIN behind the last byte. False where no FIN can stand there."""
        if self.stream is None or self.stream.next is None:
            self.stream = Stream(sequence)
        ahead = apart(sequence, self.stream.next or 0)
        if sequence != self.stream.end and 0 <= ahead <= WINDOW:
            self.stream.end = sequence
        return self.stream.end == sequence

    def resets(self, sequence: int, ack: int | None) -> bool:
        """Whether a RST is acceptable (RFC 5961, section 3.2): exactly where the receiver is, as far as that is known.

        One that answers a SYN has to acknowledge it (RFC 9293, section 3.10.7.3).
        """
        stream, peer = self.stream, self.peer
        if (stream is None or stream.next is None) and peer.begun is not None:
            return ack is not None and 0 <= apart(ack, peer.begun) <= WINDOW
        known = {peer.ack} if peer.ack is not None else set()
        if stream is not None and stream.next is not None:
            known |= {stream.next, (stream.next + stream.ended) % (1 << 32)}
        return not known or sequence in known


class Talk:
    """One conversation.

    Args:
        rows: where rows go.
        head: client, server, client_port, server_port, client_mac, server_mac, vlan, outer_vlan.
        transport: TCP or UDP.
        capture: its name.
        time, packet: of the first packet.
    """

    __slots__ = (
        "answered", "capture", "closed", "counts", "dissector", "ending", "first", "first_packet", "gaps", "half",
        "head", "keys", "last", "named", "opened", "packet", "packets", "payload", "refused", "rows", "signs", "time",
        "transport",
    )  # fmt: skip

    def __init__(
        self, rows: list[Row], head: Head, transport: Transport, *, capture: str, time: int, packet: int
    ) -> None:
        self.rows, self.head, self.transport, self.capture = rows, head, transport, capture
        self.half: Half | None = None
        self.keys: tuple[bytes, ...] = ()
        self.first = self.last = self.time = time
        self.first_packet = self.packet = packet
        self.packets = self.payload = self.gaps = 0
        self.counts: Counter[tuple[Outcome, str]] = Counter()
        self.dissector: Dissector | None = None
        self.named: Protocol | None = None
        self.signs: Counter[str] = Counter()
        self.opened = self.answered = self.refused = self.ending = self.closed = False

    @property
    def protocol(self) -> Protocol:
        """As far as it is known."""
        return self.dissector.protocol if self.dissector else self.named or Protocol.UNKNOWN

    def segment(self, half: Half, sequence: int, data: bytes, time: int, packet: int) -> None:
        """A TCP segment with payload."""
        stream, peer = half.stream, half.peer
        if stream is None:
            stream = half.stream = Stream()
        self.time, self.packet = time, packet
        if stream.next is not None and half.off(sequence) > WINDOW:
            if peer.ack is not None and not 0 <= apart(sequence, peer.ack) <= WINDOW:
                half.doubt = sequence, data, time, packet
                self.unbelieved(OUTSIDE)
                return
            self._rebase(half, sequence)
        self.payload += len(data)
        pieces = stream.add(sequence, data, time, packet, peer.ack if peer.ack_time >= stream.since else None)
        if stream.differs:
            self.signs[DIFFERS] += 1
            half.doubt = sequence, data, time, packet
            self._malformed(half, DIFFERS, len(data))
        self._forgotten(stream)
        if pieces is None:
            self.counts[(Outcome.MALFORMED, DIFFERS) if stream.differs else (Outcome.DECODED, "retransmission")] += 1
            return
        if pieces and self.ending:
            self.ending = False
            self.signs["data behind the connection's end"] += 1
        if stream.end is not None and apart(stream.next or 0, stream.end) > 0:
            stream.end = None
            self.signs["data behind a FIN"] += 1
        for piece in pieces:
            self._piece(half, piece)

    def acknowledge(self, half: Half, ack: int, time: int) -> None:
        """The other end has everything up to here; where that is the end of what wasn't believed, it was true."""
        half.ack, half.ack_time, peer = ack, time, half.peer
        if peer.doubt is None or peer.stream is None:
            return
        sequence, data, when, packet = peer.doubt
        if (sequence + len(data)) % (1 << 32) == ack:
            peer.doubt = None
            if peer.stream.next != ack and not self.closed:
                self._rebase(peer, sequence)
                for piece in peer.stream.add(sequence, data, when, packet) or ():
                    self._piece(peer, piece._replace(counts=0))  # it is counted already

    def unbelieved(self, reason: str) -> None:
        """A packet that may be forged and changes nothing."""
        self.signs[reason] += 1
        self.counts[Outcome.UNDECODED, reason] += 1

    def _rebase(self, half: Half, sequence: int) -> None:
        if half.stream is not None:
            half.stream.rebase(sequence)
            self._forgotten(half.stream)
        self.gaps += 1
        self._gap(half)

    def _forgotten(self, stream: Stream) -> None:
        if stream.forgotten:
            self.signs[UNREACHED] += stream.forgotten
            self.counts[Outcome.UNDECODED, UNREACHED] += stream.forgotten
            stream.forgotten = 0

    def lost(self, half: Half, size: int) -> None:
        """The capture holds only the beginning of the segment; `size` bytes of it are missing."""
        if half.stream and half.stream.next is not None:
            half.stream.next = (half.stream.next + size) % (1 << 32)
        self.gaps += 1
        self._gap(half)

    def datagram(self, half: Half, data: bytes, time: int, packet: int) -> None:
        """A UDP datagram: PDUs begin and end with it."""
        self.time, self.packet = time, packet
        self.payload += len(data)
        if not self._known(half, data):
            self.counts[Outcome.UNDECODED, ""] += 1
            return
        used, bad = self._pdus(half, data)
        if used < len(data) and not bad:
            self._malformed(half, "bytes behind the last PDU" if used else "ends within its PDU", len(data))
            bad = True
        self.counts[Outcome.MALFORMED if bad else Outcome.DECODED, ""] += 1

    def finish(self, dropped: bool = False) -> None:
        """It is over: gaps are skipped, waiting requests and the connection itself become rows."""
        if self.closed:
            return
        for half in (self.half, self.half.peer) if self.half else ():
            if half.stream and not dropped:
                for piece in half.stream.rest(half.peer.ack, half.peer.ack_time < half.stream.since):
                    self._piece(half, piece)
                self._forgotten(half.stream)
            if half.open:
                reason = (Outcome.DROPPED, "too many connections") if dropped else (Outcome.UNDECODED, "incomplete PDU")
                self.counts[reason] += half.open
            if half.stream and dropped:
                self.counts[Outcome.DROPPED, "too many connections"] += half.stream.packets
            half.stream, half.buffer, half.open, half.begun, half.doubt = None, b"", 0, None, None
        if self.dissector:
            self.dissector.finish()
        self._connection()
        self.closed = True

    def _piece(self, half: Half, piece: Piece) -> None:
        self.time, self.packet = piece.time, piece.packet
        if piece.gap:
            self.gaps += 1
            self._gap(half)
        half.open += piece.counts
        data = half.buffer + piece.data if half.buffer else piece.data
        if not half.synced:
            from_start = half.begun is not None and not half.tries
            if not (from_start and self.dissector) and not self._known(half, data):
                if from_start and len(data) < _ENOUGH:
                    half.buffer, half.tries = data, 0
                    return
                self.counts[Outcome.UNDECODED, "" if self.dissector is None else "out of step"] += half.open
                half.buffer, half.open = b"", 0
                return
            half.synced = True
        used, bad = self._pdus(half, data)
        unread = self.dissector.unread if self.dissector else ""
        outcome = (
            (Outcome.UNDECODED, unread) if unread and not bad else (Outcome.MALFORMED if bad else Outcome.DECODED, "")
        )
        if used == len(data) or bad > 1:
            if half.open:
                self.counts[outcome] += half.open
            half.buffer, half.open = b"", 0
        else:
            half.buffer = data[used:]
            if used and half.open > 1:
                self.counts[outcome] += half.open - 1
                half.open = 1
            if len(half.buffer) > _BUFFER:
                self._gap(half)

    def _known(self, half: Half, data: bytes) -> bool:
        """Whether the data begin a PDU; the conversation's protocol is found here."""
        if self.dissector is not None:
            try:
                return self.dissector.sniff(data)
            except IndexError:  # too short for its marks
                return False
        if half.tries >= _TRIES:
            return False
        half.tries += 1
        kind = dissector_for(data, self.transport)
        if kind is None:
            self.named = self.named or name_of(data, self.transport, self.head[3])
            return False
        self.dissector = kind(self)
        return True

    def _pdus(self, half: Half, data: bytes) -> tuple[int, int]:
        """Read whole PDUs; bytes used, and 0 for all well, 1 for a malformed PDU, 2 for lost framing."""
        dissector, at, bad, stop = self.dissector, 0, 0, len(data)
        if dissector is None:  # by `_known` there is one
            return stop, 0
        while at < stop:
            try:
                size = dissector.size(data, at)
            except (MalformedError, *_BROKEN) as error:
                self._malformed(
                    half, str(error) if isinstance(error, MalformedError) else "no beginning of a PDU", stop - at
                )
                half.synced, half.tries = False, half.tries or 1
                return stop, 2
            if not size or at + size > stop:
                break
            try:
                dissector.read(data[at : at + size], half.client)
            except MalformedError as error:
                bad = 1
                self._malformed(half, str(error), size)
            except _BROKEN:
                bad = 1
                self._malformed(half, "a field reaches beyond the PDU", size)
            at += size
        return at, bad

    def _gap(self, half: Half) -> None:
        if half.open:
            self.counts[Outcome.UNDECODED, "incomplete PDU"] += half.open
        half.buffer, half.open, half.synced = b"", 0, False
        half.tries = half.tries or 1
        if self.dissector:
            self.dissector.gap(half.client)

    def _malformed(self, half: Half, reason: str, size: int) -> None:
        message = Message(error=reason, ok=False, size=size, time=self.time, packet=self.packet)
        self.write(Kind.MALFORMED, message, None, half.client)

    def write(self, kind: Kind, message: Message, reply: Message | None, from_client: bool) -> None:
        """One row, in the order of `SCHEMA`; what the reply says goes before what the request says."""
        m, head, sender = message, self.head, Sender.CLIENT if from_client else Sender.SERVER
        protocol = m.protocol or self.protocol
        if reply is None:
            values = m.values
            self.rows.append(
                (m.time, kind, protocol, self.transport, *head, sender, None, m.transaction, m.unit, m.client_unit,
                 m.function, m.function_name, m.action, m.object, m.address, m.quantity,
                 values[0] if values else None, values if values and len(values) > 1 else None,
                 m.ok, m.exception, m.error, m.identity, m.size, self.capture, m.packet, None)
            )  # fmt: skip
            return
        r = reply
        values = m.values if r.values is None else r.values
        self.rows.append(
            (m.time, kind, protocol, self.transport, *head, sender, r.time - m.time,
             m.transaction, m.unit, m.client_unit, m.function, m.function_name, m.action,
             r.object if m.object is None else m.object, r.address if m.address is None else m.address,
             r.quantity if m.quantity is None else m.quantity,
             values[0] if values else None, values if values and len(values) > 1 else None,
             r.ok, r.exception, r.error or m.error, r.identity or m.identity, m.size + r.size, self.capture,
             m.packet, r.packet)
        )  # fmt: skip

    def _connection(self) -> None:
        answered = self.answered or not self.opened
        message = Message(
            ok=None if self.transport is Transport.UDP and not self.answered else answered and not self.refused,
            error="refused" if self.refused else None if answered else "no answer",
            quantity=self.packets,
            size=self.payload,
            time=self.first,
            packet=self.first_packet,
        )
        self.write(Kind.CONNECTION, message, None, True)
        row = list(self.rows[-1])
        row[_RESPONSE_NS] = self.last - self.first
        self.rows[-1] = tuple(row)


_RESPONSE_NS: Final = 13
