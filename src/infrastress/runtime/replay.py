"""Replay: sources, admission, detection and fusion in one process, over the store, at any speed.

Each stage commits through its lease. Killed anywhere and called again with the same store, it goes on and ends with
the same results.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from infrastress.core.errors import ConfigurationError
from infrastress.core.time import SECOND, to_iso
from infrastress.events import Alarm, Detection, Event, Incident, Samples, decode_event
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime.admission import Admission, SourceNotes
from infrastress.runtime.detection import DetectionUnit, Judge
from infrastress.runtime.unit import Unit
from infrastress.runtime.worker import Clock, Policy, SystemClock, Worker, gather
from infrastress.site import Site
from infrastress.site.sources import Source
from infrastress.store.ports import Lease, Log, Output, Store, read_all, type_of

__all__ = ["Feed", "Progress", "ReplaySummary", "replay", "replay_log", "summary_of"]

_OWNER = "replay"
_PAUSE_S = 0.05
_GROUP_BYTES = 8_000_000
_GROUP_OUTPUTS = 2_000


class Feed(Protocol):
    """What replay needs of a connector."""

    @property
    def source(self) -> Source:
        """The source it reads."""

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position, in the source's order."""


@dataclass(frozen=True)
class Progress:
    """How far a replay is: rows read so far, event time reached (ns), seconds since it began."""

    rows: int
    time: int | None
    wall_s: float


