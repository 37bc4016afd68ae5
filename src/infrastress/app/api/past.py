"""The past: how alarms, incidents and sources stood at a time and what changed until another, as it was known then.

A version counts from the event time up to which detection had judged when it was said (`observed`), in the order of the
log, not from the time that it is about: what was revised later is shown as it was. These times never fall within a
partition, so the span is found by halving; how something stood at its beginning is looked up by the id of the version
before its first change. Nothing is read from the beginning.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.client.past import (
    Past,
    PastAlarm,
    PastAlarmVersion,
    PastHealth,
    PastHealthVersion,
    PastIncident,
    PastIncidentVersion,
)
from infrastress.core.errors import DecodeError, LogGap
from infrastress.core.time import DAY, SECOND, to_iso
from infrastress.events import Alarm, Event, Incident, decode_event
from infrastress.events.envelope import body_as
from infrastress.events.health import Turn, decode_turn
from infrastress.fusion.alarms import version_id
from infrastress.store.ports import Record

__all__ = ["LONGEST", "Thinned", "past_of"]

LONGEST = DAY
_CHUNK = 2000
_BEFORE = 5000
"""Numbers looked through for the version before: an incident's rise by more than one."""
_STEPS = 2880
"""The first step by which a flood is thinned is so small a part of the span; it doubles up to 1/48."""
_LOG = structlog.get_logger()

V = TypeVar("V")


