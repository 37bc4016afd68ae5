"""What benchmarks of live connectors share: parts as processes of their own that measure between two words; delays."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from infrastress.events.delivery import Delivery

__all__ = ["Delays", "Part", "free_port", "serve_words"]

ROOT = Path(__file__).resolve().parents[1]


class Delays:
    """How old values were when something had been done with them, s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, times: np.ndarray, counts: np.ndarray) -> None:
        """So many values of these times (ns) are done now."""
        with self._lock:
            self._parts.append(((time.time_ns() - times) / 1e9, counts))

    def delivery(self, delivery: Delivery) -> None:
        """All values of a delivery are done now."""
        for samples in delivery.samples:
            self.add(samples.times, np.isfinite(samples.values).sum(axis=1))

    def result(self) -> dict[str, float]:
        """Values, median and 99th percentile."""
        with self._lock:
            parts = self._parts
        if not sum(len(part) for part, _ in parts):
            return {"values": 0, "p50_s": float("nan"), "p99_s": float("nan")}
        delays, counts = np.concatenate([d for d, _ in parts]), np.concatenate([c for _, c in parts])
        order = np.argsort(delays)
        ranks = np.cumsum(counts[order])
        at = [float(delays[order][np.searchsorted(ranks, share * ranks[-1])]) for share in (0.5, 0.99)]
        return {"values": int(ranks[-1]), "p50_s": at[0], "p99_s": at[1]}


class Part:
    """A process of the benchmark: says "ready", then answers each line with a line of JSON.

    Args:
        module: of benchmarks.
        words: its arguments.
    """

    def __init__(self, module: str, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == "ready"

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise SystemExit("a part of the benchmark ended")
        return line

    def ask(self, words: str) -> Any:
        """Say a line, wait for the answer."""
        self.say(words)
        return self.answer()

    def say(self, words: str) -> None:
        """Say a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for an answer."""
        return json.loads(self._read())

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def serve_words(delays: Delays) -> None:
    """Be a part that measures between "begin" and "end", CPU too; returns when its parent is gone."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    cpu = time.process_time()
    for line in sys.stdin:
        if line.strip() == "begin":
            delays.clear()
            cpu = time.process_time()
            answer: dict[str, float] = {}
        else:
            answer = {**delays.result(), "cpu_s": time.process_time() - cpu}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def free_port() -> int:
    """A port of loopback that nobody uses just now."""
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
