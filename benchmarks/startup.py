"""How long a user waits: `infrastress --help`, and `infrastress check` of a site with 10,000 assets.

The rival in the same run is the interpreter that only imports the same command-line library (click) and the same YAML
library reading the same file without checking anything.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import circumstances, print_result, table


def seconds(command: Sequence[str], repeat: int) -> float:
    """Median wall seconds of a command."""
    taken = []
    for _ in range(repeat):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def big_site(folder: Path, assets: int) -> Path:
    """A site of so many tanks, each with a level signal, a valve and a connection."""
    lines = ["id: big", "time_zone: UTC", "sources: [{id: scada, kind: telemetry}]", "assets:"]
    half = assets // 2
    for i in range(half):
        lines.append(f"  - {{id: T{i}, type: tank, diameter_m: 20, height_m: 12, position: [{i % 100}, {i // 100}]}}")
        lines.append(f"  - {{id: V{i}, type: valve}}")
    lines.append("signals:")
    lines += [f"  - {{id: T{i}.level, asset: T{i}, kind: level, unit: m, source: scada}}" for i in range(half)]
    lines.append("connections:")
    lines += [f"  - {{id: C{i}, from: T{i}, to: T{i + 1}, through: [V{i}]}}" for i in range(half - 1)]
    path = folder / "site.yaml"
    path.write_text("\n".join(lines) + "\n")
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    repeat = 3 if options.quick else 9
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        site = big_site(Path(name), 10_000)
        read = f"from ruamel.yaml import YAML; YAML(typ='safe').load(open(r'{site / 'site.yaml'}'))"
        rows = [
            ("infrastress --help", seconds([python, "-m", "infrastress", "--help"], repeat)),
            ("python -c 'import click'", seconds([python, "-c", "import click"], repeat)),
            ("infrastress check (10,000 assets)", seconds([python, "-m", "infrastress", "check", str(site)], repeat)),
            ("ruamel.yaml reads that file, unchecked", seconds([python, "-c", read], repeat)),
        ]
    result = {"circumstances": circumstances("click", "ruamel.yaml"), "seconds": dict(rows), "repeat": repeat}
    print_result(result, table(["command", "median s"], rows), as_json=options.json)


if __name__ == "__main__":
    main()
