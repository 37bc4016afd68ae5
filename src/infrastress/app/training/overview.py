"""What the report shows of the training data: coverage, ranges, and how each detector judges every day of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.core.time import DAY
from infrastress.detectors.base import Detector
from infrastress.detectors.process.stream import FrameStream
from infrastress.detectors.process.view import Floats, SignalTable, Times
from infrastress.events.frames import Block
from infrastress.site import Site

__all__ = ["Overview", "Spread"]


@dataclass(frozen=True)
class Spread:
    """A signal in the training data, in its own unit: share of frames with a value, and where its values lie."""

    signal: str
    unit: str
    coverage: float
    least: float
    low: float
    median: float
    high: float
    most: float


class Overview:
    """Gathers frames and scores, block by block."""

    def __init__(self, site: Site) -> None:
        self.table = SignalTable(site)
        self._stream = FrameStream("training", self.table, round(site.runtime.frame_s * 1e9), 1)
        self._last: list[Floats] = []
        self._ends: list[Times] = []
        self.scores: dict[str, list[tuple[Times, Floats]]] = {}

    def look(self, block: Block) -> None:
        """Take the next block's values."""
        for view in self._stream.views(block.frames):
            self._last.append(view.last[:, view.context :])
            self._ends.append(view.ends)

    def judge(self, detectors: Sequence[Detector], block: Block) -> None:
        """Let taught detectors judge the next block."""
        for detector in detectors:
            detector.update(block)
            scores = detector.scores()
            if scores is not None and len(scores):
                self.scores.setdefault(detector.name, []).append((block.frames.ends, scores))

    @property
    def last(self) -> Floats:
        """Last value of each frame, float64[m, k], SI."""
        if len(self._last) != 1:
            self._last = [np.hstack(self._last) if self._last else np.empty((len(self.table), 0))]
        return self._last[0]

    @property
    def ends(self) -> Times:
        """End of each frame, int64[k], consecutive."""
        return np.concatenate(self._ends) if self._ends else np.empty(0, np.int64)

    def spreads(self) -> list[Spread]:
        """One a signal that was heard, in the site's order."""
        values = self.last
        heard = max(1, int(np.isfinite(values).any(axis=0).sum()))
        found = []
        for row, signal in enumerate(self.table.signals):
            known = values[row][np.isfinite(values[row])]
            if len(known):
                own = [self.table.own(signal.id, float(q)) for q in np.quantile(known, (0, 0.01, 0.5, 0.99, 1))]
                found.append(Spread(signal.id, signal.unit, len(known) / heard, *own))
        return found

    def unheard(self) -> list[str]:
        """Signals without a single value."""
        values = self.last
        return [s.id for row, s in enumerate(self.table.signals) if not np.isfinite(values[row]).any()]

    def worst_scores(self, detector: str, span: int = DAY) -> tuple[npt.NDArray[np.int64], Floats]:
        """Days, or other spans (ns of their begin, UTC), and the largest score of each; NaN where none was given."""
        ends = np.concatenate([part for part, _ in self.scores[detector]])
        scores = np.concatenate([part for _, part in self.scores[detector]])
        spans, index = np.unique((ends - 1) // span, return_inverse=True)
        most = np.full(len(spans), np.nan)
        np.fmax.at(most, index, scores)
        return spans * span, most
