"""How long `infrastress serve` takes at the depot: to its first page, to be ready, to have a process back, to stop.

The rival in the same run is the interpreter that only imports what the service imports: what no supervisor can save.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.common import circumstances, print_result, table
from infrastress.app.service.reload import request
from infrastress.app.service.status import Status, read_status

DEPOT = Path(__file__).resolve().parents[1] / "examples" / "depot"
IMPORTS = "import infrastress.app.service.starting, infrastress.app.service.intake"
LONGEST_S = 120.0


def until(what: Callable[[], bool]) -> float:
    """Wall seconds until something is so."""
    began = time.perf_counter()
    while not what():
        assert time.perf_counter() - began < LONGEST_S, "it took too long"
        time.sleep(0.005)
    return time.perf_counter() - began


def answers(url: str) -> bool:
    """Whether a browser gets its page, or a program its data."""
    request = urllib.request.Request(url, headers={"Accept": "text/html, */*"})  # noqa: S310 - http
    try:
        with urllib.request.urlopen(request, timeout=LONGEST_S) as answer:  # noqa: S310
            return answer.status == 200
    except OSError:
        return False


def once(folder: Path, without: Sequence[str]) -> dict[str, float]:
    """One life of a service."""
    site = folder / "depot"
    shutil.copytree(DEPOT, site, ignore=shutil.ignore_patterns("state"))
    live = site / "state" / "live"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    words = [word for name in without for word in ("--without", name)]
    process = subprocess.Popen(
        [sys.executable, "-m", "infrastress", "serve", str(site), "--port", address.rpartition(":")[2], *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def status() -> Status:
        return read_status(live) or Status(pid=0, started=0)

    took = {}
    began = time.perf_counter()
    try:
        if "api" not in without:
            for what, path in (("first page", "/"), ("first data", "/api/v1/alarms")):
                until(lambda p=path: answers(address + p))
                took[what] = time.perf_counter() - began
        until(lambda: status().ready)
        took["ready"] = time.perf_counter() - began
        for name in [name for name in ("judge", "intake", "api") if name in status().children]:
            before = status().children[name].restarts
            os.kill(status().children[name].pid, signal.SIGKILL)
            took[f"{name} killed, back"] = until(
                lambda n=name, b=before: status().children[n].restarts > b and status().children[n].state == "ready"
            )
        model = site / "site.yaml"
        model.write_text(model.read_text().replace("name: Coastal oil depot", "name: Another"))
        began = time.perf_counter()
        assert request(live, by="benchmark").ok
        took["reload"] = time.perf_counter() - began
        process.send_signal(signal.SIGTERM)
        began = time.perf_counter()
        process.wait(LONGEST_S)
        took["stop"] = time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
    return took


def imports() -> float:
    """Wall seconds of an interpreter that imports what a process of the service does."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without", action="append", default=[], help="leave a process out")
    options = parser.parse_args(arguments)
    lives = []
    for number in range(1 if options.quick else 5):
        with tempfile.TemporaryDirectory() as name:
            lives.append(once(Path(name) / str(number), options.without))
    figures = {what: statistics.median(life[what] for life in lives) for what in lives[0]}
    figures["imports alone"] = statistics.median(imports() for _ in lives)
    worst = {what: max(life.get(what, 0.0) for life in lives) for what in lives[0]}
    result = {"lives": len(lives), "seconds": figures, "circumstances": circumstances("uvloop", "structlog")}
    rows = [[what, value, worst.get(what, value)] for what, value in figures.items()]
    print_result(result, table(["", "median, s", "longest, s"], rows), as_json=options.json)


if __name__ == "__main__":
    main()
