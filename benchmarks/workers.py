"""Events through detection and fusion of several sites: one worker against two, on PostgreSQL, with SQLite beside them.

Each site is the depot under another name. Its load, seeded: events of simulated ordinary days (gas heads, badges,
logins, switches) drawn anew over eight hours, two in a hundred of them bad (a badge refused, a login failed, gas), so
that detections, alarms and incidents come of it. They are admitted into the log first, unmeasured; each run gets a copy
of that database. Workers are processes of `runtime.Shift`, as `infrastress work` runs them, told to go at one moment;
a run ends when fusion has committed the last record of every site. One and two workers alternate. Before that it is
measured what waiting costs, and how long a record waits to be seen, beside the server's LISTEN and NOTIFY.

The server is a real one with its files on disk and every flush waited for, on this machine: on two cores two workers
and the server share them, so `CPU ms` (of workers, and of the server, per 1,000 events) tells more than the clock where
anything else runs. Goal: two workers at least 1.6 times as fast as one, on an idle machine of two cores.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
from tests.postgres import running_server

from benchmarks.common import circumstances, print_result, table
from benchmarks.idle import Idle
from infrastress.core.time import HOUR
from infrastress.events import AccessAttempt, Event, GasReading, LoginAttempt, make_event
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime import Admission, Duty, Shift
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Output, Store

ROOT = Path(__file__).resolve().parents[1]
SEED = 1
GOAL = 1.6
_BAD = 0.02


def models(count: int) -> list[Site]:
    """The depot under so many names."""
    from infrastress.site.load import load_site

    depot = load_site(ROOT / "examples" / "depot")
    return [depot.model_copy(update={"id": f"depot-{number}"}) for number in range(count)]


def load(site: Site, count: int, seed: int) -> list[Event]:
    """So many events of a site, by time."""
    from infrastress.core.plugins import load_plugin
    from infrastress.simulators.scenario import load_scenario

    scenario = load_scenario(ROOT / "examples" / "depot" / "scenarios" / "normal.yaml", duration_h=48.0)
    simulator: Any = load_plugin("simulators", scenario.simulator)
    ordinary = list(simulator(site).run(scenario, SEED).events)
    draw = np.random.default_rng(seed)
    begin = ordinary[0].occurred
    moments = np.sort(draw.integers(0, 8 * HOUR, count)) + begin
    events = []
    for number, (moment, pick, bad) in enumerate(
        zip(moments.tolist(), draw.integers(0, len(ordinary), count).tolist(), draw.random(count) < _BAD, strict=True)
    ):
        event = ordinary[pick]
        body: Any = _bad(event.body) if bad else event.body
        events.append(
            make_event(
                site=site.id, source=event.source, sequence=number, occurred=moment, body=body, assets=event.assets,
                zone=event.zone,
            )
        )  # fmt: skip
    return events


def _bad(body: Any) -> Any:
    if isinstance(body, AccessAttempt):
        return msgspec.structs.replace(body, granted=False)
    if isinstance(body, LoginAttempt):
        return msgspec.structs.replace(body, success=False)
    if isinstance(body, GasReading):
        return msgspec.structs.replace(body, level_lel=0.3, alarmed=True)
    return body


def fill(store: Store, site: Site, events: Sequence[Event]) -> None:
    """Admit events into the log, two hundred at a time."""
    names = {event.source for event in events}
    admission = Admission(site, [source for source in site.sources if source.id in names])
    outputs: list[Output] = []
    for start in range(0, len(events), 200):
        chunk = sorted(events[start : start + 200], key=lambda event: event.source)
        for source, group in groupby(chunk, key=lambda event: event.source):
            mine = tuple(group)
            balance = Balance(read=len(mine), accepted=len(mine))
            outputs += admission.admit(Delivery(source, b"", events=mine, balance=balance, progress=mine[-1].occurred))
    for name in sorted(names):
        outputs += admission.end(name)
    for subject, run in groupby(outputs, key=lambda output: output.subject):
        rows = [(output.id, output.data) for output in run]
        for start in range(0, len(rows), 2000):
            store.log.append(subject, rows[start : start + 2000])


def work(url: str, sites: int) -> None:
    """One worker: builds its units, says so, waits for the word, works until the input ends."""
    from infrastress.app.detecting import build_detectors, cards_of, choose_detectors
    from infrastress.fusion import FusionUnit
    from infrastress.runtime import DetectionUnit

    duties = []
    for site in models(sites):
        chosen = choose_detectors(site)
        detection = DetectionUnit(site, build_detectors(site, chosen, {}))
        fusion = FusionUnit(site, cards=cards_of(chosen))
        duties += [Duty(f"ingest/{site.id}/main", lambda unit=detection: unit)]  # type: ignore[misc]
        duties += [Duty(f"fusion/{site.id}", lambda unit=fusion: unit)]  # type: ignore[misc]
    stopped = threading.Event()
    with open_store(url) as store:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
        began = time.process_time()
        Shift(store.log, store.checkpoints, duties).run(stopped.is_set)
        sys.stdout.write(json.dumps(time.process_time() - began) + "\n")


def done(store: Store, sites: int) -> bool:
    """Whether every site's last record is worked off, detection before fusion."""
    for partition in [f"ingest/depot-{i}/main" for i in range(sites)] + [f"fusion/depot-{i}" for i in range(sites)]:
        if store.checkpoints.offset(partition) < store.log.end(partition):
            return False
    return True


