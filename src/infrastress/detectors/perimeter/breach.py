"""Breaches: over the fence, and then through a door: two signs of one way in."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.doorlog import DoorLog, DoorRecord
from infrastress.detectors.observations.ground import OFF_SITE, from_line
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Plant
from infrastress.detectors.perimeter.fences import FenceAlarm, FenceRules
from infrastress.events import AccessAttempt, DoorState, Event
from infrastress.events.kinds import Severity
from infrastress.site.assets import Door

__all__ = ["BreachRules"]


class _Kept(msgspec.Struct):
    records: dict[str, DoorRecord]
    gone: dict[str, int]


class BreachRules(Rules):
    """Holds doors that open by no badge, and people whom no gate has read, against the fence."""

    name: ClassVar[str] = "breach"
    kinds: ClassVar[tuple[type, ...]] = (AccessAttempt, DoorState)

    def __init__(self, plant: Plant, agenda: Agenda, fences: FenceRules) -> None:
        self.plant, self._agenda, self._fences = plant, agenda, fences
        self._log = DoorLog(plant.ground.doors if fences.sections else {})
        self._gone: dict[str, int] = {}
        self._authorised = round(plant.options.authorised_s * SECOND)
        self._settle = round(plant.options.door_settle_s * SECOND)

    def judge(self, event: Event, body: AccessAttempt | DoorState) -> Iterator[Notice]:
        """What a door or badge says; whether it belongs to the fence is looked at when both have been heard."""
        who = body.person[:80] if isinstance(body, AccessAttempt) else ""
        told = self._log.add(event, body, who)
        if told is None:
            return
        _, mark = told
        door = self.plant.ground.doors[body.door]
        wait = max(self._settle, round(self.plant.options.settle_s * SECOND)) + SECOND
        if mark.kind in ("forced", "open"):
            self._agenda.set((self.name, door.id, mark.kind, "", str(mark.t)), mark.t + wait)
        elif isinstance(body, AccessAttempt) and body.granted:
            yield from self._badge(door, mark.kind, body.person, mark.t, wait)

    def _badge(self, door: Door, kind: str, badge: str, now: int, wait: int) -> Iterator[Notice]:
        """Follow who left by a gate: a badge that turns up inside without coming back by one."""
        person = self.plant.roster.by_badge.get(badge)
        if person is None:
            self._agenda.set((self.name, door.id, "badge", badge[:80], str(now)), now + wait)
        elif self.plant.ground.outside(door) == OFF_SITE:
            if kind == "out":
                self._gone[person.id] = max(now, self._gone.get(person.id, 0))
            elif now > self._gone.get(person.id, 0):
                self._gone.pop(person.id, None)
        elif kind == "in" and 0 < self._gone.get(person.id, 0) < now:
            self._agenda.set((self.name, door.id, "badge", person.id, str(now)), now + wait)
        yield from ()

    def due(self, moment: int, key: Key) -> Iterator[Notice]:
        """A door that was opened, by no badge or by one that no gate has read."""
        _, name, kind, who, told = key
        door, now = self.plant.ground.doors[name], int(told)
        record = self._log.records.get(name)
        if record is None or self._explained(door, record, kind, who, now):
            return
        alarm = self._before(door, now)
        if alarm is None:
            return
        what = {
            "forced": "was forced",
            "open": "opened without a badge or release",
            "badge": f"was opened with badge {who}, which no gate has read in",
        }[kind]
        where = self.plant.ground.where(door.leads_to)
        sentence = (
            f"{door.id} to {where} {what} at {self.plant.roster.clock(now)}, {(now - alarm.t) / SECOND / 60:.0f} min "
            f"after fence section {alarm.section} alarmed: somebody came over the fence"
        )
        severity: Severity = self.plant.ground.weighed("high", door.leads_to)
        yield Notice(
            rule="fence.breach",
            subject=door.id,
            severity=severity,
            sentence=sentence,
            source_kind="access",
            suspicion="intrusion",
            confidence=0.8,
            assets=(door.id, alarm.section),
            zone=door.leads_to,
            evidence=(alarm.id,),
            began=alarm.t,
        )

    def _explained(self, door: Door, record: DoorRecord, kind: str, who: str, now: int) -> bool:
        if kind == "forced":
            return False
        if kind == "badge":
            return who in self.plant.roster.by_badge and not 0 < self._gone.get(who, 0) < now
        if not record.reads or not door.reads_out or record.released(now, self._settle):
            return True
        return record.reader(now, self._authorised, self._settle) is not None

    def _before(self, door: Door, now: int) -> FenceAlarm | None:
        """The newest alarm of a section from which somebody can have come meanwhile; not of one that chatters."""
        options = self.plant.options
        spot = self.plant.ground.spot(door.id)
        for alarm in reversed(self._fences.between(now - round(options.breach_s * SECOND), now)):
            if alarm.weather or self._fences.chatters(alarm.section, alarm.t):
                continue
            way = from_line(spot, self._fences.sections[alarm.section].line) if spot is not None else 0.0
            if way <= options.run_m_s * (now - alarm.t) / SECOND + 10.0:
                return alarm
        return None

    def dump(self) -> Any:
        """Doors, and who left by a gate."""
        return _Kept(self._log.records, self._gone)

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        kept = msgspec.json.decode(data, type=_Kept)
        self._log.records, self._gone = kept.records, kept.gone