@dataclass
class Thinned:
    """Versions of many things, at most about `most`: of each step, overtaken ones are left out, but no state is.

    Of each thing and step the first version in each state stays, and the newest.

    Args:
        span: of time, ns.
        most: versions held before the step is made longer.
    """

    span: int
    most: int
    step: int = 0
    left_out: int = 0
    held: int = 0
    things: dict[Hashable, list[tuple[int, Hashable, Any]]] = field(default_factory=dict)

    def add(self, thing: Hashable, at: int, state: Hashable, version: Any) -> None:
        """Take a thing's next version: its time, the state it is in, and itself."""
        versions = self.things.setdefault(thing, [])
        versions.append((at, state, version))
        self.held += 1
        if self.step:
            self._thin(versions, at // self.step)
        while self.held > self.most and self.step < self.span // 48:
            self.step = max(2 * self.step, self.span // _STEPS, 1)
            for every in self.things.values():
                self._thin(every)

    def _thin(self, versions: list[tuple[int, Hashable, Any]], only: int | None = None) -> None:
        """Leave out what is overtaken; with `only`, of this step alone, which is the last."""
        begin = 0
        if only is not None:
            begin = next((i for i in range(len(versions) - 1, -1, -1) if versions[i][0] // self.step < only), -1) + 1
        kept: list[tuple[int, Hashable, Any]] = []
        seen: set[Hashable] = set()
        for i, one in enumerate(versions[begin:], begin):
            step = one[0] // self.step
            if kept and kept[-1][0] // self.step != step:
                seen = set()
            last = i + 1 == len(versions) or versions[i + 1][0] // self.step != step
            if last or one[1] not in seen:
                seen.add(one[1])
                kept.append(one)
        self.left_out += len(versions) - begin - len(kept)
        self.held -= len(versions) - begin - len(kept)
        versions[begin:] = kept


def past_of(plant: Plant, begin: int, end: int, *, health: bool = True, most: int = 20_000, cap: int = 60_000) -> Past:
    """How things stood at `begin` (ns of the event clock) and each change until `end`.

    Args:
        plant: the site.
        begin: where the span begins.
        end: where it ends, not more than `LONGEST` later. What lies ahead of now is left off.
        health: whether health is told too.
        most: versions told before they are thinned.
        cap: most versions told at all.

    Raises:
        ApiError: the span is no span or too long (422), or holds more than one answer may.
        StoreError: the store can't be read.
    """
    end = min(end, plant.clock.now())
    if begin >= end:
        raise ApiError(422, "`from` doesn't lie before `to`, or lies ahead of now")
    if end - begin > LONGEST:
        raise ApiError(422, f"the span is longer than {LONGEST // DAY * 24} hours", remedy="ask for a part of it")
    reader = _Reader(plant, begin, end, cap)
    alarms, incidents = Thinned(end - begin, most), Thinned(end - begin, most)
    raised = reader.results(alarms, incidents)
    return Past(
        begin=to_iso(begin),
        end=to_iso(end),
        whole_from=to_iso(max(begin, reader.whole_from)),
        step_s=max(alarms.step, incidents.step) / SECOND,
        left_out=alarms.left_out + incidents.left_out,
        unwatched=[(to_iso(a), to_iso(b)) for a, b in reader.unwatched()],
        alarms=[_alarm(versions, raised[str(key)]) for key, versions in alarms.things.items()],
        incidents=[_incident(versions, raised[str(key)]) for key, versions in incidents.things.items()],
        health=reader.turns() if health else [],
    )


class _Reader:
    """Reads a span of the log of one site."""

    def __init__(self, plant: Plant, begin: int, end: int, cap: int) -> None:
        self._plant, self._begin, self._end, self._cap = plant, begin, end, cap
        self._log = plant.store.log
        self.whole_from = 0

    def results(self, alarms: Thinned, incidents: Thinned) -> dict[str, int]:
        """Take versions of alarms and incidents; returns when each was first raised or announced, ns."""
        partition, projection = self._plant.partitions[0], self._plant.projection
        with projection.lock:
            entries = {**projection.alarms, **projection.incidents}
        firsts = {key: entry.first for key, entry in entries.items()}
        seen: set[str] = set()

        def take(event: Event, at: int) -> None:
            key, state = _key_and_state(event)
            kept = alarms if isinstance(event.body, Alarm) else incidents
            if at <= self._begin and _over(event):
                return
            kept.add(key, max(at, self._begin), state, event)
            firsts.setdefault(key, event.occurred)
            if alarms.held + incidents.held > self._cap:
                raise ApiError(
                    422, f"more than {self._cap} changes, overtaken ones left out", remedy="ask for a shorter span"
                )

        for record, at in self._records(partition, _observed):
            event = _event(record)
            if event is None:
                continue
            key, _ = _key_and_state(event)
            if key not in seen:
                seen.add(key)
                before = self._before(partition, key, event.sequence)
                if before is not None:
                    take(before, self._begin)
            if at <= self._end:
                take(event, at)
        for key, entry in entries.items():  # unchanged since
            if key not in seen:
                take(entry.event, self._begin)
        return firsts

    def turns(self) -> list[PastHealth]:
        """How sources, and signals by themselves, stood."""
        found: dict[tuple[str, str], list[PastHealthVersion]] = {}
        for record, at in self._records(f"standing/{self._plant.id}", _turned):
            turn = _turn(record)
            if turn is None:
                continue
            key = turn.source, turn.member
            versions = found.setdefault(key, [_health(self._begin, turn.was)])
            if at <= self._end:
                versions.append(_health(at, turn.state, turn.detail))
        with self._plant.projection.lock:
            now = list(self._plant.projection.health.values())
        for health in now:
            if not health.member and (health.source, "") not in found and health.since <= self._end:
                at = max(self._begin, health.since)
                found[health.source, ""] = [_health(at, health.state, health.detail)]
        return [PastHealth(source=key[0], member=key[1], versions=found[key]) for key in sorted(found)]

    def unwatched(self) -> list[tuple[int, int]]:
        """Spans in which nothing was stored because nothing ran: before each start, by the wall clock of storing."""
        partition, plant = self._plant.partitions[2], self._plant
        with plant.projection.lock:
            starts = [
                (one.offset, int(one.content.get("clock", 0)))
                for one in plant.projection.decisions
                if one.kind == "decision" and one.content.get("decision") in ("start", "standstill")
            ]
        found = []
        for offset, end in sorted(starts):
            written = self._log.written(partition, offset - 2, 2) if offset > 1 else []
            pause = written[1] - written[0] if len(written) == 2 else 0
            begin = end - round(pause * plant.clock.speed)
            if pause > plant.settings.pulse_s * SECOND and begin < self._end and end > self._begin:
                found.append((max(begin, self._begin), min(end, self._end)))
        return found

    def _records(self, partition: str, known: Callable[[Record], int | None]) -> Iterator[tuple[Record, int]]:
        """Records known behind the beginning, up to now, and since when each was."""
        log = self._log
        start = log.start(partition)
        kept = range(start + 1, log.end(partition) + 1)
        after = start + bisect_right(kept, self._begin, key=lambda offset: self._known_at(partition, offset, known))
        if start and after == start:
            self.whole_from = max(self.whole_from, self._known_at(partition, start + 1, known))
        newest = self._begin
        while True:
            try:
                records = log.read(partition, after, _CHUNK)
            except LogGap:  # retention came between
                after = log.start(partition)
                continue
            for record in records:
                newest = max(newest, known(record) or newest)
                yield record, newest
            if len(records) < _CHUNK:
                return
            after = records[-1].offset

    def _known_at(self, partition: str, offset: int, known: Callable[[Record], int | None]) -> int:
        """Since when the record at an offset was known, or the first behind it that can be read."""
        for record in self._log.read(partition, max(offset - 1, self._log.start(partition)), 20):
            moment = known(record)
            if moment is not None:
                return moment
        return self._end

    def _before(self, partition: str, key: str, number: int) -> Event | None:
        """The version before one, None where it was the first or what was before is not kept."""
        for earlier in range(number - 1, max(0, number - _BEFORE), -1):
            record = self._log.find(partition, version_id(key, earlier))
            if record is not None:
                return _event(record)
        return None


def _event(record: Record) -> Event | None:
    try:
        event = decode_event(record.data)
    except DecodeError as error:
        _LOG.warning("a record of the past can't be shown", record=record.id, error=str(error))
        return None
    return event if isinstance(event.body, Alarm | Incident) else None


def _observed(record: Record) -> int | None:
    event = _event(record)
    return event.observed if event else None


def _turn(record: Record) -> Turn | None:
    try:
        return decode_turn(record.data)
    except DecodeError:
        return None


def _turned(record: Record) -> int | None:
    turn = _turn(record)
    return turn.at if turn else None


def _key_and_state(event: Event) -> tuple[str, Hashable]:
    body = event.body
    if isinstance(body, Alarm):
        return body.alarm, (body.state, body.severity, body.priority, body.cleared, body.incident)
    incident = body_as(event, Incident)
    return incident.incident, (incident.state, incident.severity, incident.hypothesis, incident.superseded_by)


def _over(event: Event) -> bool:
    return event.body.state == "closed" if isinstance(event.body, Alarm | Incident) else True


def _ms(ns: int) -> float:
    return ns / 1e6


def _versions(versions: list[tuple[int, Hashable, Any]], make: Callable[[float, Event], V]) -> list[V]:
    return [make(_ms(at), event) for at, _, event in versions]


def _alarm(versions: list[tuple[int, Hashable, Any]], first: int) -> PastAlarm:
    event: Event = versions[-1][2]
    body = body_as(event, Alarm)
    return PastAlarm(
        id=body.alarm,
        title=body.title,
        rule=body.rule,
        source_kind=body.source_kind,
        assets=list(event.assets),
        zone=event.zone,
        raised=to_iso(first),
        versions=_versions(versions, _alarm_version),
    )


def _alarm_version(at_ms: float, event: Event) -> PastAlarmVersion:
    body = body_as(event, Alarm)
    return PastAlarmVersion(
        at_ms=at_ms,
        version=event.sequence,
        state=body.state,
        severity=body.severity,
        priority=body.priority,
        cleared=body.cleared,
        annunciated=body.annunciated,
        chattering=body.chattering,
        count=body.count,
        incident=body.incident or None,
        sentence=body.sentence,
    )


def _incident(versions: list[tuple[int, Hashable, Any]], first: int) -> PastIncident:
    body = body_as(versions[-1][2], Incident)
    return PastIncident(
        id=body.incident,
        began=to_iso(body.began),
        announced=to_iso(first),
        versions=_versions(versions, _incident_version),
    )


def _incident_version(at_ms: float, event: Event) -> PastIncidentVersion:
    body = body_as(event, Incident)
    return PastIncidentVersion(
        at_ms=at_ms,
        revision=body.revision,
        state=body.state,
        hypothesis=body.hypothesis,
        title=body.title,
        severity=body.severity,
        confidence=body.confidence,
        assets=list(event.assets),
        superseded_by=body.superseded_by or None,
    )


def _health(at: int, state: Any, detail: str = "") -> PastHealthVersion:
    return PastHealthVersion(at_ms=_ms(at), state=state, detail=detail)
