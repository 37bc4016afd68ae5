"""Limits of what a healthy sensor does, from daily maxima of data in which a sensor may have failed for a day or two.

The rule of `tightness` (the larger of 1.25 times the largest daily maximum and the Gumbel return level) takes the
largest maximum for normal. Instruments fail in normal data too: so at most one day in seven may be set aside, namely
those days whose maximum is beyond 1.5 times the limit that the other days give.
"""

from collections.abc import Sequence

import numpy as np

from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.view import Floats

__all__ = ["honest_limit", "honest_peaks"]

_DAYS_TO_SPARE = 7
_APART = 1.5
_TWO_DAYS = 2


def honest_peaks(peaks: Floats) -> Floats:
    """Daily maxima float64[n] without those of a failed instrument, in rising order."""
    ordered = np.sort(peaks)
    for spared in range(len(ordered) // _DAYS_TO_SPARE, 0, -1):
        rest, aside = ordered[:-spared], ordered[-spared:]
        if len(rest) > _TWO_DAYS and aside[0] > _APART * 1.25 * rest[-1]:
            return rest
    return ordered


def honest_limit(peaks: Floats, share: float) -> float | None:
    """The limit by the rule above; None where nothing was seen. `share` is the p of `tightness`."""
    return _limit_of(honest_peaks(peaks), share)


def _limit_of(peaks: Sequence[float] | Floats, share: float) -> float | None:
    days = DailyMaxima(1)
    days.days = {day: np.array([peak]) for day, peak in enumerate(peaks)}
    return days.limit(0, share)
