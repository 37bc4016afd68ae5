"""Noise: how much a signal shakes from frame to frame, whatever the process does.

Second differences of the last values (a ramp has none), of each the smaller of it and that three frames before (a step
or a spike leaves none), averaged over 16 frames. Above its limit the noise has grown; below the least of normal data it
is gone while digits still change: a filter, a simulation, a made-up value.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_limit
from infrastress.detectors.process.trust.rest import Rest
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier, window_sums

__all__ = ["WINDOW", "Noise"]

WINDOW = 16
_LEAST_KNOWN = 8.0
_MOST_RESTING = 4.0
_GONE_SPARE = 1.25


class Noise(Trait):
    """Grown noise over its limit; `gone` is the least normal noise over that seen."""

    reason = "noise"
    context: ClassVar[int] = WINDOW + 5

    def __init__(self, table: SignalTable, rest: Rest) -> None:
        super().__init__(table)
        n = len(self.signals)
        self._rest = rest
        self.most, self.least = np.full((n, 1), np.inf), np.zeros((n, 1))
        self.usual = np.full(n, np.nan)
        self._seen, self._inverse = DailyMaxima(n), DailyMaxima(n)

    def size(self, view: View) -> Floats:
        """Noise over the last 16 frames, SI, float64[n, c + k]; NaN where less than half of them is known."""
        if "trust.shake" not in view.cache:
            values = view.last[self.rows]
            bend = np.abs(values - 2.0 * earlier(values, 1) + earlier(values, 2))
            shake = np.minimum(bend, earlier(bend, 3))
            known = np.isfinite(shake)
            sums = window_sums(np.where(known, shake, 0.0), (WINDOW,))[WINDOW]
            count = window_sums(known.astype(np.float64), (WINDOW,))[WINDOW]
            with np.errstate(invalid="ignore", divide="ignore"):
                view.cache["trust.shake"] = np.where(count >= _LEAST_KNOWN, sums / count, np.nan)
        found: Floats = view.cache["trust.shake"]
        return found

    def _scores(self, view: View) -> Floats:
        scores: Floats = self.size(view) / self.most
        return scores

    def gone(self, view: View) -> Floats:
        """Least normal noise over that seen; NaN where the signal rests (a pump that is off, or `frozen`)."""
        size = self.size(view)
        with np.errstate(invalid="ignore", divide="ignore"):
            judged = self._moves(view) & (self.least > 0.0) & (size > 0.0)
            scores: Floats = np.where(judged, self.least / size, np.nan)
        return scores

    def _moves(self, view: View) -> Flags:
        resting = window_sums(self._rest.same(view).astype(np.float64), (WINDOW,))[WINDOW]
        moves: Flags = resting <= _MOST_RESTING
        return moves

    def observe(self, view: View) -> None:
        """Keep the largest and the smallest of each day."""
        size = self.size(view)[:, view.context :]
        moves = self._moves(view)[:, view.context :]
        self._seen.observe(view.ends, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._inverse.observe(view.ends, np.where(moves & (size > 0.0), 1.0 / size, np.nan))

    def learned(self, share: float) -> dict[str, Any]:
        """By signal: most and least normal noise, and the median of daily maxima, SI."""
        known = {}
        for i, signal in enumerate(self.signals):
            most = honest_limit(self._seen.peaks(i), share)
            if not most:
                continue
            inverse = honest_limit(self._inverse.peaks(i), share)
            least = 1.0 / (_GONE_SPARE * inverse) if inverse else 0.0
            step = float(self.step[i, 0])
            known[signal.id] = {
                "most": max(most, 2.0 * step, self.table.accuracy(signal.id)),
                "least": least if least >= 0.5 * step else 0.0,
                "usual": float(np.median(self._seen.peaks(i))),
            }
        return known

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take limits."""
        for i, signal in enumerate(self.signals):
            if signal.id in known:
                one = known[signal.id]
                self.most[i, 0], self.least[i, 0], self.usual[i] = one["most"], one["least"], one["usual"]
