"""Default values: numbers that a broken channel shows, such as 0, the end of scale or -9999.

A candidate counts where it lies outside of all that normal data showed, and where the signal came to it by a jump of at
least half of the way from the nearest normal value, or out of a gap: a tank that runs empty gets there by and by. The
last good value, repeated, is `frozen`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_peaks
from infrastress.detectors.process.trust.rest import runs_of
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier

__all__ = ["CODES", "Defaults"]

CODES = (-1.0, -99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0, 32767.0, -32768.0, 65535.0)
"""Numbers that devices and historians show instead of a value, in the signal's own unit, besides 0 and the range."""
_LASTS = 32


class Defaults(Trait):
    """1 where a signal shows a default value it never showed in normal data, else 0."""

    reason = "default value"
    context: ClassVar[int] = _LASTS + 2

    def __init__(self, table: SignalTable) -> None:
        super().__init__(table)
        n = len(self.signals)
        self._candidates = [
            [table.si(s.id, value) for value in dict.fromkeys((0.0, *(s.range or ()), *CODES))] for s in self.signals
        ]
        self._low, self._high = np.full((n, 1), -np.inf), np.full((n, 1), np.inf)
        self._above, self._below = DailyMaxima(n), DailyMaxima(n)

    def bounds(self, signal: int) -> tuple[float, float]:
        """Where normal data were, widened; SI."""
        return float(self._low[signal, 0]), float(self._high[signal, 0])

    def _is(self, value: Floats, candidate: float, i: int) -> Flags:
        within = max(0.5 * float(self.step[i, 0]), 1e-9 * abs(candidate))
        with np.errstate(invalid="ignore"):
            found: Flags = np.abs(value - candidate) <= within
        return found

    def _scores(self, view: View) -> Floats:
        last = view.last[self.rows]
        with np.errstate(invalid="ignore"):
            outside = (last < self._low) | (last > self._high)
        scores = np.where(np.isnan(last), np.nan, 0.0)
        # Nearly always nothing is outside: the rest costs where something is.
        for i in np.flatnonzero(outside.any(axis=1)).tolist():
            scores[i, self._shown(last[i], i) & outside[i]] = 1.0
        return scores

    def _shown(self, last: Floats, i: int) -> Flags:
        shown = np.zeros(len(last), bool)
        low, high = float(self._low[i, 0]), float(self._high[i, 0])
        before = earlier(last, 1)
        for candidate in self._candidates[i]:
            if low <= candidate <= high:
                continue
            at = self._is(last, candidate, i)
            if not at.any():
                continue
            way = low - candidate if candidate < low else candidate - high
            with np.errstate(invalid="ignore"):
                jump = ~(np.abs(last - before) < 0.5 * way)
            runs = runs_of(at[None, :])[0].astype(np.intp)
            first = np.maximum(np.arange(len(last)) - runs + 1, 0)
            shown |= at & ((runs > _LASTS) | jump[np.minimum(first, len(last) - 1)])
        return shown

    def observe(self, view: View) -> None:
        """Keep what each day showed at least and at most, without codes."""
        last = view.last[self.rows, view.context :]
        codes = np.zeros(last.shape, bool)
        for i, signal in enumerate(self.signals):
            for code in CODES:
                value = self.table.si(signal.id, code)
                if float(np.nanmax(np.abs(last[i]), initial=0.0)) >= 0.99 * abs(value):
                    codes[i] |= self._is(last[i], value, i)
        known = np.where(codes, np.nan, last)
        self._above.observe(view.ends, known)
        self._below.observe(view.ends, -known)

    def learned(self, share: float) -> dict[str, Any]:
        """By signal: least and most of normal data, SI, widened by a tenth of their span."""
        del share
        known = {}
        for i, signal in enumerate(self.signals):
            above, below = self._above.peaks(i), self._below.peaks(i)
            if len(above):
                low, high = -float(below.max()), float(honest_peaks(above)[-1])
                room = 0.1 * (high - low) + float(self.step[i, 0])
                known[signal.id] = [low - room, high + room]
        return known

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take ranges."""
        for i, signal in enumerate(self.signals):
            if signal.id in known:
                self._low[i, 0], self._high[i, 0] = known[signal.id]
