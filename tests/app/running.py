"""Running the real command in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["FILES", "replay_words", "results", "run"]

FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl", "quarantine.jsonl", "summary.json")


def run(*args: str, env: dict[str, str] | None = None, stdout: Any = subprocess.PIPE, **more: Any) -> Any:
    """Run `infrastress ARGS`; returns the finished process with its text."""
    return subprocess.run(
        [sys.executable, "-m", "infrastress", *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "COLUMNS": "120", **(env or {})},
        **more,
    )


def replay_words(plant: Path, out: Path, *more: str) -> list[str]:
    return ["replay", str(plant / "plant"), str(plant / "attack"), "--out", str(out), *more]


def results(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}
