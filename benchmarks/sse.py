"""Followers of the API's stream while events are committed and the pipeline works: delivery, and what it costs.

Processes of their own on one SQLite store: the API (uvicorn), followers (plain sockets), a writer that commits alarms
as fusion does, and a replay of the depot as fast as it can, which would take the whole machine. Delivery is from the
return of the commit to the arrival of the frame. The pipeline runs twice, without followers and with them, beside the
same writer: by wall time all share the cores, so its CPU seconds are told as well.
"""

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, peak_mb, print_result, table

ROOT = Path(__file__).resolve().parents[1]
COMMITS_S = 20
SITE = ROOT / "examples" / "depot"


def serve_api(folder: Path) -> dict[str, Any]:
    """The API until stdin is closed; prints its port first."""
    from infrastress.app.accounts import Book
    from infrastress.app.api.app import create_app
    from infrastress.app.api.opened import serve
    from infrastress.app.api.settings import ApiSettings, InForce
    from infrastress.app.detecting import cards_of, choose_detectors
    from infrastress.site.load import load_site
    from infrastress.store import open_store

    site = load_site(SITE)
    setup = InForce(site, cards_of(choose_detectors(site)))
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with open_store(_url(folder)) as store, socket.create_server(("127.0.0.1", 0), backlog=512) as sock:
        settings = ApiSettings(rate=1e6, burst=1e6)
        app = create_app(store, lambda: setup, book=Book(folder / "state"), settings=settings)
        began = [0.0]

        def ready() -> None:
            began[0] = time.process_time()
            sys.stdout.write(f"{sock.getsockname()[1]}\n")
            sys.stdout.flush()

        serve(app, sock, stop, on_ready=ready)
        return {"cpu_s": time.process_time() - began[0], "peak_mb": peak_mb(), "dropped": app.state.stream.dropped}


