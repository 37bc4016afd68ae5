"""Intake: live connectors run side by side, and what they deliver is admitted and committed in groups.

A delivery is acknowledged when it is durable, in the log with the position of its source, in one transaction: nothing
acknowledged is lost, nothing is taken twice. While the store can't be written, deliveries wait, and the connectors with
them; that is all the back-pressure there is.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from infrastress.core.clock import EventClock, SteadyClock
from infrastress.core.errors import ConfigurationError, Fenced, OutcomeUnknown, StoreError
from infrastress.core.time import SECOND
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime.admission import SourceNotes
from infrastress.runtime.live import LiveAdmission
from infrastress.runtime.pressure import PressurePolicy
from infrastress.runtime.reingest import Reingester
from infrastress.runtime.sharing import new_owner
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Lease, Output, Store

__all__ = ["Feeder", "Intake", "IntakePolicy", "Notice"]

T = TypeVar("T")


class _Link(Protocol):
    """What a connector reports of a connection."""

    @property
    def state(self) -> str:
        """`connecting`, `up` or `down`."""

    @property
    def detail(self) -> str:
        """For people."""

    @property
    def member(self) -> str:
        """Which of a source's connections."""


class Feeder(Protocol):
    """What the intake needs of a live connector."""

    @property
    def source(self) -> Source:
        """The source it listens to."""

    def run(self, sink: Any, after: bytes | None) -> Awaitable[None]:
        """Listen until cancelled, hand deliveries to `sink`."""


@dataclass(frozen=True)
class IntakePolicy:
    """How the intake works.

    Attributes:
        gather_s: longest that a delivery waits for others to share its commit.
        gather_bytes: commit at once when this much waits.
        waiting_bytes: deliveries beyond this wait to be taken in at all.
        beat_s: longest time between ticks; half a frame or a quarter of a source's cadence where that is shorter.
        outage_s: after a standstill of the store this long, sources get time to bring what waited.
        lease_s: the admission of another owner is taken over when its lease has stood still this long.
        retry_s, ill_s, wrong_s: before the store is tried again; before a connector that threw is started again (it
            doubles up to `wrong_s`); before one that can't work as configured is.
        pressure: when telemetry is thinned.
    """

    gather_s: float = 0.05
    gather_bytes: int = 4_000_000
    waiting_bytes: int = 64_000_000
    beat_s: float = 1.0
    outage_s: float = 2.0
    lease_s: float = 5.0
    retry_s: float = 0.5
    ill_s: float = 0.5
    wrong_s: float = 60.0
    pressure: PressurePolicy = field(default_factory=PressurePolicy)


class Notice(NamedTuple):
    """What people may want to know: a source's connector failed, or the store can't be written, or can again."""

    what: Literal["failed", "away", "back", "clock", "waiting"]
    source: str
    why: str


@dataclass
class _Waiting:
    """A delivery on its way; `taken` resolves when it is durable."""

    delivery: Delivery
    clock: int
    size: int
    since: float
    taken: asyncio.Future[None]


class _Sink:
    """One connector's way in."""

    def __init__(self, intake: "Intake", source: str) -> None:
        self._intake, self._source = intake, source

    async def deliver(self, delivery: Delivery) -> None:
        """Returns when the delivery is durable."""
        await self._intake.deliver(self._source, delivery)

    def report(self, link: _Link) -> None:
        """How a connection stands."""
        self._intake.report(self._source, link.member, link.state, link.detail)


