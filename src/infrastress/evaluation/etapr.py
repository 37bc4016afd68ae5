"""eTaPR: enhanced time-series aware precision and recall.

Hwang, Yun, Kim, Min (2022), "Do you know existing accuracy metrics overrate time-series anomaly detections?",
Proc. 37th ACM/SIGAPP Symposium on Applied Computing (SAC), 403-412, doi 10.1145/3477314.3507024; delta = 0, as the
authors' package has by default: an alarm behind an event earns nothing.

A_i are the events and P_j the alarms, as runs of steps. Those that don't count are taken out until none is left to
take: an event of which less than theta_r is covered by alarms that count, an alarm of which less than theta_p lies in
events that count. With a_i the share of A_i covered by what is left and p_j the share of P_j inside it:

    eTaR = mean over i of (d_i + d_i a_i) / 2,     d_i = 1 where a_i >= theta_r, else 0
    eTaP = sum over j of w_j (d_j + d_j p_j) / 2,  d_j = 1 where p_j >= theta_p, else 0;  w_j = sqrt|P_j| / sum sqrt|P|
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError

__all__ = ["Etapr", "etapr"]

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Etapr(NamedTuple):
    """eTaP, eTaR and their harmonic mean, in 0..1."""

    precision: float
    recall: float
    f1: float


class _Runs(NamedTuple):
    """Runs of True: first step, and length."""

    starts: Ints
    lengths: Ints

    @classmethod
    def of(cls, flags: Flags) -> "_Runs":
        edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
        return cls(edges[::2], edges[1::2] - edges[::2])


def etapr(flagged: Flags, truth: Flags, *, theta_p: float = 0.5, theta_r: float = 0.1) -> Etapr:
    """Score flags against labels, both bool[n]; linear in n.

    Raises:
        InputError: the lengths differ, or the labels hold no event.
    """
    flagged, truth = np.asarray(flagged, dtype=bool), np.asarray(truth, dtype=bool)
    if flagged.shape != truth.shape or flagged.ndim != 1:
        raise InputError(f"{flagged.shape} flags for {truth.shape} labels")
    events, alarms = _Runs.of(truth), _Runs.of(flagged)
    if not len(events.starts):
        raise InputError("eTaPR needs an event in the labels")
    if not len(alarms.starts):
        return Etapr(0.0, 0.0, 0.0)
    both = _Runs.of(truth & flagged)  # each lies in one event and one alarm
    event = np.searchsorted(events.starts, both.starts, side="right") - 1
    alarm = np.searchsorted(alarms.starts, both.starts, side="right") - 1
    length = both.lengths.astype(np.float64)
    while True:
        covered = np.bincount(event, weights=length, minlength=len(events.starts)) / events.lengths
        missed = (covered < theta_r) & (covered > 0)
        length[missed[event]] = 0.0
        right = np.bincount(alarm, weights=length, minlength=len(alarms.starts)) / alarms.lengths
        wrong = (right < theta_p) & (right > 0)
        length[wrong[alarm]] = 0.0
        if not missed.any() and not wrong.any():
            break
    recall = float(np.mean(np.where(covered >= theta_r, 1 + covered, 0.0) / 2))
    weight = np.sqrt(alarms.lengths)
    precision = float(np.average(np.where(right >= theta_p, 1 + right, 0.0) / 2, weights=weight))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Etapr(precision, recall, f1)
