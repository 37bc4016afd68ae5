"""Live intake: 10,000 signals at 1 Hz from a connector in memory to detections stored, how late and at what cost.

Two processes on one SQLite store, as `serve` runs them: intake, and detection with fusion. The connector hands over
twenty deliveries a second of 500 signals each; now and then one signal of the mass of them jumps, and the time from its
sample to the commit of its detection is taken by the wall clock. Process invariants run too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, peak_mb, print_result, table
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.detectors.process.detector import InvariantDetector
from infrastress.events import Detection, Samples, decode_event
from infrastress.events.delivery import Balance, Delivery
from infrastress.events.frames import Block, Finding
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, Duty, Intake, Policy, Shift
from infrastress.site import Site
from infrastress.store.sqlite import SqliteStore

PARTS = 20
KINDS = {
    "level": "m",
    "flow": "m3/h",
    "pressure": "bar",
    "temperature": "degC",
    "state": "",
    "switch": "",
    "power": "kW",
}
JUMP = 1e6


def plant(signals: int, frame_s: float) -> Site:
    """A site of one source."""
    kinds = list(KINDS)
    return Site.model_validate(
        {
            "id": "big",
            "assets": [{"id": f"a{i}", "type": "other"} for i in range(-(-signals // 10))],
            "signals": [
                {
                    "id": f"s{i:05d}",
                    "asset": f"a{i // 10}",
                    "kind": kinds[i % 7],
                    "unit": KINDS[kinds[i % 7]],
                    "source": "m",
                }
                for i in range(signals)
            ],
            "sources": [{"id": "m", "kind": "telemetry", "cadence_s": 1}],
            "runtime": {"frame_s": frame_s},
        }
    )


class Marker:
    """Finds the jumps; says which, by the value itself."""

    name, version = "marker", "1"

    def update(self, block: Block) -> list[Finding]:
        """One finding a jump."""
        found = []
        frames, columns = np.nonzero(block.frames.last > JUMP / 2)
        for frame, column in zip(frames.tolist(), columns.tolist(), strict=True):
            end, value = int(block.frames.ends[frame]), float(block.frames.last[frame, column])
            body = Detection(
                detector="marker", detector_version="1", rule="marker.jump", episode=f"{value:.0f}", phase="raised",
                source_kind="telemetry", severity="low", score=1.0, sentence="jump", began=end, until=end,
            )  # fmt: skip
            found.append(Finding(end, (), body))
        return found

    def dump(self) -> bytes:
        """No state."""
        return b""

    def load(self, data: bytes) -> None:
        """No state."""


class Mass:
    """The connector: each part of the signals once a second; a jump of part 0 every second."""

    def __init__(self, site: Site) -> None:
        self.source = site.sources[0]
        self._tags = [signal.id for signal in site.signals]
        self.jumps: dict[str, int] = {}

    async def run(self, sink: Any, after: bytes | None) -> None:
        """Deliver for ever; a delivery that isn't durable yet doesn't stop the next, as with a broker."""
        del after
        random, number, due, under_way = np.random.default_rng(1), 0, time.monotonic(), set[asyncio.Task[None]]()
        size = -(-len(self._tags) // PARTS)
        while True:
            part = number % PARTS
            tags = tuple(self._tags[part * size : (part + 1) * size])
            now, values = EventClock().now(), random.normal(1.0, 0.1, (1, len(tags)))
            if part == 0:
                mark = JUMP + number
                values[0, number // PARTS % len(tags)] = mark
                self.jumps[f"{mark:.0f}"] = now
            samples = Samples("big", "m", number, np.array([now]), tags, values)
            balance = Balance(read=1, accepted=1, cells_accepted=len(tags))
            task = asyncio.create_task(sink.deliver(Delivery("m", b"%d" % number, (samples,), balance=balance)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
            due += 1 / PARTS
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def judge(folder: Path, signals: int, frame_s: float) -> None:
    """Detection and fusion until the parent goes away."""
    site, parent = plant(signals, frame_s), os.getppid()
    with SqliteStore(folder) as store:
        duties = [
            Duty("ingest/big/main", lambda: DetectionUnit(site, [Marker(), InvariantDetector(site)])),
            Duty("fusion/big", lambda: FusionUnit(site)),
        ]
        policy = Policy(rest_s=1.0, max_wait_s=0.1)
        Shift(store.log, store.checkpoints, duties, policy=policy).run(lambda: os.getppid() != parent)


async def feed(folder: Path, site: Site, seconds: float) -> tuple[dict[str, int], dict[str, int], float]:
    """Run the intake and watch for detections: (sample times, times of the commit by the wall clock, CPU s)."""
    mass, seen, after = Mass(site), dict[str, int](), 0
    with SqliteStore(folder) as store:
        intake = Intake(store, site, [mass], clock=EventClock())
        running = asyncio.create_task(intake.run())
        end, cpu = time.monotonic() + seconds, time.process_time()
        while time.monotonic() < end:
            records = await asyncio.to_thread(store.log.read, "fusion/big", after, 1000, 0.2)
            now = time.time_ns()
            for record in records:
                after = record.offset
                body = decode_event(record.data).body
                if isinstance(body, Detection) and body.rule == "marker.jump":
                    seen[body.episode] = now
        cpu = time.process_time() - cpu
        intake.stop()
        await running
    return mass.jumps, seen, cpu


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both processes, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--signals", type=int, default=10_000)
    parser.add_argument("--frame", type=float, default=0.25)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.judge:
        judge(options.judge, options.signals, options.frame)
        return
    seconds = options.seconds or (30.0 if options.quick else 600.0)
    with tempfile.TemporaryDirectory() as folder:
        SqliteStore(folder).close()
        command = [sys.executable, "-m", "benchmarks.intake", "--judge", folder]
        command += ["--signals", str(options.signals), "--frame", str(options.frame)]
        with subprocess.Popen(command) as other:
            jumps, seen, cpu = asyncio.run(feed(Path(folder), plant(options.signals, options.frame), seconds))
            status = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()
            judged = (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK")
            peak = next(x for x in Path(f"/proc/{other.pid}/status").read_text().splitlines() if x.startswith("VmHWM"))
            other.kill()
        bytes_ = sum(file.stat().st_size for file in Path(folder).iterdir() if file.is_file())
    settled = 20 * SECOND if seconds > 25 else 5 * SECOND
    begun, last = min(jumps.values()) + settled, max(jumps.values()) - 3 * SECOND
    asked = {mark: at for mark, at in jumps.items() if begun <= at <= last}
    delays = [(seen[mark] - at) / SECOND for mark, at in asked.items() if mark in seen]
    quantiles = np.quantile(delays, [0.5, 0.99, 1.0]).tolist() if delays else [float("nan")] * 3
    row = (
        options.signals, options.frame, len(asked), len(asked) - len(delays), *quantiles,
        cpu / seconds, judged / seconds, peak_mb(), int(peak.split()[1]) / 1024, bytes_ / 1e6 / seconds,
    )  # fmt: skip
    head = ["signals", "frame s", "jumps", "missed", "p50 s", "p99 s", "worst s", "intake cores", "judge cores"]
    head += ["intake MB", "judge MB", "store MB/s"]
    result = {"circumstances": circumstances(), "seconds": seconds, **dict(zip(head, row, strict=True))}
    print_result(result, table(head, [row]), as_json=options.json)


if __name__ == "__main__":
    main()
