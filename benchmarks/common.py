"""What every benchmark prints beside its figures: machine, load, versions; and how it prints tables."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

__all__ = ["circumstances", "cpu_seconds", "peak_mb", "print_result", "table"]


def circumstances(*packages: str) -> dict[str, Any]:
    """Commit, Python, cores, load average and package versions of this run."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    found = {}
    for name in ("numpy", "pyarrow", *packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return {
        "commit": commit.stdout.strip() or "unknown",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "versions": found,
    }


def cpu_seconds(action: Callable[[], T]) -> tuple[float, float, T]:
    """CPU seconds, wall seconds and result of an action."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = action()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def peak_mb() -> float:
    """Peak memory of this process; `ru_maxrss` would begin with what the parent had at the fork."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += [
        "| " + " | ".join(f"{cell:,.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |"
        for row in rows
    ]
    return "\n".join(lines)


def print_result(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    """The result as one JSON object, or the table with the circumstances under it."""
    if as_json:
        sys.stdout.write(json.dumps(result, default=str) + "\n")
        return
    sys.stdout.write(text + "\n\n" + json.dumps(result.get("circumstances", {})) + "\n")
