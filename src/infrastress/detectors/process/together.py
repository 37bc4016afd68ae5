"""States that were never seen together: what pumps, valves and switches never did at once in normal data."""

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from math import log1p
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.view import Floats, SignalTable, View, states_of
from infrastress.site import Site

__all__ = ["NeverTogether"]

_MOST = 64
"""States that are compared with each other: of a site with more, the first."""
_WORDS = ("off or shut", "on or open")


class _Pair(NamedTuple):
    """Two signals, by their place among the states, and the values they never had at once."""

    one: int
    value: int
    other: int
    beside: int


class NeverTogether(Invariant):
    """Two signals of pumps, valves or switches have values that normal data never held at once. A notice.

    Never is news where chance would have made it: of the n spells in which one signal had its value none met the other
    at its value, which it had a share p of the time. Were they independent, that would come about with probability
    (1 - p)^n; a pair is learned where this, by the better of the two signals, is below the p of `tightness`.
    So duty and standby pumps that never run at once, or a valve that is never open while its pump rests, teach
    themselves. It calls nobody: a rotation of duty or work on a pump does the same.
    """

    rule = "process.never_together"
    raise_frames = 2
    ranks: ClassVar[bool] = False
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="States never seen together",
        means="Two pumps, valves or switches are in states that normal data never held at the same time.",
        expected_against_seen="Expected: one of the combinations seen before. Seen: another.",
        benign_causes=("duty rotated to another pump", "work on a pump or valve", "an operation the training lacked"),
        first_check="Is work or a change of duty announced for one of the two? Who gave the last command?",
        techniques=("T0831", "T0855"),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        states = [one for one in table.signals if one.kind in ("state", "switch")][:_MOST]
        super().__init__(site, table, (Subject(one.id, (one.asset,), (one.id,)) for one in states))
        self._rows = np.array([table.row[one.id] for one in states], dtype=np.intp)
        n = len(states)
        self._never: list[_Pair] = []
        self._frames = np.zeros((n, 2), np.int64)
        self._spells = np.zeros((n, 2), np.int64)
        self._both = np.zeros((2, 2, n, n), np.int64)
        self._last = np.full(n, -1, np.int64)

    def _values(self, view: View) -> npt.NDArray[np.int64]:
        """int64[n, k]: 0 off, 1 on, -1 unknown or switched within the frame."""
        told = states_of(view)[self._rows, view.context :]
        return np.where(told == 1.0, 1, np.where(told == 0.0, 0, -1))

    def _met(self, values: npt.NDArray[np.int64]) -> Iterator[tuple[_Pair, npt.NDArray[np.bool_]]]:
        for pair in self._never:
            yield pair, (values[pair.one] == pair.value) & (values[pair.other] == pair.beside)

    def judge(self, view: View) -> Floats:
        """1 where a signal is in a state never seen beside another's."""
        values = self._values(view)
        scores = np.where(values < 0, np.nan, 0.0)
        for pair, met in self._met(values):
            scores[pair.one] = np.where(met, 1.0, scores[pair.one])
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """The first of the pairs that are met."""
        values = self._values(view)
        pair = next(pair for pair, met in self._met(values) if pair.one == subject and met[frame])
        signal, other = self.subjects[pair.one].key, self.subjects[pair.other].key
        asset, beside = (self.table.asset(one) for one in (signal, other))
        return Account(
            sentence=f"{asset} is {_WORDS[pair.value]} while {beside} is {_WORDS[pair.beside]} ({signal}, {other}): "
            "never at once in normal data",
            contributions=(
                self.table.part(signal, 0.5, expected=1.0 - pair.value, seen=float(pair.value)),
                self.table.part(other, 0.5, expected=1.0 - pair.beside, seen=float(pair.beside)),
            ),
            began=int(view.ends[frame]) - self.raise_frames * view.width,
            severity="low",
            suspicion="unknown",
            confidence=0.4,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Count frames and spells of each value, and frames of each pair of values."""
        values = self._values(view)
        for value in (0, 1):
            at = values == value
            self._frames[:, value] += at.sum(axis=1)
            # A spell begins where the last known value was another.
            self._spells[:, value] += [self._begun(i, values[i], value) for i in range(len(values))]
            for beside in (0, 1):
                self._both[value, beside] += at.astype(np.int64) @ (values == beside).T.astype(np.int64)
        for i, row in enumerate(values):
            known = row[row >= 0]
            self._last[i] = known[-1] if len(known) else self._last[i]

    def _begun(self, signal: int, row: npt.NDArray[np.int64], value: int) -> int:
        known = row[row >= 0]
        before = np.concatenate([self._last[signal : signal + 1], known])[:-1]
        return int(((known == value) & (before != value)).sum())

    def learned(self, share: float) -> Learned | None:
        """Pairs that chance alone would have brought together."""
        frames = self._frames.sum(axis=1)
        found, words = [], []
        for (one, other), (value, beside) in product(combinations(range(len(frames)), 2), product((0, 1), repeat=2)):
            if self._both[value, beside, one, other] or not frames[one] or not frames[other]:
                continue
            sides = ((one, value, other, beside), (other, beside, one, value))
            chance = min(self._chance(*side, frames=frames) for side in sides)
            if chance >= np.log(share):
                continue
            names = [self.subjects[i].key for i in (one, other)]
            found.append([names[0], value, names[1], beside])
            words.append(f"{names[0]} is never {_WORDS[value]} while {names[1]} is {_WORDS[beside]}")
        return Learned({"never": found}, tuple(words)) if found else None

    def _chance(self, one: int, value: int, other: int, beside: int, *, frames: npt.NDArray[np.int64]) -> float:
        """Logarithm of the chance that no spell of the one met the other."""
        often = self._frames[other, beside] / frames[other]
        if often >= 1.0:
            return -np.inf if self._spells[one, value] else 0.0
        return float(self._spells[one, value]) * log1p(-float(often))

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take pairs of signals that the site still has."""
        at = {subject.key: i for i, subject in enumerate(self.subjects)}
        self._never = [
            _Pair(at[one], int(value), at[other], int(beside))
            for one, value, other, beside in baseline.get("never", ())
            if one in at and other in at
        ]
