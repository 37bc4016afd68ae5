"""`infrastress serve` as a whole: it starts, feeds, stops, is killed and goes on."""

import json
import os
import random
import signal
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest

from infrastress.app.keeping.backup import Place
from infrastress.app.rerun import Rerun, rerun_log
from infrastress.core.clock import EventClock
from infrastress.core.time import from_iso
from infrastress.runtime.admission import books_of
from infrastress.store import open_store
from infrastress.store.ports import read_all
from tests.app.running import run
from tests.app.service.serving import Feed, alive, make_plant, serving, told_rows, wait_for

SPEED = 60.0


@pytest.fixture
def clock() -> EventClock:
    return EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), SPEED)


def wave(number: int) -> float:
    """Above the limit of 4 for 60 rows of each 120: an alarm comes and goes every 10 minutes of event time."""
    return 5.0 if number % 120 >= 60 else 1.0


def rerun(live) -> Rerun:
    """The recorded log through fresh units, without interruption."""
    place = Place(live.parent.parent, live.parent, str(live / "store"))
    with tempfile.TemporaryDirectory() as folder:
        return rerun_log(place, Path(folder) / "again", advance=lambda _: None)


def check_nothing_lost(feed: Feed, live) -> None:
    """Every row acknowledged is in the log once, or came late; results are those of an unbroken run."""
    with open_store(live / "store") as store:
        rows = told_rows(store)
        state = store.checkpoints.state("admission/toy/main")
    refused = sum(balance.late for balance, _ in books_of(state or b"").values())
    assert len(rows) == len(set(rows))
    known = set(rows)
    step, first = feed.step, feed._began
    told = [first + (number + 1) * step for number in range(feed.acknowledged)]
    late = [t for t in told if t not in known]
    assert len(late) <= refused, f"{len(late)} of {len(told)} rows acknowledged aren't in the log"
    again = rerun(live)
    assert again.same, again.compared
    assert all(one.live <= one.again for one in again.compared.values()), again.compared


class TestServe:
    def test_it_starts_feeds_alarms_and_stops_in_order(self, tmp_path, clock):
        with Feed(clock, value=wave) as feed:
            plant = make_plant(tmp_path / "toy", plc=feed.port)
            with serving(plant, clock, "--json") as service:
                service.ready()
                told = json.loads("".join(service.process.stdout.readline() for _ in range(6)))
                assert told["ready"] is True
                children = [child.pid for child in service.status.children.values()]
                assert all(alive(pid) for pid in children)
                wait_for(lambda: feed.acknowledged > 120)
                assert service.stop() == 0
                assert not any(alive(pid) for pid in children)
                order = [line["event"] for line in service.log if line["event"] in ("stopping", "stopped")]
                assert order == ["stopping", "stopped"]
            assert feed.acknowledged > 120
            check_nothing_lost(feed, service.live)
            with open_store(service.live / "store") as store:
                results = [record.data for record in read_all(store.log, "result/toy")]
            assert any(b"process.alarm_limit" in data for data in results)
            same = run("rerun", str(plant), "--out", str(tmp_path / "again"), "--json")
            assert same.returncode == 0, same.stderr
            assert json.loads(same.stdout)["same"] is True
            assert b"process.alarm_limit" in (tmp_path / "again" / "alarms.jsonl").read_bytes()
            with sqlite3.connect(service.live / "store" / "store.db") as database:
                of = "partition = (SELECT number FROM log_partition WHERE name = 'result/toy') AND place = 1"
                database.execute(f"UPDATE log_record SET data = data || x'20' WHERE {of}")  # noqa: S608 - our own words
            other = run("rerun", str(plant), "--out", str(tmp_path / "other"))
            assert other.returncode == 1
            assert "record 1 differs" in other.stdout
            assert not service.status.ready

    def test_a_second_one_on_the_same_store_is_refused(self, tmp_path, clock):
        plant = make_plant(tmp_path / "toy")
        with serving(plant, clock) as first:
            first.ready()
            with serving(plant, clock) as second:
                assert second.process.wait(30) == 1
            assert "is served already, by process" in (plant / "serve.log").read_text()
            assert first.status.ready

    def test_no_process_outlives_the_supervisor(self, tmp_path, clock):
        plant = make_plant(tmp_path / "toy")
        with serving(plant, clock) as service:
            children = [child.pid for child in service.ready().status.children.values()]
            os.kill(children[0], signal.SIGSTOP)  # one that hangs as well
            service.kill()
            wait_for(lambda: not any(alive(pid) for pid in children), 10)

    def test_one_that_hangs_is_killed_and_started_again(self, tmp_path, clock):
        plant = make_plant(tmp_path / "toy")
        with serving(plant, clock, hang_s=2.0) as service:
            judge = service.ready().status.children["judge"].pid
            os.kill(judge, signal.SIGSTOP)
            wait_for(lambda: service.status.children["judge"].restarts == 1 and service.status.ready)
            assert service.status.children["judge"].last_error.startswith("it hung")
            assert not alive(judge)
            assert service.stop() == 0

    def test_killed_at_random_nothing_acknowledged_is_lost(self, tmp_path, clock):
        kills(tmp_path, clock, 4, seed=1)

    @pytest.mark.prove
    @pytest.mark.timeout(3600)
    def test_50_kills(self, tmp_path):
        from tests.proofs import Proof

        proof = Proof("service: a process or the supervisor killed while a source feeds", 5)
        for step in proof.steps():
            fresh = EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), SPEED)
            kills(tmp_path / str(step), fresh, 10, seed=100 + step)
        proof.finish(
            "10 kills a run: nothing acknowledged lost, results equal those of an unbroken run of the same log"
        )


def kills(folder, clock: EventClock, count: int, *, seed: int) -> None:
    """Kill processes, or the supervisor, at random moments while a source feeds."""
    chance = random.Random(seed)
    with Feed(clock, value=wave) as feed:
        plant = make_plant(folder / "toy", plc=feed.port, lateness_s=1800.0)
        for number in range(count):
            with serving(plant, clock) as service:
                service.ready()
                at_least = feed.acknowledged + 10
                wait_for(lambda least=at_least: feed.acknowledged > least)
                time.sleep(chance.random())
                if number % 2:
                    service.kill()
                    continue
                name = chance.choice(["intake", "judge"])
                os.kill(service.status.children[name].pid, signal.SIGKILL)
                wait_for(lambda n=name: service.status.children[n].restarts == 1 and service.status.ready)
                at_least = feed.acknowledged + 10
                wait_for(lambda least=at_least: feed.acknowledged > least)
                service.kill()
        with serving(plant, clock) as service:
            service.ready()
            at_least = feed.acknowledged + 10
            wait_for(lambda: feed.acknowledged > at_least)
            assert service.stop() == 0
        check_nothing_lost(feed, service.live)
