"""Point-wise scores: every step of the grid is one trial.

F1, FAR and MAR are what the SKAB leaderboard ranks outlier detectors by (Katser & Kozitsin 2020, Skoltech Anomaly
Benchmark, doi 10.34740/KAGGLE/DSV/1693952), counted over all recordings together. The detection rate 1 - MAR and the
FAR of one fault are the figures of the Tennessee Eastman literature (Russell, Chiang & Braatz 2000, "Fault detection in
industrial processes using canonical variate analysis and dynamic principal component analysis", Chemometrics and
Intelligent Laboratory Systems 51, 81-93).

No point-adjusted F1: it credits a whole event for one lucky step, so random alarms beat published detectors (Kim et al.
2022, "Towards a rigorous evaluation of time-series anomaly detection", AAAI).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError

__all__ = ["PointScores", "point_scores"]

Flags = npt.NDArray[np.bool_]


class PointScores(NamedTuple):
    """Steps by what was said and what was so, and the rates of them.

    Attributes:
        f1: 2 TP / (2 TP + FP + FN).
        far: FP / (FP + TN), the false alarm rate.
        mar: FN / (FN + TP), the missed alarm rate.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def f1(self) -> float:
        """0 where nothing was right; NaN where there was nothing to say and nothing was said."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def far(self) -> float:
        """Share of quiet steps flagged; NaN where there is none."""
        return _share(self.fp, self.fp + self.tn)

    @property
    def mar(self) -> float:
        """Share of event steps not flagged; NaN where there is none."""
        return _share(self.fn, self.fn + self.tp)

    def plus(self, other: "PointScores") -> "PointScores":
        """Both recordings together."""
        return PointScores(*(a + b for a, b in zip(self, other, strict=True)))


def point_scores(flagged: Flags, truth: Flags) -> PointScores:
    """Count flags against labels, both bool[n].

    Raises:
        InputError: the lengths differ.
    """
    flagged, truth = np.asarray(flagged, dtype=bool), np.asarray(truth, dtype=bool)
    if flagged.shape != truth.shape or flagged.ndim != 1:
        raise InputError(f"{flagged.shape} flags for {truth.shape} labels")
    tp, fp = int((flagged & truth).sum()), int((flagged & ~truth).sum())
    fn = int((~flagged & truth).sum())
    return PointScores(tp, fp, fn, len(truth) - tp - fp - fn)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