class Intake:
    """Runs a site's live connectors.

    All methods belong to one event loop; the store is used by one thread beside it.

    Args:
        store: where log and positions are.
        site: the site model.
        connectors: one a source, as constructed.
        clock: the event clock that the connectors have, too; a `SteadyClock` where it is the machine's own.
        policy: see there.
        owner: tells processes apart; the same owner takes its lease again at once.
        on_notice: called with each notice, also from the thread that writes.
    """

    def __init__(
        self,
        store: Store,
        site: Site,
        connectors: Sequence[Feeder],
        *,
        clock: EventClock | None = None,
        policy: IntakePolicy | None = None,
        owner: str | None = None,
        on_notice: Callable[[Notice], None] = lambda _: None,
    ) -> None:
        self._store, self._site = store, site
        self._clock = clock or SteadyClock()
        self._policy = policy or IntakePolicy()
        self._owner = owner or new_owner()
        self._tell = on_notice
        self._admission = LiveAdmission(site, site.sources)
        self._connectors = {connector.source.id: connector for connector in connectors}
        self._check(self._connectors)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._queue: deque[_Waiting] = deque()
        self._size = 0
        self._acts: list[Callable[[int], list[Output]]] = []
        self._performing: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._entry = asyncio.Lock()
        self._room = asyncio.Event()
        self._room.set()
        self._flushed = asyncio.Event()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, "intake")
        self._lease: Lease | None = None
        self._step, self._committed, self._last = 0, b"", 0.0
        self._backlog, self._looked = 0, float("-inf")
        self.keep_every = 1
        """Set from outside to thin telemetry, such as when the disk is getting full."""
        self.ready = False
        """Whether connectors run."""
        self.failing = ""
        """Why the store can't be written; empty while it can."""
        self.links: dict[tuple[str, str], tuple[str, str]] = {}
        """(state, detail) of each connection by (source, member)."""

    @property
    def balances(self) -> dict[str, Balance]:
        """Read = accepted + quarantined + dropped, by source."""
        return self._admission.balances

    @property
    def notes(self) -> dict[str, SourceNotes]:
        """What else is known of each source."""
        return self._admission.notes

    @property
    def backlog(self) -> int:
        """Records that detection has not yet taken, as last looked at."""
        return self._backlog

    @property
    def waiting(self) -> int:
        """Deliveries that are not yet durable."""
        return len(self._queue)

    async def run(self) -> None:
        """Work until `stop` or cancelled; then connectors end, what was delivered is committed, the lease released.

        Raises:
            Fenced: another process took this site's admission over: nothing more can be written.
        """
        rereading: asyncio.Task[None] | None = None
        try:
            await self._acquire()
            for source in self._connectors:
                self._begin(source)
            rereading = asyncio.create_task(Reingester(self._store, self._site.id, self).run(), name="reingest")
            self.ready = True
            await self._work()
        finally:
            self.ready = False
            await _ended([rereading] if rereading is not None else [])
            await self._end()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping = True
        self._wake.set()

    async def deliver(self, source: str, delivery: Delivery) -> None:
        """Take a delivery of a source; returns when it is durable."""
        if delivery.source != source:
            raise ValueError(f"the connector of {source!r} delivered for {delivery.source!r}")
        async with self._entry:  # in the order of the calls, also behind a wait for room
            await self._room.wait()
            size = 1000 + sum(s.values.nbytes + s.times.nbytes for s in delivery.samples) + 1000 * len(delivery.events)
            size += sum(records.columns.nbytes for records in delivery.network)
            taken = asyncio.get_running_loop().create_future()
            self._queue.append(_Waiting(delivery, self._clock.now(), size, time.monotonic(), taken))
            self._size += size
            if self._size >= self._policy.waiting_bytes:
                self._room.clear()
            self._wake.set()
        await taken

    def report(self, source: str, member: str, state: str, detail: str) -> None:
        """How a connection stands; goes into the log when it is news."""
        if self.links.get((source, member)) == (state, detail):
            return
        self.links[source, member] = (state, detail)
        self._act(lambda clock: self._admission.link(source, member, state, detail, clock))

    @property
    def admission(self) -> LiveAdmission:
        """For what is given to `perform`."""
        return self._admission

    def connector(self, source: str) -> Feeder | None:
        """The connector of a source; None while it has none."""
        return self._connectors.get(source)

    async def perform(self, act: Callable[[int], list[Output]]) -> None:
        """Have something done with the admission, in its thread and in the next commit; returns when it is durable.

        Args:
            act: told the event clock; must not throw.
        """
        done = asyncio.get_running_loop().create_future()
        self._performing.append(done)
        self._act(act)
        await done

    async def connect(self, connector: Feeder) -> None:
        """Run a source's connector, in the place of the one that it has."""
        self._check([connector.source.id])
        await self.disconnect(connector.source.id)
        self._connectors[connector.source.id] = connector
        self._begin(connector.source.id)

    async def disconnect(self, source: str) -> None:
        """End a source's connector; what it has delivered is committed first."""
        task = self._tasks.pop(source, None)
        if task is None:
            return
        self._connectors.pop(source, None)
        await _ended([task])
        await self._settled(source)
        self.links = {key: link for key, link in self.links.items() if key[0] != source}
        self._leave(source)

    async def change(self, site: Site, connectors: Sequence[Feeder]) -> None:
        """Go on with another version of the site and these connectors; positions and balances stay.

        A connector among them that runs already goes on undisturbed. The change is a decision in the log.
        """
        sources = {connector.source.id for connector in connectors}
        strange = sources - site.source_by_id.keys()
        if strange:
            raise ConfigurationError(f"no source of the site: {', '.join(sorted(strange))}")
        for source, connector in list(self._connectors.items()):
            if not any(connector is other for other in connectors):
                await self.disconnect(source)
        done = asyncio.get_running_loop().create_future()

        def swap(clock: int) -> list[Output]:
            before = self._admission
            self._admission = LiveAdmission(site, site.sources)
            self._admission.load(before.dump())
            self._site = site
            done.get_loop().call_soon_threadsafe(done.set_result, None)
            return [self._admission.decide(clock, decision="site", version=site.version)]

        self._act(swap)
        await done
        for connector in connectors:
            if self._connectors.get(connector.source.id) is not connector:
                await self.connect(connector)

    # Connectors

    def _check(self, sources: Sequence[str] | dict[str, Feeder]) -> None:
        strange = sorted(set(sources) - self._site.source_by_id.keys())
        if strange:
            raise ConfigurationError(
                f"no source of site {self._site.id!r}: {', '.join(strange)}",
                remedy=f"it has {', '.join(self._site.source_by_id)}",
            )

    def _begin(self, source: str) -> None:
        def join(clock: int) -> list[Output]:
            self._admission.join(source, clock)
            return []

        self._act(join)
        self._tasks[source] = asyncio.create_task(self._keep(self._connectors[source]), name=f"source {source}")

    def _leave(self, source: str) -> None:
        self._act(lambda clock: self._admission.leave(source, clock))

    async def _keep(self, connector: Feeder) -> None:
        """Run one connector for ever; what it throws is its own matter."""
        source, wait_s = connector.source.id, self._policy.ill_s
        while True:
            began = time.monotonic()
            try:
                await connector.run(_Sink(self, source), self._admission.position(source))
                reason, wrong = "the connector ended by itself", False
            except ConfigurationError as error:
                reason, wrong = str(error), True
            except Exception as error:  # a stranger's code may throw anything, and must not stop the others
                reason, wrong = f"the connector failed: {type(error).__name__}: {error}", False
            self.report(source, "", "down", reason)
            self._tell(Notice("failed", source, reason))
            await self._settled(source)
            if time.monotonic() - began > self._policy.wrong_s:
                wait_s = self._policy.ill_s
            await asyncio.sleep(self._policy.wrong_s if wrong else wait_s)
            wait_s = min(2 * wait_s, self._policy.wrong_s)

    async def _settled(self, source: str) -> None:
        """Wait until nothing of a source is under way, so that its position is what was delivered."""
        while any(waiting.delivery.source == source for waiting in self._queue):
            self._flushed.clear()
            await self._flushed.wait()

    # Commits

    def _act(self, act: Callable[[int], list[Output]]) -> None:
        """Something to be done with the admission, in its thread, before the next commit."""
        self._acts.append(act)
        self._wake.set()

    async def _work(self) -> None:
        cadences = [source.cadence_s / 4 for source in self._site.sources if source.cadence_s]
        event_s = min([self._site.runtime.frame_s / 2, *cadences])
        beat_s = max(self._policy.gather_s, min(self._policy.beat_s, self._clock.wall_s(event_s)))
        while not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), beat_s)
            if self._queue and not self._stopping and self._size < self._policy.gather_bytes:
                await asyncio.sleep(self._queue[0].since + self._policy.gather_s - time.monotonic())
            self._wake.clear()
            await self._commit()

    async def _commit(self) -> None:
        """Admit and commit all that waits; the queue keeps it until then."""
        now = time.monotonic()
        if now - self._last > self._policy.outage_s + self._policy.beat_s:
            self._acts.insert(0, self._standstill)  # of the store, or of this whole process
        self._last = now
        batch, acts, performing = list(self._queue), self._acts, self._performing
        self._acts, self._performing = [], []
        write = asyncio.ensure_future(self._aside(self._write, batch, acts, self._clock.now()))
        try:
            refused = await asyncio.shield(write)
        except asyncio.CancelledError:  # what is being written can't be taken back
            self._stopping = True
            self._taken(batch, await write)
            _performed(performing)
            raise
        self._taken(batch, refused)
        _performed(performing)

    def _taken(self, batch: list[_Waiting], refused: dict[str, Exception]) -> None:
        """A batch is durable: say so to whoever waits."""
        for waiting in batch:
            self._queue.popleft()
            self._size -= waiting.size
            if waiting.taken.done():
                continue  # its connector was stopped meanwhile
            error = refused.get(waiting.delivery.source)
            if error is None:
                waiting.taken.set_result(None)
            else:
                waiting.taken.set_exception(error)
        self._flushed.set()
        if self._size < self._policy.waiting_bytes:
            self._room.set()

    def _started(self, clock: int) -> list[Output]:
        self._admission.start(clock)
        return [self._admission.decide(clock, decision="start")]

    def _standstill(self, clock: int) -> list[Output]:
        self._admission.start(clock)
        return [self._admission.decide(clock, decision="standstill")]

    def _write(
        self, batch: list[_Waiting], acts: list[Callable[[int], list[Output]]], clock: int
    ) -> dict[str, Exception]:
        """In the intake's thread: admit, commit until it is durable; returns which sources' deliveries were refused."""
        keep_every = max(self.keep_every, self._policy.pressure.keep_every(self._look()))
        outputs = self._stepped(clock)
        for act in acts:
            outputs += act(clock)
        before = self._admission.dump() if outputs or acts else self._committed
        refused: dict[str, Exception] = {}
        while (admitted := self._admit(batch, keep_every, refused)) is None:
            self._admission.load(before)
        outputs += [*admitted, *self._admission.tick(clock)]
        state = self._admission.dump()
        self._durable(self._step + 1, state, outputs)
        self._step, self._committed = self._step + 1, state
        return refused

    def _admit(self, batch: list[_Waiting], keep_every: int, refused: dict[str, Exception]) -> list[Output] | None:
        """What comes of a batch; None where a delivery can't be taken: its source is then added to `refused`."""
        outputs: list[Output] = []
        for waiting in batch:
            source = waiting.delivery.source
            if source in refused:
                continue
            try:
                outputs += self._admission.take(waiting.delivery, waiting.clock, keep_every=keep_every)
            except Exception as error:  # a stranger's delivery may be anything, and must not stop the others
                refused[source] = error
                return None
        return outputs

    def _stepped(self, clock: int) -> list[Output]:
        """Steps of the machine's clock, as decisions."""
        if not isinstance(self._clock, SteadyClock):
            return []
        outputs = []
        for step in self._clock.stepped():
            self._tell(Notice("clock", "", f"the machine's clock was set by {step.by / SECOND:+.1f} s"))
            self._admission.start(clock)
            outputs.append(self._admission.decide(clock, decision="clock-step", by_s=step.by / SECOND, at=step.at))
        return outputs

    def _durable(self, step: int, state: bytes, outputs: list[Output]) -> None:
        """Commit, for as long as it takes."""
        while True:
            try:
                if self._lease is None:
                    self._lease = self._take_again()
                if self._lease.offset < step:
                    self._lease.commit(step, state, outputs)
            except Fenced:
                raise
            except OutcomeUnknown as error:
                self._lease = None  # what became of it only a new lease tells
                self._away(error)
            except StoreError as error:
                if self._stopping and self.failing:
                    raise
                self._away(error)
            else:
                if self.failing:
                    self.failing = ""
                    self._tell(Notice("back", "", "the store can be written again"))
                return
            time.sleep(self._policy.retry_s)

    def _away(self, error: StoreError) -> None:
        if str(error) != self.failing:
            self.failing = str(error)
            self._tell(Notice("away", "", self.failing))

    def _take_again(self) -> Lease:
        """The lease anew, if it is still ours to take.

        Raises:
            Fenced: another holds it.
        """
        beat = self._store.checkpoints.observe(self._name)
        if beat.owner not in ("", self._owner):
            raise Fenced(f"the lease moved to epoch {beat.epoch} of {beat.owner!r}", where=self._name)
        return self._store.checkpoints.acquire(self._name, beat, self._owner)

    def _look(self) -> int:
        """How far detection is behind, looked at once a second."""
        now = time.monotonic()
        if now - self._looked >= 1.0:
            self._looked = now
            with suppress(StoreError):
                partition = self._admission.ingest
                self._backlog = self._store.log.end(partition) - self._store.checkpoints.offset(partition)
        return self._backlog

    # Beginning and end

    @property
    def _name(self) -> str:
        return f"admission/{self._site.id}/main"

    async def _acquire(self) -> None:
        """Take the lease once nobody lives on it, and what it holds."""
        checkpoints = self._store.checkpoints
        seen, since = None, time.monotonic()
        while self._lease is None and not self._stopping:
            try:
                beat = await self._aside(checkpoints.observe, self._name)
                if beat != seen:
                    seen, since = beat, time.monotonic()
                if beat.owner in ("", self._owner) or time.monotonic() - since > self._policy.lease_s:
                    self._lease = await self._aside(checkpoints.acquire, self._name, beat, self._owner)
                    break
                self.failing = f"the admission of {self._site.id!r} is held by {beat.owner}"
                self._tell(Notice("waiting", "", self.failing))
            except Fenced:
                continue  # another was quicker: look again
            except StoreError as error:
                self._away(error)
            await asyncio.sleep(self._policy.retry_s)
        self.failing = ""
        if self._lease is not None:
            self._step = self._lease.offset
            if self._lease.state is not None:
                self._admission.load(self._lease.state)
        for source in self._admission.joined - self._connectors.keys():
            self._leave(source)
        self._acts.insert(0, self._started)
        self._committed, self._last = self._admission.dump(), time.monotonic()

    async def _end(self) -> None:
        """Connectors first, then what they delivered, then the lease."""
        self._stopping = True
        await _ended(list(self._tasks.values()))
        self._tasks.clear()
        try:
            if self._lease is not None:
                await self._commit()
                await self._aside(self._lease.release)
        except StoreError as error:
            self._away(error)
        finally:
            self._lease = None
            for waiting in self._queue:
                waiting.taken.cancel()
            self._queue.clear()
            for waits in self._performing:
                waits.cancel()
            self._thread.shutdown(wait=False)

    async def _aside(self, work: Callable[..., T], *args: Any) -> T:
        """In the intake's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def _performed(performing: list[asyncio.Future[None]]) -> None:
    for done in performing:
        if not done.done():
            done.set_result(None)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel, and wait for as long as a connector may take to close its connections."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=2.0)
