"""Spikes: a value that goes away further than it ever did and comes back in the next frame.

Two statistics of frame means, each with one limit for calm frames, in whose last four no state, switch or setpoint of
the site changed, and one for the others (a pump that starts is an honest step of its flow):

* *away*: how far a value lies from the median of the three before it. Known at once; others stop leaning on the cell,
  for two frames at most: a step or a ramp is leaned on again from its third frame on.
* *there and back*: the smaller of the two steps to and from a frame, where they are opposite. Known one frame later;
  this is what is told.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_limit
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier

__all__ = ["Spikes"]

_ENOUGH = 1000
"""Calm frames from which they have a limit of their own."""
_STATISTICS = ("away", "back")
_LEAST_STEPS, _LEAST_ACCURACIES = 4.0, 8.0
_SET = frozenset({"state", "switch", "setpoint"})


class Spikes(Trait):
    """There and back, over its limit; `doubts` go by how far away a value is."""

    reason = "spike"
    context: ClassVar[int] = 7

    def __init__(self, table: SignalTable) -> None:
        super().__init__(table)
        n = len(self.signals)
        self._set = np.array([row for row, s in enumerate(table.signals) if s.kind in _SET], dtype=np.intp)
        self.leans_on = tuple(table.signals[row].id for row in self._set)
        self._limits = {name: np.full((n, 2), np.inf) for name in _STATISTICS}
        self._seen = {name: (DailyMaxima(n), DailyMaxima(n)) for name in _STATISTICS}
        self._calm = np.zeros(n, dtype=np.int64)
        self._floor = np.array(
            [max(_LEAST_STEPS * table.resolution(s.id), _LEAST_ACCURACIES * table.accuracy(s.id)) for s in self.signals]
        )

    def limit(self, signal: int, *, calm: bool) -> float:
        """The largest honest excursion there and back, SI."""
        return float(self._limits["back"][signal, 0 if calm else 1])

    def calm(self, view: View) -> Flags:
        """Frames bool[c + k] with no change of any state in the last four."""
        if "trust.calm" not in view.cache:
            set_ = view.mean[self._set]
            with np.errstate(invalid="ignore"):
                moved: Flags = np.any(np.abs(set_ - earlier(set_, 1)) > 0.0, axis=0)
            recent = moved.copy()
            for lag in (1, 2, 3):
                recent[lag:] |= moved[:-lag]
            view.cache["trust.calm"] = ~recent
        found: Flags = view.cache["trust.calm"]
        return found

    def away(self, view: View) -> Floats:
        """Distance from the median of the three frames before, float64[n, c + k]."""
        values = view.mean[self.rows]
        a, b, c = (earlier(values, lag) for lag in (1, 2, 3))
        middle = np.fmax(np.fmin(a, b), np.fmin(np.fmax(a, b), c))
        distance: Floats = np.abs(values - middle)
        return distance

    def back(self, view: View) -> Floats:
        """How far the frame before lies off both its neighbours, on the same side; 0 where between them."""
        values = view.mean[self.rows]
        top = earlier(values, 1)
        there, back = top - earlier(values, 2), top - values
        found: Floats = np.where(there * back > 0.0, np.minimum(np.abs(there), np.abs(back)), 0.0 * (there + back))
        return found

    def _of(self, name: str, view: View) -> Floats:
        limits = self._limits[name]
        return np.where(self.calm(view), limits[:, :1], limits[:, 1:])

    def _scores(self, view: View) -> Floats:
        scores: Floats = self.back(view) / self._of("back", view)
        return scores

    def doubts(self, view: View) -> Flags:
        """Cells further from the three before than ever, two in a row at most: what stays is no spike."""
        with np.errstate(invalid="ignore"):
            away: Flags = self.away(view) >= self._of("away", view)
        found = away.copy()
        found[:, 2:] &= ~(away[:, 1:-1] & away[:, :-2])
        return found

    def suspects(self, view: View) -> Flags:
        """The first cell, bool[n, c + k], that is further from the three before than ever."""
        with np.errstate(invalid="ignore"):
            away: Flags = self.away(view) >= self._of("away", view)
        found = away.copy()
        found[:, 1:] &= ~away[:, :-1]
        return found

    def observe(self, view: View) -> None:
        """Keep the largest of each day, of calm frames and of others."""
        calm = self.calm(view)[view.context :]
        self._calm += np.isfinite(view.mean[self.rows, view.context :][:, calm]).sum(axis=1)
        for name, values in (("away", self.away(view)), ("back", self.back(view))):
            judged = values[:, view.context :]
            for seen, when in zip(self._seen[name], (calm, ~calm), strict=True):
                seen.observe(view.ends, np.where(when, judged, np.nan))

    def learned(self, share: float) -> dict[str, Any]:
        """By signal, for each statistic the limit of calm frames and of others; None where it never was so."""
        known: dict[str, Any] = {}
        for i, signal in enumerate(self.signals):
            found: dict[str, list[float | None]] = {}
            for name in _STATISTICS:
                calm, other = (honest_limit(seen.peaks(i), share) for seen in self._seen[name])
                floor = float(self._floor[i])
                any_ = [limit for limit in (calm, other) if limit is not None]
                if any_ and max(any_) > 0.0:
                    wide = max(*any_, floor)
                    found[name] = [wide if calm is None or self._calm[i] < _ENOUGH else max(calm, floor), wide]
            if found:
                known[signal.id] = found
        return known

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take limits."""
        for i, signal in enumerate(self.signals):
            for name, pair in known.get(signal.id, {}).items():
                self._limits[name][i] = pair