def follow(port: int, count: int, seconds: float) -> dict[str, Any]:
    """Followers: when each got which position."""
    frame = re.compile(rb"^id: r(\d+)\.", re.MULTILINE)

    async def one() -> tuple[list[tuple[int, float]], int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        writer.write(b"GET /api/v1/stream?topics=alarms HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen: list[tuple[int, float]] = []
        size, until = 0, time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                data = await asyncio.wait_for(reader.read(1 << 20), left)
            except TimeoutError:
                break
            if not data:
                break
            now = time.time()
            size += len(data)
            seen += [(int(match), now) for match in frame.findall(data)]
        writer.close()
        return seen, size

    async def main() -> list[tuple[list[tuple[int, float]], int]]:
        return await asyncio.gather(*(one() for _ in range(count)))

    began = time.process_time()
    found = asyncio.run(main())
    return {
        "seen": [seen for seen, _ in found],
        "bytes": sum(size for _, size in found),
        "cpu_s": time.process_time() - began,
    }


def write(folder: Path, rate: int, seconds: float) -> dict[str, Any]:
    """Commit alarms at a rate; returns the log's end and the time behind each commit."""
    from infrastress.events import Alarm, encode_event, make_event
    from infrastress.store import open_store
    from infrastress.store.ports import Output

    told: list[tuple[int, float, int]] = []
    number, each = 0, max(1, rate // COMMITS_S)
    with open_store(_url(folder)) as store:
        lease = store.checkpoints.acquire("bench", store.checkpoints.observe("bench"), "bench")
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            outputs = []
            for _ in range(each):
                body = Alarm(
                    alarm=f"alm-{number % 2000:016x}",
                    state="unacknowledged",
                    severity="medium",
                    priority=3,
                    title="Tank slowly gains or loses: T-103",
                    sentence="T-103 has lost 35.3 m3 (8.5 cm) that nothing explains; normally it stays within 17.6 m3",
                    detection="0" * 32,
                    rule="process.balance_drift",
                    source_kind="telemetry",
                )
                fields = {"site": "depot", "source": "fusion", "sequence": number, "occurred": time.time_ns()}
                event = make_event(body=body, assets=("T-103",), **fields)
                key = f"depot/{body.alarm}"
                outputs.append(Output(event.id, "result/depot:event", encode_event(event), key, event.occurred))
                number += 1
            lease.commit(0, None, outputs)
            told.append((store.log.end("result/depot"), time.time(), len(outputs)))
            time.sleep(max(0.0, len(told) / COMMITS_S - (time.monotonic() - began)))
            del now
    return {"commits": told, "events": number, "seconds": time.monotonic() - began}


def pipeline(folder: Path, recording: Path) -> dict[str, Any]:
    """The depot's recording into the same database, as fast as it goes."""
    from infrastress.app.pipeline import replay_recordings
    from infrastress.site.load import load_site

    site = load_site(SITE)
    wall, cpu = time.perf_counter(), time.process_time()
    judged = replay_recordings(site, SITE, [recording], state=folder / "learned", database=_url(folder))
    rows = sum(balance.accepted for balance in judged.summary.balances.values())
    return {"rows": rows, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


def _start(role: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.sse", "--role", role, *words]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=600)
    if process.returncode:
        raise SystemExit("a part failed; its words stand above")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def trial(recording: Path, followers: int, rate: int, seconds: float) -> dict[str, Any]:
    """One run: with so many followers, and the pipeline beside."""
    with tempfile.TemporaryDirectory(dir=recording.parent) as name:
        folder = Path(name)
        api = _start("api", "--folder", name)
        assert api.stdout is not None
        port = api.stdout.readline().strip()
        clients = _start("clients", "--port", port, "--followers", str(followers), "--seconds", str(seconds + 8))
        time.sleep(1.5)
        writer = _start("writer", "--folder", name, "--rate", str(rate), "--seconds", str(seconds))
        work = _start("pipeline", "--folder", name, "--recording", str(recording))
        worked, wrote, read = _end(work), _end(writer), _end(clients)
        served = _end(api)
        del folder
    result: dict[str, Any] = {
        "pipeline": worked,
        "api": served,
        "clients_cpu_s": read["cpu_s"],
        "events": wrote["events"],
    }
    ends = np.array([end for end, _, _ in wrote["commits"]])
    times = np.array([moment for _, moment, _ in wrote["commits"]])
    weights = np.array([count for _, _, count in wrote["commits"]])
    late = []
    for seen in read["seen"]:
        if not seen:
            continue
        offsets, moments = np.array([offset for offset, _ in seen]), np.array([moment for _, moment in seen])
        place = np.searchsorted(offsets, ends)
        got = place < len(offsets)
        late.append(np.repeat(moments[place[got]] - times[got], weights[got]))
        result["missed"] = result.get("missed", 0) + int(weights[~got].sum())
    if late:
        every = np.concatenate(late)
        result["p50_s"], result["p99_s"] = np.percentile(every, [50, 99]).tolist()
        result["longest_s"] = float(every.max())
        frames = [len(seen) / (seen[-1][1] - seen[0][1]) for seen in read["seen"] if len(seen) > 1]
        result["frames_s"] = max(frames)
        result["MB_out"] = read["bytes"] / 1e6
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure without followers and with them, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--followers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--role", choices=["api", "clients", "writer", "pipeline"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--recording", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.role:
        roles = {
            "api": lambda: serve_api(options.folder),
            "clients": lambda: follow(options.port, options.followers, options.seconds),
            "writer": lambda: write(options.folder, options.rate, options.seconds),
            "pipeline": lambda: pipeline(options.folder, options.recording),
        }
        sys.stdout.write(json.dumps(roles[options.role]()) + "\n")
        return
    seconds = 12.0 if options.quick else options.seconds
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "normal"
        hours = str(round(seconds * (2 if options.quick else 4)))
        simulate = ["-m", "infrastress", "simulate", "examples/depot", "normal", "--seed", "1", "--hours", hours]
        subprocess.run([sys.executable, *simulate, "--out", str(recording)], cwd=ROOT, check=True, capture_output=True)
        telemetry = recording / "telemetry.csv"
        trials = {n: trial(telemetry, n, options.rate, seconds) for n in (0, options.followers)}
    rows = [
        (
            n,
            one.get("p50_s", float("nan")),
            one.get("p99_s", float("nan")),
            one.get("longest_s", float("nan")),
            one.get("missed", 0),
            one.get("frames_s", 0.0),
            one["api"]["cpu_s"] / (seconds + 9),
            one["api"]["peak_mb"],
            one["pipeline"]["rows"] / one["pipeline"]["wall_s"],
            one["pipeline"]["cpu_s"] / one["pipeline"]["rows"] * 1e6,
        )
        for n, one in trials.items()
    ]
    head = ["followers", "p50 s", "p99 s", "longest s", "missed", "frames/s", "API cores", "API peak MB"]
    head += ["pipeline rows/s", "pipeline CPU us a row"]
    without, with_ = (one["pipeline"] for one in trials.values())
    ratio = (with_["rows"] / with_["wall_s"]) / (without["rows"] / without["wall_s"])
    result = {
        "circumstances": circumstances("uvicorn", "fastapi", "pydantic"),
        "rate": options.rate,
        "seconds": seconds,
        "trials": {str(n): one for n, one in trials.items()},
        "pipeline_with_to_without": ratio,
    }
    text = f"{table(head, rows)}\n\nPipeline with followers / without, by wall time: {ratio:.2f}"
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
