import json
from pathlib import Path

import pytest

from infrastress.core.errors import ConfigurationError
from infrastress.core.time import SECOND
from infrastress.events import Incident, event_from_json
from infrastress.runtime import DetectionUnit, Policy, export_results, replay, replay_log
from infrastress.store.memory import MemoryStore
from infrastress.store.sqlite import SqliteStore
from tests.runtime.toys import START, Bomb, Cusum, Recording, Threshold, ToyFusion, telemetry, toy_recordings, toy_site

FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl", "quarantine.jsonl")


def judges():
    return [Threshold(), Cusum(), Bomb(200)]


def results(store, site, folder: Path) -> dict[str, bytes]:
    export_results(store, site, folder)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def golden(tmp_path_factory) -> dict[str, bytes]:
    site, store = toy_site(), MemoryStore()
    summary = replay(store, site, toy_recordings(site), judges(), ToyFusion())
    assert summary.counts["detections"] > 10
    assert summary.counts["incidents"] > 1
    assert all(balance.balances for balance in summary.balances.values())
    assert summary.failed == {"bomb": "RuntimeError: kaboom"}
    found = results(store, site, tmp_path_factory.mktemp("golden"))
    assert b"detector-failed" in found["detections.jsonl"]
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_batch_size_does_not_show(golden, tmp_path, size, batch_rows):
    site, store = toy_site(), MemoryStore()
    policy = Policy(max_records=3 if size == 7 else 500)
    replay(store, site, toy_recordings(site, size=size), judges(), ToyFusion(), batch_rows=batch_rows, policy=policy)
    assert results(store, site, tmp_path) == golden


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_one_log_gives_one_result(golden, tmp_path, batch_rows):
    site, recorded, store = toy_site(), MemoryStore(), MemoryStore()
    replay(recorded, site, toy_recordings(site), judges(), ToyFusion(), batch_rows=13)
    replay_log(recorded.log, store, site, DetectionUnit(site, judges()), ToyFusion(), batch_rows=batch_rows)
    found = results(store, site, tmp_path)
    assert {**found, "quarantine.jsonl": golden["quarantine.jsonl"]} == golden


class Hand:
    """A clock that moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("speed", [0.5, 3600.0])
def test_speed_shows_in_the_wall_time_alone(golden, tmp_path, speed):
    site, store, clock = toy_site(), MemoryStore(), Hand()
    summary = replay(store, site, toy_recordings(site), judges(), ToyFusion(), speed=speed, clock=clock)
    assert results(store, site, tmp_path) == golden
    assert summary.first == START + 10 * SECOND
    span = (summary.last - START - 1000 * SECOND) / SECOND
    assert clock.now == pytest.approx(span / speed, rel=0.01)


def test_on_sqlite_as_in_memory_and_called_again_it_only_tells(golden, tmp_path):
    site = toy_site()
    told = []
    with SqliteStore(tmp_path / "store") as store:
        summary = replay(store, site, toy_recordings(site), judges(), ToyFusion(), on_result=told.append)
        assert results(store, site, tmp_path) == golden
        before = store.log.end("ingest/toy/main")
    assert len({e.body.incident for e in told if isinstance(e.body, Incident)}) == summary.counts["incidents"]
    with SqliteStore(tmp_path / "store") as store:
        told.clear()
        again = replay(store, site, toy_recordings(site), judges(), ToyFusion(), on_result=told.append)
        assert again.as_dict() == summary.as_dict()
        assert told == []
        assert store.log.end("ingest/toy/main") == before


@pytest.mark.parametrize("sizes", [(1, 1999), (700, 3), (64, 64)])
def test_interleaving_of_sources_does_not_show(tmp_path, sizes):
    """Two telemetry sources that share a signal, in any interleaving."""
    site = toy_site(plc={}, rtu={"lateness_s": 120})
    found = []
    for a, b in ((100, 100), sizes):
        one = Recording(site.source_by_id["plc"], telemetry(2000), size=a)
        two = Recording(site.source_by_id["rtu"], telemetry(1500, seed=2, step=13 * SECOND, source="rtu"), size=b)
        store = MemoryStore()
        replay(store, site, [one, two], judges(), ToyFusion())
        found.append(results(store, site, tmp_path / f"{a}-{b}"))
    assert found[0] == found[1]
    assert len(found[0]["detections.jsonl"].splitlines()) > 10


def test_results_are_lines_that_read_back(golden):
    for name in ("detections.jsonl", "alarms.jsonl", "incidents.jsonl"):
        for line in golden[name].splitlines():
            assert event_from_json(line)
    assert all(json.loads(line) for line in golden["quarantine.jsonl"].splitlines())


def test_a_store_of_another_replay_is_refused():
    site, store = toy_site(), MemoryStore()
    recordings = toy_recordings(site, n=50)
    replay(store, site, recordings, judges(), ToyFusion())
    with pytest.raises(ConfigurationError, match="empty output folder"):
        replay(store, site, recordings[:1], judges(), ToyFusion())
    with pytest.raises(ConfigurationError, match="each only once"):
        replay(store, site, [recordings[0], recordings[0]], judges(), ToyFusion())


def test_progress_is_told():
    site, store = toy_site(), MemoryStore()
    told = []
    replay(store, site, toy_recordings(site, n=500), judges(), ToyFusion(), on_progress=told.append)
    assert [p.rows for p in told] == sorted(p.rows for p in told)
    assert told[-1].rows == 512
