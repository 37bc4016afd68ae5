"""What is known of a site now, in memory: newest alarms and incidents, health, pulse, acts and decisions.

Loaded from the records once, then kept by one reader of the log. Requests read it, so that a filter over ten thousand
alarms costs no database anything.
"""

import secrets
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import msgspec
import structlog

from infrastress.app.api.position import Position, partitions_of
from infrastress.core.errors import DecodeError, StoreError
from infrastress.events import Alarm, AlarmAction, Event, Incident, IncidentAction, decode_event, event_to_json
from infrastress.events.envelope import body_as
from infrastress.events.health import Health, Pulse, decode_health
from infrastress.fusion.alarms import LIFE_CYCLE
from infrastress.fusion.handling import Handling, Handlings, Known
from infrastress.fusion.incidents import WITHDRAWN
from infrastress.store.ports import Record, Row, Store, type_of

__all__ = ["Changes", "Decided", "Entry", "Projection", "in_life_cycle"]

_PAGE = 1000
_LOG = structlog.get_logger()
DECISIONS = 10_000
"""Newest decisions, acts and link states held."""
_NAMED = 20
"""Alarms that a decision names of an act on many; it counts all, and the act itself lies in the log."""
_BACK = 20_000
"""Records of the log looked through for them at the start."""
TOLD = ("action", "decision", "link")
"""Types of the ingest partition that are told."""


@dataclass(frozen=True)
class Entry:
    """An alarm or incident as it stands: its event, and when it was first raised or announced (ns)."""

    event: Event
    first: int
    text: str = ""

    @property
    def alarm(self) -> Alarm:
        """Its body, of an alarm."""
        return body_as(self.event, Alarm)

    @property
    def incident(self) -> Incident:
        """Its body, of an incident."""
        return body_as(self.event, Incident)


def in_life_cycle(event: Event) -> bool:
    """Whether an act changes how alarms stand, which it does when fusion has taken it."""
    return isinstance(event.body, AlarmAction) and event.body.action in LIFE_CYCLE


@dataclass(frozen=True)
class Decided:
    """A line of what was decided, done or told: where it lies in the log, and its content."""

    id: str
    offset: int
    kind: str
    content: dict[str, Any]


@dataclass
class Changes:
    """What some records changed: the newest of each, by key."""

    alarms: dict[str, Entry] = field(default_factory=dict)
    incidents: dict[str, Entry] = field(default_factory=dict)
    health: dict[str, Health] = field(default_factory=dict)
    pulse: Pulse | None = None
    decisions: list[Decided] = field(default_factory=list)
    acts: list[Event] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.alarms or self.incidents or self.health or self.pulse or self.decisions)

    def update(self, other: "Changes") -> None:
        """Take later changes."""
        self.alarms.update(other.alarms)
        self.incidents.update(other.incidents)
        self.health.update(other.health)
        self.pulse = other.pulse or self.pulse
        self.decisions += other.decisions
        self.acts += other.acts


