"""A simulated day told to the real pipeline in this process: admission, detection and fusion over one store.

Nothing but the plant's protocols is left out. What people do and what is raised here needn't wait for the next minute
of the site's frames: fusion's time is put forward to it.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from infrastress.app.detecting import build_detectors, cards_of, choose_detectors
from infrastress.app.fusing import build_fusion
from infrastress.app.scenarios import load_scenario, play
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.evaluation.performance import Performance
from infrastress.events import Event, Samples, Tick, decode_event, encode_event, make_event
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime import DetectionUnit, Duty, Policy, Shift
from infrastress.runtime.live import LiveAdmission
from infrastress.site import Site
from infrastress.store.ports import Output, Store

__all__ = ["Day", "Pipeline", "Playing"]

_OWNER = "scene"


class Day(msgspec.Struct):
    """What a plant says in a day: (time, source, encoded row or event), by time."""

    told: list[tuple[int, str, bool, bytes]]

    @classmethod
    def simulate(cls, site: Site, folder: Path, scenario: str, seed: int, *, keep: tuple[int, int]) -> "Day":
        """Play a scenario of the site's folder, at most a day of it; what lies between two event times is kept."""
        start, stop = keep
        real = play(site, load_scenario(folder, scenario, duration_h=24.0), seed)
        told = []
        for chunk in real.samples:
            for i in np.flatnonzero((chunk.times >= start) & (chunk.times < stop)).tolist():
                cut = slice(i, i + 1)
                row = Samples(site.id, chunk.source, len(told), chunk.times[cut], chunk.tags, chunk.values[cut])
                told.append((int(row.times[0]), row.source, True, row.encode()))
        told += [
            (known, one.source, False, encode_event(one))
            for one in real.events
            if start <= (known := max(one.occurred, one.observed)) < stop
        ]
        return cls(sorted(told, key=lambda one: (one[0], one[1], one[3])))

    def save(self, file: Path) -> None:
        """Write it."""
        file.write_bytes(msgspec.msgpack.encode(self))

    @classmethod
    def read(cls, file: Path) -> "Day":
        """Inverse of `save`."""
        return msgspec.msgpack.decode(file.read_bytes(), type=cls)


