"""Digits: on which grid a signal's values lie, and whether they lie on a coarser or finer one now.

Two grids are learned, each the coarsest of a ladder (the stated resolution times 100, 10, 5, 2 and 1; else tenths,
hundredths, ... of the own unit): one that holds all but one in a thousand of normal values, and one that holds all but
one in twenty (numbers written with so many significant digits have finer steps where they are small).

*Finer*: half of the last eight values lie off the first. *Coarser by f*, of the second: every value since the last
exception is a multiple of f steps while the signal moved often enough that chance would not do it, which takes changes
* ln f of at least 25 (and 1.25 times what normal data did).
"""

from collections import deque
from collections.abc import Mapping
from math import floor, log, log10
from typing import Any

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_peaks
from infrastress.detectors.process.trust.traits import DISCRETE
from infrastress.detectors.process.view import Floats, SignalTable, Times, View

__all__ = ["FACTORS", "Digits"]

FACTORS = (2.0, 5.0)
"""What is a multiple of ten is one of both."""
_LADDER = (100.0, 10.0, 5.0, 2.0, 1.0)
_DECIMALS = tuple(f * 10.0**-d for d in range(7) for f in (5.0, 2.0, 1.0))[2:]
_EXCEPTIONS, _MOST_EXCEPTIONS = 1e-3, 0.05
_OFF = 1e-3
"""Share of a step that a value on the grid may be off by arithmetic."""
_NATS = 25.0
_OF_LAST, _MOST_CHANGES = 8, 1e6
_MOST_VALUES = 4_000_000