class Projection:
    """The state of one site; threads may share it.

    Args:
        store: where records and log lie.
        site: id of the site.
    """

    def __init__(self, store: Store, site: str) -> None:
        self._store = store
        self.site = site
        self.lock = RLock()
        self.alarms: dict[str, Entry] = {}
        self.incidents: dict[str, Entry] = {}
        self.health: dict[str, Health] = {}
        self.pulse: Pulse | None = None
        self.acts: dict[str, list[Event]] = {}
        self.handlings = Handlings()
        self.episodes: Counter[str] = Counter()
        self.acted: dict[str, int] = {}
        self.assigned: dict[str, tuple[int, str, str]] = {}
        self.decisions: deque[Decided] = deque(maxlen=DECISIONS)
        self.refused: dict[tuple[str, str], deque[tuple[int, dict[str, Any]]]] = {}
        self.position = Position()
        self.changed = 0
        self.tag = secrets.token_hex(8)

    def load(self, *, look_back: int = 0) -> None:
        """Take everything from the records; what comes meanwhile is behind `position` and comes again.

        Args:
            look_back: wall time, ns, from which on decisions of the log are taken.
        """
        log = self._store.log
        partitions = partitions_of(self.site)
        position = Position(*(log.end(name) for name in partitions))
        fresh = Projection(self._store, self.site)
        for row in self._rows("event"):
            fresh._take(decode_event(row.data), row.sort)
        for row in self._rows("health"):
            health = decode_health(row.data)
            fresh.health[health.key] = health
        if pulse := self._store.records.get("pulse", self.site):
            fresh.pulse = msgspec.json.decode(pulse.data, type=Pulse)
        for row in self._rows("action"):
            fresh.take_act(decode_event(row.data))
        ingest = partitions[2]
        after = position.ingest
        if look_back:  # bounded: what lies between is telemetry, a page of the disk each
            after = max(log.start(ingest), log.written_before(ingest, look_back), position.ingest - _BACK)
        while records := log.read(ingest, after, _PAGE, types=TOLD):
            fresh.apply(records)
            after = records[-1].offset
        with self.lock:
            for name in (
                "alarms",
                "incidents",
                "health",
                "pulse",
                "acts",
                "acted",
                "assigned",
                "decisions",
                "handlings",
                "episodes",
            ):
                setattr(self, name, getattr(fresh, name))
            self.position = position
            self.changed += 1

    def apply(self, records: Iterable[Record]) -> Changes:
        """Take records of the log, in order; what isn't told of is passed over."""
        changes = Changes()
        with self.lock:
            for record in records:
                try:
                    self._record(record, changes)
                except StoreError:
                    raise
                except Exception as error:  # one record that nobody foresaw must not blind the operators to all others
                    _LOG.exception("a record can't be shown", record=record.id, error=repr(error))
            self.changed += 1
        return changes

    def read(self, records: Iterable[Record]) -> Changes:
        """What records say, taken nowhere: for a follower that catches up."""
        changes = Changes()
        blank = Projection(self._store, self.site)
        blank.alarms, blank.incidents, blank.handlings = self.alarms, self.incidents, self.handlings
        for record in records:
            blank._record(record, changes, keep=False)
        return changes

    def refusals(self, records: Iterable[Record], *, kept: int = 20) -> None:
        """Take records of the quarantine: the newest examples of each source and reason."""
        for record in records:
            try:
                content = msgspec.json.decode(record.data, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue
            key = (str(content.get("source", "")), str(content.get("reason", "")))
            with self.lock:
                self.refused.setdefault(key, deque(maxlen=kept)).append((record.offset, content))

    def open_alarms(self, asset: str) -> list[Entry]:
        """Alarms of an asset that aren't closed."""
        with self.lock:
            return [e for e in self.alarms.values() if asset in e.event.assets and e.alarm.state != "closed"]

    def open_by_asset(self) -> dict[str, list[Entry]]:
        """Open alarms by asset."""
        found: dict[str, list[Entry]] = {}
        with self.lock:
            for entry in self.alarms.values():
                if entry.alarm.state != "closed":
                    for asset in entry.event.assets:
                        found.setdefault(asset, []).append(entry)
        return found

    def counts(self) -> dict[str, Counter[str]]:
        """Open alarms by severity, incidents by state."""
        with self.lock:
            open_ones = Counter(e.alarm.severity for e in self.alarms.values() if e.alarm.state != "closed")
            return {
                "alarms": Counter(open_ones),
                "incidents": Counter(e.incident.state for e in self.incidents.values()),
            }

    def _rows(self, kind: str) -> Iterator[Row]:
        """Rows of this site; a database may hold those of others."""
        after: tuple[int, str] | None = None
        while rows := self._store.records.list(kind, after=after, limit=_PAGE):
            yield from (row for row in rows if row.key.startswith(f"{self.site}/"))
            after = (rows[-1].sort, rows[-1].key)

    def _record(self, record: Record, changes: Changes, *, keep: bool = True) -> None:
        kind = type_of(record.subject)
        try:
            if kind == "event" and record.subject.startswith("result/"):
                event = decode_event(record.data)
                entry = self._take(event, None, keep=keep)
                if isinstance(event.body, Alarm):
                    changes.alarms[event.body.alarm] = entry
                    if self.handlings.of(event.body.incident).closing is not None:  # it may hold no more
                        self._handled(event.body.incident, changes)
                elif isinstance(event.body, Incident):
                    changes.incidents[event.body.incident] = entry
            elif kind == "health":
                health = decode_health(record.data)
                changes.health[health.key] = health
                if keep:
                    self.health[health.key] = health
            elif kind == "pulse":
                changes.pulse = msgspec.json.decode(record.data, type=Pulse)
                if keep:
                    self.pulse = changes.pulse
            elif kind in TOLD:
                decided = self._decided(record, kind, changes, keep=keep)
                changes.decisions.append(decided)
                if kind == "action":
                    changes.acts.append(decode_event(record.data))
                if keep and (not self.decisions or self.decisions[-1].offset < record.offset):
                    self.decisions.append(decided)
        except (DecodeError, msgspec.MsgspecError):
            return  # the runtime quarantines what can't be read; here it is only not shown

    def _decided(self, record: Record, kind: str, changes: Changes, *, keep: bool) -> Decided:
        if kind != "action":
            return Decided(record.id, record.offset, kind, msgspec.json.decode(record.data, type=dict[str, Any]))
        event = decode_event(record.data)
        if keep:
            self.take_act(event)
        if isinstance(event.body, IncidentAction):
            self._handled(event.body.incident, changes)
        content = msgspec.json.decode(event_to_json(event), type=dict[str, Any])
        if isinstance(event.body, AlarmAction) and len(event.body.alarms) > _NAMED:
            content["body"] |= {"alarms": event.body.alarms[:_NAMED], "alarms_total": len(event.body.alarms)}
        return Decided(record.id, record.offset, kind, content)

    def take_act(self, event: Event) -> None:
        """Keep what a person did, once, and who has the alarms since."""
        body = event.body
        if not isinstance(body, AlarmAction):
            self.handlings.take(event)
            return
        for alarm in body.subjects:
            held = self.acts.setdefault(alarm, [])
            if all(known.id != event.id for known in held):
                held.append(event)
            if body.action == "assign":
                last = (event.occurred, event.id, body.to)
                self.assigned[alarm] = max(self.assigned.get(alarm, last), last)
            elif in_life_cycle(event):
                self.acted[alarm] = max(self.acted.get(alarm, 0), event.occurred)

    def handling(self, incident: str) -> tuple[Handling, Known]:
        """What people did about an incident, or the one it is part of now, and how much is known of that."""
        with self.lock:
            name = self.handlings.standing(incident)
            entry = self.incidents.get(name)
            severity = entry.incident.severity if entry else "info"
            return self.handlings.of(name), Known(self.episodes[name], severity)

    def _handled(self, incident: str, changes: Changes) -> None:
        """An incident is handled otherwise now: who follows it is told."""
        name = self.handlings.standing(incident)
        if name in self.incidents:
            changes.incidents[name] = self.incidents[name]

    def _take(self, event: Event, first: int | None, *, keep: bool = True) -> Entry:
        """The newest of an alarm or incident; when it was first raised stands in the records alone."""
        body = event.body
        table = self.alarms if isinstance(body, Alarm) else self.incidents
        if isinstance(body, Alarm):
            name = body.alarm
            text = "\0".join((name, body.title, body.sentence, body.rule, event.zone, *event.assets)).casefold()
        elif isinstance(body, Incident):
            name = body.incident
            text = "\0".join((name, body.title, body.why, body.hypothesis, *event.assets)).casefold()
        else:
            return Entry(event, 0)
        known = table.get(name)
        if first is None:
            row = None if known else self._store.records.get("event", f"{self.site}/{name}")
            first = known.first if known else row.sort if row else event.occurred
        entry = Entry(event, first, text)
        if keep and (known is None or event.sequence >= known.event.sequence):
            table[name] = entry
            self._count(known, entry)
        return entry

    def _count(self, before: Entry | None, now: Entry) -> None:
        """Keep count of the episodes of each incident, and of which incident stands for which."""
        body = now.event.body
        if isinstance(body, Alarm):
            if before is not None:
                self.episodes[before.alarm.incident] -= before.alarm.count
            self.episodes[body.incident] += body.count
        elif isinstance(body, Incident):
            self.handlings.superseded(body.incident, "" if body.superseded_by == WITHDRAWN else body.superseded_by)
