"""The notifier of a site: reads alarms and incidents behind its own place in the log, keeps the out-box, sends.

All it knows moves in one commit of the lease `notify/<site>`: how far it has read, who waits, which messages are not
finished. A message is committed before it is first sent and again before each try, so after a kill -9 anywhere it is
sent (again) under the same id, never lost. Each channel sends one message at a time in a thread of its own: one that
hangs holds up no other.

While the store can't be written (a full disk) messages go out all the same and are noted when it can; should the
process die meanwhile, they go again under another id: told twice is better than not told.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from infrastress.app.notify.channels import Channel, DeliveryError, make_channel
from infrastress.app.notify.clock import SteadyClock
from infrastress.app.notify.outbox import ATTEMPTS, KIND, Message, backoff_s, encode_message, message_key, message_of
from infrastress.app.notify.policy import DEAF, Due, Policy
from infrastress.app.notify.settings import FILE, Settings, read_settings
from infrastress.app.notify.text import compose, compose_deaf
from infrastress.core.clock import EventClock
from infrastress.core.errors import (
    ConfigurationError,
    DecodeError,
    Fenced,
    InfrastressError,
    LogGap,
    OutcomeUnknown,
    StoreError,
)
from infrastress.core.secrets import Secrets
from infrastress.detectors.base import RuleCard
from infrastress.events import Event, decode_event
from infrastress.events.health import Health, Pulse, encode_health
from infrastress.fusion.evidence import severity_of
from infrastress.site import Site
from infrastress.store.ports import Lease, Output, Store

__all__ = ["SOURCE", "Notifier", "partition_of_site"]

SOURCE = "notifications"
"""Name of the notifier among the sources of health; its members are channels, and "settings"."""
_RECORDS = 500
_SUBJECTS = 20
_RENEW_S = 2.0
_RELOAD_S = 1.0
DEAF_S = 120.0
"""Detection whose pulse stands still for so long, by this machine's own clock, is taken to be dead."""
_OVERDUE = 6.0
"""A try that takes longer than so many of its channel's time limits is taken for failed."""


class _State(msgspec.Struct):
    policy: bytes = b""
    number: int = 0
    shown: int = 0
    queue: dict[str, Message] = msgspec.field(default_factory=dict)
    health: dict[str, Health] = msgspec.field(default_factory=dict)


_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(_State)


@dataclass
class _Try:
    """One try under way."""

    message: str
    ends: float


def partition_of_site(site: str) -> str:
    """Name of the notifier's lease and of its partition."""
    return f"notify/{site}"


