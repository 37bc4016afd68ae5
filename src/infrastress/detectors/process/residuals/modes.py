"""How sure a relation is by what its pumps and valves do: a small tree of standard deviations.

A tank is well told while its pumps stay as they are, and badly in the hour in which one switches. The tree asks at most
two questions of the states and switches among a relation's inputs, is it on, did it change since the frame before,
each the one that makes the residuals of normal data most likely.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, SignalTable

__all__ = ["ScaleTree", "Scales", "grow", "questions"]

ON, CHANGED = "on", "changed"
_LEAST = 60
"""Frames behind a standard deviation."""
_TAIL = 4.0
_TINY = 1e-9
Flags = npt.NDArray[np.bool_]
Question = tuple[str, str]


@dataclass(frozen=True)
class ScaleTree:
    """Up to two levels of questions (signal, `ON` or `CHANGED`), and four standard deviations, SI.

    Attributes:
        first: the first question; None where one number is for all.
        no, yes: the question behind each answer; None where there is none.
        leaves: by the answers no no, no yes, yes no, yes yes.
    """

    first: Question | None
    no: Question | None
    yes: Question | None
    leaves: tuple[float, float, float, float]

    @classmethod
    def flat(cls, scale: float) -> "ScaleTree":
        """One number for all."""
        return cls(None, None, None, (scale,) * 4)

    @property
    def signals(self) -> tuple[str, ...]:
        """Signals that are asked."""
        return tuple(dict.fromkeys(one[0] for one in (self.first, self.no, self.yes) if one is not None))

    def as_json(self) -> list[Any]:
        """Plain values."""
        return [[None if one is None else list(one) for one in (self.first, self.no, self.yes)], list(self.leaves)]

    @classmethod
    def of_json(cls, known: Any) -> "ScaleTree":
        """Inverse of `as_json`."""
        asked, (a, b, c, d) = known
        first, no, yes = (None if one is None else (str(one[0]), str(one[1])) for one in asked)
        return cls(first, no, yes, (a, b, c, d))

    def of(self, answers: dict[Question, Flags], frames: int) -> Floats:
        """Standard deviations float64[k] by answers bool[k]."""
        none = np.zeros(frames, bool)
        first = none if self.first is None else answers[self.first]
        no = none if self.no is None else answers[self.no]
        yes = none if self.yes is None else answers[self.yes]
        scale: Floats = np.array(self.leaves)[2 * first + np.where(first, yes, no)]
        return scale


def questions(signal: str, now: Floats, before: Floats) -> dict[Question, Flags]:
    """What may be asked of a state float64[k] and of it one frame before; what is missing is neither on nor changed."""
    with np.errstate(invalid="ignore"):
        return {(signal, ON): now > 0.5, (signal, CHANGED): np.abs(now - before) > _TINY}


def grow(residuals: Floats, answers: dict[Question, Flags], floor: float) -> ScaleTree:
    """The tree of float64[k] residuals (NaN is none), no scale below `floor`."""
    known = np.flatnonzero(np.isfinite(residuals))
    if not len(known):
        return ScaleTree.flat(floor)
    spread = float(np.sqrt(np.mean(residuals[known] ** 2)))
    squares = np.minimum(residuals[known] ** 2, (_TAIL * spread) ** 2)
    asked = {question: flags[known] for question, flags in answers.items()}
    first = _best(squares, asked, floor)
    if first is None:
        return ScaleTree.flat(max(floor, spread))
    sides, leaves = [], []
    for side in (~asked[first], asked[first]):
        part = squares[side]
        second = _best(part, {question: flags[side] for question, flags in asked.items()}, floor)
        halves = [part, part] if second is None else [part[~asked[second][side]], part[asked[second][side]]]
        sides.append(second)
        leaves += [max(floor, float(np.sqrt(half.mean()))) for half in halves]
    return ScaleTree(first, sides[0], sides[1], (leaves[0], leaves[1], leaves[2], leaves[3]))


def _best(squares: Floats, asked: dict[Question, Flags], floor: float) -> Question | None:
    """The question that makes the squares most likely under a normal distribution; None where none is worth asking."""
    n, whole = len(squares), _cost(squares, floor)
    best, found = log(max(n, 2)), None
    for question, flags in asked.items():
        yes = int(flags.sum())
        if min(yes, n - yes) < _LEAST:
            continue
        gain = whole - _cost(squares[flags], floor) - _cost(squares[~flags], floor)
        if gain > best:
            best, found = gain, question
    return found


def _cost(squares: Floats, floor: float) -> float:
    return len(squares) * log(max(floor, float(np.sqrt(squares.mean())), _TINY))


class Scales:
    """The trees of n relations, ready to be applied to columns of values."""

    def __init__(self, table: SignalTable, trees: Sequence[ScaleTree]) -> None:
        asked: dict[Question, int] = {}
        where = np.zeros((3, len(trees)), dtype=np.intp)
        for i, tree in enumerate(trees):
            for level, question in enumerate((tree.first, tree.no, tree.yes)):
                where[level, i] = 0 if question is None else asked.setdefault(question, len(asked) + 1)
        self._first, self._no, self._yes = where
        self._leaves = np.array([tree.leaves for tree in trees]).reshape(-1, 4)
        self._widest = self._leaves.max(axis=1, initial=0.0)[:, None]
        self._each = np.arange(len(trees))[:, None]
        self._rows = np.array([table.row[signal] for signal, _ in asked], dtype=np.intp)
        self._changed = np.array([[what == CHANGED] for _, what in asked], dtype=bool).reshape(-1, 1)

    def at(self, values: Floats, start: int) -> Floats:
        """Standard deviations float64[n, k] of the columns from `start` on; the widest where a state is missing."""
        frames = values.shape[1] - start
        if not len(self._rows):
            return np.repeat(self._leaves[:, :1], frames, axis=1)
        now, before = values[self._rows, start:], values[self._rows, start - 1 : values.shape[1] - 1]
        with np.errstate(invalid="ignore"):
            told = np.where(self._changed, np.abs(now - before) > _TINY, now > 0.5)
        unknown = np.isnan(now) | (self._changed & np.isnan(before))
        nothing = np.zeros((1, frames), bool)
        told, unknown = np.vstack([nothing, told]), np.vstack([nothing, unknown])
        first = told[self._first]
        second = np.where(first, told[self._yes], told[self._no])
        scale = self._leaves[self._each, 2 * first + second]
        lost = unknown[self._first] | np.where(first, unknown[self._yes], unknown[self._no])
        wide: Floats = np.where(lost, self._widest, scale)
        return wide