class Pipeline:
    """Admission, detection and fusion of one site over one store, driven step by step by one thread.

    Args:
        store: open.
        site: its model.
        day: what the plant says; what lies before the store's clock was told.
        commit_s: longest time that results wait for others to share a commit.
        measured: rates of its detectors.
    """

    def __init__(
        self, store: Store, site: Site, day: Day, *, commit_s: float = 0.01, measured: Sequence[Performance] = ()
    ) -> None:
        self.store, self.site, self._day = store, site, day
        self._admission = LiveAdmission(site, site.sources)
        name = f"admission/{site.id}/main"
        self._lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), _OWNER)
        if self._lease.state is not None:
            self._admission.load(self._lease.state)
        self._step, self._next = self._lease.offset, 0
        self._ingest, self._fusion = f"ingest/{site.id}/main", f"fusion/{site.id}"
        chosen = choose_detectors(site)
        duties = [
            Duty(self._ingest, lambda: DetectionUnit(site, build_detectors(site, chosen, {}))),
            Duty(self._fusion, lambda: build_fusion(site, cards_of(chosen), measured)),
        ]
        self._shift = Shift(store.log, store.checkpoints, duties, policy=Policy(max_wait_s=commit_s), owner=_OWNER)
        self._width = round(site.runtime.frame_s * SECOND)
        self._ahead, self._seen = self._reached(), store.log.end(self._fusion)

    def begin(self, clock: int, *, connected: bool = True) -> None:
        """Start at an event time; what the day holds before it is passed over."""
        self._admission.start(clock)
        outputs = [self._admission.decide(clock, decision="start")]
        for source in self.site.sources if connected else ():
            self._admission.join(source.id, clock)
            outputs += self._admission.link(source.id, "", "up", "plays a recording", clock)
        while self._next < len(self._day.told) and self._day.told[self._next][0] < clock:
            self._next += 1
        self._commit(outputs)

    def tell(self, clock: int, *, every: int = SECOND) -> None:
        """Admit what the plant says until `clock`, with a tick each `every` ns and at the end."""
        outputs: list[Output] = []
        while self._next < len(self._day.told) and self._day.told[self._next][0] <= clock:
            moment, source, row, data = self._day.told[self._next]
            if moment // every > self._admission._clock // every:
                outputs += self._admission.tick(moment // every * every)
            outputs += self._admission.take(self._delivery(source, data, row=row), moment)
            self._next += 1
        self._commit([*outputs, *self._admission.tick(clock)])

    def turn(self) -> None:
        """Let detection and fusion take a step; fusion's time is put forward to what waits there."""
        self._shift.turn()
        log = self.store.log
        if (end := log.end(self._fusion)) > self._seen:
            if log.read(self._fusion, self._seen, 1, types=("event",)):
                self._ahead = max(self._ahead + self._width, self._reach(self._seen))
                self.forward(self._ahead)
                end = log.end(self._fusion)
            self._seen = end

    def forward(self, moment: int) -> None:
        """Put fusion's time forward."""
        tick = make_event(
            site=self.site.id, source="scene", sequence=moment, occurred=moment, body=Tick(watermark=moment)
        )
        self.store.log.append(f"{self._fusion}:tick", [(tick.id, encode_event(tick))])

    def raise_(self, detections: Sequence[Event]) -> None:
        """Hand detections to fusion."""
        rows = [(event.id, encode_event(event)) for event in detections]
        for start in range(0, len(rows), 1000):
            self.store.log.append(f"{self._fusion}:event", rows[start : start + 1000])

    def settle(self) -> None:
        """Work until detection and fusion have taken everything."""
        log, checkpoints = self.store.log, self.store.checkpoints
        while any(checkpoints.offset(one) < log.end(one) for one in (self._ingest, self._fusion)):
            self.turn()

    def leave(self) -> None:
        """Give all leases up."""
        self._shift.leave()
        self._lease.release()

    def _reached(self) -> int:
        """Up to when fusion's time was put already: a scene may have been played ahead of its end."""
        newest, after = 0, 0
        while records := self.store.log.read(self._fusion, after, 1000, types=("tick",)):
            newest = max(newest, *(decode_event(record.data).occurred for record in records))
            after = records[-1].offset
        return newest

    def _reach(self, after: int) -> int:
        """The end of the cell in which the newest event behind an offset lies."""
        newest = 0
        while records := self.store.log.read(self._fusion, after, 1000, types=("event",)):
            newest = max(newest, *(decode_event(record.data).occurred for record in records))
            after = records[-1].offset
        return -(-newest // self._width) * self._width

    def _delivery(self, source: str, data: bytes, *, row: bool) -> Delivery:
        position, balance = b"%d" % (self._next + 1), Balance(read=1, accepted=1)
        if not row:
            return Delivery(source, position, events=(decode_event(data),), balance=balance)
        samples = Samples.decode(data)
        balance.cells_accepted = int(np.isfinite(samples.values).sum())
        balance.cells_empty = samples.values.size - balance.cells_accepted
        return Delivery(source, position, (samples,), balance=balance, progress=int(samples.times[-1]))

    def _commit(self, outputs: list[Output]) -> None:
        self._step += 1
        self._lease.commit(self._step, self._admission.dump(), outputs)


class Playing:
    """A pipeline that plays on by itself, in a thread.

    Args:
        pipeline: begun.
        clock: event clock.
    """

    def __init__(self, pipeline: Pipeline, clock: EventClock) -> None:
        self.pipeline, self._clock = pipeline, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="pipeline")
        self.error: BaseException | None = None
        self.silent = threading.Event()
        """Set: the pulse stops, as if detection hung."""

    def start(self) -> "Playing":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, and give all leases up."""
        self._stop.set()
        self._thread.join(20)
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        told = 0.0
        try:
            while not self._stop.is_set():
                if not self.silent.is_set():
                    if time.monotonic() - told >= 1.0:
                        told = time.monotonic()
                        self.pipeline.tell(self._clock.now())
                    self.pipeline.turn()
                self._stop.wait(0.05)
            self.pipeline.leave()
        except BaseException as error:  # told by stop
            self.error = error
