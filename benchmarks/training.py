"""Training: which data are refused, and what learning and judging by learned residuals cost.

Refusals: quiet weeks of the simulated depot (evaluation and confirmation seeds) and the attack-free year of BATADAL,
whole and month by month, should be learned from; the depot's attacks and BATADAL's second file, which holds seven
attacks, should not. The labels are not given. The trivial rival refuses everything.

Costs: a made plant of N signals that lean on each other, five recordings' worth of frames.

    python -m benchmarks training [--quick] [--json]
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.depot_detection import DEPOT, ROOT, scenario
from benchmarks.playing import blocks_of
from infrastress.app.detecting import build_detectors, choose_detectors
from infrastress.app.training.exclusions import Exclusion
from infrastress.app.training.history import History
from infrastress.app.training.overview import Overview
from infrastress.app.training.suspicion import Suspicion, Watch, frozen, replayed
from infrastress.connectors.files import load_mapping
from infrastress.core.time import DAY
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.evaluation.labels import read_truth
from infrastress.events.frames import Block, Frames
from infrastress.simulators.depot import DepotSimulator
from infrastress.site import Site
from infrastress.site.load import load_site

DATA = ROOT.parent / "shared" / "data" / "batadal"


def suspicions(site: Site, blocks: Iterable[Block]) -> list[Suspicion]:
    """What training holds against these blocks."""
    watch = Watch(build_detectors(site, choose_detectors(site), {}))
    overview = Overview(site)
    for block in blocks:
        watch.look(block)
        overview.look(block)
    last, ends = overview.last, overview.ends
    return [*watch.found()[0], *frozen(overview.table, last, ends), *replayed(overview.table, last, ends)]


def depot(quick: bool) -> list[list[Any]]:
    """Quiet weeks and attacks of the simulated depot."""
    site = load_site(DEPOT)
    seeds = json.loads((ROOT / "benchmarks" / "seeds" / "depot.json").read_text())
    quiet = [*seeds["quiet"]["seeds"], *seeds["confirmation"]["quiet"]][: 2 if quick else None]
    what = scenario("normal", duration_h=24.0 * 14)
    refused = sum(bool(suspicions(site, blocks_of(site, DepotSimulator(site).run(what, seed)))) for seed in quiet)
    rows: list[list[Any]] = [["depot, 14 quiet days", len(quiet), refused, 0]]
    base = scenario(seeds["attack"]["scenario"])
    attacks = seeds["confirmation"]["attack"][: 2 if quick else 8]
    for gauge in ("freeze", "spoof_normal", "drift"):
        attack = base.model_copy(update={"options": {**base.options, "gauge": gauge}})
        runs = [list(blocks_of(site, DepotSimulator(site).run(attack, seed))) for seed in attacks]
        refused = sum(bool(suspicions(site, run)) for run in runs)
        rows.append([f"depot, overfill attack, gauge {gauge}", len(runs), refused, len(runs)])
    return rows


def batadal() -> tuple[list[list[Any]], dict[str, Any]]:
    """The attack-free year, whole and by months; the attacked file without its labels, and which attacks are named."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "ctown"
        signals = ROOT / "examples" / "batadal" / "signals.yaml"
        words = ["init", str(folder), "--from-inp", str(DATA / "ctown_map.inp.gz"), "--signals", str(signals)]
        subprocess.run([sys.executable, "-m", "infrastress", *words], check=True, capture_output=True)
        site = load_site(folder)
        with History(site, folder, [DATA / "dataset03.csv.gz"]) as history:
            began, ended = history.recordings[0][0].began or 0, history.recordings[0][0].ended or 0
            whole = suspicions(site, history.blocks())
            months = 0
            edges = np.linspace(began, ended, 13).astype(np.int64).tolist()
            for low, high in pairwise(edges):
                outside = [Exclusion(began - DAY, low - 1), Exclusion(high + 1, ended + DAY)]
                months += bool(suspicions(site, history.blocks(outside)))
        bare = Path(name) / "attacked.csv"
        lines = gzip.decompress((DATA / "dataset04.csv.gz").read_bytes()).decode().splitlines()
        bare.write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
        with History(site, folder, [bare]) as history:
            found = suspicions(site, history.blocks())
        mapping = load_mapping(folder / "mappings" / "default.mapping.yaml")
        truth = read_truth(DATA / "dataset04.csv.gz", mapping, time_zone=site.time_zone)
    named = [any(one.began < event.ended and one.ended > event.began for one in found) for event in truth.events]
    beside = sum(all(one.began >= event.ended or one.ended <= event.began for event in truth.events) for one in found)
    rows = [
        ["BATADAL, attack-free year", 1, int(bool(whole)), 0],
        ["BATADAL, its months one by one", 12, months, 0],
        ["BATADAL, second file without its labels", 1, int(bool(found)), 1],
    ]
    rules = {rule: sum(one.rule == rule for one in found) for rule in sorted({one.rule for one in found})}
    counts = {"attacks": len(named), "named": sum(named), "suspicions": len(found), "beside_any_attack": beside}
    return rows, {**counts, "by_rule": rules}


