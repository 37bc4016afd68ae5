"""Beta reputation: what a reporter's word is worth, from how earlier words turned out.

A. Josang and R. Ismail, The Beta Reputation System, 15th Bled Electronic Commerce Conference, 2002.
"""

import math
from typing import NamedTuple

__all__ = ["Evidence", "discounted", "expectation", "faded", "feedback"]


class Evidence(NamedTuple):
    """How often something turned out well (`good`) and badly (`bad`); fractions count too. Sums add up (eq. 6)."""

    good: float = 0.0
    bad: float = 0.0

    def __add__(self, other: "Evidence") -> "Evidence":  # type: ignore[override]
        return Evidence(self.good + other.good, self.bad + other.bad)


def expectation(evidence: Evidence) -> float:
    """Probability expectation of the beta distribution with alpha = good + 1, beta = bad + 1 (eq. 2), 0..1."""
    return (evidence.good + 1.0) / (evidence.good + evidence.bad + 2.0)


def discounted(trust: Evidence, word: Evidence) -> Evidence:
    """Evidence that reaches us through somebody who is trusted so far (eqs. 9 and 10).

    Args:
        trust: in whoever tells.
        word: what they tell.
    """
    total = (trust.bad + 2.0) * (word.good + word.bad + 2.0) + 2.0 * trust.good
    return Evidence(2.0 * trust.good * word.good / total, 2.0 * trust.good * word.bad / total)


def feedback(value: float, weight: float = 1.0) -> Evidence:
    """One outcome between -1 (it was false) and 1 (it was true) as evidence of a weight (eq. 14)."""
    return Evidence(weight * (1.0 + value) / 2.0, weight * (1.0 - value) / 2.0)


def faded(evidence: Evidence, elapsed: float, half_life: float) -> Evidence:
    """Old evidence, forgotten by half in each half-life: eq. 12 with lambda = 2^(-1 / half-life)."""
    kept = math.exp2(-max(elapsed, 0.0) / half_life)
    return Evidence(evidence.good * kept, evidence.bad * kept)
