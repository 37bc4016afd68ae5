"""From read to read: passed back, in two places, faster than anybody walks, or a read is missing."""

from infrastress.core.time import SECOND
from infrastress.detectors.access.base import Scene
from infrastress.detectors.access.track import Entry, Place
from infrastress.detectors.observations.ground import OFF_SITE
from infrastress.detectors.observations.notices import Notice
from infrastress.events.kinds import Severity
from infrastress.site.assets import Door

__all__ = ["TravelRules"]

_LEAST_M = 30.0
"""Doors nearer to each other than this say nothing of speed: clocks and where people stand outweigh it."""


class TravelRules:
    """Judges one read against where the person was on paper."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def step(self, name: str, place: Place | None, entry: Entry) -> tuple[Place | None, list[Notice]]:
        """Where a read puts somebody, and what doesn't fit."""
        door = self.scene.ground.doors.get(entry.at)
        if door is None:
            return place, []
        into = entry.kind == "in"
        outside, inside = self.scene.ground.outside(door), door.leads_to
        led = self.scene.roster.by_badge[name].role == "visitor"  # by a host, who opens doors for them
        new = Place(
            inside if into else outside, entry.t, door.id, entry.id, sure=(door.reads_out or not into) and not led
        )
        if place is None:
            return new, []
        gap = entry.t - place.since
        if place.zone == new.zone and place.door == door.id and gap <= round(self.scene.options.retry_s * SECOND):
            return place, []  # a second try at the reader
        new = _kept(new, place, entry.t - round(self.scene.options.stale_s * SECOND))
        if into and outside == OFF_SITE and place.zone != OFF_SITE and not led and self.scene.ground.sealed:
            found = [*self._speed(name, place, entry, door, fits=False), self._inside(name, place, entry, door)]
            return _with(new, left=place.zone if place.sure else "", left_at=entry.t), found
        fits = place.zone == (outside if into else inside) or not place.sure
        if fits:
            return new, self._speed(name, place, entry, door, fits=True)
        found = self._speed(name, place, entry, door, fits=False)
        if into and place.zone == inside:
            new = _with(new, twice=inside, twice_at=entry.t)
            found += self._passback(name, place, entry, door)
        elif not into and place.twice == inside and place.zone == outside:
            new = _with(new, twice="")
            found.append(self._two(name, place, entry, door, "went in twice and out twice: two people use it"))
        elif not into and place.left == inside:
            new = _with(new, left="" if place.zone in (outside, OFF_SITE) else place.zone, left_at=entry.t)
            two = f"was read at {place.door} meanwhile without leaving: two people use it"
            found.append(self._two(name, place, entry, door, two))
        else:
            if place.zone not in (outside, OFF_SITE):
                new = _with(new, left=place.zone, left_at=entry.t)
            found.append(self._missing(name, place, entry, door))
        return new, found

    def _speed(self, name: str, place: Place, entry: Entry, door: Door, *, fits: bool) -> list[Notice]:
        """Faster than a vehicle is impossible; faster than a walk only together with a read that is missing."""
        options, ground = self.scene.options, self.scene.ground
        way = ground.walk(place.door, door.id)
        if way is None or way < _LEAST_M:
            return []
        seconds = (entry.t - place.since) / SECOND
        speed = way / (seconds + options.clocks_s)
        if speed <= (options.hurry_m_s if not fits else options.vehicle_m_s):
            return []
        gone = speed > options.vehicle_m_s
        severity: Severity = ground.weighed("medium", door.leads_to) if gone else "medium"
        sentence = (
            f"{self.scene.titled(name)} was read at {place.door} and {seconds:.0f} s later at {door.id} to "
            f"{ground.where(door.leads_to)}, {self._clock(entry)}: {way:.0f} m at {speed:.1f} m/s"
            + (", faster than anybody gets there" if gone else f", and no read says that it left {place.door}")
        )
        return [
            self._notice(
                "access.impossible_travel",
                f"{name}@{door.id}",
                severity,
                confidence=0.7 if gone else 0.5,
                sentence=sentence,
                place=place,
                entry=entry,
                door=door,
                score=speed / options.hurry_m_s,
            )
        ]

    def _passback(self, name: str, place: Place, entry: Entry, door: Door) -> list[Notice]:
        ground = self.scene.ground
        seconds = (entry.t - place.since) / SECOND
        soon = seconds <= self.scene.options.passback_s
        severity: Severity = ("medium" if ground.grave(door.leads_to) else "low") if soon else "info"
        sentence = (
            f"{self.scene.titled(name)} was read into {ground.where(door.leads_to)} by {door.id} at "
            f"{self._clock(entry)}, {_span(seconds)} after it went in by {place.door}, and not out between: "
            + ("handed back to another?" if soon else "was a read on the way out missed?")
        )
        confidence = 0.5 if soon else 0.2
        return [
            self._notice(
                "access.passback",
                f"{name}@{door.id}",
                severity,
                confidence=confidence,
                sentence=sentence,
                place=place,
                entry=entry,
                door=door,
            )
        ]

    def _two(self, name: str, place: Place, entry: Entry, door: Door, what: str) -> Notice:
        ground = self.scene.ground
        sentence = (
            f"{self.scene.titled(name)} was read out of {ground.where(door.leads_to)} by {door.id} at "
            f"{self._clock(entry)}; the badge {what}"
        )
        severity = ground.weighed("medium", door.leads_to)
        return self._notice(
            "access.two_places",
            f"{name}@{door.id}",
            severity,
            confidence=0.6,
            sentence=sentence,
            place=place,
            entry=entry,
            door=door,
        )

    def _inside(self, name: str, place: Place, entry: Entry, door: Door) -> Notice:
        """In by a gate while inside. Gates read who leaves, so that of a day's work this read is seldom missed.

        Who was last read out of hours and comes in to work is rather the owner, whatever went on by night.
        """
        ground = self.scene.ground
        seconds = (entry.t - place.since) / SECOND
        comes = not self.scene.in_hours(name, place.since) and self.scene.in_hours(name, entry.t)
        soon = seconds <= self.scene.options.slip_s and not comes
        sentence = (
            f"{self.scene.titled(name)} was read in by {door.id} at {self._clock(entry)}, but is on the site already, "
            f"last read at {place.door}, {ground.where(place.zone)}, {_span(seconds)} before: "
            + ("a copy of the badge, or handed out again?" if soon else "was the way out not read?")
        )
        severity: Severity = "medium" if soon else "info"
        confidence = 0.5 if soon else 0.2
        return self._notice(
            "access.two_places",
            f"{name}@{door.id}",
            severity,
            confidence=confidence,
            sentence=sentence,
            place=place,
            entry=entry,
            door=door,
        )

    def _missing(self, name: str, place: Place, entry: Entry, door: Door) -> Notice:
        ground = self.scene.ground
        way = "into" if entry.kind == "in" else "out of"
        sentence = (
            f"{self.scene.titled(name)} was read {way} {ground.where(door.leads_to)} by {door.id} at "
            f"{self._clock(entry)}, but was last read at {place.door}, {ground.where(place.zone)}, at "
            f"{self.scene.roster.clock(place.since)}: a read between is missing"
        )
        return self._notice(
            "access.read_missing", name, "info", confidence=0.2, sentence=sentence, place=place, entry=entry, door=door
        )

    def _clock(self, entry: Entry) -> str:
        return self.scene.roster.clock(entry.t)

    @staticmethod
    def _notice(
        rule: str,
        subject: str,
        severity: Severity,
        *,
        confidence: float,
        sentence: str,
        place: Place,
        entry: Entry,
        door: Door,
        score: float = 1.0,
    ) -> Notice:
        return Notice(
            rule=rule,
            subject=subject,
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion="intrusion",
            confidence=confidence,
            assets=(door.id,),
            zone=door.leads_to,
            evidence=(place.id, entry.id),
            score=score,
        )


def _with(place: Place, **changes: str | int) -> Place:
    fields = {name: getattr(place, name) for name in place.__struct_fields__}
    return Place(**{**fields, **changes})


def _kept(new: Place, old: Place, since: int) -> Place:
    """The new place with what was open of the old, unless it is too old or was settled by going there."""
    twice = old.twice if old.twice_at >= since else ""
    left = old.left if old.left_at >= since and old.left != new.zone else ""
    if not twice and not left:
        return new
    return _with(new, twice=twice, twice_at=old.twice_at, left=left, left_at=old.left_at)


def _span(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
    )
