"""A live run for a while: a testbed, the intake and the judge, each in a process of its own, over one store.

The judge (detection and fusion) and the plant are children; the intake and its connectors run here. They meet in the
store and on loopback alone, as they do where a plant is real.
"""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infrastress.app.baselines import Baseline, state_folder
from infrastress.app.detecting import Chosen, build_detectors, cards_of
from infrastress.app.files import make_folder, write_json
from infrastress.app.fusing import build_fusion, read_measured
from infrastress.app.pipeline import Judged
from infrastress.app.working import live_duties, read_judgement
from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError
from infrastress.core.plugins import load_plugin
from infrastress.core.secrets import Secrets
from infrastress.core.time import SECOND, to_iso
from infrastress.events import Event, decode_event
from infrastress.events.delivery import Balance
from infrastress.runtime import DetectionUnit, Intake, IntakePolicy, Policy, Shift
from infrastress.runtime.admission import SourceNotes
from infrastress.runtime.export import export_results
from infrastress.runtime.replay import replay_log, summary_of
from infrastress.site import Site
from infrastress.site.connections import connections_of
from infrastress.store import open_store
from infrastress.store.ports import Store
from infrastress.testbed.bed import read_every_s

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event as Flag

__all__ = ["Lived", "Plant", "live_through", "replay_lived", "write_lived"]

_PATIENCE_S = 30.0
_LOOK_S = 0.1
_REST_S = 0.1
"""The judge rests so long between turns: more records share a commit, and the intake gets the disk."""
_GATHER_S = 0.005
"""Event time runs fast: what waits to share a commit grows old quickly."""


@dataclass(frozen=True)
class Plant:
    """A simulated plant to be watched.

    Attributes:
        folder: the site's folder.
        scenario: what happens there, by name.
        seed: of the run.
        start, stop: event times between which it is watched, ns.
        speed: event seconds a second.
    """

    folder: Path
    scenario: str
    seed: int
    start: int
    stop: int
    speed: float


@dataclass(frozen=True)
class Lived:
    """What came of it.

    Attributes:
        balances, notes: by source.
        share: of the polls that were due, how many were made.
        wall_s: how long it took.
    """

    balances: dict[str, Balance]
    notes: dict[str, SourceNotes]
    share: float
    wall_s: float


def live_through(plant: Plant, site: Site, at: Path, work: Path, on_result: Callable[[Event], None]) -> Lived:
    """Watch a plant from its start to its stop; returns when everything it said was judged.

    Args:
        plant: what to watch.
        site: its model.
        at: folder of the store.
        work: folder for the testbed's files.
        on_result: called with each version of an alarm or incident as it comes.

    Raises:
        ConfigurationError: testbed or judge can't be started, or died.
    """
    for name in ("http_push", "modbus", "syslog"):
        load_plugin("connectors", name)  # loading takes a second, in which the plant would go unseen
    with open_store(at) as store, _judge(at, plant), _testbed(plant, work) as clock:
        intake = Intake(
            store, site, _connectors(site, work, clock), clock=clock, policy=IntakePolicy(gather_s=_GATHER_S)
        )
        told = _Told(store, site, clock, on_result)
        wall_s = asyncio.run(_watch(plant.stop, site, intake, told))
        return Lived(intake.balances, intake.notes, _share(plant, site, intake, work), wall_s)


def _judgement(plant: Plant) -> tuple[Site, dict[str, Chosen], dict[str, Baseline]]:
    """As `read_judgement`; the site says how often its sources are read at this speed, so that none seems silent."""
    site, chosen, baselines = read_judgement(plant.folder)
    sources = tuple(
        one.model_copy(update={"cadence_s": read_every_s(one, plant.speed)}) if one.kind == "telemetry" else one
        for one in site.sources
    )
    return site.model_copy(update={"sources": sources}), chosen, baselines


def write_lived(plant: Plant, at: Path, lived: Lived, out: Path) -> None:
    """Write the results of a live run as a replay writes its own."""
    site, chosen, baselines = _judgement(plant)
    with open_store(at) as store:
        unit = DetectionUnit(site, build_detectors(site, chosen, baselines))
        state = store.checkpoints.state(f"ingest/{site.id}/main")
        if state is not None:
            unit.load(state)
        summary = summary_of(store, site, lived.balances, lived.notes, failed=unit.failed, wall_s=lived.wall_s)
        export_results(store, site, make_folder(out))
    write_json(out / "summary.json", Judged(summary, baselines, out).as_dict())


def replay_lived(plant: Plant, at: Path, result: Path, out: Path) -> bool:
    """Replay the log of a live run into `out`; whether its results are those in `result`, to the byte."""
    site, chosen, baselines = _judgement(plant)
    with open_store(at) as live, open_store(make_folder(out) / "store") as store:
        fusion = build_fusion(site, cards_of(chosen), read_measured(state_folder(plant.folder, None)))
        detection = DetectionUnit(site, build_detectors(site, chosen, baselines))
        replay_log(live.log, store, site, detection, fusion)
        export_results(store, site, out)
    names = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl")
    return all((out / name).read_bytes() == (result / name).read_bytes() for name in names)