def measure(url: str, sites: int, count: int) -> tuple[float, float]:
    """(seconds, CPU seconds of the workers) of so many workers on one database."""
    words = [sys.executable, "-m", "benchmarks.workers", "--worker", url, "--sites", str(sites)]
    workers = [
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    with open_store(url) as store:
        began = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        while not done(store, sites):
            time.sleep(0.05)
        seconds = time.perf_counter() - began
    spent = [float(worker.communicate(timeout=60)[0]) for worker in workers]
    return seconds, sum(spent)


def server_seconds(folder: Path) -> float:
    """CPU seconds of the server's processes so far, with those of connections that have ended."""
    import psutil

    main = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    times = [process.cpu_times() for process in (main, *main.children(recursive=True))]
    ended = main.cpu_times()
    return sum(one.user + one.system for one in times) + ended.children_user + ended.children_system


def waiting(url: str, folder: Path, seconds: float) -> dict[str, float]:
    """What it costs to wait: CPU of a worker of 20 idle partitions and of the server; ms until a record is seen.

    Beside it the server's own LISTEN and NOTIFY, the other way to wait.
    """
    import psycopg

    names = [f"ingest/{i}/main" for i in range(20)]
    with open_store(url) as store, open_store(url) as other, psycopg.connect(url, autocommit=True) as listener:
        for name in names:
            store.log.append(f"{name}:event", [("first", b"")])
        shift = Shift(store.log, store.checkpoints, [Duty(name, Idle) for name in names])
        for _ in range(5):
            shift.turn()
        before, began = (time.process_time(), server_seconds(folder)), time.perf_counter()
        while time.perf_counter() - began < seconds:
            shift.turn()
        took = time.perf_counter() - began
        found = {
            "worker_cpu_percent": 100 * (time.process_time() - before[0]) / took,
            "server_cpu_percent": 100 * (server_seconds(folder) - before[1]) / took,
        }
        seen, told = [], []

        def read() -> None:
            for number in range(100):
                (record,) = store.log.read("ingest/latency", number, 1, 60.0)
                seen.append(time.perf_counter() - float(record.data))

        def listen() -> None:
            listener.execute("LISTEN bench")
            ready.set()
            told.extend(time.perf_counter() - float(note.payload) for note in listener.notifies(stop_after=100))

        draw, ready = np.random.default_rng(SEED), threading.Event()
        with ThreadPoolExecutor(2) as pool, psycopg.connect(url, autocommit=True) as notifier:
            both = [pool.submit(read), pool.submit(listen)]
            ready.wait()
            for number in range(100):
                time.sleep(draw.random() * 0.2)
                other.log.append("ingest/latency:event", [(str(number), repr(time.perf_counter()).encode())])
                notifier.execute("SELECT pg_notify('bench', %s)", [repr(time.perf_counter())])
            for one in both:
                one.result(60)
        for name, values in (("look", seen), ("notify", told)):
            found[f"{name}_ms_median"] = 1000 * median(values)
            found[f"{name}_ms_95"] = 1000 * sorted(values)[94]
    return found


def runs(sites: int, events: int, turns: int) -> Iterator[dict[str, Any]]:
    """Each run's figures."""
    loads = [(site, load(site, events, SEED + number)) for number, site in enumerate(models(sites))]
    total = sites * events
    with tempfile.TemporaryDirectory() as scratch, running_server(on_disk=True) as server:
        filled, original = Path(scratch) / "filled", server.new_database()
        for target in (filled, original):
            with open_store(target) as store:
                for site, mine in loads:
                    fill(store, site, mine)
        template = original.rpartition("?")[0].rpartition("/")[2]
        for turn in range(turns):
            for backend, count in (("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", 2)):
                if backend == "SQLite":
                    folder = Path(scratch) / f"run{turn}"
                    shutil.copytree(filled, folder)
                    url = f"sqlite:///{folder}/store.db"
                else:
                    url = server.new_database(f"TEMPLATE {template}")
                before = server_seconds(server.folder)
                seconds, spent = measure(url, sites, count)
                served = server_seconds(server.folder) - before
                with open_store(url) as store:
                    results = sum(store.log.end(f"result/depot-{i}") for i in range(sites))
                    detections = sum(store.log.end(f"fusion/depot-{i}") for i in range(sites))
                yield {
                    "backend": backend, "workers": count, "events": total, "events_per_s": total / seconds,
                    "worker_cpu_ms": spent / total * 1e6, "server_cpu_ms": served / total * 1e6,
                    "fusion_records": detections, "results": results,
                }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, measure alternately, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--events", type=int, help="events of each site")
    parser.add_argument("--turns", type=int)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        work(options.worker, options.sites)
        return
    events = options.events or (3_000 if options.quick else 20_000)
    with running_server(on_disk=True) as server:
        idle = waiting(server.new_database(), server.folder, 5.0 if options.quick else 20.0)
    found = list(runs(options.sites, events, options.turns or (1 if options.quick else 3)))
    kinds: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in found:
        kinds.setdefault((run["backend"], run["workers"]), []).append(run)
    assert len({(run["fusion_records"], run["results"]) for run in found}) == 1, "runs differ in what they found"
    names = ("events_per_s", "worker_cpu_ms", "server_cpu_ms")
    rows = [
        [backend, count, *(float(median(run[name] for run in same)) for name in names)]
        for (backend, count), same in kinds.items()
    ]
    ratios = [
        two["events_per_s"] / one["events_per_s"]
        for one, two in zip(kinds["PostgreSQL", 1], kinds["PostgreSQL", 2], strict=True)
    ]
    head = ["store", "workers", "events/s", "workers' CPU ms per 1,000 events", "server's CPU ms per 1,000 events"]
    text = table(head, rows)
    text += f"\n\n{options.sites} sites of {events:,} events: {found[0]['fusion_records']:,} records to fusion, "
    text += f"{found[0]['results']:,} versions of alarms and incidents, the same in every run\n"
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    text += f"two workers / one, by turn: {told}; median {median(ratios):.2f}, goal {GOAL}"
    text += "\n\n" + table(["waiting", "value"], [[name, value] for name, value in idle.items()])
    result = {"waiting": idle, "runs": found, "ratios": ratios, "circumstances": circumstances("psycopg", "sqlalchemy")}
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
