"""Backup, restore and export of a site against a plain copy of its folder, at two sizes: time and peak memory.

A store is filled with telemetry (half of it compacted), events and blobs. Each contender then works in a process of
its own. A plain copy reads and writes every byte once; a backup reads, writes and hashes it, reads it back to verify,
and opens the copy. The copy is only right where nobody writes; a backup is while the site is served.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import circumstances, peak_mb, print_result, table

ROOT = Path(__file__).resolve().parents[1]
CONTENDERS = ("copy", "backup", "verify", "restore", "export")


def fill(site: Path, million_values: int) -> None:
    """A site whose store holds so many million values of telemetry, and for each million 10,000 events and 20 blobs."""
    import numpy as np

    from infrastress.core.time import SECOND, from_iso
    from infrastress.events import Samples, SwitchState, encode_event, make_event
    from infrastress.store import open_store

    (site / "state" / "live").mkdir(parents=True)
    tags = tuple(f"S-{i:03}" for i in range(100))
    signals = "".join(f"  - {{id: {tag}, asset: P, kind: flow, unit: m3/s}}\n" for tag in tags)
    (site / "site.yaml").write_text(f"id: bench\nassets:\n  - {{id: P, type: other}}\nsignals:\n{signals}")
    random, start = np.random.default_rng(1), from_iso("2026-01-01T00:00:00Z")
    with open_store(site / "state" / "live" / "store") as store:
        partition = "ingest/bench/main"
        for part in range(10 * million_values):
            times = start + SECOND * np.arange(part * 1000, part * 1000 + 1000, dtype=np.int64)
            samples = Samples("bench", "plc", part * 1000, times, tags, random.normal(size=(1000, 100)))
            store.log.append(f"{partition}:samples", [(samples.id, samples.encode())])
            body = SwitchState(device="LSHH-1", state="on")
            events = [
                make_event(site="bench", source="plc", sequence=part * 1000 + i, occurred=int(times[i]), body=body)
                for i in range(1000)
            ]
            store.log.append(f"{partition}:event", [(event.id, encode_event(event)) for event in events])
            for _ in range(2):
                store.blobs.put(random.bytes(50_000))
        store.history.compact(partition, up_to=store.log.end(partition) // 2)


def contend(name: str, site: Path, scratch: Path) -> dict[str, Any]:
    """Run one contender in this process."""
    from infrastress.app.keeping.backup import Place, make_backup, verify_backup
    from infrastress.app.keeping.export import export_site
    from infrastress.app.keeping.restore import restore_backup

    began, wall = time.process_time(), time.perf_counter()
    if name == "copy":
        shutil.copytree(site, scratch / "copy")
    elif name == "backup":
        make_backup(Place.of(site), scratch / "backup")
    elif name == "verify":
        assert verify_backup(scratch / "backup") == []
    elif name == "restore":
        restore_backup(scratch / "backup", scratch / "restored")
    else:
        export_site(Place.of(site), scratch / "export")
    return {"cpu_s": time.process_time() - began, "wall_s": time.perf_counter() - wall, "peak_mb": peak_mb()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill two stores, measure each contender in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.contender:
        found = contend(options.contender, options.folder / "site", options.folder)
        sys.stdout.write(json.dumps(found))
        return
    results: list[dict[str, Any]] = []
    for million in (2, 8) if options.quick else (10, 40):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fill(folder / "site", million)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            for contender in CONTENDERS:
                words = ["-m", "benchmarks.keeping", "--contender", contender, "--folder", name]
                done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.stderr.write(done.stderr)
                    raise SystemExit(f"{contender} failed")
                found = json.loads(done.stdout.splitlines()[-1])
                results.append({"contender": contender, "million_values": million, "store_mb": size, **found})
    rows = [
        (one["contender"], one["million_values"], one["store_mb"], one["wall_s"], one["store_mb"] / one["wall_s"],
         one["cpu_s"], one["peak_mb"])
        for one in results
    ]  # fmt: skip
    heads = ["contender", "M values", "store MB", "wall s", "MB/s", "CPU s", "peak MB"]
    print_result({"circumstances": circumstances(), "results": results}, table(heads, rows), as_json=options.json)


if __name__ == "__main__":
    main()
