"""Days of residuals: sums one frame at a time, closed at midnight UTC; days with an alarm near them don't count."""

from collections.abc import Iterable, Iterator
from math import fsum, isfinite
from typing import Any, NamedTuple

import numpy as np

from infrastress.core.time import DAY
from infrastress.detectors.process.view import Floats, Times
from infrastress.events.kinds import Detection

__all__ = ["Day", "DayBook", "Week"]

HOLD = DAY
"""Behind an alarm the plant is on its way back: a day that begins within this time doesn't count."""
_KEPT = 15


class Day(NamedTuple):
    """A day that was closed: its end, and the end of the frame that closed it, ns."""

    ended: int
    closed: int


class Week(NamedTuple):
    """Mean over days that count, the begin of the first day of the run on its side, whether all are on that side."""

    mean: float
    began: int
    same_side: bool


class DayBook:
    """Daily means of n series; `least` frames make a day."""

    def __init__(self, n: int, least: int) -> None:
        self._n, self._least = n, max(1, least)
        self._day: int | None = None
        self._sum, self._count = [0.0] * n, [0] * n
        self._past: list[list[tuple[int, float]]] = [[] for _ in range(n)]
        self._alarms: dict[str, tuple[int, int | None]] = {}

    def heed(self, said: Iterable[Any]) -> None:
        """Note alarms of others: raised and cleared detections, medium and above, with their times."""
        for one in said:
            body = one.body
            if not isinstance(body, Detection) or not body.calls:
                continue
            key = f"{body.detector}/{body.episode}"
            if body.phase == "raised":
                # When it was said, not its onset: a day closed before could not know it, however blocks are cut.
                self._alarms[key] = (one.occurred, None)
            elif key in self._alarms:
                self._alarms[key] = (self._alarms[key][0], one.occurred)

    def take(self, ends: Times, values: Floats) -> Iterator[Day]:
        """Add frames float64[n, k]; yields each day that they close, before anything of the next is added."""
        days = (ends - 1) // DAY
        starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]]).tolist() if len(ends) else []
        for start, stop in zip(starts, [*starts[1:], len(ends)], strict=True):
            day = int(days[start])
            if self._day is not None and day != self._day:
                closed = self._close(int(ends[start]))
                self._day = day
                yield closed
            self._day = day
            self._add(values[:, start:stop])

    def _add(self, values: Floats) -> None:
        for i in range(self._n):
            known = values[i][np.isfinite(values[i])]
            if len(known):
                # From left to right, one after the other: the same to the last bit however frames were cut.
                self._sum[i] = float(np.add.accumulate(np.concatenate([[self._sum[i]], known]))[-1])
                self._count[i] += len(known)

    def _close(self, closed: int) -> Day:
        day = self._day or 0
        begin, end = day * DAY, (day + 1) * DAY
        if not self._alarmed(begin, end):
            for i in range(self._n):
                if self._count[i] >= self._least and isfinite(self._sum[i]):
                    self._past[i] = [*self._past[i], (day, self._sum[i] / self._count[i])][-_KEPT:]
        self._sum, self._count = [0.0] * self._n, [0] * self._n
        gone = [key for key, (_, ended) in self._alarms.items() if ended is not None and ended + HOLD < begin]
        for key in gone:
            del self._alarms[key]
        return Day(end, closed)

    def _alarmed(self, begin: int, end: int) -> bool:
        return any(
            raised < end and (ended is None or ended >= end or ended + HOLD > begin)
            for raised, ended in self._alarms.values()
        )

    def weeks(self, day: Day, length: int) -> Iterator[Week | None]:
        """Of each series the mean over its last `length` days; None where they are too few, old, or not of this day."""
        last = day.ended // DAY - 1
        for past in self._past:
            recent = past[-length:]
            if len(recent) < length or recent[-1][0] != last or recent[0][0] <= last - 2 * length:
                yield None
                continue
            mean = fsum(value for _, value in recent) / length
            began = recent[-1][0]
            for number, value in reversed(past):
                if (value > 0) != (mean > 0):
                    break
                began = number
            yield Week(mean, began * DAY, all((value > 0) == (mean > 0) for _, value in recent))

    def dump(self) -> Any:
        """JSON-able."""
        return {
            "day": self._day,
            "sum": self._sum,
            "count": self._count,
            "past": self._past,
            "alarms": sorted([key, began, ended] for key, (began, ended) in self._alarms.items()),
        }

    def load(self, state: Any) -> None:
        """Inverse of `dump`; raises KeyError, TypeError or ValueError for what is none."""
        if len(state["sum"]) != self._n or len(state["past"]) != self._n:
            raise ValueError("another number of signals")
        self._day = state["day"]
        self._sum, self._count = [float(one) for one in state["sum"]], [int(one) for one in state["count"]]
        self._past = [[(int(day), float(value)) for day, value in past] for past in state["past"]]
        self._alarms = {str(key): (int(began), ended) for key, began, ended in state["alarms"]}
