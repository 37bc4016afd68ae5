import os

import pytest

from infrastress.runtime import export_results, replay
from infrastress.store.memory import MemoryStore
from tests.runtime.toys import Threshold, ToyFusion, toy_recordings, toy_site


def test_files_are_replaced_whole(tmp_path, monkeypatch):
    site, store = toy_site(), MemoryStore()
    replay(store, site, toy_recordings(site, n=300), [Threshold()], ToyFusion())
    export_results(store, site, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert sorted(before) == ["alarms.jsonl", "detections.jsonl", "incidents.jsonl", "quarantine.jsonl"]

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        export_results(MemoryStore(), site, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
