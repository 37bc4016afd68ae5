"""One direction of a TCP connection: segments in any order become bytes in order, with what they lost.

Overlap: the first copy of a byte wins, whatever a later one says. A gap is given up on when `OPEN_SEGMENTS` segments or
`OPEN_BYTES` bytes wait behind it, when `GAP_NS` have passed, or when the connection ends.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["Piece", "Stream"]

OPEN_SEGMENTS: Final = 64
OPEN_BYTES: Final = 1 << 18
GAP_NS: Final = 2_000_000_000
_WRAP: Final = 1 << 32
_HALF: Final = 1 << 31


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
        end: sequence number of a FIN, None before one.
    """

    __slots__ = ("_held", "_since", "end", "next", "waiting")

    def __init__(self, first: int | None = None) -> None:
        self.next = first
        self.end: int | None = None
        self.waiting = 0
        self._held: dict[int, tuple[bytes, int, int, int]] = {}
        self._since = 0

    def add(self, sequence: int, data: bytes, time: int, packet: int) -> list[Piece] | None:
        """What is in order now; None for a segment that brings nothing new."""
        if self.next is None:
            self.next = sequence
        ahead = (sequence - self.next) % _WRAP
        if ahead >= _HALF:  # begins before what is expected
            old = _WRAP - ahead
            if old >= len(data):
                return None
            data, sequence, ahead = data[old:], self.next, 0
        if ahead == 0 and not self._held:
            self.next = (sequence + len(data)) % _WRAP
            return [Piece(data, time, packet, False, 1)]
        if not self._hold(sequence, data, time, packet):
            return None
        pieces = list(self._ordered(False))
        over = len(self._held) > OPEN_SEGMENTS or self.waiting > OPEN_BYTES
        while self._held and (over or time - self._since > GAP_NS):
            pieces += self._skip()
            over = len(self._held) > OPEN_SEGMENTS or self.waiting > OPEN_BYTES
        return pieces

    def rest(self) -> list[Piece]:
        """What still waits, gaps skipped: at the end of the connection."""
        pieces: list[Piece] = []
        while self._held:
            pieces += self._skip()
        return pieces

    @property
    def packets(self) -> int:
        """Packets that wait behind a gap."""
        return sum(counts for *_, counts in self._held.values())

    @property
    def ended(self) -> bool:
        """Everything up to the FIN is there."""
        return self.end is not None and self.next is not None and (self.next - self.end) % _WRAP < _HALF

    def _hold(self, sequence: int, data: bytes, time: int, packet: int) -> bool:
        """Keep a segment; False where all its bytes wait already."""
        if not self._held:
            self._since = time
        base, new = self.next or 0, 0
        start = (sequence - base) % _WRAP
        stop = start + len(data)
        for known in sorted((key - base) % _WRAP for key in self._held):  # the first copy wins: only the holes are new
            if start >= stop or known >= stop:
                break
            known_end = known + len(self._held[(known + base) % _WRAP][0])
            if start < known:
                part = data[len(data) - (stop - start) :][: known - start]
                new += self._put((start + base) % _WRAP, part, time, packet, not new)
            start = max(start, known_end)
        if start < stop:
            new += self._put((start + base) % _WRAP, data[len(data) - (stop - start) :], time, packet, not new)
        return new > 0

    def _put(self, sequence: int, data: bytes, time: int, packet: int, counts: bool) -> int:
        self._held[sequence] = (data, time, packet, int(counts))
        self.waiting += len(data)
        return 1

    def _ordered(self, gap: bool) -> Iterator[Piece]:
        while self._held and self.next in self._held:
            data, time, packet, counts = self._held.pop(self.next)
            self.next = (self.next + len(data)) % _WRAP
            self.waiting -= len(data)
            yield Piece(data, time, packet, gap, counts)
            gap = False

    def _skip(self) -> list[Piece]:
        """Go on behind the first gap."""
        base = self.next or 0
        self.next = min(self._held, key=lambda key: (key - base) % _WRAP)
        pieces = list(self._ordered(True))
        if self._held:
            self._since = min(time for _, time, _, _ in self._held.values())
        return pieces
