"""Door rules: forced, held, propped, more heads than badges, alarms disabled, locks released."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import msgspec

from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.access.base import Scene
from infrastress.detectors.access.crowds import excess
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.doorlog import READS, DoorLog, DoorRecord, Mark
from infrastress.detectors.observations.notices import Notice, raised_by
from infrastress.events import AccessAttempt, DoorState, Event, SwitchState
from infrastress.events.kinds import Severity
from infrastress.site.assets import Door

__all__ = ["DoorRules"]

_MAY_DISABLE = frozenset({"security", "maintenance", "engineer"})
_MAY_RELEASE = frozenset({"security", "maintenance", "engineer", "operator", "manager"})
_ESCORTS = frozenset({"manager", "security"})
_ALARMED = ("alarm", "fire", "trip", "activ", "evacuat", "drill", "test")
_ISOLATED, _IN_SERVICE = ("isolat", "inhibit", "bypass", "disab"), ("service", "enabled", "restored")
"""What is isolated for a test releases no doors."""
_MOST_RELEASES = 16
_KEEPS_RELEASES = 24 * HOUR


class _Kept(msgspec.Struct):
    records: dict[str, DoorRecord]
    releases: list[int]
    isolated: list[str] = []


class DoorRules(Rules):
    """Judges what doors say together with the badges read at them."""

    name: ClassVar[str] = "doors"
    kinds: ClassVar[tuple[type, ...]] = (AccessAttempt, DoorState, SwitchState)

    def __init__(self, scene: Scene, agenda: Agenda, occupied: Callable[[str, int], bool]) -> None:
        self.scene, self.agenda, self._occupied = scene, agenda, occupied
        self.log = DoorLog(scene.ground.doors)
        self._releases: list[int] = []
        self._isolated: set[str] = set()
        options = scene.options
        self._authorised, self._settle = round(options.authorised_s * SECOND), round(options.settle_s * SECOND)
        self._chatter, self._handle = round(options.chatter_s * SECOND), round(options.handle_s * SECOND)
        self._released = round(options.released_s * SECOND)
        self._panels = {a.id for a in scene.site.assets if a.type == "fire_panel"}
        self._fire = {a.id for a in scene.site.assets if a.type in ("fire_panel", "call_point")}

    def judge(self, event: Event, body: AccessAttempt | DoorState | SwitchState) -> Iterator[Notice]:
        """Notices of what is certain at once; what has to be waited for goes on the agenda."""
        if isinstance(body, SwitchState):
            self._fires(event, body)
            return
        who = self.scene.person(body.person) if isinstance(body, AccessAttempt) else self._by(body.by)
        told = self.log.add(event, body, who)
        if told is None:
            if isinstance(body, DoorState) and body.door not in self.scene.ground.doors:
                yield self._strange(event, body)
            return
        record, mark = told
        door = self.scene.ground.doors[body.door]
        if mark.kind == "open":
            self._look(door, "opened", mark.t, mark.t + self._settle)
            if record.closes:
                self._look(door, "held", mark.t, mark.t + round(door.open_s * SECOND))
        elif mark.kind == "closed":
            yield from self._shut(door, record, mark)
            if mark.people is not None:
                self._look(door, "closed", mark.t, mark.t + self._settle)
        elif mark.kind in ("forced", "held", "disabled", "tampered", "unlocked"):
            yield from getattr(self, f"_{mark.kind}")(door, record, mark)
        elif mark.kind in ("enabled", "locked"):
            yield from self._back(door, record, mark)
        if record.marks[-1] is not mark:
            yield from self._again(door, record, mark)

    def _fires(self, event: Event, body: SwitchState) -> None:
        """Keep when a fire was told; what is isolated is tested."""
        words = body.state.lower()
        if body.device not in self._fire:
            return
        if any(word in words for word in _ISOLATED):
            self._isolated.add(body.device)
        elif any(word in words for word in _IN_SERVICE):
            self._isolated.discard(body.device)
        elif body.device not in self._isolated and any(word in words for word in _ALARMED):
            kept = {t for t in self._releases if t > event.occurred - _KEEPS_RELEASES}
            self._releases = sorted(kept | {event.occurred})[-_MOST_RELEASES:]

    def due(self, moment: int, key: Key) -> Iterator[Notice]:
        """What a door that opened or closed some seconds ago comes to."""
        _, name, what, told = key
        record, opened = self.log.records.get(name), int(told)
        if record is None:
            return
        door = self.scene.ground.doors[name]
        if what == "panel":
            yield from self._by_panel(door, record, opened)
        elif what == "long":
            yield from self._long(door, record, opened, moment)
        elif what == "held":
            if record.stands_open(opened, moment):
                yield from self._stands(door, record, opened)
        elif what == "released":
            last = record.before(moment, ("unlocked", "locked"))
            if last is not None and last.t == opened and last.kind == "unlocked":
                sentence = (
                    f"{name} was unlocked by {last.who} at {self._clock(opened)} and not locked since: forgotten?"
                )
                yield self._notice(
                    "access.door_released",
                    door,
                    "low",
                    confidence=0.3,
                    sentence=sentence,
                    evidence=(last.id,),
                    lasting=True,
                )
        else:
            for mark in list(record.between(opened, opened)):
                if mark.kind == {"opened": "open", "closed": "closed"}[what] and not mark.judged:
                    mark.judged = True
                    found = self._passage(door, record, mark)
                    mark.said = [(one.rule, one.subject) for one in found]
                    yield from found

    def _passage(self, door: Door, record: DoorRecord, mark: Mark) -> list[Notice]:
        return self._opened(door, record, mark) if mark.kind == "open" else self._passed(door, record, mark)

    def _again(self, door: Door, record: DoorRecord, late: Mark) -> Iterator[Notice]:
        """Judge anew what lies around something that came late."""
        reach = self._authorised + 2 * self._settle + 120 * SECOND
        near = [one for one in record.between(late.t - reach, late.t + reach) if one.judged]
        before = {key for one in near for key in one.said}
        found: list[Notice] = []
        for one in near:
            notices = self._passage(door, record, one)
            found += [notice for notice in notices if (notice.rule, notice.subject) not in one.said]
            one.said = [(notice.rule, notice.subject) for notice in notices]
        held = {key for one in record.marks for key in one.said}
        for rule, subject in sorted(before - held):
            yield Notice(rule, subject, "info", f"explained by what came late ({late.kind})", "access", over=True)
        yield from found

    def _opened(self, door: Door, record: DoorRecord, mark: Mark) -> list[Notice]:
        """Opened by a badge, by a release, or by neither."""
        reader = record.reader(mark.t, self._authorised, self._settle)
        off = record.before(mark.t, ("disabled", "enabled"))
        disabled = off is not None and off.kind == "disabled"
        grave = self.scene.ground.grave(door.leads_to)
        if disabled and off is not None and (reader is None or not self.scene.in_hours(reader.who, mark.t)):
            how = (
                f"with the badge of {self.scene.titled(reader.who)}, who is not on shift"
                if reader
                else "without a badge"
            )
            sentence = (
                f"{door.id} to {self._where(door)} was opened {how} at {self._clock(mark.t)}, while its alarm is "
                f"disabled since {self._clock(off.t)} {_by(off.who)}"
            )
            # Who works on a door opens it without a badge; that is why its alarm is off.
            at_work = self._entitled(off.who, _MAY_DISABLE, off.t) and self._entitled(off.who, _MAY_DISABLE, mark.t)
            severity: Severity = "low" if at_work and reader is None else "high" if grave else "medium"
            return [self._disabled_notice(door, severity, sentence, (off.id, mark.id))]
        if reader is not None or not record.reads or not door.reads_out or record.released(mark.t, self._settle):
            return []
        # Worn latches open by themselves too: it weighs by the zone, the hour, and a refusal before.
        refused = next(
            (one for one in record.between(mark.t - 2 * self._authorised, mark.t) if one.kind == "refused"), None
        )
        # By night fewer are there to see it; not while one shift meets the other and holds the door for it.
        night = self.scene.night(mark.t) and not self.scene.roster.handover(mark.t, self.scene.options.handover_s)
        steps = int(grave) + int(refused is not None or night)
        shut = next((one for one in record.between(mark.t, mark.t + self._chatter) if one.kind == "closed"), None)
        calm, note = self._evacuating(record, mark.t), ", doors being released by a fire alarm"
        if not calm and shut is not None:
            calm, note = True, f" and closed {(shut.t - mark.t) / SECOND:.1f} s later: nobody passes in that time"
        severity = "low" if calm else raised_by("low", steps)
        before = (
            f", {(mark.t - refused.t) / SECOND:.0f} s after {refused.who} was refused" if refused is not None else ""
        )
        sentence = (
            f"{door.id} to {self._where(door)} opened at {self._clock(mark.t)} without a badge or release{before}"
            + (note if calm else "")
        )
        evidence = (refused.id, mark.id) if refused is not None else (mark.id,)
        return [
            self._notice("access.door_forced", door, severity, confidence=0.5, sentence=sentence, evidence=evidence)
        ]

    def _passed(self, door: Door, record: DoorRecord, mark: Mark) -> list[Notice]:
        """More heads than badges in one crowd."""
        options = self.scene.options
        crowd = excess(record, mark, round(options.crowd_s * SECOND), self._settle)
        if crowd is None or not door.reads_out or self._evacuating(record, mark.t):
            return []
        holder = self.scene.roster.by_badge.get(crowd.badges[0])
        grave = self.scene.ground.grave(door.leads_to)
        note, severity = "", "medium" if grave else "low"
        if self.scene.roster.handover(mark.t, options.handover_s):
            note, severity = ", at the change of a shift", "low"
        elif any(
            one is not None and one.role == "visitor" for one in map(self.scene.roster.by_badge.get, crowd.badges)
        ):
            note, severity = ", visitors among them", "low"
        elif holder is not None and holder.role in _ESCORTS and self.scene.in_hours(holder.id, mark.t):
            note, severity = ", led by somebody who may have guests", "low"
        names = ", ".join(self.scene.titled(name) for name in crowd.badges[:3])
        sentence = (
            f"{crowd.heads} people went through {door.id} to {self._where(door)} at {self._clock(mark.t)} on "
            f"{len(crowd.badges)} badge{'s' if len(crowd.badges) > 1 else ''} ({names}){note}"
        )
        known: Severity = "medium" if severity == "medium" else "low"
        score = crowd.heads / len(crowd.badges)
        return [
            self._notice(
                "access.tailgating",
                door,
                known,
                confidence=0.5,
                sentence=sentence,
                evidence=crowd.evidence,
                score=score,
            )
        ]

    def _stands(self, door: Door, record: DoorRecord, opened: int) -> Iterator[Notice]:
        """It stands open for longer than it may."""
        reader = record.reader(opened, self._authorised, self._settle)
        who = f" by {self.scene.titled(reader.who)}" if reader is not None else ""
        sentence = (
            f"{door.id} to {self._where(door)} stands open for more than {door.open_s:.0f} s, opened{who} at "
            f"{self._clock(opened)}"
        )
        options = self.scene.options
        # Somebody at work who holds a door is no news; by night, or by nobody, it is a notice that can join others.
        calm = reader is not None and self.scene.in_hours(reader.who, opened)
        yield self._notice(
            "access.door_held",
            door,
            "info" if calm else "low",
            confidence=0.1 if calm else 0.3,
            sentence=sentence,
            evidence=(reader.id,) if reader is not None else (),
            lasting=True,
            began=opened,
        )
        after = options.long_s if calm else options.long_night_s
        self._look(door, "long", opened, opened + round(max(after, door.open_s) * SECOND))

    def _long(self, door: Door, record: DoorRecord, opened: int, moment: int) -> Iterator[Notice]:
        if (
            not record.stands_open(opened, moment)
            or not self.scene.ground.grave(door.leads_to)
            or self._evacuating(record, opened)
        ):
            return
        reader = record.reader(opened, self._authorised, self._settle)
        who = f"opened by {self.scene.titled(reader.who)}" if reader is not None else "opened by no badge"
        sentence = (
            f"{door.id} to {self._where(door)} has been open for {(moment - opened) / SECOND / 60:.0f} min since "
            f"{self._clock(opened)}, {who}: propped?"
        )
        yield self._notice(
            "access.door_held",
            door,
            "medium",
            confidence=0.5,
            sentence=sentence,
            evidence=(),
            lasting=True,
            began=opened,
        )

    def _shut(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        """A door that closed is held no more; said late, that it never was."""
        later = record.before(record.marks[-1].t, ("open", "held"))
        if later is None or later.t <= mark.t:
            sentence = f"closed at {self._clock(mark.t)}"
            yield self._notice(
                "access.door_held", door, "low", confidence=0.3, sentence=sentence, evidence=(mark.id,), over=True
            )

    def _held(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        """The door's own word."""
        opened = record.before(mark.t, ("open",))
        begin = opened.t if opened is not None and record.stands_open(opened.t, mark.t) else mark.t
        shut = record.before(record.marks[-1].t, ("closed",))
        if shut is None or shut.t < mark.t:
            yield from self._stands(door, record, begin)

    def _forced(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        grave, night = self.scene.ground.grave(door.leads_to), self.scene.night(mark.t)
        out = record.before(mark.t, READS)
        handle = out is not None and out.kind == "out" and mark.t - out.t <= self._handle
        severity: Severity = (
            "low" if handle or self._evacuating(record, mark.t) else "high" if grave or night else "medium"
        )
        sentence = f"{door.id} to {self._where(door)} was forced at {self._clock(mark.t)}, says its controller"
        if severity != "low" and not door.reads_out and self._occupied(door.leads_to, mark.t):
            # Who leaves such a room is read by nobody, and is there to leave it.
            severity = "medium" if grave else "low"
            sentence += "; somebody is inside, whom it reads on no way out: by the inner handle?"
        elif handle and out is not None:
            sentence += f"; {self.scene.titled(out.who)} was just read out: by the inner handle?"
        yield self._notice("access.door_forced", door, severity, confidence=0.6, sentence=sentence, evidence=(mark.id,))

    def _disabled(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        newest = record.before(record.marks[-1].t, ("disabled", "enabled"))
        if newest is not None and newest is not mark and newest.kind == "enabled":
            return  # told late: it is back already
        entitled = self._entitled(mark.who, _MAY_DISABLE, mark.t)
        severity: Severity = "low" if entitled else self.scene.ground.weighed("medium", door.leads_to)
        sentence = (
            f"the alarm of {door.id} to {self._where(door)} was disabled {_by(mark.who)} at {self._clock(mark.t)}"
            + (", in working hours: work on it?" if entitled else "; nobody entitled was on duty to do that")
        )
        yield self._disabled_notice(door, severity, sentence, (mark.id,))

    def _disabled_notice(self, door: Door, severity: Severity, sentence: str, evidence: tuple[str, ...]) -> Notice:
        hours = self.scene.options.forgotten_s / 3600
        return Notice(
            rule="access.door_disabled",
            subject=door.id,
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion="intrusion",
            confidence=0.2 if severity == "low" else 0.6,
            assets=(door.id,),
            zone=door.leads_to,
            evidence=evidence,
            techniques=("T0878",),
            lasting=True,
            overdue_s=self.scene.options.forgotten_s,
            forgotten=f"the alarm of {door.id} has been disabled for more than {hours:g} h: forgotten after work?",
        )

    def _tampered(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        del record
        severity = self.scene.ground.weighed("low", door.leads_to)
        sentence = f"the reader or contact of {door.id} to {self._where(door)} was opened at {self._clock(mark.t)}"
        yield self._notice(
            "access.door_tampered", door, severity, confidence=0.4, sentence=sentence, evidence=(mark.id,)
        )

    def _unlocked(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        """A release by somebody; one from inside is the way out."""
        newest = record.before(record.marks[-1].t, ("unlocked", "locked"))
        if not mark.who or (newest is not None and newest.t > mark.t and newest.kind == "locked"):
            return
        if mark.who in self._panels:  # the panel and its doors report by different ways: wait for the alarm
            self._look(door, "panel", mark.t, mark.t + self._settle)
            return
        if self._entitled(mark.who, _MAY_RELEASE, mark.t):
            self._look(door, "released", mark.t, mark.t + round(self.scene.options.forgotten_s * SECOND))
            return
        severity = self.scene.ground.weighed("low", door.leads_to)
        sentence = (
            f"{door.id} to {self._where(door)} was unlocked by {mark.who} at {self._clock(mark.t)}; nobody entitled "
            "was on duty to do that"
        )
        yield self._notice(
            "access.door_released", door, severity, confidence=0.4, sentence=sentence, evidence=(mark.id,), lasting=True
        )

    def _by_panel(self, door: Door, record: DoorRecord, told: int) -> Iterator[Notice]:
        """A fire panel released it: that is the way out of a fire, and of nothing else."""
        last = record.before(record.marks[-1].t, ("unlocked", "locked"))
        if last is None or last.t != told or last.kind != "unlocked":
            return
        alarm = round(self.scene.options.alarm_s * SECOND)
        fire = any(told - alarm <= begin <= told + self._settle for begin in self._releases)
        note = "; there is a fire alarm" if fire else "; no fire alarm has been told"
        sentence = f"{door.id} to {self._where(door)} was unlocked by {last.who} at {self._clock(told)}{note}"
        severity: Severity = "low" if fire else "medium"
        yield self._notice(
            "access.door_released", door, severity, confidence=0.3, sentence=sentence, evidence=(last.id,), lasting=True
        )

    def _back(self, door: Door, record: DoorRecord, mark: Mark) -> Iterator[Notice]:
        """The alarm or the lock is back."""
        kinds = ("disabled", "enabled") if mark.kind == "enabled" else ("unlocked", "locked")
        if record.before(record.marks[-1].t, kinds) is mark:
            rule = "access.door_disabled" if mark.kind == "enabled" else "access.door_released"
            sentence = f"{mark.kind} since {self._clock(mark.t)}"
            yield self._notice(rule, door, "low", confidence=0.3, sentence=sentence, evidence=(mark.id,), over=True)
        if mark.kind == "locked":
            yield from self._shut(door, record, mark)

    def _strange(self, event: Event, body: DoorState) -> Notice:
        sentence = f"source {event.source} tells of door {body.door[:80]}, which is not in the site model: not judged"
        return Notice("access.unknown_door", body.door[:80], "info", sentence, "access", evidence=(event.id,))

    def _entitled(self, who: str, roles: frozenset[str], ns: int) -> bool:
        person = self.scene.roster.named(who)
        return person is not None and person.role in roles and self.scene.in_hours(person.id, ns)

    def _evacuating(self, record: DoorRecord, ns: int) -> bool:
        """Whether a fire alarm has released the doors, and this one wasn't locked again since."""
        return any(
            begin - self._settle <= ns <= begin + self._released
            and not any(mark.kind == "locked" for mark in record.between(begin, ns))
            for begin in self._releases
        )

    def _by(self, name: str) -> str:
        person = self.scene.roster.named(name)
        return person.id if person is not None else name[:80]

    def _look(self, door: Door, what: str, told: int, due: int) -> None:
        self.agenda.set((self.name, door.id, what, str(told)), due)

    def _where(self, door: Door) -> str:
        return self.scene.ground.where(door.leads_to)

    def _clock(self, ns: int) -> str:
        return self.scene.roster.clock(ns)

    @staticmethod
    def _notice(
        rule: str,
        door: Door,
        severity: Severity,
        *,
        confidence: float,
        sentence: str,
        evidence: tuple[str, ...],
        score: float = 1.0,
        lasting: bool = False,
        over: bool = False,
        began: int | None = None,
    ) -> Notice:
        return Notice(
            rule=rule,
            subject=door.id,
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion="intrusion",
            confidence=confidence,
            assets=(door.id,),
            zone=door.leads_to,
            evidence=evidence,
            score=score,
            lasting=lasting,
            over=over,
            began=began,
        )

    def dump(self) -> Any:
        """Records of the doors, and when doors were released."""
        return _Kept(self.log.records, self._releases, sorted(self._isolated))

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        kept = msgspec.json.decode(data, type=_Kept)
        self.log.records, self._releases, self._isolated = kept.records, kept.releases, set(kept.isolated)


def _by(who: str) -> str:
    return f"by {who}" if who else "by nobody named"
