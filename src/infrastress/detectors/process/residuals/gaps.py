"""What is expected where inputs are missing: the conditional mean of a normal distribution of a relation's inputs.

With weights w, inputs x of mean m and covariance C, some of them observed (O) and some missing (M):

    b = C[O, M] w[M],   g = C[O, O]^-1 b
    w[M] . E[x[M] | x[O]] = w[M] . m[M] + g . (x[O] - m[O]),   variance w[M] C[M, M] w[M] - b . g

(T. W. Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., theorem 2.5.1.) The variance e is added
to the relation's own s^2, so a relation that has to guess is less sure. What is guessed for more than its half
(e > s^2) counts less still, by the root of 2 s^2 / (s^2 + e): guessed for hours on end it is wrong by the same amount
each time, and would add up. Each frame of each relation is solved by itself: the result does not depend on which others
are judged with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats

__all__ = ["Spread", "Spreads", "widened"]

_PART = 2048
"""Systems solved at once."""


def widened(scale: Floats, extra: Floats) -> Floats:
    """What residuals are divided by where guesses add the variance `extra` to that of `scale`."""
    whole = scale**2 + extra
    wide: Floats = np.sqrt(whole * np.maximum(1.0, whole / (2.0 * scale**2)))
    return wide


@dataclass(frozen=True)
class Spread:
    """How the inputs of a relation vary together, SI.

    Attributes:
        mean: of each input.
        lower: the covariance's lower triangle, row by row.
    """

    mean: tuple[float, ...]
    lower: tuple[float, ...]

    def as_json(self) -> list[list[float]]:
        """Plain values."""
        return [list(self.mean), list(self.lower)]

    @classmethod
    def of_json(cls, known: Any) -> "Spread":
        """Inverse of `as_json`."""
        mean, lower = known
        return cls(tuple(mean), tuple(lower))

    @property
    def covariance(self) -> Floats:
        """Float64[f, f]."""
        size = len(self.mean)
        whole = np.zeros((size, size))
        whole[np.tril_indices(size)] = self.lower
        symmetric: Floats = whole + np.tril(whole, -1).T
        return symmetric


class Spreads:
    """The spreads of n relations, padded to `most` inputs."""

    def __init__(self, spreads: Sequence[Spread | None], most: int) -> None:
        self._mean = np.zeros((len(spreads), most))
        self._covariance = np.zeros((len(spreads), most, most))
        self._known = np.array([spread is not None for spread in spreads], dtype=bool)
        for i, spread in enumerate(spreads):
            size = 0 if spread is None else len(spread.mean)
            if spread is not None:
                self._mean[i, :size], self._covariance[i, :size, :size] = spread.mean, spread.covariance
        self._eye = np.eye(most)

    def fill(self, relations: npt.NDArray[np.intp], weights: Floats, inputs: Floats) -> tuple[Floats, Floats]:
        """Weighted sums of the inputs, missing ones by what the others lead to expect, and the variance this adds.

        Args:
            relations: int[p].
            weights: float64[p, most].
            inputs: float64[p, most]; NaN is missing.

        Returns:
            float64[p] each; NaN where the relation knows no spread or has no input left.
        """
        total, extra = np.full(len(relations), np.nan), np.full(len(relations), np.nan)
        for start in range(0, len(relations), _PART):
            part = slice(start, start + _PART)
            total[part], extra[part] = self._fill(relations[part], weights[part], inputs[part])
        return total, extra

    def _fill(self, relations: npt.NDArray[np.intp], weights: Floats, inputs: Floats) -> tuple[Floats, Floats]:
        missing = np.isnan(inputs)
        mean, covariance = self._mean[relations], self._covariance[relations]
        held = np.where(missing, weights, 0.0)
        both = ~missing[:, :, None] & ~missing[:, None, :]
        pull = (covariance * held[:, None, :]).sum(axis=2)
        towards = np.where(missing, 0.0, pull)
        system = np.where(both, covariance, 0.0)
        # Rows of what is missing, and of what pads the relation to the most inputs, stand alone.
        alone = missing | (system.diagonal(axis1=1, axis2=2) <= 0.0)
        system = np.where(alone[:, :, None] & (self._eye > 0), 1.0, system)
        gain = np.linalg.solve(system, towards[:, :, None])[:, :, 0]
        known = np.where(missing, mean, inputs)
        total = (weights * known).sum(axis=1) + (gain * np.where(missing, 0.0, known - mean)).sum(axis=1)
        extra = np.maximum((held * pull).sum(axis=1) - (gain * towards).sum(axis=1), 0.0)
        able = self._known[relations] & (~missing & (weights != 0.0)).any(axis=1)
        return np.where(able, total, np.nan), np.where(able, extra, np.nan)
