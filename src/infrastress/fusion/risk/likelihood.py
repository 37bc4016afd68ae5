"""What a piece of evidence is worth: P(alarm | state) from measured rates, and how it fades.

Over a window of h hours a rule speaks with probability TPR when what it looks for is there (it was measured per attack
window), and with 1 - exp(-FPR * h * assets) when it isn't (false episodes per asset and hour, as a Poisson process).
The log of their quotient is the weight of evidence (Good, Probability and the Weighing of Evidence, 1950); in bits, its
logarithm to base 2. Evidence fades: at age a its weight is w = 2^(-a / half-life) of what it was, which raises the
likelihood to the power w. Evidence of conditions that stand does not fade.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log2
from typing import Literal

from infrastress.core.time import HOUR
from infrastress.evaluation.performance import Performance, total

__all__ = ["HALF_LIFE_H", "WEAK", "WINDOW_H", "Rates", "RatesBook", "faded", "freshness", "likelihood", "rates_over"]

WINDOW_H = 8.0
"""A shift: how long an act keeps drawing other evidence to it (`alarms.HOLD_ACT`)."""
HALF_LIFE_H = 24.0
"""After a day without news an act weighs half."""
_LEAST = 1e-6
"""No rate is taken for closer to 0 or 1: no single detector makes anything certain."""
SplitKind = Literal["named", "other", "quiet"]


@dataclass(frozen=True)
class Rates:
    """How well a rule does over one window, and what that rests on.

    Attributes:
        tpr, fpr: probability that it speaks in a window where it should, and where it should not.
        basis: "measured" on a recording; "stated" in the site file; "weak": nothing known.
        rests_on: recording, or the field of the site file; empty where nothing is known.
        fault, work: probability that it speaks in a window of a fault, of honest work; None where nobody measured it.
    """

    tpr: float
    fpr: float
    basis: Literal["measured", "stated", "weak"]
    rests_on: str = ""
    fault: float | None = None
    work: float | None = None

    @property
    def by_cause(self) -> bool:
        """Whether it was measured how often it speaks of faults and of honest work."""
        return self.fault is not None and self.work is not None

    def under(self, state: str) -> float:
        """P(it speaks | a state in which it should): by what the state comes of."""
        if state == "disturbed":
            return self.fpr if self.fault is None else self.fault
        known = self.fault if state in FAULTY else self.work if state == "work" else None
        return self.tpr if known is None else known

    @property
    def bits(self) -> float:
        """Weight of its word by itself: log2(tpr / fpr)."""
        return log2(self.tpr / self.fpr)


FAULTY = frozenset({"faulty", "upset"})
"""States of readings and of the process that come of a fault."""
WEAK = Rates(0.5, 0.05, "weak")
"""Of a rule that nobody measured: a likelihood ratio of 10, the most that Jeffreys (Theory of Probability, 1961,
appendix B) calls substantial and not yet strong."""


def rates_over(measured: Performance, assets: int, hours: float = WINDOW_H) -> Rates:
    """Measured rates over a window on so many assets."""
    false = 1.0 - exp(-measured.fpr_per_asset_hour * hours * max(assets, 1))
    fault, work = (None if one is None else _inside(one.rate) for one in (measured.faults, measured.works))
    return Rates(_inside(measured.tpr), _inside(false), "measured", measured.recording, fault, work)


class RatesBook:
    """Measured rates by detector and rule; the detector as a whole where the rule wasn't measured.

    Where one rule was measured on several recordings, their counts are added.
    """

    def __init__(self, measured: Iterable[Performance] = ()) -> None:
        known: dict[tuple[str, str], list[Performance]] = {}
        for one in sorted(measured, key=lambda one: (one.detector, one.rule, one.recording, one.detector_version)):
            known.setdefault((one.detector, one.rule), []).append(one)
        self._known = {key: total(rows) for key, rows in known.items()}

    def of(self, detector: str, rule: str, assets: int = 1, *, calling: bool | None = None) -> Rates:
        """Rates of a rule over one window, weak ones where nothing is known.

        Args:
            detector: whose.
            rule: which of its rules.
            assets: how many it watched there.
            calling: whether it called (medium severity or more); None for whatever it says.
        """
        found = self._known.get((detector, rule)) or self._known.get((detector, ""))
        if found is None:
            return WEAK
        return rates_over(found if calling is None else found.speaking(calling=calling), assets)


def likelihood(
    rates: Rates, states: Sequence[str], looks_for: Mapping[str, float], weight: float = 1.0
) -> tuple[float, ...]:
    """P(alarm | state) over the states of a node, faded to a weight.

    Args:
        rates: of the rule over one window.
        states: of the node.
        looks_for: how much of its true positive rate holds in a state; the quiet rate where a state isn't named, which
            is also the least that any state has.
        weight: 1 for fresh evidence, towards 0 as it fades.
    """
    full = (
        max(rates.under(state) * looks_for[state], rates.fpr) if state in looks_for else rates.fpr for state in states
    )
    return faded(tuple(full), weight)


def faded(vector: Sequence[float], weight: float) -> tuple[float, ...]:
    """A likelihood relative to its largest entry, raised to a weight."""
    top = max(vector)
    return tuple((value / top) ** weight for value in vector)


def freshness(age_ns: int) -> float:
    """Weight of evidence that was last heard so long before the newest."""
    return float(2.0 ** (-max(age_ns, 0) / (HALF_LIFE_H * HOUR)))


def _inside(value: float) -> float:
    return min(max(value, _LEAST), 1.0 - _LEAST)
