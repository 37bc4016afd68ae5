"""What the detection benchmarks share: a simulated run judged by detectors, and learning from quiet runs."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from infrastress.detectors.base import Detector
from infrastress.events.frames import Block, Finding, Frames
from infrastress.runtime.frames import Framer
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.site import Site

__all__ = ["ALARM", "LIMITS", "Run", "blocks_of", "frames_of", "learned", "play"]

LIMITS = ("process.alarm_limit", "process.trip_limit", "process.instrument_range")
ALARM = frozenset({"medium", "high", "critical"})


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


def learned(
    simulator: Simulator, what: Scenario, seeds: Sequence[int], members: Sequence[type[Detector]]
) -> dict[str, Any]:
    """Baselines by detector, from quiet runs."""
    site = simulator.site
    width = round(site.runtime.frame_s * 1e9)

    def blocks() -> Iterator[Block]:
        # The seeds play the same calendar days: each is moved behind the one before, with a day between.
        shift = 0
        for seed in seeds:
            for block in blocks_of(site, simulator.run(what, seed)):
                f = block.frames
                yield Block(Frames(f.width, f.ends + shift, f.tags, f.mean, f.last, f.count), ())
            shift += -(-int(what.duration_h * 3600 + 86400) * 10**9 // width) * width

    found: dict[str, Any] = {}
    for member in members:
        lesson = member.learn(site, member.Options(), blocks())
        if lesson is None:
            raise SystemExit(f"{member.name} learned nothing")
        for word in (*lesson.words, *lesson.warnings):
            print("  learned:", word, file=sys.stderr)
        found[member.name] = lesson.baseline
    return found
