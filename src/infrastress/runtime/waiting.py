"""Events that wait for their frame to close, and which of them were judged before it."""

from collections.abc import Callable
from itertools import pairwise

import msgspec

from infrastress.events import Event, NetworkRecords, decode_event
from infrastress.events.frames import Block, Frames, known_between
from infrastress.runtime.frames import frame_of

__all__ = ["Waiting", "cut"]


class _Held(msgspec.Struct):
    """An event, the frame in which it was known, its bytes; `judged` by what needn't wait for frames."""

    frame: int
    known: int
    event: Event
    data: bytes
    judged: bool = False

    @property
    def order(self) -> tuple[int, int, str]:
        """Of judgement within what closes together."""
        return self.frame, self.event.occurred, self.event.id


class Waiting:
    """Events by the frame in which they were known: the later of `occurred` and `observed`.

    Args:
        width: of a frame, ns.
        reach: told each event's time, so that frames close behind it.
    """

    def __init__(self, width: int, reach: Callable[[int], None]) -> None:
        self._width, self._reach = width, reach
        self._held: list[_Held] = []

    def hold(self, data: bytes, *, judged: bool = False) -> Event:
        """Keep one; raises DecodeError."""
        event = decode_event(data)
        known = max(event.occurred, event.observed)
        self._reach(known)
        self._held.append(_Held(frame_of(known, self._width), known, event, data, judged))
        return event

    def fresh(self, clock: int) -> tuple[Event, ...]:
        """Events known by a time that nothing has judged yet, by (occurred, id); they count as judged from now on."""
        found = [held for held in self._held if not held.judged and held.known <= clock]
        for held in found:
            held.judged = True
        return tuple(sorted((held.event for held in found), key=lambda event: (event.occurred, event.id)))

    def blocks(self, frames: Frames, network: tuple[NetworkRecords, ...]) -> list[tuple[Block, tuple[Event, ...]]]:
        """What closes with some frames, cut where an event from before its frame comes in.

        So order by time is order of judgement.

        Returns:
            Blocks, each with those of its events that nothing has judged yet.
        """
        last = int(frames.ends[-1]) // self._width
        first = last - len(frames) + 1
        self._held.sort(key=lambda held: held.order)
        ready = [held for held in self._held if held.frame <= last]
        self._held = self._held[len(ready) :]
        late = {held.frame for held in ready if frame_of(held.event.occurred, self._width) < held.frame}
        cuts = [first, *sorted(late - {first}), last + 1]
        blocks = []
        start = 0
        for begin, end in pairwise(cuts):
            stop = start
            while stop < len(ready) and ready[stop].frame < end:
                stop += 1
            part = sorted(ready[start:stop], key=lambda held: (held.event.occurred, held.event.id))
            said = known_between(network, (begin - 1) * self._width, (end - 1) * self._width)
            block = Block(cut(frames, begin - first, end - first), tuple(held.event for held in part), said)
            blocks.append((block, tuple(held.event for held in part if not held.judged)))
            start = stop
        return blocks

    def dump(self) -> tuple[tuple[bytes, ...], tuple[bool, ...]]:
        """What waits, in order, and which of it was judged."""
        self._held.sort(key=lambda held: held.order)
        return tuple(held.data for held in self._held), tuple(held.judged for held in self._held)

    def load(self, waiting: tuple[bytes, ...], judged: tuple[bool, ...]) -> None:
        """Inverse of `dump`; raises DecodeError. What is told nothing of counts as not judged."""
        self._held = []
        for number, data in enumerate(waiting):
            self.hold(data, judged=number < len(judged) and judged[number])


def cut(frames: Frames, start: int, stop: int) -> Frames:
    """Frames start..stop; the same object where that is all."""
    return frames if start == 0 and stop == len(frames) else frames.part(start, stop)
