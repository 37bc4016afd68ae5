"""A toy plant, a peer that feeds it, and the service in processes of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from infrastress.app.service.status import Status, read_status
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.store.ports import Store, read_all, type_of

__all__ = ["Feed", "Service", "alive", "make_plant", "serving", "told_rows", "wait_for"]

PLUGIN = Path(__file__).parent / "plugin"
_IMPATIENT = """
import sys
from infrastress.app.cli import main
from infrastress.app.service import process, supervisor
supervisor.Timing = lambda: process.Timing(hang_s={})
sys.exit(main())
"""
WITHOUT = ("--without", "api", "--without", "notifier")


def make_plant(folder: Path, *, lateness_s: float = 0.0, **sources: int) -> Path:
    """A site folder: a tank, its signals, and sources (id: port of the peer)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder, sources, lateness_s=lateness_s)
    return folder


def write_model(
    folder: Path, sources: dict[str, int], *, limit: float = 4.0, lateness_s: float = 0.0, more: dict | None = None
) -> None:
    model = {
        "schema_version": 1,
        "id": "toy",
        "assets": [{"id": "tank", "type": "other"}],
        "signals": [
            {"id": "level", "asset": "tank", "kind": "level", "unit": "m", "limits": {"high": limit}},
            {"id": "flow", "asset": "tank", "kind": "flow", "unit": "m3/s"},
        ],
        "sources": [
            {"id": name, "kind": "telemetry", "cadence_s": 60, "lateness_s": lateness_s} for name in sources or ["plc"]
        ],
        "runtime": {"frame_s": 60},
        "detectors": [
            {"detector": "process_invariants"},
            {"detector": "access"},
            {"detector": "perimeter"},
            {"detector": "reports"},
        ],
        **(more or {}),
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(model, sort_keys=False))
    connections = {name: {"connector": "toy", "options": {"port": port}} for name, port in sources.items()}
    if connections:
        (folder / "connections.yaml").write_text(yaml.safe_dump(connections))


class Feed:
    """A peer that tells a row each `step_s` of event time, keeps what isn't acknowledged, and counts connections."""

    def __init__(self, clock: EventClock, *, step_s: float = 5.0, value: Callable[[int], float] = lambda n: 1.0):
        self.clock, self.step, self.value = clock, round(step_s * SECOND), value
        self.acknowledged = 0
        self.connected = 0
        self.told: list[int] = []
        self._stop = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = self._socket.getsockname()[1]
        self._began = clock.now()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError):
                connection, _ = self._socket.accept()
                self.connected += 1
                thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            connection.settimeout(5)
            lines = connection.makefile("rb")
            number = int(lines.readline())
            self.acknowledged = max(self.acknowledged, number)
            threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
            while not self._stop.is_set():
                time_of = self._began + (number + 1) * self.step
                if time_of > self.clock.now():
                    time.sleep(0.005)
                    continue
                level = self.value(number) + 1e-6 * (number % 1000)
                connection.sendall(b"%d %d %r %r\n" % (number, time_of, level, 0.5 + 1e-6 * (number % 977)))
                number += 1

    def _listen(self, lines) -> None:
        with suppress(OSError, ValueError):
            while line := lines.readline():
                self.acknowledged = max(self.acknowledged, int(line))


class Service:
    """`infrastress serve` in a process of its own."""

    def __init__(
        self,
        plant: Path,
        clock: EventClock,
        *words: str,
        env: dict[str, str] | None = None,
        without: tuple[str, ...] = WITHOUT,
        hang_s: float | None = None,
    ):
        self.plant, self.live = plant, plant / "state" / "live"
        self._log = (plant / "serve.log").open("ab")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PLUGIN), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "INFRASTRESS_CLOCK": clock.text,
            **(env or {}),
        }
        main = ["-m", "infrastress"] if hang_s is None else ["-c", _IMPATIENT.format(hang_s)]
        self.process = subprocess.Popen(
            [sys.executable, *main, "serve", str(plant), "--port", "0", *without, *words],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            text=True,
        )

    @property
    def log(self) -> list[dict]:
        lines = (self.plant / "serve.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def status(self) -> Status:
        status = read_status(self.live)
        assert status is not None
        return status

    def ready(self, seconds: float = 60.0) -> "Service":
        """Wait until it is ready for the first time."""
        wait_for(
            lambda: (s := read_status(self.live)) is not None and s.ready and s.pid == self.process.pid,
            seconds,
            lambda: f"status {self.process.poll()}\n" + (self.plant / "serve.log").read_text()[-3000:],
            give_up=lambda: self.process.poll() is not None,
        )
        return self

    def stop(self, seconds: float = 40.0) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._log.close()
        self.process.stdout.close()


@contextmanager
def serving(plant: Path, clock: EventClock, *words: str, **more) -> Iterator[Service]:
    service = Service(plant, clock, *words, **more)
    try:
        yield service
    finally:
        service.close()


def wait_for(
    what: Callable[[], bool],
    seconds: float = 60.0,
    explain: Callable[[], str] = str,
    *,
    give_up: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + seconds
    while not what():
        if time.monotonic() > limit or give_up():
            pytest.fail(f"it didn't come to it: {explain()}")
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def told_rows(store: Store) -> list[int]:
    """Times of all rows in the log."""
    times: list[int] = []
    for record in read_all(store.log, "ingest/toy/main"):
        if type_of(record.subject) == "samples":
            times += Samples.decode(record.data).times.tolist()
    return times
