"""A live run, killed in the middle, leaves a log that replays to the same bytes."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infrastress.events import decode_event
from infrastress.events.health import decode_health
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, export_results, replay_log
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import read_all, type_of
from infrastress.store.sqlite import SqliteStore
from tests.proofs import Proof
from tests.runtime.live_victim import judges, live_site

ROOT = Path(__file__).resolve().parents[2]
FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl")


def live(folder: Path, seconds: float, kill_after: float | None = None) -> None:
    """Run the site; killed without warning after some seconds, or to its end."""
    command = [sys.executable, "-m", "tests.runtime.live_victim", str(folder), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, errors.decode()


def results(store, folder: Path) -> dict[str, bytes]:
    export_results(store, live_site(), folder)
    found = {name: (folder / name).read_bytes() for name in FILES}
    told = {kind: b"\n".join(r.data for r in read_all(store.log, f"{kind}/toy")) for kind in ("status", "standing")}
    return {**found, **told}


def check(folder: Path) -> dict[str, int]:
    """The log replays to what the live run found; nothing was taken twice; returns how much there was."""
    with SqliteStore(folder / "store") as store:
        expected = results(store, folder / "live")
        for batch_rows in (1, 1000):
            again = MemoryStore()
            detection = DetectionUnit(live_site(), judges())
            replay_log(store.log, again, live_site(), detection, FusionUnit(live_site()), batch_rows=batch_rows)
            found = results(again, folder / f"again{batch_rows}")
            for name, data in expected.items():
                assert found[name] == data, name
        records = list(read_all(store.log, "ingest/toy/main"))
        ticks = [decode_event(record.data).body for record in records if type_of(record.subject) == "tick"]
        for moving in ([tick.watermark for tick in ticks], [tick.clock for tick in ticks]):
            assert moving == sorted(moving)
        heard = [decode_event(r.data) for r in records if type_of(r.subject) == "event"]
        assert sorted(event.sequence for event in heard) == list(range(len(heard)))
        rules = [json.loads(line)["body"]["rule"] for line in expected["detections.jsonl"].splitlines()]
        states = {
            decode_health(r.data).state for r in read_all(store.log, "status/toy") if type_of(r.subject) == "health"
        }
        kinds = {type_of(record.subject) for record in records}
        assert kinds == {"samples", "event", "late", "tick", "decision", "link", "action"}
        assert "live" in states
        assert store.log.end("standing/toy") >= 1
        assert len(states) > 1
    return {
        "records": len(records),
        "events": len(heard),
        "findings": len(rules),
        "health": sum(r[:7] == "health." for r in rules),
    }


def test_a_live_run_killed_in_the_middle_replays_to_the_same_bytes(tmp_path):
    live(tmp_path, 30, kill_after=4)
    live(tmp_path, 5)
    counts = check(tmp_path)
    assert counts["health"] >= 1
    assert counts["findings"] > counts["health"]


@pytest.mark.prove
def test_a_live_run_killed_again_and_again_replays_to_the_same_bytes(tmp_path):
    proof = Proof("runtime: live runs killed without warning, their logs replayed", 20)
    kills = 0
    for number in proof.steps():
        chance, folder = random.Random(number), tmp_path / str(number)
        folder.mkdir()
        for _ in range(4):
            live(folder, 60, kill_after=1.5 + 4 * chance.random())
            kills += 1
        live(folder, 5)
        check(folder)
    proof.finish(f"{kills} kills in this run; detections, alarms, incidents and health byte-identical")
