"""Signals that (nearly) never move: a standby pump that starts, a valve that was never shut.

Nothing can be fitted to what never moved; that it moves is news all the same, where it was watched for long enough. A
signal that left its resting value in e spells over d days leaves it about (e + 1/2) / d times a day (Jeffreys'
estimate of a Poisson rate); signals of one asset move together and count once. Assets are taken up by rising rate, all
of one rate or none, until their sum reaches half an episode in 30 days. Two weeks of a depot with twenty
valves that were never turned so teach nothing; a year of a water network with four standby pumps does.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.residuals.limits import SCALES
from infrastress.detectors.process.residuals.relations import Relation
from infrastress.detectors.process.view import Floats, SignalTable
from infrastress.site.process import WEATHER

__all__ = ["LIMITS", "Resting", "find_resting"]

LIMITS = tuple(0.8 * window for window in SCALES)
"""One frame away from rest is beyond the limit; the longer windows only hold it for a frame."""
_MOST = 0.01
"""Largest share of frames away from rest."""
_COVERAGE = 0.9
_BUDGET = 0.5
"""False episodes in 30 days."""
_UNFIT = WEATHER | {"setpoint"}


@dataclass(frozen=True)
class Resting:
    """Signals that rest.

    Attributes:
        relations: one a signal.
        spent: how many false episodes in 30 days are to be expected of them.
        told: bool[k], frames of the normal data in which one was away, and the longest window behind them: whatever
            else is off then, this false episode has been counted.
    """

    relations: tuple[Relation, ...]
    spent: float
    told: npt.NDArray[np.bool_]


def find_resting(table: SignalTable, values: Floats, taken: set[str], *, frame_s: float) -> Resting:
    """Resting signals of float64[m, k] normal values, apart from those `taken` (they have a relation)."""
    spells: dict[str, int] = {}
    moved: dict[str, npt.NDArray[np.bool_]] = {}
    found: dict[str, list[Relation]] = {}
    frames = max(1, int(np.isfinite(values).any(axis=0).sum()))
    days = frames * frame_s / 86_400
    for row, signal in enumerate(table.signals):
        known = values[row][np.isfinite(values[row])]
        if signal.id in taken or signal.kind in _UNFIT or len(known) < _COVERAGE * frames:
            continue
        each, counts = np.unique(known, return_counts=True)
        rest = float(each[np.argmax(counts)])
        step = max(table.resolution(signal.id), 1e-9)
        away = np.abs(known - rest) > 0.5 * step
        with np.errstate(invalid="ignore"):
            gone = np.abs(values[row] - rest) > 0.5 * step
        if away.mean() > _MOST:
            continue
        began = int(away[:1].sum() + (np.diff(away.astype(np.int8)) > 0).sum())
        spells[signal.asset] = max(spells.get(signal.asset, 0), began)
        moved[signal.asset] = moved.get(signal.asset, np.zeros(len(gone), bool)) | gone
        found.setdefault(signal.asset, []).append(Relation(signal.id, rest, (), step, LIMITS, 0.0, rests=True))
    relations: list[Relation] = []
    told, spent = np.zeros(values.shape[1], bool), 0.0
    for number in sorted(set(spells.values())):
        alike = [asset for asset in spells if spells[asset] == number]
        rate = 30.0 * (number + 0.5) / days * len(alike) if days > 0 else np.inf
        if spent + rate > _BUDGET:
            break
        spent += rate
        for asset in alike:
            relations += found[asset]
            told |= moved[asset]
    relations.sort(key=lambda one: table.row[one.signal])
    behind = np.convolve(told, np.ones(SCALES[-1] + 1))[: len(told)] > 0.5
    return Resting(tuple(relations), spent, behind)
