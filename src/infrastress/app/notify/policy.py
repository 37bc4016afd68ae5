"""Who is to be told what and when: a pure state machine over alarms and incidents, driven by the clock it is given.

What is told is a subject: an incident with all its alarms, or an alarm that belongs to none. A subject waits while an
alarm of it is unacknowledged; each route that takes it goes through its steps as long as it waits, and begins again
when its severity rises. Notices never make a subject. A flood is bounded: alarms that are due together share a message,
and beyond a channel's messages of an hour the rest is told in a digest every few minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from infrastress.app.notify.settings import Route, Settings, at_least, in_hours, within
from infrastress.core.errors import DecodeError
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.events import Alarm, Event, Incident
from infrastress.fusion.evidence import rank_of
from infrastress.site import Site

__all__ = ["AGAIN", "CRITICAL", "DEAF", "DIGEST", "GATHER", "Due", "Policy"]

CRITICAL = rank_of("critical")
GATHER = 20 * SECOND
"""How long a lone alarm waits for others to share its message; a critical one and an incident don't wait."""
AGAIN = 10 * MINUTE
"""What was acknowledged and comes back with the same severity is told again after this at the earliest."""
DIGEST = 5 * MINUTE
"""Beyond the messages of an hour: one digest in this time."""
DEAF = "detection"
"""The subject that stands for: nobody watches."""
_KEPT_ASSETS = 50
_LOOK = 10 * SECOND  # the longest time without a look at all that waits: hours begin and end


class _Progress(msgspec.Struct, array_like=True):
    """How far one route is with a subject: next step, when it is due, the severity told, when."""

    step: int
    due: int
    told: int = -1
    last: int = 0