class Digits:
    """The grids of the n measured signals of a table; carries its counts from frame to frame."""

    def __init__(self, table: SignalTable) -> None:
        self.table = table
        self.signals = tuple(signal for signal in table.signals if signal.kind not in DISCRETE)
        n = len(self.signals)
        self.rows = np.array([table.row[signal.id] for signal in self.signals], dtype=np.intp)
        self._factor = np.array([[table.scale[row].factor] for row in self.rows]).reshape(-1, 1)
        self._offset = np.array([[table.scale[row].offset] for row in self.rows]).reshape(-1, 1)
        self.grid, self.fine, self.exact = np.full((n, 1), np.nan), np.full((n, 1), np.nan), np.zeros((n, 1), bool)
        self._most = np.full((n, 1), np.inf)
        self.reset()
        self._tried = [
            [s.resolution * f for f in _LADDER] if s.resolution > 0 else list(_DECIMALS) for s in self.signals
        ]
        self._off = [np.zeros(len(tried)) for tried in self._tried]
        self._known = np.zeros(n)
        self._span = np.array([[np.inf, -np.inf]] * n).reshape(n, 2)
        self._kept: deque[tuple[Times, Floats]] = deque()

    def reset(self) -> None:
        """Forget what was counted."""
        n = len(self.signals)
        self._changes = np.zeros((len(FACTORS), n))
        self._before = np.full(n, np.nan)
        self._late = np.full((n, _OF_LAST - 1), np.nan)

    def scores(self, view: View) -> tuple[Floats, Floats]:
        """Coarser, and finer: float64[n, k] each; called once per view, in order."""
        own = self._own(view)
        coarser = self._coarser(np.rint(own / self.grid)) / self._most
        steps = own / self.fine
        off = np.where(np.isnan(steps), 0.0, np.abs(steps - np.rint(steps)) > _OFF)
        every = np.hstack([np.nan_to_num(self._late), off])
        total = sum(every[:, i : i + off.shape[1]] for i in range(_OF_LAST))
        self._late = every[:, -(_OF_LAST - 1) :].copy()
        finer = np.where(self.exact & ~np.isnan(steps), total / (_OF_LAST / 2), np.nan)
        return coarser, finer

    def _own(self, view: View) -> Floats:
        own: Floats = (view.last[self.rows, view.context :] - self._offset) / self._factor
        return own

    def _coarser(self, number: Floats) -> Floats:
        """Nats by which all values since the last exception say that the grid is coarser, the most of all factors."""
        k = number.shape[1]
        if not k:
            return np.empty(number.shape)
        known = ~np.isnan(number)
        before = _held(np.hstack([self._before[:, None], number[:, :-1]]))
        changed = known & ~np.isnan(before) & (number != before)
        self._before = np.where(known[:, -1], number[:, -1], before[:, -1])
        total = np.cumsum(changed, axis=1, dtype=np.float64)
        nats = np.zeros(number.shape)
        for i, factor in enumerate(FACTORS):
            with np.errstate(invalid="ignore"):
                broken = known & (np.mod(number, factor) != 0.0)
            since = np.maximum.accumulate(np.where(broken, total, -1.0), axis=1)
            count = np.where(since >= 0.0, total - since, total + self._changes[i][:, None])
            count = np.minimum(count, _MOST_CHANGES)
            self._changes[i] = count[:, -1]
            nats = np.maximum(nats, count * log(factor))
        return np.where(known, nats, np.nan)

    def coarse_step(self, view: View, signal: int, frame: int) -> float:
        """The coarsest grid, own unit, on which the last values of a signal lie."""
        last = view.last[self.rows[signal], : view.context + frame + 1]
        own = (last[-32:] - self._offset[signal, 0]) / self._factor[signal, 0]
        number = np.rint(own[~np.isnan(own)] / self.grid[signal, 0])
        fits = [f for f in (1e5, 1e4, 1e3, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0) if not np.mod(number, f).any()]
        return float(self.grid[signal, 0]) * (fits[0] if fits else 1.0)

    def observe(self, view: View) -> None:
        """Count which grids hold, and keep the latest values: how coarse they are by themselves is known at the end."""
        own = self._own(view)
        self._kept.append((view.ends, own))
        while len(self._kept) > 1 and sum(part.size for _, part in self._kept) > _MOST_VALUES:
            self._kept.popleft()
        for i, tried in enumerate(self._tried):
            known = own[i][np.isfinite(own[i])]
            if not len(known):
                continue
            self._known[i] += len(known)
            self._span[i] = min(self._span[i, 0], known.min()), max(self._span[i, 1], known.max())
            for j, step in enumerate(tried):
                steps = known / step
                self._off[i][j] += float((np.abs(steps - np.rint(steps)) > _OFF).sum())

    def learned(self) -> dict[str, Any]:
        """By signal its usual grid in its own unit, whether a grid holds all, which, and the nats normal data reach."""
        known: dict[str, Any] = {}
        for i, signal in enumerate(self.signals):
            span = float(self._span[i, 1] - self._span[i, 0])
            if not self._known[i] or not span > 0.0:
                continue
            finest = 10.0 ** (floor(log10(span)) - 5)
            fine = self._holding(i, _EXCEPTIONS)
            grid = self._holding(i, _MOST_EXCEPTIONS) or finest
            known[signal.id] = [grid, fine is not None, fine or finest]
            self.grid[i, 0] = grid
        nats = DailyMaxima(len(self.signals))
        self.reset()
        for ends, own in self._kept:
            nats.observe(ends, self._coarser(np.rint(own / self.grid)))
        self._kept.clear()
        self.reset()
        for i, signal in enumerate(self.signals):
            if signal.id in known:
                peaks = honest_peaks(nats.peaks(i))
                known[signal.id].append(max(_NATS, 1.25 * float(peaks[-1]) if len(peaks) else 0.0))
        return known

    def _holding(self, i: int, exceptions: float) -> float | None:
        """The coarsest grid of the ladder that holds all but a share of what was seen of a signal."""
        pairs = zip(self._tried[i], self._off[i], strict=True)
        return next((step for step, off in pairs if off <= exceptions * self._known[i]), None)

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take grids."""
        for i, signal in enumerate(self.signals):
            if signal.id in known:
                self.grid[i, 0], self.exact[i, 0], self.fine[i, 0], self._most[i, 0] = known[signal.id]

    def dump(self) -> Any:
        """Counts that are under way."""
        return [self._changes.tolist(), _plain(self._before), [_plain(row) for row in self._late]]

    def load(self, state: Any) -> None:
        """Inverse of `dump`; raises ValueError or TypeError where it is of other signals."""
        changes, before, late = state
        n = len(self.signals)
        self._changes = np.array(changes, dtype=np.float64).reshape(len(FACTORS), n)
        self._before = np.array([np.nan if one is None else one for one in before], dtype=np.float64).reshape(n)
        rows = [[np.nan if one is None else one for one in row] for row in late]
        self._late = np.array(rows, dtype=np.float64).reshape(n, _OF_LAST - 1)


def _held(values: Floats) -> Floats:
    """Each cell, or the latest before it that is known."""
    index = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    held: Floats = np.take_along_axis(values, np.maximum.accumulate(index, axis=1), axis=1)
    return held


def _plain(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
