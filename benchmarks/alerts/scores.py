"""Scores of alert groupings: pairs of alerts by contingency tables, and what a stream's incidents are worth."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["NOISE", "Stream", "macro", "pairwise_f1", "stream_of"]

NOISE = "-"
"""The label of an alert that no attack caused."""
Ints = npt.NDArray[np.int64]


def pairwise_f1(groups: Ints, labels: Sequence[str], *, noise: bool) -> dict[str, float]:
    """F1 of each phase over ordered pairs of alerts whose first is of that phase.

    A pair is right where both are of the phase and in one group; told where both are in one group; true where both are
    of the phase. With n alerts of the phase, n_g of them in group g, and N_g graded alerts in that group:
    right = sum n_g (n_g - 1), told = sum n_g (N_g - 1), true = n (n - 1), F1 = 2 right / (told + true).

    Args:
        groups: the group of each alert, whole numbers >= 0.
        labels: the phase of each alert, `NOISE` where it has none.
        noise: whether noise counts as company (in N_g); it is never a phase. Left out, it is as if it weren't there.

    Returns:
        By phase; a phase of a single alert has no pair and is left out.
    """
    names, phase = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    attack = np.asarray(names != NOISE)[phase]
    graded = np.ones(len(attack), bool) if noise else attack
    company = np.bincount(groups[graded], minlength=int(groups.max(initial=-1)) + 1)
    cells, counts = np.unique(np.stack([phase[attack], groups[attack]]), axis=1, return_counts=True)
    right = np.bincount(cells[0], counts * (counts - 1), len(names))
    told = np.bincount(cells[0], counts * (company[cells[1]] - 1), len(names))
    total = np.bincount(cells[0], counts, len(names))
    return {
        str(name): float(2 * right[i] / (told[i] + total[i] * (total[i] - 1)))
        for i, name in enumerate(names)
        if total[i] > 1
    }


def macro(scores: Mapping[str, float]) -> float:
    """The mean over phases: one of three alerts counts as much as one of four thousand."""
    return float(np.mean(list(scores.values())))


class Stream(NamedTuple):
    """What the incidents of a stream are worth; `delay_s` is infinite where the main chain is never told.

    `purity` is the share of alerts of an attack among the alerts of incidents that have one.
    """

    incidents: int
    per_day: float
    share: float
    covered: int
    phases: int
    chain_incidents: int
    delay_s: float
    purity: float

    @property
    def worth(self) -> float:
        """What settings are chosen by: the mean of the share of phases covered and of incidents with an attack."""
        return (self.covered / max(1, self.phases) + self.share) / 2


def stream_of(
    *, times: Ints, labels: Sequence[str], chain: npt.NDArray[np.bool_], incidents: Ints, known: Ints, start: int
) -> Stream:
    """Judge incidents, from a moment on.

    Args:
        times: of the alerts, seconds, in order.
        labels: phase of each alert, or `NOISE`.
        chain: whether an alert belongs to the main chain.
        incidents: incident of each alert, -1 where it is in none.
        known: when an alert's place in its incident was told, seconds; ignored for those in none.
        start: incidents that have an alert from here on are counted, and days from here on.
    """
    phase = np.asarray(labels, dtype=object).astype(str)
    attack = phase != NOISE
    live = (times >= start) & (incidents >= 0)
    told = np.unique(incidents[live])
    guilty = np.unique(incidents[live & attack])
    spread = np.unique(incidents[live & chain])
    days = (int(times[-1]) - start) / 86_400
    first = int(times[chain][0])
    delays = known[live & chain] - first
    return Stream(
        len(told),
        len(told) / days,
        len(guilty) / len(told) if len(told) else 0.0,
        len(np.unique(phase[live & attack])),
        len(np.unique(phase[attack])),
        len(spread),
        float(delays.min()) if len(delays) else float("inf"),
        float(np.mean(attack[live & np.isin(incidents, guilty)])) if len(guilty) else 0.0,
    )
