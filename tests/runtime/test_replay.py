from pathlib import Path

import pytest

from infrastress.runtime import Policy, export_results, replay, replay_log
from infrastress.store.memory import MemoryStore
from tests.runtime.toys import Bomb, Cusum, Threshold, ToyFusion, toy_recordings, toy_site

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
    replay_log(recorded.log, store, site, judges(), ToyFusion(), batch_rows=batch_rows)
    found = results(store, site, tmp_path)
    assert {**found, "quarantine.jsonl": golden["quarantine.jsonl"]} == golden
