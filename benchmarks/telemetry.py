"""Telemetry rows read to detections stored, against PyOD's PCA and River's HalfSpaceTrees on the same file.

A normal stretch of the depot is simulated, then each contender reads it in a process of its own: ours from the CSV
through admission, frames, invariants and fusion into the durable SQLite store, the rivals from the CSV to scores in
memory. Figures are values per CPU second, so a loaded machine distorts them little, and peak memory of the process.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import circumstances, peak_mb, print_result, table

ROOT = Path(__file__).resolve().parents[1]
SEED = 1


def ours(recording: Path) -> dict[str, Any]:
    """The live pipeline, durable, from `import` done to the results committed."""
    from infrastress.app.pipeline import replay_recordings
    from infrastress.site.load import load_site

    folder = ROOT / "examples" / "depot"
    site = load_site(folder)
    with tempfile.TemporaryDirectory(dir=recording.parent) as out:
        began, wall = time.process_time(), time.perf_counter()
        judged = replay_recordings(site, folder, [recording], state=Path(out) / "state", out=Path(out) / "out")
        seconds, wall = time.process_time() - began, time.perf_counter() - wall
        detections = (Path(out) / "out" / "detections.jsonl").read_bytes().count(b"\n")
    balances = judged.summary.balances.values()
    return {
        "rows": sum(balance.accepted for balance in balances),
        "values": sum(balance.cells_accepted for balance in balances),
        "cpu_s": seconds,
        "wall_s": wall,
        "flagged": detections,
    }


def reading(recording: Path) -> dict[str, Any]:
    """The connector alone: CSV to columns in SI units, with the balance."""
    from infrastress.connectors.recordings import open_recording
    from infrastress.site.load import load_site

    site = load_site(ROOT / "examples" / "depot")
    began = time.process_time()
    (connector,) = open_recording(site, recording)
    rows = values = 0
    for delivery in connector.deliveries():
        rows += delivery.balance.accepted
        values += delivery.balance.cells_accepted
    return {"rows": rows, "values": values, "cpu_s": time.process_time() - began, "flagged": 0}


def contend(name: str, recording: Path) -> dict[str, Any]:
    """Run one contender in this process."""
    from benchmarks import rivals

    if name == "ours":
        result = ours(recording)
    elif name == "reading":
        result = reading(recording)
    elif name == "pca":
        result = rivals.pca(recording, SEED)
    else:
        result = rivals.half_space_trees(recording, SEED)
    return {**result, "peak_mb": peak_mb()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, measure each contender in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--hours", type=float, help="hours of the depot, one row in ten seconds")
    parser.add_argument("--contender", choices=["ours", "reading", "pca", "river"], help=argparse.SUPPRESS)
    parser.add_argument("--recording", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.contender:
        sys.stdout.write(json.dumps(contend(options.contender, options.recording)))
        return
    hours = options.hours or (48 if options.quick else 240)
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "normal"
        simulate = ["-m", "infrastress", "simulate", "examples/depot", "normal", "--seed", str(SEED)]
        subprocess.run(
            [sys.executable, *simulate, "--hours", str(hours), "--out", str(recording)],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        telemetry = recording / "telemetry.csv"
        for name in ("ours", "reading", "pca", "river"):
            command = [sys.executable, "-m", "benchmarks.telemetry", "--contender", name, "--recording", str(telemetry)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stderr.write(done.stderr)
                raise SystemExit(f"{name} failed")
            results[name] = json.loads(done.stdout.splitlines()[-1])
    for result in results.values():
        result["values_per_s"] = result["values"] / result["cpu_s"]
    labels = {
        "ours": "infrastress: CSV to detections stored",
        "reading": "infrastress: CSV to columns",
        "pca": "PyOD PCA, in memory",
        "river": "River HalfSpaceTrees, in memory",
    }
    rows = [
        (labels[name], one["rows"], one["values"], one["values_per_s"] / 1e6, one["peak_mb"])
        for name, one in results.items()
    ]
    text = table(["contender", "rows", "values", "M values a CPU second", "peak MB"], rows)
    ratio = results["ours"]["values_per_s"] / results["river"]["values_per_s"]
    result = {
        "circumstances": circumstances("pyod", "river", "pandas"),
        "seed": SEED,
        "hours": hours,
        "contenders": results,
        "ours_to_river": ratio,
    }
    print_result(result, f"{text}\n\nours / River: {ratio:.1f}", as_json=options.json)


if __name__ == "__main__":
    main()
