"""Versions of baselines: never overwritten, decided on by name, whole after any kill."""

import json
import os
import threading

import msgspec
import pytest

from infrastress.app import baselines as shelf
from infrastress.app.baselines import Baseline, Decision, Version
from infrastress.core.errors import BaselineError
from tests.detectors.plant import tank_site

SITE = tank_site()


def learn(state, limit: float = 1.0, **more) -> Version:
    one = Baseline(detector="d", version="1", site_version=SITE.version, baseline={"limit": limit},
                   words=(f"L1 stays below {limit} m",))  # fmt: skip
    note = Version(number=0, created="2026-01-01T00:00:00Z", detectors={"d": one.content}, **more)
    return shelf.write_version(state, note, {"d": one})


def decide(state, number: int, action: str = "approved") -> None:
    shelf.decide(state, Decision(version=number, action=action, at="2026-01-02T00:00:00Z", by="engineer"))


def used(state) -> dict[str, Baseline]:
    return shelf.read_baselines(state, SITE, {"d": "1"})


def test_nothing_learned_is_no_fault(tmp_path):
    assert used(tmp_path) == {}
    assert shelf.in_force(tmp_path) is None
    assert shelf.versions_of(tmp_path) == []


def test_before_any_decision_the_newest_is_used_and_said_to_be_unapproved(tmp_path):
    learn(tmp_path, 1.0)
    learn(tmp_path, 2.0)
    found = used(tmp_path)["d"]
    assert (found.number, found.approved, found.baseline["limit"]) == (2, False, 2.0)


def test_an_approved_version_stays_in_force_until_the_next_decision(tmp_path):
    learn(tmp_path, 1.0)
    decide(tmp_path, 1)
    learn(tmp_path, 2.0)
    assert (used(tmp_path)["d"].number, used(tmp_path)["d"].approved) == (1, True)
    decide(tmp_path, 2)
    assert used(tmp_path)["d"].number == 2
    decide(tmp_path, 1, "used")
    assert used(tmp_path)["d"].number == 1
    assert [(one.version, one.action) for one in shelf.decisions_of(tmp_path)] == [
        (1, "approved"), (2, "approved"), (1, "used"),
    ]  # fmt: skip


def test_what_was_never_approved_is_not_put_in_force(tmp_path):
    learn(tmp_path)
    with pytest.raises(BaselineError, match="never approved"):
        decide(tmp_path, 1, "used")
    with pytest.raises(BaselineError, match="no version 7"):
        decide(tmp_path, 7)
    assert shelf.decisions_of(tmp_path) == []


def test_versions_are_never_overwritten_even_by_trainings_at_the_same_time(tmp_path):
    threads = [threading.Thread(target=learn, args=(tmp_path, float(i))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in shelf.versions_of(tmp_path)] == list(range(1, 9))
    limits = {shelf.read_version(tmp_path, number)["d"].baseline["limit"] for number in range(1, 9)}
    assert limits == {float(i) for i in range(8)}
    assert not [entry for entry in (tmp_path / "baselines").iterdir() if entry.name.startswith(".")]


@pytest.mark.parametrize("call", ["rename", "fsync", "replace", "link"])
def test_a_kill_at_any_write_leaves_what_was_there(tmp_path, monkeypatch, call):
    """Whatever the writer has done when it dies, readers see the old state or the new one."""
    learn(tmp_path, 1.0)
    decide(tmp_path, 1)
    real, left = getattr(os, call), [0]

    class Killed(BaseException):
        pass

    def dying(*args, **kwargs):
        if not left[0]:
            raise Killed
        left[0] -= 1
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, dying)
    for allowed in range(8):
        left[0] = allowed
        try:
            learn(tmp_path, 2.0 + allowed)
            decide(tmp_path, shelf.versions_of(tmp_path)[-1].number)
        except Killed:
            pass
        monkeypatch.setattr(os, call, real)
        versions, decisions = shelf.versions_of(tmp_path), shelf.decisions_of(tmp_path)
        assert [one.number for one in versions] == list(range(1, len(versions) + 1))
        assert all(shelf.read_version(tmp_path, one.number)["d"].words for one in versions)
        assert used(tmp_path)["d"].number == decisions[-1].version
        monkeypatch.setattr(os, call, dying)


def test_what_a_killed_training_left_is_no_version(tmp_path):
    learn(tmp_path)
    left = tmp_path / "baselines" / ".new-abc"
    left.mkdir()
    (left / "version.json").write_text("{")
    assert [one.number for one in shelf.versions_of(tmp_path)] == [1]


def test_damage_is_told_with_its_file(tmp_path):
    learn(tmp_path)
    file = tmp_path / "baselines" / "v0001" / "d.json"
    whole = json.loads(file.read_text())
    file.write_text(json.dumps({**whole, "baseline": {"limit": 9.0}}))
    with pytest.raises(BaselineError, match="changed after it was written"):
        used(tmp_path)
    other = msgspec.convert({k: v for k, v in whole.items() if k != "content"}, Baseline)
    other = msgspec.structs.replace(other, baseline={"limit": 3.0})
    file.write_text(json.dumps({**other.fields(), "content": other.content}))
    with pytest.raises(BaselineError, match="not what that training wrote"):
        used(tmp_path)
    (tmp_path / "baselines" / "v0001" / "version.json").write_text("{")
    with pytest.raises(BaselineError, match="damaged"):
        used(tmp_path)


def test_files_of_before_there_were_versions_ask_for_relearning(tmp_path):
    folder = tmp_path / "baselines"
    folder.mkdir()
    (folder / "process_invariants.json").write_text("{}")
    with pytest.raises(BaselineError, match="kept no versions"):
        used(tmp_path)