async def _watch(stop: int, site: Site, intake: Intake, told: "_Told") -> float:
    """Take everything in until a moment and a little longer, and see it judged; returns how long it took, s."""
    began = time.monotonic()
    late_s = max((source.lateness_s for source in site.sources if source.kind == "telemetry"), default=0.0)
    last = stop + round((late_s + 2 * site.runtime.frame_s) * SECOND)
    taking = asyncio.create_task(intake.run())
    try:
        while told.clock.now() < last:
            await asyncio.wait({taking}, timeout=_LOOK_S)
            if taking.done():
                taking.result()
                raise ConfigurationError("the intake ended by itself")
            told.tell()
        intake.stop()
        await taking
        deadline = time.monotonic() + _PATIENCE_S
        while not told.drained() and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_S)
            told.tell()
        told.tell()
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    return time.monotonic() - began


def _connectors(site: Site, work: Path, clock: EventClock) -> list[LiveConnector]:
    context = LiveContext(clock, Secrets(work / "secrets.yaml"), site.folder or Path())
    found: list[LiveConnector] = []
    for source, connection in connections_of(site, work / "connections.yaml").items():
        plugin = load_plugin("connectors", connection.connector)
        options = plugin.Options.model_validate(connection.options)
        found.append(plugin(site, site.source_by_id[source], options, context))
    return found


def _share(plant: Plant, site: Site, intake: Intake, work: Path) -> float:
    """The share of polls that were made: a machine that is too busy for the speed passes some over."""
    made = wanted = 0.0
    for source, connection in connections_of(site, work / "connections.yaml").items():
        if devices := connection.options.get("devices"):
            made += intake.balances[source].accepted
            wanted += len(devices) * (plant.stop - plant.start) / SECOND / float(connection.options["cadence_s"])
    return min(1.0, made / wanted) if wanted else 1.0


class _Told:
    """Tells each alarm and incident version as it comes into the log."""

    def __init__(self, store: Store, site: Site, clock: EventClock, on_result: Callable[[Event], None]) -> None:
        self.clock = clock
        self._store, self._on_result, self._after = store, on_result, 0
        self._upstream = (f"ingest/{site.id}/main", f"fusion/{site.id}")
        self._partition = f"result/{site.id}"

    def tell(self) -> None:
        while records := self._store.log.read(self._partition, self._after, 1000):
            for record in records:
                self._on_result(decode_event(record.data))
            self._after = records[-1].offset

    def drained(self) -> bool:
        """Whether detection and fusion have taken everything."""
        log, checkpoints = self._store.log, self._store.checkpoints
        return all(checkpoints.offset(one) >= log.end(one) for one in self._upstream)


@contextmanager
def _testbed(plant: Plant, work: Path) -> Iterator[EventClock]:
    """The plant behind its servers, in a process of its own; gives its clock."""
    clock = work / "clock"
    clock.unlink(missing_ok=True)
    arguments = [
        "testbed", str(plant.folder), plant.scenario, "--out", str(work), "--seed", str(plant.seed),
        "--speed", repr(plant.speed), "--start-at", to_iso(plant.start),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "infrastress", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while not clock.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    said = process.stderr.read().decode().strip() if process.stderr and process.poll() else ""
                    raise ConfigurationError(f"the testbed didn't start: {said or 'it took too long'}")
                time.sleep(0.02)
            yield EventClock.parse(clock.read_text().strip().partition("=")[2])
        finally:
            process.terminate()


@contextmanager
def _judge(at: Path, plant: Plant) -> Iterator[None]:
    """Detection and fusion in a process of their own."""
    fresh = multiprocessing.get_context("spawn")
    ready, stop = fresh.Event(), fresh.Event()
    process = fresh.Process(target=_judging, args=(at, plant, ready, stop), name="judge", daemon=True)
    process.start()
    try:
        if not ready.wait(_PATIENCE_S):
            raise ConfigurationError("the judge didn't start")
        yield
    finally:
        stop.set()
        process.join(_PATIENCE_S)
        if process.is_alive():
            process.kill()


def _judging(at: Path, plant: Plant, ready: "Flag", stop: "Flag") -> None:
    """What the judge's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the demo, and that the judge
    parent = os.getppid()
    with open_store(at) as store:
        duties = live_duties(*_judgement(plant), read_measured(state_folder(plant.folder, None)))
        shift = Shift(store.log, store.checkpoints, duties, policy=Policy(max_wait_s=0.05))
        ready.set()

        def enough() -> bool:
            time.sleep(_REST_S)
            return stop.is_set() or os.getppid() != parent

        shift.run(enough)
