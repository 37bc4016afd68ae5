"""Innocent oddities of people: what looks like an attack and is none. Some change stays before the walk."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from infrastress.simulators.life.computers import Computers
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.simulators.life.tracks import Tracks
from infrastress.simulators.life.visits import Stay, Stop
from infrastress.site.context import Person

__all__ = ["BEFORE", "PEOPLE", "Oddity", "Slip"]

_HOUR = 3600.0


@dataclass
class Slip:
    """One oddity to be played at about `at`, s; `stays` are those walked so far, or still to be walked."""

    scene: Scene
    tracks: Tracks
    computers: Computers
    stays: list[Stay]
    stream: np.random.Generator
    at: float

    @property
    def day_hour(self) -> float:
        """A moment in office hours of a working day, at or after `at`."""
        for day in self.scene.calendar.days:
            moment = day.midnight + _HOUR * float(self.stream.uniform(9.0, 15.5))
            if moment >= self.at and day.weekday not in ("sat", "sun"):
                return moment
        return self.at

    def near(self, roles: tuple[str, ...]) -> Stay | None:
        """A stay of some roles that begins within a day of the moment."""
        ids = {p.id for p in self.scene.premises.staff if p.role in roles}
        fit = [s for s in self.stays if s.person in ids and not s.errand and self.at <= s.begin < self.at + 86_400.0]
        return pick(self.stream, fit) if fit else None


class Oddity(NamedTuple):
    """A kind: its name in the truth, which attack it resembles, how it is played; False where it can't be."""

    name: str
    twin_of: str
    play: Callable[[Slip], bool]


def _late_leaver(slip: Slip) -> bool:
    stay = slip.near(("manager", "engineer"))
    if stay is None:
        return False
    usual, stay.end = stay.end, stay.end + uniform(slip.stream, RANGES.late_leave_s)
    slip.scene.note("late_leaver", usual, stay.end + 900.0, _gate(slip, stay), "overtime", people=(stay.person,))
    return True


def _early_comer(slip: Slip) -> bool:
    stay = slip.near(("manager", "engineer", "maintenance"))
    if stay is None:
        return False
    usual, stay.begin = stay.begin, stay.begin - uniform(slip.stream, RANGES.early_s)
    slip.scene.note("early_comer", stay.begin, usual, _gate(slip, stay), "comes hours early", people=(stay.person,))
    return True


def _forgotten_badge(slip: Slip) -> bool:
    """The own badge lies at home: a visitor's badge for the day, and colleagues who open other doors."""
    stay, visitors = slip.near(("manager", "maintenance", "engineer")), slip.scene.premises.visitors
    if stay is None or not visitors:
        return False
    taken = {s.badge for s in slip.stays if s.begin < stay.end and s.end > stay.begin}
    free = [v for v in visitors if v.id not in taken]
    if not free:
        return False
    lent = pick(slip.stream, free)
    stay.badge, stay.stops = lent.id, []
    homes = [z for z in lent.zones if z in slip.scene.premises.ways]
    stay.home = stay.home if stay.home in homes else homes[0]
    slip.scene.note(
        "forgotten_badge", stay.begin, stay.end + 900.0, _gate(slip, stay), "a day with a visitor's badge",
        people=(stay.person, lent.id),
    )  # fmt: skip
    return True


def _callout(slip: Slip) -> bool:
    """Maintenance is called in at night for a fault, and goes where its work is."""
    at = slip.at
    asleep = [
        p for p in slip.scene.premises.staff
        if p.role == "maintenance" and all(s.end + 14_400.0 < at or s.begin > at + 28_800.0 for s in slip.stays
                                           if s.person == p.id)
    ]  # fmt: skip
    if not asleep:
        return False
    person = pick(slip.stream, asleep)
    end = at + 1800.0 + uniform(slip.stream, RANGES.callout_s)
    home = slip.scene.premises.home(person)
    stop = Stop(at + 600.0, pick(slip.stream, slip.scene.premises.fields(person)), end - at - 1900.0)
    slip.stays.append(Stay(person.id, person.id, at, end, home, [stop], errand=True))
    ways = {d for zone in (home, stop.zone or home) for d in slip.scene.premises.ways[zone]}
    slip.scene.note("callout", at, end + 900.0, tuple(sorted(ways)), "called in for a fault", people=(person.id,))
    return True


