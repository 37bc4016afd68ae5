"""How tight a learned limit is: the rule, written down before anything is scored.

For a statistic x >= 0 of one subject (a residual over its physical tolerance, say) the maximum of each day of normal
data is kept. The limit is the larger of

* 1.25 times the largest maximum seen, and
* the return level of a Gumbel distribution fitted to the daily maxima by moments (mean m, standard deviation s),
  m + s * sqrt(6)/pi * (-ln(-ln(1 - p)) - 0.5772), where p is the share of days one subject may exceed it:
  p = 1 / (quiet_days * number of limits the site's detector has).

So a site is expected to raise at most one false episode in `quiet_days` days, were its maxima Gumbel. With fewer than
three days the limit is twice the largest maximum seen.

A *band* (learned range, unmetered flow) has no physical scale to lean on. Its ends are the extremes of normal data
plus a margin, a share of the span of daily extremes. The margin is the smallest of `MARGINS` with which blocked
cross-validation of the normal data gives at most `FALSE_PER_30_DAYS` false episodes in 30 days.
 The formula is the block-maxima method: S. Coles, An
Introduction to Statistical Modeling of Extreme Values (2001), section 3.1 with the type I limit and eq. (3.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log, pi, sqrt

import numpy as np

from infrastress.core.time import DAY
from infrastress.detectors.process.view import Floats, Times

__all__ = ["FALSE_PER_30_DAYS", "MARGINS", "DailyMaxima", "band_margin"]

MARGINS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.8)
FALSE_PER_30_DAYS = 0.5
"""Budget of one rule that learns bands: two such rules make at most one false episode in 30 days."""

_EULER = 0.57721566490153286


@dataclass
class DailyMaxima:
    """Largest value of each day, for n subjects at once."""

    n: int
    days: dict[int, Floats] = field(default_factory=dict)

    def observe(self, ends: Times, values: Floats) -> None:
        """Take float64[n, k] at int64[k]; NaN is no value."""
        if not len(ends):
            return
        day = (ends - 1) // DAY
        starts = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
        peaks = np.fmax.reduceat(values, starts, axis=1)
        for i, start in enumerate(starts):
            key = int(day[start])
            seen = self.days.get(key)
            self.days[key] = peaks[:, i].copy() if seen is None else np.fmax(seen, peaks[:, i])

    def peaks(self, subject: int) -> Floats:
        """All daily maxima of a subject, by day."""
        found = np.array([self.days[key][subject] for key in sorted(self.days)])
        finite: Floats = found[np.isfinite(found)]
        return finite

    def limit(self, subject: int, share: float) -> float | None:
        """The limit by the rule above; None where nothing was seen. `share` is p."""
        peaks = self.peaks(subject)
        if not len(peaks):
            return None
        most = float(peaks.max())
        if len(peaks) < 3:
            return 2.0 * most
        quantile = -log(-log(1.0 - share)) - _EULER
        return max(1.25 * most, float(peaks.mean()) + float(peaks.std(ddof=1)) * sqrt(6) / pi * quantile)

    def band(self, subject: int, margin: float) -> float | None:
        """One end of a band: the largest daily maximum plus `margin` times the span of maxima; None if nothing seen."""
        peaks = self.peaks(subject)
        if not len(peaks):
            return None
        return float(peaks.max()) + margin * float(peaks.max() - peaks.min())


def band_margin(statistics: Sequence[DailyMaxima]) -> float:
    """The smallest margin of a ladder that keeps the budget in blocked cross-validation; its largest where none does.

    The days are cut into four runs; the limits of three are tried on the fourth. A day on which any subject of any
    statistic is beyond its limit counts as one false episode. Fewer than four weeks: the largest margin.
    """
    days = sorted(set().union(*(statistic.days for statistic in statistics)))
    if len(days) < 28:
        return MARGINS[-1]
    tables = [
        np.array([statistic.days.get(day, np.full(statistic.n, np.nan)) for day in days]) for statistic in statistics
    ]
    folds = np.array_split(np.arange(len(days)), 4)
    for margin in MARGINS:
        beyond = 0
        for fold in folds:
            false = np.zeros(len(fold), bool)
            for table in tables:
                rest = np.delete(table, fold, axis=0)
                most, least = np.fmax.reduce(rest, axis=0), np.fmin.reduce(rest, axis=0)
                false |= (table[fold] > most + margin * (most - least)).any(axis=1)
            beyond += int(false.sum())
        if beyond <= FALSE_PER_30_DAYS * len(days) / 30.0:
            return margin
    return MARGINS[-1]
