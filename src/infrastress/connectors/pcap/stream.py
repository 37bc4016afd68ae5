"""One direction of a TCP connection: segments in any order become bytes in order, with what they lost.

Overlap: the first copy of a byte wins; a later one that differs is told. What is missing is given up when nothing was
in order for `GAP_NS`, when too much waits behind it, or when the connection ends; but where the receiver's
acknowledgements say that it waits for those bytes too, what lies behind them is forgotten instead.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["WINDOW", "Piece", "Stream", "apart"]

OPEN_SEGMENTS: Final = 64
OPEN_BYTES: Final = 1 << 18
GAP_NS: Final = 2_000_000_000
STUCK_NS: Final = 30_000_000_000
"""A gap is given up after this long, whatever is acknowledged: a capture may have lost one direction."""
WINDOW: Final = 1 << 20
"""What is further than this from the expected sequence number isn't of this stream."""
REMEMBERED: Final = 2048
"""Bytes kept to compare what is sent again."""
_WRAP: Final = 1 << 32
_HALF: Final = 1 << 31


def apart(later: int, earlier: int) -> int:
    """Sequence numbers' distance, negative where `later` is the earlier one (RFC 1982)."""
    return (later - earlier + _HALF) % _WRAP - _HALF


class Piece(NamedTuple):
    """Bytes in order, with the packet that brought them.

    `gap`: bytes are missing before these. `counts`: 0 for the later pieces of a packet whose bytes came in several.
    """

    data: bytes
    time: int
    packet: int
    gap: bool
    counts: int


