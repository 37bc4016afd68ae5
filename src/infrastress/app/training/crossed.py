"""Blocks of the training data judged by the relations of the other blocks (blocked cross-validation).

The data are cut into five blocks; each is judged by relations and quantiles of the other four (`residuals.limits`). A
frame's number is the largest, over all signals and windows, of the windowed sum of standardised residuals over the
99.9 % quantile that the other blocks have of it: 1 is what the others show once in a thousand frames. A span is *far
off* where the number stays at `FAR` or above for an hour and at least three frames. `FAR` was chosen on normal data
alone: 1.25 times the largest number that any quiet recording of the development seeds keeps for so long
(docs/training.md).

What comes in more than one block, such as batches or a duty change, is in the relations of the others and not far off.
An operation that comes once in the whole recording may be: somebody has to say that it is normal.
"""

import numpy as np
import numpy.typing as npt

from infrastress.app.training.suspicion import LONG_FRAMES, LONG_S, Suspicion
from infrastress.detectors.process.residuals.learning import BLOCKS, Learned, learn_relations
from infrastress.detectors.process.view import Floats, SignalTable, Times

__all__ = ["FAR", "far_off", "spans_far_off"]

FAR = 8.0
_LAGS, _INPUTS, _BUDGET = 2, 16, 1.0
_NAMED = 3


def far_off(table: SignalTable, last: Floats, ends: Times) -> list[Suspicion]:
    """Spans far beyond what the other blocks show; empty where there is too little to learn relations from.

    Args:
        table: the site's signals.
        last: float64[m, k], last value of each frame, SI.
        ends: int64[k], consecutive.
    """
    if len(ends) < BLOCKS:
        return []
    learned = learn_relations(table, last, ends, lags=_LAGS, most=_INPUTS, budget=_BUDGET)
    if learned is None:
        return []
    width = int(ends[1] - ends[0])
    long = max(LONG_FRAMES, -(-round(LONG_S * 1e9) // width))
    numbers = learned.limits.scores * learned.limits.limit
    found = []
    for first, stop in spans_far_off(numbers, long):
        part = numbers[first:stop]
        said = (
            f"{_most_off(learned, first, stop)} lie where the rest of the data never has them: "
            f"{np.nanmax(part):.1f} times what it shows once in a thousand frames, for {stop - first} frames"
        )
        found.append(Suspicion(int(ends[first]) - width, int(ends[stop - 1]), "far off", said))
    return found


def spans_far_off(numbers: npt.NDArray[np.float64], long: int) -> list[tuple[int, int]]:
    """Runs [first, stop) of at least `long` frames at `FAR` or above; frames without a number don't break a run."""
    high = numbers >= FAR
    low = numbers < FAR
    found: list[tuple[int, int]] = []
    first = last = count = -1
    for at in np.flatnonzero(high | low).tolist():
        if high[at]:
            first, count = (at, 0) if count < 1 else (first, count)
            last, count = at, count + 1
        else:
            if count >= long:
                found.append((first, last + 1))
            count = 0
    if count >= long:
        found.append((first, last + 1))
    return found


def _most_off(learned: Learned, first: int, stop: int) -> str:
    """The signals whose mean residual over the span is largest in their own scale."""
    part = learned.residuals[:, first:stop]
    known = np.isfinite(part)
    mean = np.where(known, part, 0.0).sum(axis=1) / np.maximum(1, known.sum(axis=1))
    # Relations come first; the signals that rest, which follow, have no residual
    size = np.abs(mean) / np.array([one.scale for one in learned.relations[: len(mean)]])
    order = np.argsort(-size, kind="stable")[:_NAMED]
    return ", ".join(learned.relations[i].signal for i in order)
