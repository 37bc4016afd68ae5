"""Runs correlation rules over alerts in order of time: for each rule a tree of automata, for each key its state."""

from collections import OrderedDict
from fnmatch import fnmatchcase
from heapq import heappop, heappush
from typing import Any, NamedTuple

from infrastress.core.time import SECOND
from infrastress.detectors.alerts.automata import Moment, Node, compiled
from infrastress.detectors.alerts.records import RawAlert
from infrastress.detectors.alerts.rules import AlertRule, Match
from infrastress.events.kinds import SEVERITIES

__all__ = ["Correlation", "CorrelationState", "Hit"]

_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_MOST_CACHED, _MOST_IDS = 10_000, 16


CorrelationState = tuple[int, int, int, list[list[Any]]]


class Hit(NamedTuple):
    """A rule came true: for which values of its `by`, when (ns), whether an alert or a deadline made it.

    `evidence` are ids of the last alerts that one of its matches fitted since it was true.
    """

    rule: str
    key: tuple[str, ...]
    at: int
    by_alert: bool
    evidence: tuple[str, ...] = ()


class Correlation:
    """All rules of a site.

    Args:
        rules: checked.
        most_keys: states kept of a rule; beyond, the one that heard nothing for longest is dropped and counted.
    """

    def __init__(self, rules: tuple[AlertRule, ...], most_keys: int = 10_000) -> None:
        self._rules, self._most = rules, most_keys
        self._matches: list[Match] = []
        self._own: list[frozenset[int]] = []
        self._trees: list[Node] = []
        for rule in rules:
            first = len(self._matches)
            self._trees.append(compiled(rule.when, self._leaf))
            self._own.append(frozenset(range(first, len(self._matches))))
        self._fits: dict[tuple[Any, ...], frozenset[int]] = {}
        self._states: list[OrderedDict[tuple[str, ...], list[Any]]] = [OrderedDict() for _ in rules]
        """Of each rule by key: [state, when it was told last or None, ids]; the one touched last comes last."""
        self._due: list[tuple[int, int, tuple[str, ...]]] = []
        self._serial = 0
        self.evicted = 0
        self.suppressed = 0

    def _leaf(self, match: Match) -> int:
        self._matches.append(match)
        return len(self._matches) - 1

    def take(self, alert: RawAlert, *, unusual: bool) -> list[Hit]:
        """Hits of an alert, not earlier than those before it, and of deadlines before it."""
        hits = self.advance(alert.time)
        self._serial += 1
        fits = self._fitting(alert, unusual)
        if fits:
            moment = Moment(alert.time, self._serial, alert, fits)
            for number, rule in enumerate(self._rules):
                if not fits.isdisjoint(self._own[number]):
                    hits += self._step(number, tuple(str(getattr(alert, field)) for field in rule.by), moment)
        return hits

    def advance(self, now: int) -> list[Hit]:
        """Hits of deadlines up to a moment: no alert earlier than it will come."""
        hits: list[Hit] = []
        while self._due and self._due[0][0] <= now:
            at, number, key = heappop(self._due)
            held = self._states[number].get(key)
            if held is not None and self._trees[number].due(held[0]) == at:
                self._serial += 1
                hits += self._step(number, key, Moment(at, self._serial, None, frozenset()))
        return hits

    def _step(self, number: int, key: tuple[str, ...], moment: Moment) -> list[Hit]:
        tree, states, rule = self._trees[number], self._states[number], self._rules[number]
        held = states.get(key)
        if held is None:
            held = states[key] = [tree.new(), None, []]
            if len(states) > self._most:
                states.popitem(last=False)
                self.evicted += 1
        states.move_to_end(key)
        if moment.alert is not None and moment.alert.id:
            held[2] = [*held[2], moment.alert.id][-_MOST_IDS:]
        before = tree.due(held[0])
        true = tree.step(held[0], moment)
        due = tree.due(held[0])
        if due is not None and due != before:
            heappush(self._due, (due, number, key))
            if len(self._due) > 2 * sum(map(len, self._states)) + 64:
                self._due = self._deadlines()
        if not true:
            return []
        if held[1] is not None and moment.now - held[1] < rule.again_s * SECOND:
            self.suppressed += 1
            return []
        held[1] = moment.now
        ids, held[2] = tuple(held[2]), []
        return [Hit(rule.id, key, moment.now, moment.alert is not None, ids)]

    def _deadlines(self) -> list[tuple[int, int, tuple[str, ...]]]:
        found = []
        for number, states in enumerate(self._states):
            for key, held in states.items():
                due = self._trees[number].due(held[0])
                if due is not None:
                    found.append((due, number, key))
        return sorted(found)

    def _fitting(self, alert: RawAlert, unusual: bool) -> frozenset[int]:
        about = alert.host, alert.family, alert.signature, alert.sensor, alert.severity, unusual
        found = self._fits.get(about)
        if found is None:
            if len(self._fits) >= _MOST_CACHED:
                self._fits.clear()  # nothing but a cache: no result depends on it
            fits = (i for i, match in enumerate(self._matches) if _fits(match, alert, unusual))
            found = self._fits[about] = frozenset(fits)
        return found

    def dump(self) -> CorrelationState:
        """The state, for `load`."""
        states = [[[list(key), *held] for key, held in of.items()] for of in self._states]
        return self._serial, self.evicted, self.suppressed, states

    def load(self, state: CorrelationState) -> None:
        """Replace the state by that of the same rules."""
        self._serial, self.evicted, self.suppressed, states = state
        self._states = [OrderedDict((tuple(key), [state, told, ids]) for key, state, told, ids in of) for of in states]
        self._due = self._deadlines()


def _fits(match: Match, alert: RawAlert, unusual: bool) -> bool:
    return (
        _like(match.host, alert.host)
        and _like(match.family, alert.family)
        and _like(match.signature, alert.signature)
        and _like(match.sensor, alert.sensor)
        and _RANK[alert.severity] >= _RANK[match.severity_at_least]
        and match.unusual in (None, unusual)
    )


def _like(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)
