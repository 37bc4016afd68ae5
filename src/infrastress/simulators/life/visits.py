"""Stays on site: what somebody means to do, and the walk through doors that comes of it."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from infrastress.simulators.life.doors import Doors, Pass
from infrastress.simulators.life.premises import Premises

__all__ = ["Presence", "Stay", "Stop", "Walker"]


class Stop(NamedTuple):
    """To be in a zone (None: off site) from about `at` on, for so many seconds."""

    at: float
    zone: str | None
    lasts: float


@dataclass
class Stay:
    """A person's stay on site, from the gate to the gate.

    Attributes:
        badge: what is read; another's or a visitor's where the own one was forgotten.
        home: zone to be in between stops.
        errand: no shift: a visitor, somebody called in.
    """

    person: str
    badge: str
    begin: float
    end: float
    home: str
    stops: list[Stop] = field(default_factory=list)
    errand: bool = False
    passes: list[Pass] = field(default_factory=list)


class Presence:
    """Who was really where: spans by person, in order of time."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[float, float, str]]] = {}

    def add(self, person: str, begin: float, end: float, zone: str) -> None:
        """Somebody was in a zone."""
        if end > begin:
            self._spans.setdefault(person, []).append((begin, end, zone))

    def settle(self) -> None:
        """Sort; asked for before the first question."""
        for spans in self._spans.values():
            spans.sort()

    def where(self, person: str, at: float) -> str | None:
        """The zone somebody is in; None on the street."""
        spans = self._spans.get(person, [])
        i = bisect_right(spans, (at, float("inf"), "")) - 1
        return spans[i][2] if i >= 0 and spans[i][1] > at else None

    def away(self, person: str, begin: float, end: float) -> bool:
        """Whether somebody is off site all through a span."""
        return all(one >= end or other <= begin for one, other, _ in self._spans.get(person, []))

    def inside(self, at: float) -> list[str]:
        """Everybody on site at a moment."""
        return sorted(person for person in self._spans if self.where(person, at) is not None)

    def spans(self, person: str, zone: str | None = None) -> list[tuple[float, float, str]]:
        """Somebody's spans, in one zone or in all."""
        return [one for one in self._spans.get(person, []) if zone is None or one[2] == zone]


class Walker:
    """Walks stays through doors: never faster than people do, never in two places."""

    def __init__(self, premises: Premises, doors: Doors, presence: Presence) -> None:
        self.premises, self.doors, self.presence = premises, doors, presence
        self._free: dict[str, float] = {}

    def walk(self, stay: Stay, stream: np.random.Generator) -> bool:
        """Walk a stay; False where the person is still on site from the one before."""
        if stay.begin < self._free.get(stay.person, float("-inf")):
            return False
        way = _Way(self, stay, stream)
        way.go(stay.home, stay.begin)
        for stop in sorted(stay.stops):
            if stop.at + stop.lasts > stay.end - 600.0:
                break
            if stop.at < way.now + 60.0 or stop.zone == way.here:
                continue
            way.go(stop.zone, stop.at)
            way.go(stay.home, way.now + stop.lasts)
        way.go(None, max(stay.end, way.now + 60.0))
        self._free[stay.person] = way.now + 900.0
        return True


class _Way:
    """One person under way."""

    def __init__(self, walker: Walker, stay: Stay, stream: np.random.Generator) -> None:
        self._walker, self._stay, self._stream = walker, stay, stream
        self.here: str | None = None
        self.now, self._since = stay.begin, stay.begin
        self._door: str | None = None

    def go(self, zone: str | None, at: float) -> None:
        """Set out at a moment, door by door."""
        premises, moment = self._walker.premises, max(at, self.now)
        steps = premises.between(self.here, zone)
        for number, (door, direction) in enumerate(steps):
            # The first door of a way begins where one is
            moment += premises.walk_s(self._door if number else None, door, self._stream)
            self._stay.passes.append(self._walker.doors.through(moment, door, self._stay.badge, direction))
            gate = premises.doors[door]
            inner: str | None = gate.leads_to
            if direction == "out":
                inner = None if gate.zone == gate.leads_to else gate.zone
            self._enter(inner, moment)
            self._door = door
        self.now = moment

    def _enter(self, zone: str | None, moment: float) -> None:
        if self.here is not None:
            self._walker.presence.add(self._stay.person, self._since, moment, self.here)
        self.here, self._since = zone, moment
