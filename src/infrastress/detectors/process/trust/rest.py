"""Rest: how long a signal that always shows some noise repeats its last digits.

Learned for signals whose normal rests are at most 30 frames: one that stands still for hours by itself says nothing by
standing still. A flow is judged only while it is not zero. What is told as a finding waits for three times the longest
rest (`frozen`); others stop leaning on the signal at one and a half times that, at least three frames.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any, ClassVar

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_peaks
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier

__all__ = ["NOISY_FRAMES", "Rest", "runs_of"]

NOISY_FRAMES = 30
_LEAST_FRAMES = 3


def runs_of(same: Flags, before: Floats | int = 0) -> Floats:
    """True cells in a row up to each column, float64 as `same`; `before` in front of the first column."""
    index = np.arange(same.shape[1])
    broken = np.maximum.accumulate(np.where(same, -1, index), axis=1)
    runs: Floats = np.where(broken >= 0, index - broken, index + 1 + before).astype(np.float64)
    return runs


class Rest(Trait):
    """Frames in a row with the very same value, over one and a half times the longest such run of normal data."""

    reason = "stuck"
    context: ClassVar[int] = ceil(1.5 * NOISY_FRAMES) + 1

    def __init__(self, table: SignalTable) -> None:
        super().__init__(table)
        self._least = np.array(
            [
                [6.0 * max(table.accuracy(s.id), table.resolution(s.id)) if s.kind == "flow" else -1.0]
                for s in self.signals
            ]
        ).reshape(-1, 1)
        self._limit = np.full((len(self.signals), 1), np.nan)
        self._run = np.zeros(len(self.signals))
        self._longest = DailyMaxima(len(self.signals))

    def same(self, view: View) -> Flags:
        """Frames that show nothing but what the one before showed last, bool[n, c + k]."""
        if "trust.same" not in view.cache:
            last, mean = view.last[self.rows], view.mean[self.rows]
            with np.errstate(invalid="ignore"):
                # On the grid of the last digit, so that training data finer than the instrument teach the same.
                shown = np.rint(last / self.step)
                flat = np.abs(mean - last) <= 0.5 * self.step
                same = flat & (shown == earlier(shown, 1)) & (np.abs(last) > self._least)
            view.cache["trust.same"] = same
        found: Flags = view.cache["trust.same"]
        return found

    def lively(self, view: View) -> Flags:
        """Frames with a value that would move by itself, bool[n, c + k]."""
        with np.errstate(invalid="ignore"):
            found: Flags = np.abs(view.last[self.rows]) > self._least
        return found

    def _scores(self, view: View) -> Floats:
        runs = np.minimum(runs_of(self.same(view)), float(self.context - 1))
        scores: Floats = runs / self._limit
        return scores

    def observe(self, view: View) -> None:
        """Keep the longest run of each day."""
        same = self.same(view)[:, view.context :]
        if same.shape[1]:
            runs = runs_of(same, self._run[:, None])
            self._run = runs[:, -1].copy()
            present = np.isfinite(view.last[self.rows, view.context :])
            self._longest.observe(view.ends, np.where(present, runs, np.nan))

    def longest(self) -> dict[str, float]:
        """The longest normal rest of noisy signals, frames."""
        found = {}
        for i, signal in enumerate(self.signals):
            peaks = honest_peaks(self._longest.peaks(i))
            if len(peaks) and peaks[-1] <= NOISY_FRAMES:
                found[signal.id] = float(peaks[-1])
        return found

    def learned(self, share: float) -> dict[str, Any]:
        """The longest normal rest."""
        del share
        return self.longest()

    def apply(self, known: Mapping[str, Any]) -> None:
        """Take the longest rests."""
        for i, signal in enumerate(self.signals):
            if signal.id in known:
                self._limit[i, 0] = max(_LEAST_FRAMES, ceil(1.5 * known[signal.id] + 0.5))