@dataclass(frozen=True)
class ReplaySummary:
    """What a replay did, over all its runs up to now (`wall_s`: this run alone).

    Attributes:
        balances, notes: by source.
        counts: detections, alarms, incidents (by their names, not their versions), refusals kept as records.
        first, last: event times covered, ns; None when there was nothing.
        wall_s: seconds this run took.
        failed: detectors that are off, and what they threw.
    """

    balances: dict[str, Balance]
    notes: dict[str, SourceNotes]
    counts: dict[str, int]
    first: int | None
    last: int | None
    wall_s: float
    failed: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, times in ISO 8601. `wall_s` is left out, so that equal replays give equal summaries."""
        return {
            "balances": {source: balance.as_dict() for source, balance in sorted(self.balances.items())},
            "notes": {source: _note(note) for source, note in sorted(self.notes.items())},
            "counts": dict(sorted(self.counts.items())),
            "first": None if self.first is None else to_iso(self.first),
            "last": None if self.last is None else to_iso(self.last),
            "failed_detectors": dict(sorted(self.failed.items())),
        }


class _Told:
    """Tells each alarm and incident version that comes into the log from now on."""

    def __init__(self, store: Store, site: Site, on_result: Callable[[Event], None] | None) -> None:
        self._log, self._partition, self._on_result = store.log, f"result/{site.id}", on_result
        self._after = store.log.end(self._partition) if on_result else 0

    def tell(self) -> None:
        while self._on_result and (records := self._log.read(self._partition, self._after, 1000)):
            for record in records:
                self._on_result(decode_event(record.data))
            self._after = records[-1].offset


class _Pipeline:
    """Detection and fusion behind an ingest partition, driven cooperatively."""

    def __init__(
        self,
        store: Store,
        site: Site,
        detection: Unit,
        fusion: Unit,
        *,
        on_result: Callable[[Event], None] | None,
        policy: Policy,
    ) -> None:
        self.store, self.site = store, site
        self.unit = detection
        self.workers = (
            Worker(store.log, store.checkpoints, f"ingest/{site.id}/main", detection, policy, owner=_OWNER),
            Worker(store.log, store.checkpoints, f"fusion/{site.id}", fusion, policy, owner=_OWNER),
        )
        for worker in self.workers:
            worker.acquire()
        self._told = _Told(store, site, on_result)

    def drain(self) -> None:
        """Work until nothing is left, detection first."""
        for worker in self.workers:
            while worker.step():
                pass
        self._told.tell()

    def finish(self) -> dict[str, str]:
        """Nothing is left: release the leases; returns the detectors that failed."""
        failed = self.unit.failed
        for worker in self.workers:
            worker.release()
        return failed


class _Elsewhere:
    """Detection and fusion done by other processes on the same store."""

    def __init__(
        self,
        store: Store,
        site: Site,
        detectors: Sequence[Judge],
        *,
        on_result: Callable[[Event], None] | None,
        clock: Clock,
    ) -> None:
        self._store, self._clock = store, clock
        self._partitions = (f"ingest/{site.id}/main", f"fusion/{site.id}")
        self._unit = DetectionUnit(site, detectors)
        self._told = _Told(store, site, on_result)

    def drain(self) -> None:
        """Tell what has come."""
        self._told.tell()

    def finish(self) -> dict[str, str]:
        """Wait until the others have done everything, detection first; returns the detectors that failed."""
        for partition in self._partitions:
            while self._store.checkpoints.offset(partition) < self._store.log.end(partition):
                self._told.tell()
                self._clock.sleep(_PAUSE_S)
        self._told.tell()
        state = self._store.checkpoints.state(self._partitions[0])
        if state is not None:
            self._unit.load(state)
        return self._unit.failed


def replay(
    store: Store,
    site: Site,
    connectors: Sequence[Feed],
    detectors: Sequence[Judge],
    fusion: Unit,
    *,
    speed: float | None = None,
    batch_rows: int = 10_000,
    scores: bool = False,
    on_result: Callable[[Event], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    policy: Policy | None = None,
    clock: Clock | None = None,
    by_workers: bool = False,
) -> ReplaySummary:
    """Play recorded sources through the live pipeline.

    The source whose time stands lowest is read next. A store that holds part of this replay already is gone on with.

    Args:
        store: where log, state and results go.
        site: the site model.
        connectors: one per source, ids unique.
        detectors: as constructed, in fixed order.
        fusion: as constructed.
        speed: event time per wall time; None for as fast as possible.
        batch_rows: most telemetry rows per record.
        scores: keep each detector's score of each frame, for evaluation.
        on_result: called with each alarm and incident version committed by this run.
        on_progress: called after each delivery.
        policy: how much detection and fusion take per commit.
        clock: for `speed` and `wall_s`.
        by_workers: detection and fusion are done by other processes on the store (`sharing.Shift`); wait for them.

    Raises:
        ConfigurationError: two connectors of one source, none at all, or the store holds another replay.
        InputError, MappingError: a source can't be read.
    """
    clock = clock or SystemClock()
    began = clock.monotonic()
    feeds = {connector.source.id: connector for connector in connectors}
    if len(feeds) < len(connectors) or not feeds:
        raise ConfigurationError("a replay needs at least one source, and each only once")
    admission = Admission(site, [feed.source for feed in feeds.values()], batch_rows=batch_rows)
    lease = _admission_lease(store, site, admission)
    pipeline: _Pipeline | _Elsewhere
    if by_workers:
        pipeline = _Elsewhere(store, site, detectors, on_result=on_result, clock=clock)
    else:
        policy = policy or Policy()
        detection = DetectionUnit(site, detectors, scores=scores)
        pipeline = _Pipeline(store, site, detection, fusion, on_result=on_result, policy=policy)
    pipeline.drain()
    streams = {
        source: feed.deliveries(admission.position(source))
        for source, feed in sorted(feeds.items())
        if not admission.ended(source)
    }
    waiting: list[Output] = []
    told = 0
    size = 0
    steps = lease.offset
    pace: tuple[int, float] | None = None
    while streams:
        source = min(streams, key=lambda name: (-1 if (p := admission.progress(name)) is None else p, name))
        delivery = next(streams[source], None)
        if delivery is None:
            del streams[source]
            waiting += admission.end(source)
        else:
            waiting += admission.admit(delivery)
            if speed is not None and admission.watermark is not None:
                pace = pace or (admission.watermark, clock.monotonic())
                due = pace[1] + (admission.watermark - pace[0]) / SECOND / speed
                clock.sleep(max(0.0, due - clock.monotonic()))
        steps += 1
        size += sum(len(output.data) for output in waiting[told:])
        told = len(waiting)
        if told >= _GROUP_OUTPUTS or size >= _GROUP_BYTES or speed is not None or not streams:
            lease.commit(steps, admission.dump(), waiting)
            waiting, told, size = [], 0, 0
            pipeline.drain()
        if on_progress is not None:
            rows = sum(balance.read for balance in admission.balances.values())
            on_progress(Progress(rows, admission.watermark, clock.monotonic() - began))
    failed = pipeline.finish()
    lease.release()
    wall_s = clock.monotonic() - began
    return summary_of(store, site, admission.balances, admission.notes, failed=failed, wall_s=wall_s)


def replay_log(
    log: Log,
    store: Store,
    site: Site,
    detection: Unit,
    fusion: Unit,
    *,
    batch_rows: int = 10_000,
    on_result: Callable[[Event], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    policy: Policy | None = None,
    clock: Clock | None = None,
) -> ReplaySummary:
    """Play a recorded `ingest/<site>/main` into another store, its rows cut anew to records of `batch_rows`.

    Detections, alarms and incidents come out byte-identical to those of the store that recorded it. Resumes like
    `replay`. Balances and notes are empty: admission has been done. `on_progress` is told records taken.
    """
    clock = clock or SystemClock()
    began = clock.monotonic()
    partition = f"ingest/{site.id}/main"
    name = f"rerun/{site.id}/main"
    lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), _OWNER)
    policy = policy or Policy()
    pipeline = _Pipeline(store, site, detection, fusion, on_result=on_result, policy=policy)
    pipeline.drain()
    offset = lease.offset
    while records := gather(log, partition, offset, policy):
        outputs: list[Output] = []
        run: list[Samples] = []
        for record in records:
            if type_of(record.subject) == "samples":
                samples = Samples.decode(record.data)
                if run and not _joins(run[-1], samples):
                    outputs += _recut(run, partition, batch_rows)
                    run = []
                run.append(samples)
                continue
            outputs += _recut(run, partition, batch_rows)
            run = []
            outputs.append(Output(record.id, record.subject, record.data))
        outputs += _recut(run, partition, batch_rows)
        offset = records[-1].offset
        lease.commit(offset, None, outputs)
        pipeline.drain()
        if on_progress is not None:
            on_progress(len(records))
    wall_s = clock.monotonic() - began
    return summary_of(store, site, {}, {}, failed=pipeline.finish(), wall_s=wall_s)


def _admission_lease(store: Store, site: Site, admission: Admission) -> Lease:
    name = f"admission/{site.id}/main"
    lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), _OWNER)
    if lease.state is not None:
        admission.load(lease.state)
    return lease


def _joins(before: Samples, after: Samples) -> bool:
    return before.source == after.source and before.tags == after.tags


def _recut(run: Sequence[Samples], partition: str, batch_rows: int) -> list[Output]:
    if not run:
        return []
    head = run[0]
    joined = Samples(
        head.site,
        head.source,
        head.sequence,
        np.concatenate([samples.times for samples in run]),
        head.tags,
        np.concatenate([samples.values for samples in run]),
    )
    parts = (joined.slice(start, min(start + batch_rows, len(joined))) for start in range(0, len(joined), batch_rows))
    return [Output(part.id, f"{partition}:samples", part.encode()) for part in parts]


def summary_of(
    store: Store,
    site: Site,
    balances: dict[str, Balance],
    notes: dict[str, SourceNotes],
    *,
    failed: dict[str, str],
    wall_s: float,
) -> ReplaySummary:
    """What a store holds of a site, with what admission knew of it."""
    first: int | None = None
    last: int | None = None
    names: dict[str, set[str]] = {"detections": set(), "alarms": set(), "incidents": set()}
    for partition in (f"fusion/{site.id}", f"result/{site.id}"):
        for record in read_all(store.log, partition):
            if type_of(record.subject) != "event":
                continue
            body = decode_event(record.data).body
            if isinstance(body, Detection):
                names["detections"].add(record.id)
            elif isinstance(body, Alarm):
                names["alarms"].add(body.alarm)
            elif isinstance(body, Incident):
                names["incidents"].add(body.incident)
    counts = {kind: len(found) for kind, found in names.items()}
    counts["refusals"] = store.log.end(f"quarantine/{site.id}")
    newest = [note.newest for note in notes.values() if note.newest is not None]
    oldest = [note.oldest for note in notes.values() if note.oldest is not None]
    first, last = min(oldest, default=None), max(newest, default=None)
    return ReplaySummary(balances, notes, counts, first, last, wall_s, failed)


def _note(note: SourceNotes) -> dict[str, Any]:
    fields = asdict(note)
    for name in ("oldest", "newest"):
        fields[name] = None if fields[name] is None else to_iso(fields[name])
    return fields
