"""What the detection benchmarks share: a simulated run judged by detectors, and learning from quiet runs."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from infrastress.core.time import DAY
from infrastress.detectors.base import Detector
from infrastress.events.frames import Block, Finding, Frames
from infrastress.runtime.frames import Framer
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.site import Site

__all__ = ["LIMITS", "Job", "Run", "Team", "blocks_of", "frames_of", "learned", "play", "play_all"]

Team = Callable[[], list[Detector]]
Job = tuple[Scenario, int]
"""What to play, and with which seed."""

LIMITS = ("process.alarm_limit", "process.trip_limit", "process.instrument_range")


@dataclass
class Run:
    """What one simulated run gave."""

    findings: list[Finding]
    truth: list[Any]
    facts: dict[str, Any]
    days: float
    values: int = 0
    seconds: float = 0.0
    raised: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.raised = [f for f in self.findings if f.body.phase == "raised"]


def frames_of(site: Site, real: Realisation) -> Iterator[Frames]:
    """The run's telemetry on the site's grid."""
    framer = Framer(round(site.runtime.frame_s * 1e9), [s.id for s in site.signals])
    width = framer.width
    for samples in real.samples:
        framer.add(samples)
        # Rows may be late by the source's lateness: two frames are kept open.
        yield from framer.close(int(samples.times.max()) - 2 * width)
    yield from framer.close(None)


def blocks_of(site: Site, real: Realisation) -> Iterator[Block]:
    """Frames, with the observations that fall up to their end."""
    events, i = real.events, 0
    for frames in frames_of(site, real):
        j = i
        while j < len(events) and events[j].occurred <= frames.ends[-1]:
            j += 1
        yield Block(frames, tuple(events[i:j]))
        i = j


def play(simulator: Simulator, detectors: list[Detector], what: Scenario, seed: int) -> Run:
    """Simulate a scenario and let the detectors judge it."""
    site = simulator.site
    real = simulator.run(what, seed)
    findings: list[Finding] = []
    values, seconds = 0, 0.0
    for block in blocks_of(site, real):
        begun = time.perf_counter()
        for detector in detectors:
            findings += detector.update(block)
        seconds += time.perf_counter() - begun
        values += block.frames.mean.size
    return Run(findings, list(real.truth), real.facts, what.duration_h / 24, values, seconds)


_PLAYING: dict[str, Any] = {}
"""What each process of the pool plays with."""


def play_all(simulator: Simulator, team: Team, jobs: Sequence[Job]) -> Iterator[Run]:
    """Play many runs, as many at once as there are cores; in order of the jobs."""
    # Forked children find simulator and detectors as they are: nothing has to be sent.
    with ProcessPoolExecutor(None, get_context("fork"), _PLAYING.update, ({"with": (simulator, team)},)) as pool:
        for done, run in enumerate(pool.map(_played, jobs), 1):
            sys.stderr.write(f"\r{done} of {len(jobs)} runs")
            sys.stderr.flush()
            yield run
    sys.stderr.write("\n")


def _played(job: Job) -> Run:
    simulator, team = _PLAYING["with"]
    return play(simulator, team(), *job)


def learned(
    simulator: Simulator, what: Scenario, seeds: Sequence[int], members: Sequence[type[Detector]]
) -> dict[str, Any]:
    """Baselines by detector, from quiet runs."""
    site = simulator.site

    def blocks() -> Iterator[Block]:
        # The seeds play the same calendar days: all but the last are moved back by whole weeks, so that weekdays stay,
        # and into the winter before, so that no clock is changed in between.
        weeks = -(-int(what.duration_h + 24) // (7 * 24))
        for back, seed in zip(range(len(seeds) - 1, -1, -1), seeds, strict=True):
            shift = -back * weeks * 7 * DAY
            for block in blocks_of(site, simulator.run(what, seed)):
                f = block.frames
                yield Block(Frames(f.width, f.ends + shift, f.tags, f.mean, f.last, f.count), ())

    found: dict[str, Any] = {}
    for member in members:
        lesson = member.learn(site, member.Options(), blocks())
        if lesson is None:
            raise SystemExit(f"{member.name} learned nothing")
        for word in (*lesson.words, *lesson.warnings):
            print("  learned:", word, file=sys.stderr)
        found[member.name] = lesson.baseline
    return found
