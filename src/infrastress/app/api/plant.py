"""One site as the API sees it: store, model in force, projection, clock; and whether anybody watches."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from infrastress.app.api.clusters import Clusters
from infrastress.app.api.episodes import Episodes
from infrastress.app.api.kept import KeptIndex
from infrastress.app.api.position import partitions_of
from infrastress.app.api.projection import Entry, Projection, in_life_cycle
from infrastress.app.api.settings import ApiSettings, InForce
from infrastress.app.api.wire import act_of, alarm_of, handling_of, incident_of, iso, standing_of
from infrastress.app.notify.outbox import Message
from infrastress.client import models
from infrastress.core.clock import EventClock
from infrastress.core.errors import Fenced, OutcomeUnknown
from infrastress.core.time import SECOND
from infrastress.events import AlarmAction, Event, encode_event
from infrastress.events.delivery import Balance
from infrastress.events.envelope import body_as
from infrastress.events.health import Health, Pulse
from infrastress.runtime.admission import SourceNotes
from infrastress.store.ports import Lease, Output, Store

__all__ = ["Plant"]

_FUSION_S = 2.0


def _shows(event: Event, entry: Entry | None) -> bool:
    """Whether an act shows in the alarm already, or fusion has nothing to take of it.

    Time alone doesn't tell: a version may bear the end of its frame, and an act within it is still to be taken.
    """
    if not in_life_cycle(event):
        return True
    if entry is None or event.occurred > entry.event.observed:
        return False
    waits = entry.alarm.state in ("unacknowledged", "returned") and entry.alarm.last_raise <= event.occurred
    return not (waits and body_as(event, AlarmAction).action == "acknowledge")


class Plant:
    """What routes ask.

    Args:
        store: open; shared by all threads.
        setup: the site model in force, called for each request: it may change.
        settings: of the API.
        clock: event clock.
    """

    def __init__(
        self, store: Store, setup: Callable[[], InForce], settings: ApiSettings, clock: EventClock | None = None
    ) -> None:
        self.store = store
        self._setup = setup
        self.settings = settings
        self.clock = clock or EventClock.of_environment()
        self.id = setup().site.id
        self.projection = Projection(store, self.id)
        self.episodes = Episodes(store.log, self.id)
        self.clusters = Clusters(store.log, self.id)
        self.partitions = partitions_of(self.id)
        self.failing = "the store is being read"
        self.kept = KeptIndex()
        self.books: tuple[int, dict[str, tuple[Balance, SourceNotes]]] | None = None
        self.messages: tuple[int, list[Message]] | None = None
        self._told: dict[str, tuple[Entry, str, bytes]] = {}
        self._lease: Lease | None = None
        self._acting = Lock()

    @property
    def setup(self) -> InForce:
        """The model in force."""
        return self._setup()

    def pulse(self, pulse: Pulse | None = None) -> models.PulseState:
        """Whether detection is alive: its newest tick is young by the event clock, and the store can be read."""
        pulse = pulse or self.projection.pulse
        if pulse is None:
            return models.PulseState(
                fresh=False,
                age_s=None,
                clock=None,
                watermark=None,
                lag_s=None,
                failed={},
                detail="there was never a pulse",
            )
        now = self.clock.now()
        age = (now - pulse.clock) / SECOND
        fresh = pulse.clock > 0 and self.clock.wall_s(age) <= self.settings.pulse_s and not self.failing
        detail = "" if fresh else self.failing or "detection has not told anything lately"
        return models.PulseState(
            fresh=fresh,
            age_s=round(age, 3) if pulse.clock else None,
            clock=iso(pulse.clock),
            watermark=iso(pulse.watermark),
            lag_s=round((now - pulse.watermark) / SECOND, 3) if pulse.watermark and pulse.clock else None,
            failed=dict(pulse.failed),
            detail=detail,
        )

    def standing(self, source: str, member: str = "", *, fresh: bool | None = None) -> models.StandingOf:
        """How a source or member stands."""
        key = f"{self.id}/{source}/{member}" if member else f"{self.id}/{source}"
        fresh = self.pulse().fresh if fresh is None else fresh
        return models.StandingOf.model_validate(standing_of(self.projection.health.get(key), fresh=fresh))

    def change(self, health: Health, *, fresh: bool) -> models.HealthChange:
        """A change of health as the stream tells it."""
        fields = standing_of(health, fresh=fresh)
        return models.HealthChange.model_validate({**fields, "source": health.source, "member": health.member})

    def alarm(self, key: str) -> models.Alarm | None:
        """An alarm as it stands, with what fusion has still to take."""
        entry = self.projection.alarms.get(key)
        return None if entry is None else self.alarm_of(entry)

    def alarm_of(self, entry: Entry) -> models.Alarm:
        """A version of an alarm, with what fusion has still to take and who has it."""
        return alarm_of(entry, pending=self.pending(entry), assigned_to=self.assigned_to(entry.alarm.alarm))

    def alarm_json(self, entry: Entry) -> bytes:
        """The same as JSON, made once for as long as nothing about it changes: lists hold thousands."""
        key = entry.alarm.alarm
        assigned = self.assigned_to(key)
        if self.pending(entry):
            return self.alarm_of(entry).model_dump_json().encode()
        known = self._told.get(key)
        if known is None or known[0] is not entry or known[1] != assigned:
            data = alarm_of(entry, pending=[], assigned_to=assigned).model_dump_json().encode()
            known = self._told[key] = entry, assigned, data
        return known[2]

    def pending(self, entry: Entry) -> list[models.Act]:
        """Acts on an alarm that fusion has still to take."""
        key = entry.alarm.alarm
        if self.projection.acted.get(key, 0) <= self._passed():
            return []
        return [act for act in self.acts(key) if not act.taken]

    def assigned_to(self, key: str) -> str:
        """Who has an alarm: an account, "role:" and a role, or nobody."""
        return self.projection.assigned.get(key, (0, "", ""))[2]

    def acts(self, key: str) -> list[models.Act]:
        """What was done about an alarm, in order."""
        entry, passed = self.projection.alarms.get(key), self._passed()
        with self.projection.lock:
            held = sorted(self.projection.acts.get(key, ()), key=lambda event: (event.occurred, event.id))
        return [act_of(event, key, taken=event.occurred <= passed or _shows(event, entry)) for event in held]

    def _passed(self) -> int:
        """Up to when fusion has surely taken what was done.

        It takes a frame of the site's grid when the watermark has passed its end, and needs some time for it.
        """
        pulse, width = self.projection.pulse, round(self.setup.site.runtime.frame_s * SECOND)
        return pulse.watermark - width - round(_FUSION_S * self.clock.speed * SECOND) if pulse else 0

    def incident(self, entry: Entry) -> models.Incident:
        """An incident as it stands and is handled."""
        return incident_of(entry, self.handling(entry.incident.incident))

    def handling(self, incident: str) -> models.Handling:
        """How people handle an incident, or the one that it is part of now."""
        return handling_of(*self.projection.handling(incident))

    def act(self, event: Event) -> bool:
        """Have an act taken: into the log, where detection finds it, and into the records, durably; False when known.

        Raises:
            StoreError: it can't be written.
        """
        with self._acting:
            if self.store.log.find(self.partitions[2], event.id) is not None:
                return False
            output = Output(
                event.id, f"{self.partitions[2]}:action", encode_event(event), f"{self.id}/{event.id}", event.occurred
            )
            self._commit(output)
        with self.projection.lock:
            self.projection.take_act(event)
            self.projection.changed += 1
        return True

    def put(self, output: Output) -> None:
        """Have an order taken, durably.

        Raises:
            StoreError: it can't be written.
        """
        with self._acting:
            self._commit(output)

    def _commit(self, output: Output) -> None:
        for attempt in range(3):
            try:
                lease = self._lease or self._take_lease()
                lease.commit(lease.offset, None, [output])
                break
            except (Fenced, OutcomeUnknown):  # another API, or a commit that nobody knows of: the id is kept once
                self._lease = None
                if attempt == 2:
                    raise
                time.sleep(0.01)

    def close(self) -> None:
        """Give the lease up."""
        with self._acting:
            if self._lease is not None:
                with suppress(Fenced, OutcomeUnknown):
                    self._lease.release()
                self._lease = None

    def _take_lease(self) -> Lease:
        name = f"acts/{self.id}"
        self._lease = self.store.checkpoints.acquire(name, self.store.checkpoints.observe(name), "api")
        return self._lease
