"""Fitting relations: inputs chosen one by one, weights by ridge regression, all from one matrix of moments.

The next input is the one most correlated with what the earlier ones leave unexplained (orthogonal matching pursuit;
Pati, Rezaiifar and Krishnaprasad 1993), weights are ridge estimates on standardised inputs (Hoerl and Kennard 1970).
Values must be on the grid of the instruments' last digits: a model of finer training data would lean on digits that
the plant does not show.

Once it is known how sure a relation is in which frame, its weights are estimated again with each frame's squared
residual over its variance (weighted least squares; Aitken 1936): a tank's hours of switching, badly told whatever the
weights, no longer spoil the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats

__all__ = ["Fitted", "Moments", "Weighted", "fit"]

RIDGE = 1e-3
_TINY = 1e-9


@dataclass
class Moments:
    """Number, sum and cross products of standardised rows; blocks can be taken out again.

    Attributes:
        n: number of columns counted.
        total: float64[f].
        cross: float64[f, f].
    """

    n: int
    total: Floats
    cross: Floats

    @classmethod
    def of(cls, rows: Floats) -> "Moments":
        """Moments of float64[f, k] without NaN."""
        return cls(rows.shape[1], rows.sum(axis=1), rows @ rows.T)

    def with_(self, other: "Moments") -> "Moments":
        """Both together."""
        return Moments(self.n + other.n, self.total + other.total, self.cross + other.cross)

    def without(self, other: "Moments") -> "Moments":
        """What is left when a block is taken out."""
        return Moments(self.n - other.n, self.total - other.total, self.cross - other.cross)

    def correlation(self) -> tuple[Floats, Floats, Floats]:
        """Means float64[f], deviations float64[f] and correlations float64[f, f]; constant rows have none."""
        mean = self.total / self.n
        covariance = self.cross / self.n - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        safe = np.where(deviation > _TINY, deviation, np.inf)
        return mean, deviation, covariance / np.outer(safe, safe)

    def spread(self, rows: npt.NDArray[np.intp], ridge: float = RIDGE) -> tuple[Floats, Floats]:
        """Means float64[r] of some rows and their covariance float64[r, r], made safe to invert by the ridge."""
        mean = self.total / self.n
        covariance = self.cross[np.ix_(rows, rows)] / self.n - np.outer(mean[rows], mean[rows])
        return mean[rows], covariance + ridge * np.diag(np.maximum(np.diag(covariance), _TINY))


@dataclass(frozen=True)
class Fitted:
    """Relations of all targets in terms of the standardised rows: which rows, their weights, and the constants."""

    sources: list[npt.NDArray[np.intp]]
    weights: list[Floats]
    base: Floats

    def expect(self, rows: Floats) -> Floats:
        """Expected values of the targets float64[t, k] for float64[f, k]."""
        expected = np.repeat(self.base[:, None], rows.shape[1], axis=1)
        for i, (sources, weights) in enumerate(zip(self.sources, self.weights, strict=True)):
            expected[i] += weights @ rows[sources]
        return expected


class Weighted:
    """Weighted moments of relations whose inputs are chosen, and their weights estimated from them."""

    def __init__(self, chosen: Fitted, targets: Sequence[int]) -> None:
        self._sources, self._targets = chosen.sources, tuple(targets)
        self._cross = [np.zeros((len(sources) + 2, len(sources) + 2)) for sources in chosen.sources]

    def add(self, rows: Floats, weights: Floats) -> None:
        """Take float64[f, k] without NaN and the frames' weights float64[t, k] for each target."""
        ones = np.ones((1, rows.shape[1]))
        for i, (sources, target, weight) in enumerate(zip(self._sources, self._targets, weights, strict=True)):
            every = np.vstack([rows[sources], ones, rows[target : target + 1]])
            self._cross[i] += (every * weight) @ every.T

    def solve(self, ridge: float = RIDGE) -> Fitted:
        """The relations anew."""
        weights: list[Floats] = []
        base = np.zeros(len(self._cross))
        for i, cross in enumerate(self._cross):
            inputs = cross[:-1, :-1].copy()
            free = np.arange(len(inputs) - 1)
            inputs[free, free] += ridge * inputs[free, free] + _TINY
            inputs[-1, -1] += _TINY
            found: Floats = np.asarray(np.linalg.solve(inputs, cross[:-1, -1]), dtype=np.float64)
            weights.append(found[:-1])
            base[i] = found[-1]
        return Fitted(self._sources, weights, base)


def fit(moments: Moments, targets: Sequence[int], most: int, ridge: float = RIDGE) -> Fitted:
    """Relations of the rows `targets` to at most `most` of the other rows."""
    mean, deviation, correlation = moments.correlation()
    moving = deviation > _TINY
    sources, weights, base = [], [], np.empty(len(targets))
    for i, target in enumerate(targets):
        others = moving.copy()
        others[target] = False
        chosen, found = _pursue(correlation, correlation[:, target], others, most, ridge)
        scaled = found * deviation[target] / deviation[chosen]
        sources.append(chosen)
        weights.append(scaled)
        base[i] = mean[target] - float((scaled * mean[chosen]).sum())
    return Fitted(sources, weights, base)


def _pursue(
    correlation: Floats, wanted: Floats, allowed: npt.NDArray[np.bool_], most: int, ridge: float
) -> tuple[npt.NDArray[np.intp], Floats]:
    chosen: list[int] = []
    weights: Floats = np.empty(0)
    left = wanted
    free = allowed.copy()
    for _ in range(most):
        telling = np.where(free, np.abs(left), 0.0)
        best = int(np.argmax(telling))
        if telling[best] <= _TINY:
            break
        chosen.append(best)
        free[best] = False
        among = correlation[np.ix_(chosen, chosen)] + ridge * np.eye(len(chosen))
        weights = np.asarray(np.linalg.solve(among, wanted[chosen]), dtype=np.float64)
        left = wanted - correlation[:, chosen] @ weights
    return np.array(chosen, dtype=np.intp), weights