def made_plant(n: int, frames: int) -> tuple[Site, Frames]:
    """As many signals, at 60 s: a tenth are drivers with a memory, the others follow three drivers and noise."""
    random = np.random.default_rng(0)
    drivers = max(3, n // 10)
    noise = random.normal(size=(frames, drivers))
    for i in range(1, frames):
        noise[i] += 0.95 * noise[i - 1]
    values = np.empty((frames, n))
    values[:, :drivers] = noise
    for j in range(drivers, n):
        picked = random.integers(0, drivers, 3)
        values[1:, j] = noise[:-1, picked] @ random.normal(size=3)
        values[0, j] = 0.0
    values += random.normal(0, 0.1, values.shape)
    signals = [{"id": f"S{i}", "asset": "A", "kind": "other", "resolution": 0.01, "source": "s"} for i in range(n)]
    site = Site.model_validate(
        {"id": "made", "assets": [{"id": "A", "type": "pump"}], "signals": signals,
         "sources": [{"id": "s", "kind": "telemetry", "cadence_s": 60}], "runtime": {"frame_s": 60}}
    )  # fmt: skip
    ends = 60 * 10**9 * np.arange(28_000_000, 28_000_000 + frames, dtype=np.int64)
    tags = tuple(f"S{i}" for i in range(n))
    return site, Frames(60 * 10**9, ends, tags, values, values.copy(), np.ones(values.shape, np.int32))


def costs(quick: bool) -> list[list[Any]]:
    """Learning, and judging a frame in blocks of 1 and 500."""
    rows = []
    for n, frames in ((50, 20_000), (250, 10_000)) if quick else ((50, 20_000), (250, 20_000), (1000, 20_000)):
        site, data = made_plant(n, frames)
        begun = time.process_time()
        lesson = ResidualDetector.learn(site, ResidualDetector.Options(), [Block(data, ())])
        taught = time.process_time() - begun
        assert lesson is not None
        row: list[Any] = [n, frames, taught]
        for size, count in ((1, 200), (500, 2000)):
            detector = ResidualDetector(site, ResidualDetector.Options(), lesson.baseline)
            begun = time.process_time()
            for start in range(0, count, size):
                stop = start + size
                part = Frames(data.width, data.ends[start:stop], data.tags, data.mean[start:stop],
                              data.last[start:stop], data.count[start:stop])  # fmt: skip
                detector.update(Block(part, ()))
            row.append(1e3 * (time.process_time() - begun) / count)
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, small plants")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    rows = depot(chosen.quick)
    named: dict[str, Any] = {}
    if DATA.is_dir():
        more, named = batadal()
        rows += more
    costed = costs(chosen.quick)
    result = {"refusals": rows, "batadal_second_file": named, "costs": costed, "circumstances": circumstances()}
    text = "\n\n".join(
        [
            table(["data", "recordings", "refused", "should be", "refuse all"], [[*row, row[1]] for row in rows]),
            f"BATADAL's second file: {json.dumps(named)}",
            table(
                ["signals", "frames learned", "learning, CPU s", "CPU ms a frame, one by one", "in blocks of 500"],
                costed,
            ),
        ]
    )
    print_result(result, text, as_json=chosen.json)


if __name__ == "__main__":
    main()