def _weekend_work(slip: Slip) -> bool:
    """An engineer comes on a day off, with the own badge, to the own rooms."""
    day = next((d for d in slip.scene.calendar.days if d.midnight >= slip.at and d.weekday in ("sat", "sun")), None)
    staff = [p for p in slip.scene.premises.staff if p.role == "engineer"]
    if day is None or not staff:
        return False
    person = pick(slip.stream, staff)
    begin = day.midnight + _HOUR * float(slip.stream.uniform(9.0, 13.0))
    end = begin + _HOUR * float(slip.stream.uniform(1.5, 4.0))
    if any(s.person == person.id and s.begin < end + 7200.0 and s.end > begin - 7200.0 for s in slip.stays):
        return False
    stay = Stay(person.id, person.id, begin, end, slip.scene.premises.home(person), errand=True)
    slip.stays.append(stay)
    slip.scene.note("weekend_work", begin, end + 900.0, _gate(slip, stay), "work at a weekend", people=(person.id,))
    return True


def _gate(slip: Slip, stay: Stay) -> tuple[str, ...]:
    return slip.scene.premises.ways[stay.home]


def _missed_out_read(slip: Slip) -> bool:
    """Out at the gate in a colleague's wake: one read, two bodies."""
    doors = slip.scene.premises.doors
    gates = [
        p for p in slip.scene.doors.passes
        if p.direction == "out" and p.read and p.granted and doors[p.door].zone == doors[p.door].leads_to
        and slip.at <= p.at < slip.at + 86_400.0
    ]  # fmt: skip
    gates.sort(key=lambda p: (p.at, p.person))
    for one, other in pairwise(gates):
        if (
            one.door == other.door
            and other.at - one.at < 600.0
            and one.person != other.person
            and doors[one.door].reads_out
        ):
            one.at, one.read = other.at + float(slip.stream.uniform(1.0, 2.0)), False
            slip.scene.note(
                "missed_out_read", one.at, one.at + 60.0, (one.door,), "left behind a colleague without a read",
                people=(one.person,),
            )  # fmt: skip
            return True
    return False


def _polite_hold(slip: Slip) -> bool:
    """A door to rooms for all staff is held open for a colleague, who doesn't read the badge."""
    open_to_all = {d.id for d in slip.scene.premises.doors.values() if d.leads_to not in slip.scene.premises.restricted}
    inner = [
        p for p in slip.scene.doors.passes
        if p.door in open_to_all and p.direction == "in" and p.read and slip.at <= p.at < slip.at + 86_400.0
        and len(slip.scene.premises.ways[slip.scene.premises.doors[p.door].leads_to]) > 1
    ]  # fmt: skip
    inner.sort(key=lambda p: (p.at, p.person))
    for one, other in pairwise(inner):
        if one.door == other.door and one.person != other.person and 0 < other.at - one.at < 900.0:
            other.read = False
            slip.scene.note(
                "polite_hold", other.at, other.at + 60.0, (other.door,), "a colleague held the door",
                people=(one.person, other.person),
            )  # fmt: skip
            return True
    return False


def _handover_crowd(slip: Slip) -> bool:
    """Five and more come in one after another, each with a badge: a meeting in a restricted room with a counter."""
    scene, at = slip.scene, slip.day_hour
    counting = {d.leads_to: d.id for d in scene.premises.doors.values() if d.counts}
    for zone in scene.premises.restricted:
        here = [p for p in scene.present(at, ("engineer", "operator", "manager", "maintenance")) if zone in p.zones]
        inner = scene.premises.doors[counting[zone]].zone if zone in counting else ""
        outside = [p for p in here if scene.presence.where(p.id, at) == inner
                   and scene.presence.where(p.id, at + 1500.0) == inner]  # fmt: skip
        if zone in counting and len(outside) >= 2:
            for n, person in enumerate(outside[:8]):
                scene.doors.through(at + 1.8 * n, counting[zone], person.id)
                scene.doors.through(at + 900.0 + 1.8 * n, counting[zone], person.id, "out")
            names = tuple(p.id for p in outside[:8])
            scene.note(
                "crowd", at, at + 960.0, (counting[zone],), "many at once, all with badges", zone=zone, people=names
            )
            return True
    return False


