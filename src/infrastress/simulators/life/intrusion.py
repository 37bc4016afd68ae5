"""What attacks share: when they happen, whom and what they pick, how an intruder walks."""

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot

import numpy as np

from infrastress.simulators.life.doors import Pass
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.simulators.life.tracks import Path, Tracks, line
from infrastress.site.assets import Door, Fence
from infrastress.site.base import Point
from infrastress.site.context import Person

__all__ = ["Act", "night", "own_pass", "walk_in"]

_HOUR = 3600.0


@dataclass
class Act:
    """One attack to be played somewhere between `begin` and `end`, s.

    Attributes:
        kind, variant: what is played.
        noted: (begin, end) once it has been.
        at: when exactly it is to begin, s; zone, device: where; drawn where nobody says.
        event: the event that its truth belongs to.
    """

    scene: Scene
    tracks: Tracks
    stream: np.random.Generator
    kind: str
    variant: str
    begin: float
    end: float
    noted: tuple[float, float] | None = None
    at: float | None = None
    zone: str = ""
    device: str = ""
    event: str = ""

    def note(
        self,
        begin: float,
        end: float,
        assets: tuple[str, ...],
        text: str,
        *,
        zone: str = "",
        people: tuple[str, ...] = (),
    ) -> None:
        """The truth about it."""
        self.noted = (begin, end)
        self.scene.note(
            self.kind, begin, end, assets, f"{text} ({self.variant})", zone=zone, people=people, malicious=True,
            event=self.event,
        )  # fmt: skip

    def rooms(self) -> list[str]:
        """Restricted rooms in which nobody sits at night: an attacker keeps clear of the control room."""
        if self.zone:
            return [self.zone]
        manned = {self.scene.premises.home(p) for p in self.scene.premises.staff if p.role == "operator"}
        return [z for z in self.scene.premises.restricted if z not in manned and len(self.scene.premises.ways[z]) > 1]

    def targets(self, person: Person, *, allowed: bool) -> list[str]:
        """Restricted zones that a badge is good for, or isn't."""
        return [z for z in self.rooms() if (z in person.zones) == allowed]

    def neighbours(self, fence: Fence) -> list[Fence]:
        """Sections whose ends meet this one's."""
        ends = {fence.line[0], fence.line[-1]}
        return [f for f in self.scene.premises.fences if f is not fence and ends & {f.line[0], f.line[-1]}]

    def nearest_room(self, place: Point) -> tuple[str, float]:
        """The restricted room whose door is nearest, and how far that is, m; drawn where nobody knows positions."""
        if self.zone:
            return self.zone, float(self.stream.uniform(30.0, 120.0))
        doors = {z: self.scene.premises.doors[self.scene.premises.ways[z][-1]].position for z in self.rooms()}
        known = {zone: hypot(at[0] - place[0], at[1] - place[1]) for zone, at in doors.items() if at is not None}
        if not known or not self.scene.premises.earth.known:
            return pick(self.stream, self.rooms()), float(self.stream.uniform(30.0, 120.0))
        zone = min(known, key=lambda name: (known[name], name))
        return zone, known[zone]

    def boat_path(self, at: float, stream: np.random.Generator) -> Path:
        """From the open sea to the jetty's head, some minutes there, and away."""
        head = (-255.0, float(stream.uniform(60.0, 100.0)))
        reach, speed = uniform(stream, RANGES.boat_from_m), uniform(stream, RANGES.boat_m_s)
        far = (head[0] - reach, head[1] + float(stream.uniform(-0.6, 0.6)) * reach)
        way = list(line(far, head, at, speed, 10.0))
        stays = uniform(stream, RANGES.boat_stays_s)
        begun = way[-1][0]
        way += [(begun + 10.0 * (n + 1), head[0] + 2.0 * (n % 2), head[1], 0.0) for n in range(int(stays / 10.0))]
        return [*way, *line(head, far, way[-1][0] + 10.0, speed, 10.0)]


def night(act: Act) -> float:
    """The act's own moment, or one at night within its slot."""
    if act.at is not None:
        return act.at
    nights = [
        day.midnight for day in act.scene.calendar.days
        if act.begin <= day.midnight + RANGES.night_h[0] * _HOUR and day.midnight + RANGES.night_h[1] * _HOUR < act.end
    ]  # fmt: skip
    midnight = pick(act.stream, nights) if nights else act.begin
    return midnight + _HOUR * uniform(act.stream, RANGES.night_h)


def own_pass(
    act: Act,
    wanted: Callable[[Pass, Door], bool],
    *,
    stays_s: float,
    fit: Callable[[Person], bool] = lambda person: True,
) -> Pass | None:
    """An employee's own pass within the slot, with so many seconds on site after it; None where there is none."""
    people = {p.id: p for p in act.scene.premises.staff if p.role not in ("security",)}
    found = [
        one for one in act.scene.doors.passes
        if act.begin <= one.at < act.end and one.read and one.granted and one.person in people
        and wanted(one, act.scene.premises.doors[one.door]) and fit(people[one.person])
    ]  # fmt: skip
    found.sort(key=lambda one: (one.at, one.door, one.person))
    for i in act.stream.permutation(len(found)).tolist()[:200]:
        one: Pass = found[i]
        if stays_s == 0.0 or _stays(act.scene, one, stays_s):
            return one
    return None


def _stays(scene: Scene, one: Pass, stays_s: float) -> bool:
    """Whether somebody stays on site without a break for so long after a pass."""
    moments = np.arange(one.at + 60.0, one.at + stays_s, 300.0).tolist()
    return all(scene.presence.where(one.person, at) is not None for at in moments)


def walk_in(act: Act, at: float, badge: str, zone: str, *, lingers: float) -> float:
    """Somebody walks from the street to a zone with a badge, stays and leaves; when they are out."""
    moment = at
    before: str | None = None
    for door in act.scene.premises.ways[zone]:
        moment += act.scene.premises.walk_s(before, door, act.stream) if before else 0.0
        act.scene.doors.through(moment, door, badge)
        before = door
    moment += lingers
    for door in reversed(act.scene.premises.ways[zone]):
        act.scene.doors.through(moment, door, badge, "out")
        moment += float(act.stream.uniform(30.0, 120.0))
    return moment
