"""Judging a view of frames by the learned relations: what was expected, how far off it was, over which window."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.residuals.limits import SCALES, sums_of
from infrastress.detectors.process.residuals.relations import Relations, on_grid
from infrastress.detectors.process.view import Floats, View

__all__ = ["MEMORY", "Verdict", "judge"]

MEMORY = SCALES[-1] - 1
"""Earlier frames whose standardised residuals the windows need."""
_MOST = 1e6


@dataclass(frozen=True)
class Verdict:
    """What came of a view of k frames behind c.

    Attributes:
        view: the frames.
        expected, seen, scale: float64[n, k], SI.
        shares: float64[n, MEMORY + k], standardised residuals, NaN where there was none.
        parts: float64[w, n, k], each window's sums over their limits; NaN no verdict.
    """

    view: View
    expected: Floats
    seen: Floats
    scale: Floats
    shares: Floats
    parts: Floats

    @cached_property
    def scores(self) -> Floats:
        """Float64[n, k], the largest of all windows; 1 is the limit, NaN no verdict."""
        largest: Floats = self.parts.max(axis=0)
        return largest

    def behind(self, subject: int, frame: int, frames: int) -> Floats:
        """Standardised residuals of the last `frames` frames up to a frame of the view."""
        stop = MEMORY + frame + 1
        return self.shares[subject, max(0, stop - frames) : stop]


def judge(
    view: View,
    relations: Relations,
    limits: Floats,
    before: Floats,
    doubted: npt.NDArray[np.bool_] | None = None,
) -> Verdict:
    """Relations over a view.

    Args:
        view: m signals; its context is at least the lags of the relations.
        relations: n of them.
        limits: float64[w, n, 1].
        before: float64[n, MEMORY], standardised residuals of the frames before.
        doubted: bool[m, lags + k], signals not to be leaned on in a frame, the k to judge behind `lags` earlier ones.
            Others' relations take them as missing; their own are judged.
    """
    values = on_grid(view.mean[:, view.context - relations.lags :], relations.steps)
    expected, scale = relations.expect(values, view.ends, doubted)
    seen = values[relations.rows, relations.lags :]
    new = np.clip(relations.shares(seen, expected, scale), -_MOST, _MOST)
    shares = np.hstack([before, new])
    sums = sums_of(shares)
    parts = np.array([sums[window][:, MEMORY:] for window in SCALES])
    parts = np.abs(parts) / limits
    parts[:, np.isnan(new)] = np.nan
    return Verdict(view, expected, seen, scale, shares, parts)