class Stream:
    """Reassembles one direction.

    Args:
        first: sequence number of the first byte, where a SYN told it; else the first segment's.

    Attributes:
        next: sequence number expected next, None before the first segment.
        waiting: bytes held behind a gap.
        since: time of what was last in order, or when the oldest held segment came.
        end: sequence number of a FIN, None before one.
        differs: whether the last segment brought other bytes for a place that was filled already.
        forgotten: packets forgotten since last asked, because the stream never reached them.
    """

    __slots__ = ("_held", "_moved", "_recent", "_remembered", "differs", "end", "forgotten", "next", "since", "waiting")

    def __init__(self, first: int | None = None) -> None:
        self.next = first
        self.end: int | None = None
        self.waiting = self.since = self.forgotten = 0
        self.differs = False
        self._held: dict[int, tuple[bytes, int, int, int]] = {}
        self._moved = False
        self._recent: deque[tuple[int, bytes]] = deque()
        self._remembered = 0

    def add(self, sequence: int, data: bytes, time: int, packet: int, acked: int | None = None) -> list[Piece] | None:
        """What is in order now; None for a segment that brings nothing new.

        `acked`: up to where the receiver has said it has everything, None where it hasn't said so since `since`.
        """
        self.differs = False
        if self.next is None:
            self.next = sequence
        ahead = (sequence - self.next) % _WRAP
        if ahead >= _HALF:  # begins before what is expected
            old = _WRAP - ahead
            if not (old == 1 and len(data) == 1):  # a keep-alive's byte means nothing
                self.differs = self._contradicts(sequence, data[:old])
            if old >= len(data):
                return None
            data, sequence, ahead = data[old:], self.next, 0
        if ahead == 0 and not self._held:
            self._remember(sequence, data)
            self.next, self.since = (sequence + len(data)) % _WRAP, time
            return [Piece(data, time, packet, False, 1)]
        if not self._hold(sequence, data, time, packet):
            return None
        pieces = list(self._ordered(False))
        if pieces:
            self.since, self._moved = time, True
        while self._held and ((over := self._over) or time - self.since > GAP_NS):
            quiet = time - self.since
            unsaid = acked is None and (quiet > GAP_NS or not self._moved)
            if self._lost(acked) or quiet > STUCK_NS or unsaid:
                pieces += self._skip(time)
            elif over:
                self._forget(max(self._held, key=self._ahead))
            else:
                break
        return pieces

    def rest(self, acked: int | None = None, stale: bool = False) -> list[Piece]:
        """What still waits, gaps skipped: at the end of the connection. `stale`: `acked` was said before `since`."""
        pieces: list[Piece] = []
        while self._held:
            if acked is None or self._lost(acked) or (stale and not self._moved):
                pieces += self._skip(self.since)
            else:
                self._forget(next(iter(self._held)))
        return pieces

    def rebase(self, sequence: int) -> None:
        """Go on elsewhere; what was held is forgotten."""
        for key in list(self._held):
            self._forget(key)
        self.next, self.end = sequence, None
        self._recent.clear()
        self._remembered = 0

    def went_on(self, sequence: list[int], data: list[bytes], time: int) -> None:
        """Segments in order were read elsewhere; `time` of the last. Only while `calm`."""
        kept, first = 0, len(data)
        while first and kept <= REMEMBERED:
            first -= 1
            kept += len(data[first])
        for place, part in zip(sequence[first:], data[first:], strict=True):
            self._remember(place, part)
        self.next, self.since, self.differs = (sequence[-1] + len(data[-1])) % _WRAP, time, False

    @property
    def calm(self) -> bool:
        """Nothing waits, no end was told: the next segment in order changes nothing but where it stands."""
        return self.next is not None and self.end is None and not self._held and not self.forgotten

    @property
    def packets(self) -> int:
        """Packets that wait behind a gap."""
        return sum(counts for *_, counts in self._held.values())

    @property
    def ended(self) -> bool:
        """Everything up to the FIN is there, and nothing behind it."""
        return self.end is not None and self.next == self.end

    @property
    def _over(self) -> bool:
        return len(self._held) > OPEN_SEGMENTS or self.waiting > OPEN_BYTES

    def _ahead(self, key: int) -> int:
        return (key - (self.next or 0)) % _WRAP

    def _lost(self, acked: int | None) -> bool:
        """The receiver has what is missing here: the capture lost it."""
        return acked is not None and apart(min(self._held, key=self._ahead), acked) <= 0

    def _remember(self, sequence: int, data: bytes) -> None:
        self._recent.append((sequence, data))
        self._remembered += len(data)
        while self._remembered > REMEMBERED and len(self._recent) > 1:
            self._remembered -= len(self._recent.popleft()[1])

    def _contradicts(self, sequence: int, data: bytes) -> bool:
        """Whether any of these bytes differ from those remembered of the same place."""
        for begin, known in self._recent:
            offset = apart(sequence, begin)
            here, there = (data, known[offset:]) if offset >= 0 else (data[-offset:], known)
            n = min(len(here), len(there))
            if here[:n] != there[:n]:
                return True
        return False

    def _hold(self, sequence: int, data: bytes, time: int, packet: int) -> bool:
        """Keep a segment; False where all its bytes wait already."""
        if not self._held:
            self.since, self._moved = time, False
        base, new = self.next or 0, 0
        start = (sequence - base) % _WRAP
        stop = start + len(data)
        for known in sorted((key - base) % _WRAP for key in self._held):  # the first copy wins: only the holes are new
            if start >= stop or known >= stop:
                break
            there = self._held[(known + base) % _WRAP][0]
            if start < known:
                part = data[len(data) - (stop - start) :][: known - start]
                new += self._put((start + base) % _WRAP, part, time, packet, not new)
                start = known
            if start < known + len(there):
                here, there = data[len(data) - (stop - start) :], there[start - known :]
                n = min(len(here), len(there))
                self.differs |= here[:n] != there[:n]
                start += n
        if start < stop:
            new += self._put((start + base) % _WRAP, data[len(data) - (stop - start) :], time, packet, not new)
        return new > 0

    def _put(self, sequence: int, data: bytes, time: int, packet: int, counts: bool) -> int:
        self._held[sequence] = (data, time, packet, int(counts))
        self.waiting += len(data)
        return 1

    def _forget(self, key: int) -> None:
        data, _, _, counts = self._held.pop(key)
        self.waiting -= len(data)
        self.forgotten += counts

    def _ordered(self, gap: bool) -> Iterator[Piece]:
        while self._held and self.next in self._held:
            sequence = self.next
            data, time, packet, counts = self._held.pop(sequence)
            self._remember(sequence, data)
            self.next = (sequence + len(data)) % _WRAP
            self.waiting -= len(data)
            yield Piece(data, time, packet, gap, counts)
            gap = False

    def _skip(self, time: int) -> list[Piece]:
        """Go on behind the first gap."""
        self.next = min(self._held, key=self._ahead)
        pieces, self._moved = list(self._ordered(True)), False
        self.since = min((at for _, at, _, _ in self._held.values()), default=time)
        return pieces
