"""VUS-PR: the volume under the precision-recall surface of a continuous score, over thresholds and buffer widths.

Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin (2022), "Volume Under the Surface: A New Accuracy Evaluation
Measure for Time-Series Anomaly Detection", PVLDB 15(11), 2774-2787, doi 10.14778/3551793.3551830; in the form that its
authors publish with TSB-AD 1.5 (Liu & Paparrizos, NeurIPS 2024), against which the tests' vectors were made.

For a buffer of w steps every event gets a soft edge: a step d <= w/2 outside it counts y_w = sqrt(1 - d/w), added up
where two edges meet and at most 1. With p the steps at or above a threshold:

    TP        = sum(y_w p)
    precision = TP / sum(p)
    recall    = min(1, TP / (P + 0.5 sum(y_w p outside events)))  x  share of the widened events that p touches

AP_w is the sum of recall's increases times precision over 250 thresholds taken at even ranks; VUS-PR is the mean of
AP_w over w = 0, 1, ..., W.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError
from infrastress.evaluation.batadal import spans_of

__all__ = ["WIDEST", "buffer_width", "vus_pr"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WIDEST = 100
"""Widest buffer, steps: what the authors' `get_metrics` takes by default."""
_THRESHOLDS = 250


class _Steps(NamedTuple):
    """Steps outside events that a buffer reaches, and how much each counts."""

    steps: Ints
    weight: Floats


def buffer_width(truth: Flags) -> int:
    """Our rule for W, which the paper leaves to the user: the median length of the events, at most `WIDEST` steps."""
    lengths = [end - begin for begin, end in spans_of(truth)]
    return min(WIDEST, int(np.median(lengths))) if lengths else 0


def vus_pr(scores: Floats, truth: Flags, width: int | None = None) -> float:
    """VUS-PR in 0..1.

    Args:
        scores: float64[n], larger is more unusual; NaN (no verdict) ranks below everything.
        truth: bool[n], True while an event is on.
        width: W in steps; without it by `buffer_width`.

    Raises:
        InputError: the lengths differ, or there is no event or no quiet step.
    """
    scores, truth = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=bool)
    if scores.shape != truth.shape or scores.ndim != 1:
        raise InputError(f"{scores.shape} scores for {truth.shape} labels")
    if not truth.any() or truth.all():
        raise InputError("VUS-PR needs both steps with and without an event")
    scores = np.where(np.isnan(scores), -np.inf, scores)
    widest = buffer_width(truth) if width is None else width
    order = np.sort(scores)
    taken = np.linspace(0, len(scores) - 1, _THRESHOLDS).astype(int)
    thresholds = order[::-1][taken]
    # Number of the first threshold at which a step is flagged; one below the last counts nowhere.
    rank = np.searchsorted(-thresholds, -scores, side="left")
    flagged = len(scores) - np.searchsorted(order, thresholds, side="left")
    events = spans_of(truth)
    inside = _upto(rank[truth], np.ones(int(truth.sum())))
    areas = np.zeros(widest + 1)
    for w in range(widest + 1):
        edge = _edges(w, truth, events)
        outside = _upto(rank[edge.steps], edge.weight)
        hits = inside + outside
        widened = _widened(w // 2, len(truth), events)
        first = np.array([rank[begin:end].min() for begin, end in widened])
        touched = _upto(first, np.ones(len(first))) / len(widened)
        recall = np.minimum(1.0, hits / (truth.sum() + outside / 2)) * touched
        areas[w] = np.diff(recall, prepend=0.0) @ (hits / flagged)
    return float(areas.mean())


def _upto(rank: Ints, weight: Floats) -> Floats:
    """float64[thresholds]: the weight of what is flagged at each threshold."""
    return np.cumsum(np.bincount(rank, weights=weight, minlength=_THRESHOLDS + 1)[:_THRESHOLDS])


def _edges(w: int, truth: Flags, events: list[tuple[int, int]]) -> _Steps:
    starts = np.array([begin for begin, _ in events])
    lasts = np.array([end - 1 for _, end in events])
    distance = np.arange(1, w // 2 + 1)
    steps = np.concatenate([(lasts[:, None] + distance).ravel(), (starts[:, None] - distance).ravel()])
    weight = np.tile(np.sqrt(1 - distance / max(w, 1)), 2 * len(events))
    known = (steps >= 0) & (steps < len(truth))
    steps, weight = steps[known], weight[known]
    steps, which = np.unique(steps, return_inverse=True)
    total = np.minimum(1.0, np.bincount(which, weights=weight, minlength=len(steps)))
    quiet = ~truth[steps]
    return _Steps(steps[quiet], total[quiet])


def _widened(by: int, n: int, events: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Events widened on both sides; those that then touch are one."""
    joined: list[tuple[int, int]] = []
    for begin, end in events:
        if joined and joined[-1][1] > begin - by:
            joined[-1] = (joined[-1][0], min(end + by, n))
        else:
            joined.append((max(begin - by, 0), min(end + by, n)))
    return joined
