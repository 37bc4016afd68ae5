"""Which signal is to blame: the one whose falsification best explains the pattern of all residuals, and since when.

A wrong sensor shifts its own residual and, through the weights, those of all that lean on it. If signal j is off by d,
the standardised residuals r are shifted by d a_j, with a_j[i] = (1 where i is j's own relation, less j's weights in
relation i) over i's scale. The best d leaves |r|^2 - (a_j . r)^2 / (a_j . a_j); what it takes away is the part of j:
reconstruction-based contribution (Alcala & Qin 2009, "Reconstruction-based contribution for process monitoring",
Automatica 45, 1593-1600, eq. 8), with residuals of one variance each.

The onset of a change of unknown size is where the likelihood of a shifted mean is largest: of the last n frames the
number w that makes (sum of the last w)^2 / w largest (Basseville & Nikiforov 1993, Detection of Abrupt Changes, 2.4.3).
"""

from dataclasses import dataclass

import numpy as np

from infrastress.detectors.process.residuals.limits import CLIP
from infrastress.detectors.process.residuals.relations import HOURS, Relations
from infrastress.detectors.process.view import Floats, SignalTable

__all__ = ["Blame", "Patterns", "onset"]

_FAR = 100.0
"""Standard deviations beyond which a residual says no more."""


@dataclass(frozen=True)
class Blame:
    """Signals by how much of the residuals each explains.

    Attributes:
        parts: (signal, share of the squared residuals it explains by itself), the most telling first.
        relations: number of relations in which the first is involved and that are off.
    """

    parts: tuple[tuple[str, float], ...]
    relations: int


class Patterns:
    """How a wrong value of each signal shows in all relations' residuals, SI, by how many frames it has been wrong."""

    def __init__(self, table: SignalTable, relations: Relations) -> None:
        self._signals = [signal.id for signal in table.signals]
        self._by_frames = []
        for frames in range(1, relations.lags + 2):
            pattern = np.zeros((len(table), len(relations.relations)))
            for i, relation in enumerate(relations.relations):
                if relation.rests:
                    continue
                pattern[table.row[relation.signal], i] += 1.0
                for one in relation.inputs:
                    if one.name not in HOURS and one.lag < frames:
                        pattern[table.row[one.name], i] -= one.weight
            self._by_frames.append(pattern)

    def blame(self, shares: Floats, scale: Floats) -> Blame:
        """Blame for standardised residuals float64[n, w] of the last w frames, NaN as none, at scales float64[n]."""
        pattern = self._by_frames[min(shares.shape[1], len(self._by_frames)) - 1] / scale
        with np.errstate(invalid="ignore"):
            off = np.clip(np.where(np.isnan(shares), 0.0, shares), -_FAR, _FAR).mean(axis=1)
        off = np.where(pattern.any(axis=0), off, 0.0)
        pattern = np.where(np.isnan(shares[:, -1]), 0.0, pattern)
        size = (pattern**2).sum(axis=1)
        explained = np.where(size > 0, (pattern * off).sum(axis=1) ** 2 / np.where(size > 0, size, 1.0), 0.0)
        whole = float((off**2).sum())
        if whole <= 0.0:
            return Blame((), 0)
        order = np.argsort(-explained, kind="stable")
        parts = tuple((self._signals[i], float(explained[i] / whole)) for i in order[:8].tolist() if explained[i] > 0)
        first = int(order[0])
        return Blame(parts, int(((np.abs(pattern[first]) > 0) & (np.abs(off) >= 2.0)).sum()))


def onset(shares: Floats) -> int:
    """How many frames ago a shift of float64[k] standardised residuals most likely began; 1 is the last frame."""
    known = np.where(np.isnan(shares), 0.0, np.clip(shares, -CLIP, CLIP))[::-1]
    sums = np.cumsum(known)
    return 1 + int(np.argmax(sums**2 / np.arange(1, len(sums) + 1)))
