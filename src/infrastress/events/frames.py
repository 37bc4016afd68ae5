"""Frames: telemetry on the site's time grid, the fixed block on which process detectors judge.

A frame is the half-open interval (end - width, end]. Its numbers depend on the rows in it and on nothing else, so a
detector that is a function of frames gives the same result however the rows were batched.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.events.envelope import Event
from infrastress.events.kinds import Detection
from infrastress.events.network import NetworkRecords

__all__ = ["Block", "Finding", "Frames", "known_between"]


@dataclass(frozen=True)
class Frames:
    """k consecutive frames of m signals, SI units.

    Attributes:
        width: frame width, ns.
        ends: int64[k], end of each frame, ns UTC; consecutive multiples of `width` (gaps appear as empty frames).
        tags: m signal ids.
        mean, last: float64[k, m]; NaN where the signal had no good value in the frame.
        count: int32[k, m], good values in the frame.
    """

    width: int
    ends: npt.NDArray[np.int64]
    tags: tuple[str, ...]
    mean: npt.NDArray[np.float64] = field(repr=False)
    last: npt.NDArray[np.float64] = field(repr=False)
    count: npt.NDArray[np.int32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.ends)

    def part(self, start: int, stop: int) -> "Frames":
        """Frames start..stop, as a slice gives them."""
        cut = slice(start, stop)
        return Frames(self.width, self.ends[cut], self.tags, self.mean[cut], self.last[cut], self.count[cut])


class Block(NamedTuple):
    """What a detector sees at once: closed frames, and what was observed that fell into them or came late.

    `events` are sorted by (occurred, id). `network` is one entry a source, sorted by its name; its rows are those that
    became known in these frames, sorted by `known`, as they came where that is equal. `clock` is how far time has come
    where that is further than the frames (ns), which only a detector that is `prompt` is told; there may be no frame,
    and events are ahead of it as far as others may still be late.
    """

    frames: Frames
    events: tuple[Event, ...]
    network: tuple[NetworkRecords, ...] = ()
    clock: int = 0

    @property
    def reached(self) -> int:
        """How far time has come, ns; 0 where nothing is known of it."""
        return max(self.clock, int(self.frames.ends[-1]) if len(self.frames) else 0)


class Finding(NamedTuple):
    """A detection before it gets its envelope. `occurred` is the event time at which it could first be said."""

    occurred: int
    assets: tuple[str, ...]
    body: Detection
    zone: str = ""


def known_between(network: tuple[NetworkRecords, ...], begin: int, end: int) -> tuple[NetworkRecords, ...]:
    """Of a block's network records those that became known in (begin, end], ns."""
    found = []
    for records in network:
        start, stop = np.searchsorted(records.known, [begin, end], side="right").tolist()
        if stop > start:
            found.append(records.slice(start, stop))
    return tuple(found)
