"""What may pass of one source: decided row by row, in the source's order, so never by how rows were batched."""

from collections.abc import Callable, Iterable
from math import isnan
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.time import DAY
from infrastress.events import NetworkRecords, Samples

__all__ = ["LARGEST_JUMP", "Gate", "RowMemory", "Window", "steps_left_out"]

LARGEST_JUMP = 400 * DAY
"""A time further ahead of the source's newest than this is taken for a broken clock until others confirm it."""
_CONFIRMATIONS = 10
_EARLIEST = 0
_LATEST = 4_102_444_800 * 1_000_000_000  # 2100-01-01

_CELLS = 5_000
"""Cells remembered of a live source, beyond its last two rows: what is remembered is written at each commit."""

Refuse = Callable[[str, int], None]


class Window(NamedTuple):
    """What a live site still takes, ns: nothing before the watermark, nothing far ahead of the event clock."""

    floor: int
    ceiling: int


class RowMemory(msgspec.Struct):
    """A row that a second one of the same time is compared with."""

    time: int
    tags: tuple[str, ...]
    values: bytes


class Gate(msgspec.Struct):
    """The state by which rows and events of one source are judged.

    Attributes:
        newest: highest time accepted so far, ns.
        jump, jumped: a time far ahead, and how many times in a row were near it.
        memory: rows not older than the lateness.
    """

    newest: int | None = None
    jump: int = 0
    jumped: int = 0
    memory: list[RowMemory] = []

    def plausible(self, time: int, window: Window | None = None) -> str:
        """Empty, or the reason why a time is not to be believed; a live site has a clock to hold it against."""
        if not _EARLIEST <= time < _LATEST:
            return "time-absurd"
        if window is not None:
            return "time-ahead" if time > window.ceiling else ""
        if self.newest is None or time <= self.newest + LARGEST_JUMP:
            self.jumped = 0
            return ""
        if self.jumped and abs(time - self.jump) <= LARGEST_JUMP:
            self.jumped += 1
        else:
            self.jumped = 1
        self.jump = time
        if self.jumped <= _CONFIRMATIONS:
            return "time-future"
        self.jumped = 0
        return ""

    def network(
        self, records: NetworkRecords, lateness: int, refuse: Refuse, window: Window | None = None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Which network records are accepted, bool[n], and when each counts as known, int64[n].

        A record may be as late as it likes: a connection is told when it ends, a request without an answer when nobody
        waits for one any more. It counts as known at the earliest when it came, so that nothing is judged backwards.

        Reasons: `time-absurd`, `time-future`, `time-ahead`, `time-behind` (more than `LARGEST_JUMP`).
        """
        ends, before = records.ends, self.newest or _EARLIEST
        keep = np.ones(len(ends), dtype=np.bool_)
        if not len(ends) or not self._orderly(ends, window):
            for row, time in enumerate(ends.tolist()):
                reason = self.plausible(time, window)
                if not reason and self.newest is not None and time < self.newest - LARGEST_JUMP:
                    reason = "time-behind"
                if reason:
                    keep[row] = False
                    refuse(reason, row)
                elif self.newest is None or time > self.newest:
                    self.newest = time
        heights = np.maximum(np.maximum.accumulate(np.where(keep, ends, _EARLIEST)), before)
        self.newest = int(heights[-1]) if keep.any() else self.newest
        known = np.maximum(ends, heights - lateness)
        return keep, known if window is None else np.maximum(known, window.floor)

    def _orderly(self, times: npt.NDArray[np.int64], window: Window | None) -> bool:
        """No time is absurd, ahead, or far from the others: nothing to judge one by one."""
        low, high = int(times.min()), int(times.max())
        if low < _EARLIEST or high >= _LATEST or (window is not None and high > window.ceiling):
            return False
        near = [low, high] if self.newest is None else [low, high, self.newest]
        self.jumped = 0 if max(near) - min(near) <= LARGEST_JUMP else self.jumped
        return max(near) - min(near) <= LARGEST_JUMP

    def rows(
        self, samples: Samples, lateness: int, refuse: Refuse, window: Window | None = None
    ) -> npt.NDArray[np.bool_]:
        """Which rows are accepted, as bool[n]; `refuse(reason, row)` is called for each other.

        With a window the watermark alone says what is late: sources of many devices tell them in any order.

        Reasons: `late`, `duplicate`, `conflict`, `time-absurd`, `time-future`, `time-ahead`, `time-behind`.
        """
        keep = self._rows(samples, lateness, refuse, window)
        if window is not None:
            cells = np.cumsum([len(row.tags) for row in reversed(self.memory)])
            self.memory = self.memory[-max(2, int(np.searchsorted(cells, _CELLS, side="right"))) :]
        return keep

    def _rows(self, samples: Samples, lateness: int, refuse: Refuse, window: Window | None) -> npt.NDArray[np.bool_]:
        times = samples.times
        n = len(times)
        if n and self._clean(times, window):
            keep = np.ones(n, dtype=np.bool_)
            self.newest, self.jumped = int(times[-1]), 0
            horizon = self._horizon(lateness, window)
            first = int(np.searchsorted(times, horizon))
            fresh = [_remembered(samples, i) for i in range(first, n)]
            self.memory = [row for row in self.memory if row.time >= horizon] + fresh
            return keep
        return self._one_by_one(samples, lateness, refuse, window)

    def _clean(self, times: npt.NDArray[np.int64], window: Window | None) -> bool:
        """Times strictly rise from the newest, without a jump: nothing to judge."""
        before = int(times[0]) - 1 if self.newest is None else self.newest
        steps = np.diff(times, prepend=before)
        low, high = (_EARLIEST, _LATEST - 1) if window is None else window
        jumps = window is None and steps.max() > LARGEST_JUMP
        return bool(steps.min() > 0 and not jumps and times[0] >= low and times[-1] <= high)

    def _one_by_one(
        self, samples: Samples, lateness: int, refuse: Refuse, window: Window | None
    ) -> npt.NDArray[np.bool_]:
        keep = np.ones(len(samples), dtype=np.bool_)
        known: dict[int, list[RowMemory]] = {}
        for row in self.memory:
            known.setdefault(row.time, []).append(row)
        taken: dict[int, list[int]] = {}  # rows of this very batch, by time
        for i, time in enumerate(samples.times.tolist()):
            if reason := self.plausible(time, window):
                pass
            elif time < self._horizon(lateness, window):
                reason = "late"
                if window is not None and time < window.floor - LARGEST_JUMP:
                    reason = "time-behind"
            elif time in known or time in taken:
                others = known.get(time, []) + [_remembered(samples, j) for j in taken.get(time, [])]
                reason = _compared(samples, i, others)
            if reason:
                keep[i] = False
                refuse(reason, i)
                continue
            taken.setdefault(time, []).append(i)
            if self.newest is None or time > self.newest:
                self.newest = time
        horizon = self._horizon(lateness, window)
        self.memory = [row for row in self.memory if row.time >= horizon]
        self.memory += [_remembered(samples, i) for t, rows in taken.items() if t >= horizon for i in rows]
        self.memory.sort(key=lambda row: row.time)
        return keep

    def _horizon(self, lateness: int, window: Window | None) -> int:
        """A row before this is late."""
        if window is not None:
            return window.floor
        return -_LATEST if self.newest is None else self.newest - lateness


def _remembered(samples: Samples, i: int) -> RowMemory:
    return RowMemory(int(samples.times[i]), samples.tags, samples.values[i].astype("<f8").tobytes())


def _said(tags: Iterable[str], row: npt.NDArray[np.float64]) -> dict[str, float]:
    """Cells that hold a value."""
    return {tag: value for tag, value in zip(tags, row.tolist(), strict=True) if not isnan(value)}


def _compared(samples: Samples, i: int, others: list[RowMemory]) -> str:
    """Against rows of the same time: `duplicate` says nothing new, `conflict` says something else, "" adds cells."""
    row = samples.values[i]
    if others[0].tags == samples.tags and np.array_equal(np.frombuffer(others[0].values, "<f8"), row, equal_nan=True):
        return "duplicate"
    known: dict[str, float] = {}
    for other in others:
        known.update(_said(other.tags, np.frombuffer(other.values, "<f8")))
    said = _said(samples.tags, row)
    if any(known.get(tag, v) != v for tag, v in said.items()):
        return "conflict"
    return "" if said.keys() - known.keys() else "duplicate"


def steps_left_out(times: npt.NDArray[np.int64], before: int | None, cadence: int) -> int:
    """Rows that a source of this cadence left out, by the steps of its running maximum."""
    heights = np.maximum.accumulate(times if before is None else np.append(before, times))
    steps = np.diff(heights)
    return int((np.maximum(1, (steps + cadence // 2) // cadence) - 1).sum())