def _escorted_visitor(slip: Slip) -> bool:
    """A host takes a visitor into a restricted room: two bodies; the visitor's badge is read beside the host's."""
    scene = slip.scene
    wanted = {d.id for d in scene.premises.doors.values() if d.counts and d.leads_to in scene.premises.restricted}
    fit = [
        p for p in scene.doors.passes
        if p.door in wanted and p.direction == "in" and p.read and slip.at <= p.at < slip.at + 2 * 86_400.0
        and any(scene.presence.where(v.id, p.at) is not None for v in scene.premises.visitors)
    ]  # fmt: skip
    fit.sort(key=lambda p: (p.at, p.person))
    people = {p.id: p for p in scene.premises.staff}
    for one in fit:
        if one.person not in people or people[one.person].role not in ("engineer", "manager", "operator"):
            continue
        zone = scene.premises.doors[one.door].leads_to
        spans = [s for s in scene.presence.spans(one.person, zone) if abs(s[0] - one.at) < 30.0]
        guests = [v for v in scene.premises.visitors if scene.presence.where(v.id, one.at) is not None]
        if spans and spans[0][1] - one.at > 200.0 and scene.presence.where(guests[0].id, spans[0][1] + 60.0):
            scene.doors.through(one.at + 1.5, one.door, guests[0].id)
            scene.doors.through(spans[0][1] - 2.0, one.door, guests[0].id, "out")
            scene.note(
                "escorted_visitor", one.at, spans[0][1], (one.door,), "a visitor with a host", zone=zone,
                people=(one.person, guests[0].id),
            )  # fmt: skip
            return True
    return False


def _worn_badge(slip: Slip) -> bool:
    """A worn badge is refused some times before it opens."""
    later = [p for p in slip.scene.doors.passes if p.read and p.granted and slip.at <= p.at < slip.at + 43_200.0]
    if not later:
        return False
    one = pick(slip.stream, sorted(later, key=lambda p: (p.at, p.door, p.person)))
    count = int(uniform(slip.stream, RANGES.denied_worn) + 0.5)
    for n in range(count):
        slip.scene.doors.through(one.at - 6.0 * (n + 1), one.door, one.person, one.direction, granted=False)
    slip.scene.note(
        "worn_badge", one.at - 6.0 * count, one.at, (one.door,), "a worn badge is refused", people=(one.person,)
    )
    return True


def _remote_callout(slip: Slip) -> bool:
    """Somebody with remote rights helps from home in the evening."""
    at = slip.day_hour + 9.0 * _HOUR
    able = [p for p in slip.scene.premises.staff if p.remote and slip.scene.premises.jump(p)]
    able = [p for p in able if slip.scene.presence.away(p.id, at - 3600.0, at + 5400.0)]
    if not able:
        return False
    person = pick(slip.stream, able)
    slip.computers.remote(person, at, at + 5400.0, int(at))
    hosts = tuple(h for h in person.hosts if h in slip.scene.premises.hosts)
    slip.scene.note("remote_callout", at, at + 5400.0, hosts, "help from home", people=(person.id, person.accounts[0]))
    return True


def _left_logged_on(slip: Slip) -> bool:
    """Somebody goes home and the session stays open until it times out."""
    scene = slip.scene
    for person in _who(slip, ("engineer", "manager")):
        for begin, end, zone in scene.presence.spans(person.id):
            hosts = [h for h in person.hosts if h in scene.premises.hosts and scene.premises.hosts[h].zone == zone]
            if hosts and end - begin > 1800.0 and begin >= slip.at:
                host = pick(slip.stream, hosts)
                scene.session(end - 600.0, end + 4.0 * _HOUR, person.accounts[0], host, host)
                scene.note(
                    "left_logged_on", end - 600.0, end + 4.0 * _HOUR, (host,), "a session left open", zone=zone,
                    people=(person.id, person.accounts[0]),
                )  # fmt: skip
                return True
    return False


def _who(slip: Slip, roles: tuple[str, ...]) -> list[Person]:
    people = [p for p in slip.scene.premises.staff if p.role in roles and p.accounts]
    return [people[i] for i in slip.stream.permutation(len(people)).tolist()]


BEFORE: Final = (
    Oddity("late_leaver", "insider", _late_leaver),
    Oddity("early_comer", "stolen_badge", _early_comer),
    Oddity("forgotten_badge", "stolen_badge", _forgotten_badge),
    Oddity("callout", "insider", _callout),
    Oddity("weekend_work", "stolen_badge", _weekend_work),
)
"""They change or add stays: played before the walk."""
PEOPLE: Final = (
    Oddity("missed_out_read", "cloned_badge", _missed_out_read),
    Oddity("polite_hold", "tailgating", _polite_hold),
    Oddity("crowd", "tailgating", _handover_crowd),
    Oddity("escorted_visitor", "tailgating", _escorted_visitor),
    Oddity("worn_badge", "badge_probing", _worn_badge),
    Oddity("remote_callout", "stolen_session", _remote_callout),
    Oddity("left_logged_on", "stolen_session", _left_logged_on),
)
"""They happen at doors and computers, once it is known who is where."""
