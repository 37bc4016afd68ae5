"""How far learned numbers may be left: tolerance limits that follow from how many there were and their spread."""

from math import sqrt
from statistics import NormalDist
from typing import Self

import msgspec

__all__ = ["CONFIDENCE", "COVERED", "FEWEST", "Spread", "tolerance_factor"]

COVERED, CONFIDENCE = 0.999, 0.95
"""The share of all numbers that lies within the limits, with this confidence."""
FEWEST = 8
"""From so many on the limits are less than twice as far from the mean as they would be with any number learned."""


class Spread(msgspec.Struct, omit_defaults=True):
    """Count, mean and sum of squared deviations, one by one (B. P. Welford, Technometrics 4, 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Take one number in."""
        self.count += 1
        apart = value - self.mean
        self.mean += apart / self.count
        self.squares += apart * (value - self.mean)

    def joined(self, other: Self) -> "Spread":
        """Of both together (T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37, 1983)."""
        count = self.count + other.count
        if not count:
            return Spread()
        apart = other.mean - self.mean
        mean = self.mean + apart * other.count / count
        return Spread(count, mean, self.squares + other.squares + apart * apart * self.count * other.count / count)

    def limits(self) -> tuple[float, float] | None:
        """Tolerance limits of a normal distribution; None for too few numbers, or if all are the same."""
        if self.count < FEWEST or self.squares <= 0:
            return None
        reach = tolerance_factor(self.count) * sqrt(self.squares / (self.count - 1))
        return self.mean - reach, self.mean + reach


def tolerance_factor(count: int, covered: float = COVERED, confidence: float = CONFIDENCE) -> float:
    """Standard deviations from the mean of two-sided normal tolerance limits, of a sample of `count` > 1.

    W. G. Howe, "Two-sided tolerance limits for normal populations", JASA 64, 1969: k = z_{(1+P)/2} sqrt(nu (1 + 1/n) /
    chi2_{alpha;nu}), with the chi-squared quantile by E. B. Wilson and M. M. Hilferty, PNAS 17, 1931 (1 % off at most
    from eight numbers on).
    """
    freedom = count - 1
    z, below = NormalDist().inv_cdf((1 + covered) / 2), NormalDist().inv_cdf(1 - confidence)
    part = 2 / (9 * freedom)
    quantile = freedom * max(1e-9, 1 - part + below * sqrt(part)) ** 3
    return z * sqrt(freedom * (1 + 1 / count) / quantile)
