"""The controllers: the model's own controls and rules, scanned in a cycle on what the controllers are told.

EPANET acts on the exact moment at which a level is reached and looks at rules ten times a hydraulic step; a controller
acts at its next scan, and on what its instruments say. Comparisons are exact, where EPANET allows its rules 0.001 of
slack.
"""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from infrastress.site.epanet_controls import Action, ControlLogic, Premise, Quantity, Relation

__all__ = ["Clock", "Controllers", "Reading", "band", "inputs_of", "shifted"]

Reading = Callable[[Quantity, str], float | None]
"""What a controller is told of a quantity of an element; None where it knows nothing."""

DAY = 86400.0
_COMPARE: dict[Relation, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
    "equal": operator.eq,
    "unequal": operator.ne,
}


@dataclass(frozen=True)
class Clock:
    """Time as controllers know it.

    Attributes:
        elapsed: s since the model's beginning, `before` at the scan before (-1 at the first).
        start: time of day, s, of elapsed 0.
        cycle: after so many seconds `elapsed` begins anew; 0 never.
    """

    elapsed: float
    before: float
    start: float
    cycle: float = 0.0

    def passed(self, moment: float, *, daily: bool) -> bool:
        """Whether a moment was passed since the last scan: of the day, or since the model's beginning."""
        period = DAY if daily else self.cycle
        now, before = self.elapsed, self.before
        if daily:
            now, before = now + self.start, before + self.start
        if not period:
            return before < moment <= now
        # The latest moment of its kind that is not after now
        latest = moment + (now - moment) // period * period
        return before < latest <= now

    def value(self, *, daily: bool) -> float:
        """The time of the day, or since the model's beginning."""
        if daily:
            return (self.elapsed + self.start) % DAY
        return self.elapsed % self.cycle if self.cycle else self.elapsed


class Controllers:
    """All controls and rules of a network.

    Args:
        logic: simple controls and rules, in the model's order.
    """

    def __init__(self, logic: Iterable[ControlLogic]) -> None:
        every = tuple(logic)
        self.simple = tuple(one for one in every if one.simple)
        self.rules = tuple(one for one in every if not one.simple)

    def scan(self, clock: Clock, reading: Reading) -> dict[str, Action]:
        """What each link is commanded; links that nothing speaks of are left as they are.

        Simple controls act in their order, the later one winning; then rules by priority, the first of equal ones
        winning, as EPANET's action list has it.
        """
        commands: dict[str, Action] = {}
        for control in self.simple:
            if _holds(control, clock, reading):
                commands.update((action.link, action) for action in control.then)
        chosen: dict[str, tuple[float, Action]] = {}
        for rule in self.rules:
            for action in rule.then if _holds(rule, clock, reading) else rule.otherwise:
                if action.link not in chosen or rule.priority > chosen[action.link][0]:
                    chosen[action.link] = (rule.priority, action)
        commands.update((link, action) for link, (_, action) in chosen.items())
        return commands


def _holds(control: ControlLogic, clock: Clock, reading: Reading) -> bool:
    return all(any(_true(one, clock, reading) for one in group) for group in control.premises)


def _true(premise: Premise, clock: Clock, reading: Reading) -> bool:
    if premise.quantity in ("clock", "elapsed"):
        daily = premise.quantity == "clock"
        if premise.relation == "equal":
            return clock.passed(premise.value, daily=daily)
        value: float | None = clock.value(daily=daily)
    else:
        value = reading(premise.quantity, premise.element)
    # Where nothing is known the controller leaves things as they are
    return value is not None and math.isfinite(value) and _COMPARE[premise.relation](value, premise.value)


def inputs_of(logic: Iterable[ControlLogic]) -> dict[tuple[Quantity, str], set[str]]:
    """Every measured quantity that controls depend on, with the links that hang on it."""
    found: dict[tuple[Quantity, str], set[str]] = {}
    for control in logic:
        links = {action.link for action in (*control.then, *control.otherwise)}
        for group in control.premises:
            for one in group:
                if one.element:
                    found.setdefault((one.quantity, one.element), set()).update(links)
    return found


def band(logic: Iterable[ControlLogic], quantity: Quantity, element: str) -> tuple[float, float] | None:
    """Lowest and highest switching point on a quantity; None where fewer than two differ."""
    values = {
        one.value
        for control in logic
        for group in control.premises
        for one in group
        if (one.quantity, one.element) == (quantity, element)
    }
    return (min(values), max(values)) if len(values) > 1 else None


def shifted(logic: Iterable[ControlLogic], quantity: Quantity, element: str, by: float) -> tuple[ControlLogic, ...]:
    """The same logic with every switching point on one quantity moved."""

    def move(one: Premise) -> Premise:
        return replace(one, value=one.value + by) if (one.quantity, one.element) == (quantity, element) else one

    return tuple(
        replace(control, premises=tuple(tuple(move(one) for one in group) for group in control.premises))
        for control in logic
    )