class _Subject(msgspec.Struct, array_like=True):
    """An incident, or an alarm alone; `known` where alarms of it were seen."""

    incident: bool
    rank: int = -1
    open: bool = True
    known: bool = False
    alarms: int = 0
    waiting: int = 0
    assets: tuple[str, ...] = ()
    zone: str = ""
    source_kinds: tuple[str, ...] = ()
    routes: dict[str, _Progress] = msgspec.field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether somebody still has to look: an incident whose alarms are not known counts as unacknowledged."""
        return self.open and (self.waiting > 0 or not self.known)


class _AlarmState(msgspec.Struct, array_like=True):
    subject: str
    waiting: bool


class _State(msgspec.Struct):
    subjects: dict[str, _Subject] = msgspec.field(default_factory=dict)
    alarms: dict[str, _AlarmState] = msgspec.field(default_factory=dict)
    sent: dict[str, list[int]] = msgspec.field(default_factory=dict)
    held: dict[str, list[str]] = msgspec.field(default_factory=dict)
    digested: dict[str, int] = msgspec.field(default_factory=dict)


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


@dataclass(frozen=True)
class Due:
    """One message that is to go out: by which channel, for which subjects (the gravest first), at which step.

    `kind` is "digest" where it stands for what the hour's messages left no room for. `alarms` counts the alarms behind
    the subjects.
    """

    channel: str
    kind: Literal["incident", "alarm", "digest"]
    rank: int
    subjects: tuple[str, ...]
    alarms: int
    route: str = ""
    step: int = 0


class Policy:
    """The state machine of one site.

    Args:
        site: for zones of assets and the time zone.
        settings: channels and routes.
    """

    def __init__(self, site: Site, settings: Settings) -> None:
        self._matched: dict[str, tuple[tuple[object, ...], list[Route]]] = {}
        self._next = 0  # nothing is due before
        self._state = _State()
        self.settings = settings
        self.use_site(site)

    def use_settings(self, settings: Settings) -> None:
        """Go on with other channels and routes."""
        self.settings = settings
        self._changed()

    def use_site(self, site: Site) -> None:
        """Go on with another version of the site model."""
        self._changed()
        self._zone = ZoneInfo(site.time_zone)
        self._zones_of = {
            asset.id: {zone for zone in (asset.zone, asset.security_zone) if zone} for asset in site.assets
        }

    def _changed(self) -> None:
        self._matched.clear()
        self._next = 0

    def dump(self) -> bytes:
        """State as canonical bytes."""
        return _ENCODER.encode(self._state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""
        try:
            self._state = _DECODER.decode(data)
            self._changed()
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of notifications: {error}") from None

    def waits(self, subject: str) -> bool:
        """Whether a subject is still unacknowledged."""
        known = self._state.subjects.get(subject)
        return known is not None and known.live

    def take(self, event: Event) -> None:
        """Take the newest version of an alarm or incident; other events change nothing."""
        self._next = 0
        if isinstance(event.body, Alarm):
            self._alarm(event, event.body)
        elif isinstance(event.body, Incident):
            self._incident(event, event.body)

    def deaf(self, *, deaf: bool) -> None:
        """Whether detection stands still, so that no alarm can come: told as a critical incident until it goes on."""
        known = DEAF in self._state.subjects
        if deaf and not known:
            self._state.subjects[DEAF] = _Subject(True, rank=CRITICAL)
            self._next = 0
        elif known and not deaf:
            del self._state.subjects[DEAF]
            self._matched.pop(DEAF, None)

    def failed(self, due_route: str, subjects: Iterable[str], now: int) -> None:
        """A message of a route could not be delivered: its next step is due at once."""
        for key in subjects:
            subject = self._state.subjects.get(key)
            progress = subject.routes.get(due_route) if subject is not None else None
            if progress is not None:
                progress.due = min(progress.due, now)
                self._next = 0

    def advance(self, now: int, clock: int) -> list[Due]:
        """What is to be told now, the gravest first.

        Args:
            now: a clock in ns that never goes back, for how long something has waited.
            clock: event time in ns UTC, for the time of day.
        """
        if now < self._next:
            return []
        self._next = now + _LOOK
        groups: dict[tuple[str, int, str], list[str]] = {}
        local = datetime.fromtimestamp(clock / SECOND, UTC).astimezone(self._zone)
        moment = (local.weekday(), local.hour * 60 + local.minute)
        for key, subject in self._state.subjects.items():
            if not subject.live:
                continue
            for route in self._routes(key, subject, moment):
                if self._step_due(subject, route, now):
                    step = subject.routes[route.name].step - 1
                    alone = key if subject.incident else ""
                    groups.setdefault((route.name, step, alone), []).append(key)
        routes = {route.name: route for route in self.settings.routes}
        due: list[Due] = []
        for (name, step, alone), keys in groups.items():
            keys.sort(key=lambda key: (-self._state.subjects[key].rank, key))
            for channel in routes[name].steps[step].channels:
                due += self._told(Due(channel, "incident" if alone else "alarm", 0, tuple(keys), 0, name, step), now)
        due += self._digests(now)
        return sorted(due, key=lambda one: (-one.rank, one.kind != "incident", one.subjects))

    def _alarm(self, event: Event, body: Alarm) -> None:
        state, key = self._state, body.alarm
        waiting = body.annunciated and body.state in ("unacknowledged", "returned")
        target = body.incident or key
        before = state.alarms.pop(key, None)
        left = state.subjects.get(before.subject) if before is not None else None
        if before is not None and left is not None:
            left.alarms -= 1
            left.waiting -= before.waiting
        if body.state != "closed" and body.annunciated:
            subject = state.subjects.get(target)
            if subject is None:
                subject = state.subjects[target] = _Subject(bool(body.incident), open=not body.incident)
                if left is not None and left.incident and not body.incident:  # told as part of an incident already
                    subject.routes = {name: _copy(progress) for name, progress in left.routes.items()}
            if not body.incident:
                self._about(subject, event, rank_of(body.severity), (body.source_kind,))
            subject.known = True
            subject.alarms += 1
            subject.waiting += waiting
            state.alarms[key] = _AlarmState(target, waiting)
            self._settle(target)
        if before is not None:
            self._settle(before.subject)

    def _incident(self, event: Event, body: Incident) -> None:
        state, key = self._state, body.incident
        subject = state.subjects.setdefault(key, _Subject(True))
        subject.open = body.state == "open" and not body.superseded_by
        self._about(subject, event, rank_of(body.severity), body.source_kinds)
        heir = state.subjects.get(body.superseded_by)
        if heir is not None:
            for name, progress in subject.routes.items():
                if name not in heir.routes or heir.routes[name].told < progress.told:
                    heir.routes[name] = _copy(progress)
        self._settle(key)

    def _about(self, subject: _Subject, event: Event, rank: int, source_kinds: tuple[str, ...]) -> None:
        subject.rank, subject.zone, subject.source_kinds = rank, event.zone, source_kinds
        subject.assets = event.assets[:_KEPT_ASSETS]

    def _settle(self, key: str) -> None:
        """Forget a subject that is over. In one that was acknowledged or shelved escalation begins anew."""
        subject = self._state.subjects.get(key)
        if subject is None or subject.live:
            return
        if subject.alarms == 0 and not (subject.incident and subject.open):
            del self._state.subjects[key]
            self._matched.pop(key, None)
            return
        for progress in subject.routes.values():
            progress.step, progress.due = 0, progress.last + AGAIN

    def _routes(self, key: str, subject: _Subject, moment: tuple[int, int]) -> list[Route]:
        """Routes that take a subject now. Critical ones that no route takes at this hour go by any that would."""
        taking = self._taking(key, subject)
        if not taking:
            return []
        critical = subject.rank >= CRITICAL
        if not critical and self.settings.quiet_hours and within(self.settings.quiet_hours, moment[1]):
            return []
        now = [route for route in taking if in_hours(route, *moment)]
        return now or (taking if critical else [])

    def _taking(self, key: str, subject: _Subject) -> list[Route]:
        """Routes that take a subject at some time, worked out again when it or the settings changed."""
        about = (subject.rank, subject.assets, subject.zone, subject.source_kinds)
        known = self._matched.get(key)
        if known is None or known[0] != about:
            found = [route for route in self.settings.routes if self._takes(route, subject)]
            known = self._matched[key] = (about, found)
        return known[1]

    def _takes(self, route: Route, subject: _Subject) -> bool:
        if ("incident" if subject.incident else "alarm") not in route.kinds or not at_least(route, subject.rank):
            return False
        if route.assets and not set(route.assets).intersection(subject.assets):
            return False
        if route.source_kinds and not set(route.source_kinds).intersection(subject.source_kinds):
            return False
        if route.zones:
            zones = {subject.zone}.union(*(self._zones_of.get(asset, ()) for asset in subject.assets))
            return bool(zones.intersection(route.zones))
        return True

    def _step_due(self, subject: _Subject, route: Route, now: int) -> bool:
        """Whether a step of a route is due; if so, the next one is armed."""
        progress = subject.routes.get(route.name)
        if progress is None:
            wait = 0 if subject.incident or subject.rank >= CRITICAL else GATHER
            progress = subject.routes[route.name] = _Progress(0, now + wait)
        elif 0 <= progress.told < subject.rank:
            progress.step, progress.due = 0, now
        elif progress.told < 0 and subject.rank >= CRITICAL:
            progress.due = min(progress.due, now)
        if progress.step >= len(route.steps):
            return False
        if now < progress.due:
            self._next = min(self._next, progress.due)
            return False
        progress.told, progress.last = subject.rank, now
        progress.step += 1
        if progress.step < len(route.steps):
            progress.due = now + round(route.steps[progress.step].after_min * MINUTE)
            self._next = min(self._next, progress.due)
        return True

    def _told(self, wanted: Due, now: int) -> list[Due]:
        """One message, or a place in the next digest where the hour is full."""
        rank = self._state.subjects[wanted.subjects[0]].rank
        bucket = _bucket(wanted.channel, rank)
        sent = [at for at in self._state.sent.get(bucket, ()) if now - HOUR < at]
        self._state.sent[bucket] = sent
        if len(sent) >= self.settings.channels[wanted.channel].per_hour:
            held = self._state.held.setdefault(bucket, [])
            known = set(held)
            held += [key for key in wanted.subjects if key not in known]
            return []
        sent.append(now)
        return [replace(wanted, rank=rank, alarms=self._alarms(wanted.subjects))]

    def _digests(self, now: int) -> list[Due]:
        found = []
        for bucket, held in list(self._state.held.items()):
            channel = bucket.partition("/")[0]
            if channel not in self.settings.channels:
                del self._state.held[bucket]
            elif now >= self._state.digested.get(bucket, 0) + DIGEST:
                del self._state.held[bucket]
                waiting = [key for key in held if self.waits(key)]
                if waiting:
                    waiting.sort(key=lambda key: (-self._state.subjects[key].rank, key))
                    self._state.digested[bucket] = now
                    rank = self._state.subjects[waiting[0]].rank
                    found.append(Due(channel, "digest", rank, tuple(waiting), self._alarms(waiting)))
        return found

    def _alarms(self, keys: Iterable[str]) -> int:
        return sum(max(1, self._state.subjects[key].alarms) for key in keys)


def _bucket(channel: str, rank: int) -> str:
    """Critical messages have an hour's room of their own."""
    return f"{channel}/critical" if rank >= CRITICAL else f"{channel}/other"


def _copy(progress: _Progress) -> _Progress:
    return _Progress(progress.step, progress.due, progress.told, progress.last)
