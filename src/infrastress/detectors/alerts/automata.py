"""Small automata, one for each kind of condition of a correlation rule; states are plain lists, dumped as they are.

A node is asked at each alert that one of its rule's matches fits, and at a deadline; it answers whether its condition
came true at that moment.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from infrastress.core.time import SECOND
from infrastress.detectors.alerts.records import RawAlert
from infrastress.detectors.alerts.rules import Absence, All, Condition, Count, Match, Sequence

__all__ = ["Moment", "Node", "State", "compiled"]

State = list[Any]


class Moment(NamedTuple):
    """What is looked at: an alert with its number and the matches that fit it, or a deadline (no alert)."""

    now: int
    serial: int
    alert: RawAlert | None
    fits: frozenset[int]


class Node(ABC):
    """What came true when; it keeps nothing itself, so that one node serves every key."""

    @abstractmethod
    def new(self) -> State:
        """A state that has heard nothing."""

    @abstractmethod
    def step(self, state: State, moment: Moment) -> bool:
        """Change the state by a moment; whether the condition came true at it."""

    def due(self, state: State) -> int | None:
        """The next moment at which silence alone makes something true."""
        del state
        return None


class _Single(Node):
    def __init__(self, leaf: int) -> None:
        self.leaf = leaf

    def new(self) -> State:
        return []

    def step(self, state: State, moment: Moment) -> bool:
        del state
        return self.leaf in moment.fits


class _Counted(Node):
    """State: [time, value] of the newest alerts, one a value where they must differ; as many as are wanted at most."""

    def __init__(self, count: Count, leaf: int) -> None:
        self.leaf, self.least, self.distinct = leaf, count.at_least, count.distinct
        self.within = int(count.within_s * SECOND)

    def new(self) -> State:
        return []

    def step(self, state: State, moment: Moment) -> bool:
        if self.leaf not in moment.fits or moment.alert is None:
            return False
        value = "" if self.distinct is None else str(getattr(moment.alert, self.distinct))
        begin = moment.now - self.within
        state[:] = [one for one in state if one[0] >= begin and (self.distinct is None or one[1] != value)]
        state.append([moment.now, value])
        if len(state) < self.least:
            return False
        state.clear()
        return True


class _Ordered(Node):
    """State: [children, progress, came].

    progress[i]: [begin, time, serials used at that time] of the newest sequence that came as far as step i. came[i]:
    [time, serials] of what made step i true last, so that things at the same time may come in either order.
    """

    def __init__(self, steps: list[Node], within_s: float) -> None:
        self.steps, self.within = steps, int(within_s * SECOND)

    def new(self) -> State:
        return [[step.new() for step in self.steps], [None] * len(self.steps), [None] * len(self.steps)]

    def step(self, state: State, moment: Moment) -> bool:
        children, progress, came = state
        true = [one.step(child, moment) for one, child in zip(self.steps, children, strict=True)]
        if not any(true):
            return False
        for i, one in enumerate(true):
            if one:
                old = came[i][1] if came[i] is not None and came[i][0] == moment.now else []
                came[i] = [moment.now, [*old, moment.serial][-len(self.steps) :]]
        old = list(progress)
        for i in range(len(self.steps)):
            if came[i] is None or came[i][0] != moment.now:
                continue
            if i == 0:
                progress[0] = [moment.now, moment.now, [came[0][1][-1]]]
                continue
            for before in (progress[i - 1], old[i - 1]):  # the later it began, the longer it may still take
                if before is None or moment.now - before[0] > self.within:
                    continue
                used = before[2] if before[1] == moment.now else []
                free = [serial for serial in came[i][1] if serial not in used]
                if free:
                    progress[i] = [before[0], moment.now, [*used, free[-1]]]
                    break
        last = progress[-1]
        if last is None or last[1] != moment.now:
            return False
        state[:] = self.new()
        return True

    def due(self, state: State) -> int | None:
        return _earliest(one.due(child) for one, child in zip(self.steps, state[0], strict=True))


class _Missing(Node):
    """State: [state of what it follows, begin of the wait or None, time of the last that came or None]."""

    def __init__(self, absence: Absence, leaf: int, after: Node | None) -> None:
        self.leaf, self.after, self.within = leaf, after, int(absence.within_s * SECOND)

    def new(self) -> State:
        return [self.after.new() if self.after is not None else None, None, None]

    def step(self, state: State, moment: Moment) -> bool:
        over = state[1] is not None and moment.now > state[1] + self.within
        if over:
            state[1] = None
        began = self.after is not None and self.after.step(state[0], moment)
        if self.leaf in moment.fits:
            state[2] = moment.now
            state[1] = moment.now if self.after is None else None
        elif began and state[1] is None and state[2] != moment.now:
            state[1] = moment.now
        return over

    def due(self, state: State) -> int | None:
        own = None if state[1] is None else state[1] + self.within + 1
        return _earliest([own, None if self.after is None else self.after.due(state[0])])


class _Every(Node):
    """State: [children, when each came true last]."""

    def __init__(self, parts: list[Node], within_s: float) -> None:
        self.parts, self.within = parts, int(within_s * SECOND)

    def new(self) -> State:
        return [[part.new() for part in self.parts], [None] * len(self.parts)]

    def step(self, state: State, moment: Moment) -> bool:
        true = [one.step(child, moment) for one, child in zip(self.parts, state[0], strict=True)]
        state[1] = [moment.now if one else old for one, old in zip(true, state[1], strict=True)]
        if not any(true) or any(old is None or moment.now - old > self.within for old in state[1]):
            return False
        state[1] = [None] * len(self.parts)
        return True

    def due(self, state: State) -> int | None:
        return _earliest(one.due(child) for one, child in zip(self.parts, state[0], strict=True))


class _Either(Node):
    """State: those of its parts."""

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts

    def new(self) -> State:
        return [part.new() for part in self.parts]

    def step(self, state: State, moment: Moment) -> bool:
        true = [one.step(child, moment) for one, child in zip(self.parts, state, strict=True)]  # all are stepped
        return any(true)

    def due(self, state: State) -> int | None:
        return _earliest(one.due(child) for one, child in zip(self.parts, state, strict=True))


def _earliest(moments: Iterable[int | None]) -> int | None:
    return min((one for one in moments if one is not None), default=None)


def compiled(condition: Condition, leaf: Callable[[Match], int]) -> Node:
    """The tree of a condition.

    Args:
        condition: checked.
        leaf: gives each match of alerts its number, by which `Moment.fits` names it.
    """
    match condition:
        case Condition(match=Match() as single):
            return _Single(leaf(single))
        case Condition(count=Count() as count):
            return _Counted(count, leaf(count.of))
        case Condition(sequence=Sequence() as sequence):
            return _Ordered([compiled(step, leaf) for step in sequence.steps], sequence.within_s)
        case Condition(absence=Absence() as absence):
            after = None if absence.after is None else compiled(absence.after, leaf)
            return _Missing(absence, leaf(absence.of), after)
        case Condition(all=All() as every):
            return _Every([compiled(part, leaf) for part in every.of], every.within_s)
    return _Either([compiled(part, leaf) for part in condition.any or ()])
