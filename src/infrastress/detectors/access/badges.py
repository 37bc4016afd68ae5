"""Badge rules: a known person, in their zones, in their shift, at a door of this site."""

from typing import Any, ClassVar

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.access.base import Scene
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.ground import OFF_SITE
from infrastress.detectors.observations.memory import Entry, Memory
from infrastress.detectors.observations.notices import Notice
from infrastress.events import AccessAttempt, Event
from infrastress.events.kinds import Severity
from infrastress.site.context import Person

__all__ = ["BadgeRules"]

_TRIES_S = 1800.0
"""How long refusals of a badge weigh on what it opens."""


class BadgeRules(Rules):
    """Judges each badge at a door by itself, and refusals together."""

    name: ClassVar[str] = "badges"
    kinds: ClassVar[tuple[type, ...]] = (AccessAttempt,)

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.memory = Memory()

    def judge(self, event: Event, body: AccessAttempt) -> list[Notice]:
        """Notices of one badge."""
        found = [] if body.door in self.scene.ground.doors else [self._unknown_door(event, body)]
        if not body.granted:
            return found + self._denied(event, body)
        if body.direction == "out":
            return found + self._shift(event, body, leaving=True)
        return found + self._place(event, body) + self._shift(event, body, leaving=False)

    def _notice(
        self,
        event: Event,
        body: AccessAttempt,
        rule: str,
        subject: str,
        *,
        severity: Severity,
        confidence: float,
        sentence: str,
        evidence: tuple[str, ...] = (),
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
            assets=(body.door,),
            zone=body.zone,
            evidence=evidence or (event.id,),
            score=score,
        )

    def _unknown_door(self, event: Event, body: AccessAttempt) -> Notice:
        sentence = (
            f"source {event.source} tells of door {body.door[:80]}, which is not in the site model; what happens there "
            f"can't be judged by its place (first at {self.scene.roster.clock(event.occurred)})"
        )
        return self._notice(
            event, body, "access.unknown_door", body.door[:80], severity="info", confidence=0.1, sentence=sentence
        )

    def _place(self, event: Event, body: AccessAttempt) -> list[Notice]:
        ground, roster = self.scene.ground, self.scene.roster
        if ground.public(body.zone):
            return []
        zone = ground.zones.get(body.zone)
        restricted = zone is not None and zone.access == "restricted"
        person = roster.by_badge.get(body.person)
        where, when = ground.where(body.zone), roster.clock(event.occurred)
        if person is None:
            sentence = f"badge {body.person} is nobody's of this site, yet it opened {body.door} to {where} at {when}"
            severity: Severity = "high" if restricted else "medium"
            return [
                self._notice(
                    event,
                    body,
                    "access.unknown_badge",
                    body.person[:80],
                    severity=severity,
                    confidence=0.6,
                    sentence=sentence,
                )
            ]
        door = f"entered:{body.door[:80]}"
        if body.zone in person.zones or (not person.zones and not restricted):
            self.memory.add(door, (event.occurred, event.id, person.id), round(self.scene.options.escort_s * SECOND))
            return []
        sentence = (
            f"{person.id} ({person.role}) entered {where} by {body.door} at {when}; none of this person's work is "
            f"there ({', '.join(person.zones) or 'no zones listed'})"
        )
        severity = "high" if restricted else "medium"
        host = self._before(door, event.occurred, self.scene.options.escort_s) if person.role == "visitor" else []
        if host:
            severity, sentence = "low", f"{sentence}; behind {host[-1][2]}, who works there: led by them?"
        return [
            self._notice(
                event,
                body,
                "access.out_of_place",
                f"{person.id}@{body.zone}",
                severity=severity,
                confidence=0.5,
                sentence=sentence,
            )
        ]

    def _shift(self, event: Event, body: AccessAttempt, *, leaving: bool) -> list[Notice]:
        roster, options, ground = self.scene.roster, self.scene.options, self.scene.ground
        person = roster.by_badge.get(body.person)
        after = options.leave_slack_s if leaving else options.shift_slack_s
        if person is None:
            return []
        amid = self._amid(event, body, person)
        if not amid and roster.on_shift(person, event.occurred, options.shift_slack_s, after):
            return []
        if ground.public(body.zone):
            return []
        # Being called out is ordinary. It is not for those whom nobody calls out, in a grave zone, nor behind refusals:
        # whoever found a badge tries the doors.
        called = person.role in options.on_call
        if not leaving and not called:
            entry = (event.occurred, event.id, body.door[:80])
            self.memory.add(f"outside:{person.id}", entry, round(options.signs_s * SECOND))
        sentence = (
            f"{person.id} ({person.role}) {'left' if leaving else 'entered'} {ground.where(body.zone)} at "
            f"{roster.clock(event.occurred)}, "
            + (
                f"having come in the middle of a shift, at {roster.clock(amid[-1][0])}"
                if amid
                else f"outside of shift {' or '.join(person.shifts)}"
            )
        )
        severity: Severity = "low"
        evidence: tuple[str, ...] = (event.id,)
        if not leaving and ground.grave(body.zone) and not called:
            severity, sentence = "medium", f"{sentence}; {_a(person.role)} is not called out"
        refused = [] if leaving else self._before(f"denied-badge:{person.id}", event.occurred, _TRIES_S)
        if refused:
            severity = "high" if ground.grave(body.zone) else "medium"
            sentence = f"{sentence}, and this badge had been refused {len(refused)} times within the half hour before"
            evidence = (*(item[1] for item in refused), event.id)
        confidence = 0.2 if severity == "low" else 0.5
        return [
            self._notice(
                event,
                body,
                "access.outside_shift",
                person.id,
                severity=severity,
                confidence=confidence,
                sentence=sentence,
                evidence=evidence,
            )
        ]

    def _amid(self, event: Event, body: AccessAttempt, person: Person) -> list[Entry]:
        """Entries by a gate, lately, of who works shifts, by night and in the middle of one: another has that shift."""
        options, ground, now = self.scene.options, self.scene.ground, event.occurred
        door, key = ground.doors.get(body.door), f"amid:{person.id}"
        gate = door is not None and ground.outside(door) == OFF_SITE
        if gate and body.direction == "out":
            self.memory.add(f"gone:{person.id}", (now, event.id, body.door), round(options.away_s * SECOND))
        if body.direction == "out" or len(person.shifts) < 2:
            return []
        began = self.scene.roster.shift_began(person, now)
        if (
            gate
            and began is not None
            and now - began >= round(options.late_s * SECOND)
            and self.scene.night(now)
            and not self.scene.roster.handover(now, options.shift_slack_s)
            and not self._before(f"gone:{person.id}", now, options.away_s)
        ):
            self.memory.add(key, (now, event.id, body.door), round(options.signs_s * SECOND))
        return self._before(key, now, options.signs_s)

    def outside(self, person: str, now: int) -> list[Entry]:
        """Entries outside of shift, of somebody who isn't called out, lately."""
        return self._before(f"outside:{person}", now, self.scene.options.signs_s)

    def _before(self, key: str, now: int, seconds: float) -> list[Entry]:
        window = round(seconds * SECOND)
        return [item for item in self.memory.kept.get(key, ()) if now - window <= item[0] <= now]

    def _denied(self, event: Event, body: AccessAttempt) -> list[Notice]:
        options = self.scene.options
        window = round(options.denied_s * SECOND)
        person = self.scene.person(body.person)
        by_badge = self.memory.add(f"denied-badge:{person}", (event.occurred, event.id, body.door[:80]), window)
        by_door = self.memory.add(f"denied-door:{body.door[:80]}", (event.occurred, event.id, person), window)
        # Worn badges and readers refuse at one door, again and again; whoever found a badge tries the next door.
        if len(by_badge) >= options.denied_count:
            name, seen, others, of = body.person, by_badge, "doors", len({item[2] for item in by_badge})
        elif len(by_door) >= options.denied_count:
            name, seen, others, of = body.door, by_door, "badges", min(2, len({item[2] for item in by_door}))
        else:
            return []
        severity: Severity = "low" if of == 1 else "medium" if of == 2 else "high"
        sentence = (
            f"{len(seen)} refusals of {name} within {options.denied_s / 60:.0f} min"
            + (f" at {of} {others}" if of > 1 and others == "doors" else "")
            + f", last at {body.door} to {self.scene.ground.where(body.zone)} at "
            f"{self.scene.roster.clock(event.occurred)}" + (": a worn badge or reader?" if of == 1 else "")
        )
        return [
            self._notice(
                event,
                body,
                "access.denied_repeatedly",
                name[:80],
                severity=severity,
                confidence=0.2 if severity == "low" else 0.4,
                sentence=sentence,
                evidence=tuple(item[1] for item in seen),
                score=len(seen) / options.denied_count,
            )
        ]

    def forget(self, now: int) -> None:
        """Drop refusals that count no more."""
        self.memory.forget(
            now
            - round(
                4 * SECOND * max(self.scene.options.denied_s, self.scene.options.signs_s, self.scene.options.away_s)
            )
        )

    def dump(self) -> Any:
        """Refusals by badge and door, the one heard of last at the end."""
        return list(self.memory.kept.items())

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        self.memory.kept = dict(msgspec.json.decode(data, type=list[tuple[str, list[Entry]]]))


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
