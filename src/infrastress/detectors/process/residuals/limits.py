"""Limits of the residuals: the rule, written down before any test part is scored.

A residual is divided by its standard deviation in blocked cross-validation (by what its pumps and valves do, `modes`;
at least one step of the instrument's resolution), clipped to +-10, and summed over the last 1, 2, 4, 8 and 16 frames. A
frame whose expectation can't be formed adds nothing and gets no verdict.

1. *Channel*: each signal's sum over each window is divided by its own 99.9 % quantile in normal data (never less than
   what noise of one standard deviation gives, the square root of the window). The frame's score is the largest over
   all channels.
2. *Budget*: scores of each block of normal data are computed with models and quantiles of the other blocks. The limit
   is the smallest score at which normal data give at most `budget` false episodes in 30 days; hits less than the
   longest window apart are one episode, and one that lasts over midnight is one on each day. Where normal data are
   shorter than one such episode takes to come about, the limit is the return level of a Gumbel distribution fitted by
   moments to the maxima of runs of frames (tightness.py), at least 1.25 times the largest score; it reaches no further
   than ten times the length of the data.
3. *Resting signals* (`resting.py`) have a budget and limits of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, window_sums

__all__ = ["CLIP", "SCALES", "Limits", "find_limits", "sums_of"]

SCALES = (1, 2, 4, 8, 16)
"""Windows in frames."""
CLIP = 10.0
QUANTILE = 0.999
_EULER = 0.57721566490153286
_FURTHEST = 10.0
"""A return level reaches no further than this many times the length of the data: a day tells nothing of a year."""
_RUNS = 20


@dataclass(frozen=True)
class Limits:
    """What `find_limits` found.

    Attributes:
        channels: float64[w, n], quantiles of step 1.
        limit: of step 2, in units of the channels.
        scores: float64[k], cross-validated scores in units of `limit`; NaN where nothing could be judged.
    """

    channels: Floats
    limit: float
    scores: Floats


def sums_of(shares: Floats) -> dict[int, Floats]:
    """Windowed sums of clipped standardised residuals float64[n, k]; what is missing adds nothing."""
    return window_sums(np.where(np.isnan(shares), 0.0, np.clip(shares, -CLIP, CLIP)), SCALES)


def find_limits(shares: Floats, folds: Sequence[npt.NDArray[np.intp]], days: float, budget: float) -> Limits:
    """The limits by the rule above.

    Args:
        shares: float64[n, k], standardised residuals, each block's by the model of the other blocks; NaN is no value.
        folds: columns of each block.
        days: time that was judged.
        budget: false episodes in 30 days.
    """
    known = np.isfinite(shares)
    scores = np.full(shares.shape[1], np.nan)
    channels = np.empty((len(SCALES), len(shares)))
    total: Floats = np.where(known, np.clip(shares, -CLIP, CLIP), 0.0)
    width = 1
    for w, window in enumerate(SCALES):
        while width < window:
            # A block at a time would cut windows at its edges; the few that reach over an edge don't matter.
            later = np.zeros_like(total)
            later[:, width:] = total[:, :-width]
            total, width = total + later, 2 * width
        size = np.where(known, np.abs(total), np.nan)
        channels[w] = _quantiles(size, window)
        for number, fold in enumerate(folds):
            others = [folds[other] for other in range(len(folds)) if other != number]
            least = _quantiles(size[:, np.concatenate(others)], window)
            scores[fold] = np.fmax(scores[fold], np.fmax.reduce(size[:, fold] / least[:, None], axis=0))
    limit = _within_budget(scores, days, budget)
    return Limits(channels, limit, scores / limit)


def _quantiles(size: Floats, window: int) -> Floats:
    found = np.full(len(size), np.inf)
    for i, row in enumerate(size):
        values = row[np.isfinite(row)]
        if len(values):
            found[i] = max(float(np.quantile(values, QUANTILE)), sqrt(window))
    return found


def _within_budget(scores: Floats, days: float, budget: float) -> float:
    allowed = int(budget * days / 30.0)
    known = np.where(np.isfinite(scores), scores, -np.inf)
    if allowed < 1 or not np.isfinite(known).any():
        return _return_level(scores, days, min(30.0 / budget, _FURTHEST * days))
    day = np.arange(len(scores)) // max(1, round(len(scores) / days))
    limit = float(known.max())
    # From the top down: far below, all hits run together into one.
    for score in np.unique(known[np.isfinite(known)])[::-1].tolist():
        hits = np.flatnonzero(known >= score)
        episodes = 1 + int((np.diff(hits) > SCALES[-1]).sum())
        if max(episodes, len(np.unique(day[hits]))) > allowed:
            break
        limit = score
    return limit


def _return_level(scores: Floats, days: float, every: float) -> float:
    """The score that comes once in `every` days, by maxima of runs of frames."""
    runs = max(_RUNS, int(days))
    parts = [part[np.isfinite(part)] for part in np.array_split(scores, runs)]
    peaks = np.array([part.max() for part in parts if len(part)])
    if not len(peaks):
        return 1.0
    most = 1.25 * float(peaks.max())
    if len(peaks) < 3:
        return 2.0 * float(peaks.max())
    share = min(0.5, days / len(peaks) / every)
    quantile = -log(-log(1.0 - share)) - _EULER
    return max(most, float(peaks.mean()) + float(peaks.std(ddof=1)) * sqrt(6.0) / pi * quantile)