class Notifier:
    """Takes the lease of a site's notifications and works, a step at a time.

    Args:
        store: the site's.
        site: the site model.
        folder: holds `notifications.yaml`, which is read again when it changes.
        secrets: where channels' secrets are; called at each reading of the settings.
        cards: rule cards by rule.
        clock: event time.
        log: told what a person who keeps the machine should know.
    """

    def __init__(
        self,
        store: Store,
        site: Site,
        folder: Path,
        secrets: Callable[[], Secrets],
        *,
        cards: Mapping[str, RuleCard],
        clock: EventClock,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._site = site
        self._folder = folder
        self._secrets = secrets
        self._cards = cards
        self._clock = clock
        self._log = log
        self._source = f"result/{site.id}"
        self._name = partition_of_site(site.id)
        self._channels: dict[str, Channel] = {}
        self._policy = Policy(site, Settings())
        self._state = _State()
        self._lease: Lease | None = None
        self._offset = 0
        self._tries: dict[str, _Try] = {}
        self._ended: SimpleQueue[tuple[str, str, int, str, str]] = SimpleQueue()
        self._wait_until: dict[str, float] = {}
        self._outputs: list[Output] = []
        self._read_settings_at = 0.0
        self._seen: Any = None
        self._renewed = 0.0
        self._settings_fault = ""
        self._store_fault = ""
        self._dirty = False
        self._pulse = 0
        self._pulsed = time.monotonic()

    def start(self) -> None:
        """Take the lease at once (whoever calls means it) and what it remembers; raises StoreError."""
        checkpoints = self._store.checkpoints
        self._lease = checkpoints.acquire(self._name, checkpoints.observe(self._name), "notifier")
        if self._lease.state is not None:
            try:
                self._state = _DECODER.decode(self._lease.state)
                self._policy.load(self._state.policy)
            except (msgspec.MsgspecError, DecodeError) as error:
                raise DecodeError(f"what the notifier remembers can't be read: {error}", where=self._name) from None
        self._offset = self._lease.offset
        self._steady = SteadyClock(self._clock, self._state.shown)
        for message in list(self._state.queue.values()):
            if message.state == "sending":  # killed in the middle: it may have arrived, so it goes again by its id
                self._put(msgspec.structs.replace(message, state="queued"))
        self._reload()
        self._commit()

    def use_site(self, site: Site, cards: Mapping[str, RuleCard]) -> None:
        """Go on with another version of the site model."""
        self._site, self._cards = site, cards
        self._policy.use_site(site)
        self._seen = None

    def step(self, wait_s: float = 0.5) -> None:
        """Read what is new, decide, commit, send; waits up to `wait_s` where nothing is new.

        Raises:
            Fenced, OutcomeUnknown: start another.
            StoreError: the store can't be read.
        """
        if self._tries or any(message.state == "queued" for message in self._state.queue.values()):
            wait_s = min(wait_s, 0.1)
        behind = self._read(wait_s)
        if time.monotonic() - self._read_settings_at >= _RELOAD_S:
            self._reload()
            self._feel_pulse()
        self._collect()
        now = self._steady.now()
        if not behind:
            for due in self._policy.advance(now, self._clock.now()):
                self._queue(due)
                self._dirty = True
        starting = self._choose()
        self._commit_or_go_on()
        for message in starting:
            self._begin(message)

    def counts(self) -> dict[str, int]:
        """How it stands, for status and metrics: records behind, messages waiting, undelivered, given up."""
        waiting = self._state.queue.values()
        return {
            "lag": max(0, self._store.log.end(self._source) - self._offset),
            "queued": len(waiting),
            "undelivered": sum(message.undelivered for message in waiting),
            "channels_down": sum(health.state == "down" for health in self._state.health.values()),
        }

    @property
    def settings_fault(self) -> str:
        """Why the settings that lie there are not in force; "" where they are."""
        return self._settings_fault

    @property
    def store_fault(self) -> str:
        """Why the out-box can't be written just now; "" where it can."""
        return self._store_fault

    def finish(self, seconds: float) -> None:
        """Wait for tries under way, note how they ended, and give the lease up."""
        ends = time.monotonic() + seconds
        while self._tries and time.monotonic() < ends:
            self._collect(wait_s=0.05)
        self._commit()
        if self._lease is not None:
            self._lease.release()

    def _read(self, wait_s: float) -> bool:
        """Take what is new; returns whether more lies behind it."""
        try:
            records = self._store.log.read(self._source, self._offset, _RECORDS, wait_s)
        except LogGap:
            start = self._store.log.start(self._source)
            self._log(f"records {self._offset + 1} to {start} of {self._source} were retired before they were read")
            self._offset, self._dirty = start, True
            return True
        for record in records:
            try:
                self._policy.take(decode_event(record.data))
            except DecodeError as error:
                self._log(f"{self._source} record {record.offset}: {error}")
        if records:
            self._offset, self._dirty = records[-1].offset, True
        return len(records) == _RECORDS

    def _reload(self) -> None:
        """Read settings and secrets again where the file changed; faulty ones leave the old in force and are told."""
        self._read_settings_at = time.monotonic()
        try:
            status = (self._folder / FILE).stat()
            seen: Any = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            seen = ()
        if seen == self._seen and not self._settings_fault:
            return
        first, self._seen = self._seen is None, seen
        try:
            settings = read_settings(self._site, self._folder)
            secrets = self._secrets()
            channels = {name: make_channel(one, secrets) for name, one in settings.channels.items()}
        except InfrastressError as error:
            if str(error) != self._settings_fault:
                self._settings_fault = str(error)
                self._log(f"notification settings are not in force: {error}")
            self._health("settings", "down", str(error))
            return
        self._settings_fault = ""
        self._channels = channels
        self._wait_until.clear()  # what failed may work now
        self._policy.use_settings(settings)
        told = "" if settings.routes else "no route: nobody is told of anything"
        self._health("settings", "live" if settings.routes else "unknown", told)
        for name in channels:
            if name not in self._state.health:
                self._health(name, "unknown", "nothing was sent yet")
        for name in self._state.health.keys() - channels.keys() - {"settings"}:
            self._health(name, "unknown", "not in the settings any more")
            del self._state.health[name]
        if not first:
            self._log("notification settings are read again")

    def _feel_pulse(self) -> None:
        """See whether detection goes on; who doesn't look at the console must hear of it if it doesn't."""
        row = self._store.records.get("pulse", self._site.id)
        try:
            clock = msgspec.json.decode(row.data, type=Pulse).clock if row is not None else 0
        except msgspec.MsgspecError:
            clock = 0
        if clock != self._pulse:
            self._pulse, self._pulsed = clock, time.monotonic()
        self._policy.deaf(deaf=time.monotonic() - self._pulsed > DEAF_S)

    def _queue(self, due: Due) -> None:
        if due.subjects == (DEAF,):
            title, text = compose_deaf(self._pulse, self._site, due.step)
        else:
            newest = [event for key in due.subjects[:_SUBJECTS] if (event := self._newest(key)) is not None]
            title, text = compose(due, newest, self._site, self._cards)
        self._state.number += 1
        message = message_of(
            self._state.number,
            site=self._site.id,
            channel=due.channel,
            kind=due.kind,
            severity=severity_of(due.rank),
            title=title,
            text=text,
            created=self._clock.now(),
            subjects=due.subjects[:_SUBJECTS],
            more=max(0, len(due.subjects) - _SUBJECTS),
            route=due.route,
            step=due.step,
        )
        self._put(message)

    def _newest(self, key: str) -> Event | None:
        row = self._store.records.get("event", f"{self._site.id}/{key}")
        try:
            return decode_event(row.data) if row is not None else None
        except DecodeError:
            return None

    def _put(self, message: Message) -> None:
        """A new version of a message: into the out-box, or out of it when it is finished."""
        if message.state in ("sent", "given_up", "withdrawn"):
            self._state.queue.pop(message.id, None)
        else:
            self._state.queue[message.id] = message
        version = f"{message.id}/{message.attempts}/{message.state}"
        self._outputs.append(
            Output(version, f"{self._name}:{KIND}", encode_message(message), message_key(message), message.created)
        )

    def _choose(self) -> list[Message]:
        """Messages whose next try begins now: one a channel, the gravest and oldest first."""
        starting: dict[str, Message] = {}
        order = sorted(self._state.queue.values(), key=lambda m: (m.severity != "critical", m.created, m.id))
        for message in order:
            if message.state != "queued":
                continue
            if message.channel not in self._channels:
                if message.channel not in self._policy.settings.channels and not self._settings_fault:
                    self._over(message, "given_up", "its channel is not in the settings any more")
                continue
            if not any(self._policy.waits(key) for key in message.subjects) and message.subjects and not message.more:
                self._over(message, "withdrawn", message.reason)
                continue
            busy = message.channel in self._tries or message.channel in starting
            if not busy and time.monotonic() >= self._wait_until.get(message.id, 0.0):
                begun = msgspec.structs.replace(message, state="sending", attempts=message.attempts + 1, next_try=0)
                self._put(begun)
                starting[message.channel] = begun
        return list(starting.values())

    def _begin(self, message: Message) -> None:
        channel = self._channels[message.channel]
        limit = self._policy.settings.channels[message.channel].timeout_s
        self._tries[message.channel] = _Try(message.id, time.monotonic() + _OVERDUE * limit)

        def work() -> None:
            fault, partly = "", ""
            try:
                partly = channel.send(message)
            except DeliveryError as error:
                fault = error.what
            except Exception as error:  # a fault of ours must not stop the rest
                fault = f"unexpected {type(error).__name__}"
            self._ended.put((message.channel, message.id, message.attempts, fault, partly))

        threading.Thread(target=work, name=f"notify-{message.channel}", daemon=True).start()

    def _collect(self, wait_s: float = 0.0) -> None:
        """Note how tries ended."""
        while True:
            try:
                channel, id_, attempt, fault, partly = (
                    self._ended.get(timeout=wait_s) if wait_s else (self._ended.get_nowait())
                )
            except Empty:
                break
            wait_s = 0.0
            message = self._state.queue.get(id_)
            running = self._tries.get(channel)
            if running is None or running.message != id_ or message is None or message.attempts != attempt:
                continue  # it was taken for failed before
            del self._tries[channel]
            self._note(message, fault, partly)
        for channel, one in list(self._tries.items()):
            if time.monotonic() > one.ends:
                del self._tries[channel]
                self._note(self._state.queue[one.message], "no end within the time limit", "")

    def _note(self, message: Message, fault: str, partly: str) -> None:
        if not fault:
            self._health(message.channel, "live", partly)
            self._over(message, "sent", partly)
            return
        self._log(f"message {message.id} by {message.channel}: {fault} (try {message.attempts})")
        self._health(message.channel, "down", fault)
        if message.attempts >= ATTEMPTS:
            self._policy.failed(message.route, message.subjects, self._steady.now())
            self._over(message, "given_up", fault)
            return
        pause = backoff_s(message.attempts)
        self._wait_until[message.id] = time.monotonic() + pause
        later = time.time_ns() + round(pause * 1e9)
        self._put(msgspec.structs.replace(message, state="queued", reason=fault, next_try=later))

    def _over(self, message: Message, state: Any, reason: str) -> None:
        self._wait_until.pop(message.id, None)
        self._put(msgspec.structs.replace(message, state=state, reason=reason, next_try=0, finished=time.time_ns()))

    def _health(self, member: str, state: Any, detail: str) -> None:
        """Tell how a channel stands where that changed."""
        before = self._state.health.get(member)
        if before is not None and (before.state, before.detail) == (state, detail):
            return
        now = self._clock.now()
        health = Health(
            site=self._site.id,
            source=SOURCE,
            member=member,
            state=state,
            since=now if before is None or before.state != state else before.since,
            last_seen=now,
            last_good=now if state == "live" else before.last_good if before is not None else 0,
            detail=detail,
        )
        self._state.health[member] = health
        self._state.number += 1
        subject = f"status/{self._site.id}:health"
        self._outputs.append(Output(f"{self._name}/{self._state.number}", subject, encode_health(health), health.key))

    def _commit_or_go_on(self) -> None:
        """Commit; where the store refuses (a full disk), people are told all the same, and it is written later."""
        try:
            self._commit()
        except (Fenced, OutcomeUnknown):
            raise
        except StoreError as error:
            if not self._store_fault:
                self._log(f"the out-box can't be written, messages go out all the same: {error}")
            self._store_fault = str(error)
        else:
            self._store_fault = ""

    def _commit(self) -> None:
        """Make all that changed durable; where nothing did, say "alive" now and then."""
        if self._lease is None:
            raise ConfigurationError("the notifier wasn't started", remedy="call start() first")
        if self._outputs or self._dirty:
            self._state.policy = self._policy.dump()
            self._state.shown = self._steady.now()
            self._lease.commit(self._offset, _ENCODER.encode(self._state), self._outputs)
            self._outputs, self._dirty, self._renewed = [], False, time.monotonic()
        elif time.monotonic() - self._renewed >= _RENEW_S:
            self._lease.renew()
            self._renewed = time.monotonic()
