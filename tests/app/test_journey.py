"""From a new site to scores, and what a user gets to read when something is wrong on the way."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from infrastress.app.cli import main


@pytest.fixture(scope="module")
def plant(tmp_path_factory) -> Path:
    """A folder with a trained site, a short recording of ordinary hours, and one of the attack."""
    folder = tmp_path_factory.mktemp("journey")
    site = str(folder / "plant")
    assert main(["init", site]) == 0
    assert main(["simulate", site, "normal", "--seed", "3", "--hours", "12", "--out", str(folder / "normal")]) == 0
    assert main(["simulate", site, "attack-overfill", "--seed", "5", "--out", str(folder / "attack")]) == 0
    assert main(["train", site, str(folder / "normal")]) == 0
    return folder


@pytest.fixture
def copy(plant, tmp_path) -> Path:
    """A copy of the site that a test may spoil."""
    shutil.copytree(plant / "plant", tmp_path / "plant")
    return tmp_path / "plant"


def test_attack_goes_in_incident_comes_out(plant, tmp_path, capsys):
    out = tmp_path / "result"
    assert main(["replay", str(plant / "plant"), str(plant / "attack"), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["incidents"] >= 1
    assert all(one["balances"] and one["read"] == one["accepted"] for one in told["balances"].values())
    assert told["baselines"]["process_invariants"]["approved"] is False
    first = {name: (out / name).read_bytes() for name in ("detections.jsonl", "alarms.jsonl", "incidents.jsonl")}

    assert main(["replay", str(plant / "plant"), str(plant / "attack"), "--out", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in first} == first, "the same command again changes nothing"

    other = tmp_path / "other"
    split = ["replay", str(plant / "plant"), str(plant / "attack"), "--out", str(other), "--batch-rows", "1000"]
    assert main(split) == 0
    assert {name: (other / name).read_bytes() for name in first} == first, "the batch size changes nothing"

    capsys.readouterr()
    assert main(["evaluate", str(out), str(plant / "attack"), "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["detected"] >= 1
    names = [row["name"] for row in scored["table"]]
    assert names[:2] == ["these detections", "with notices"]
    assert "only process_invariants" in names
    assert names[-2:] == ["always", "never"]


def test_another_replay_is_not_mixed_in(plant, tmp_path, capsys):
    out, site = str(tmp_path / "result"), str(plant / "plant")
    assert main(["replay", site, str(plant / "normal"), "--out", out]) == 0
    assert main(["replay", site, str(plant / "attack"), "--out", out]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main(["replay", site, str(plant / "attack"), "--out", out, "--overwrite"]) == 0
    assert "0 incidents" not in capsys.readouterr().out


def test_two_recordings_of_a_source_follow_each_other(plant, tmp_path, capsys):
    """Given in the wrong order, they are read in the order of their times; nothing is late."""
    out = str(tmp_path / "result")
    files = [str(plant / "attack" / "telemetry.csv"), str(plant / "normal" / "telemetry.csv")]
    assert main(["replay", str(plant / "plant"), *files, "--out", out, "--json"]) == 0
    balance = json.loads(capsys.readouterr().out)["balances"]["scada"]
    rows = sum(len(Path(file).read_text().splitlines()) - 1 for file in files)
    assert balance["read"] == balance["accepted"] == rows


def test_training_says_what_it_learned(plant):
    report = (plant / "plant" / "state" / "train-report.md").read_text()
    assert "| normal | 2026-" in report
    assert "T-103" in report
    assert "Not approved yet" in report


def test_excluded_spans_teach_nothing(plant, copy, capsys):
    span = "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z"
    assert main(["train", str(copy), str(plant / "normal"), "--exclude", span]) == 1
    assert "no telemetry to learn from" in capsys.readouterr().err
    assert main(["train", str(copy), str(plant / "normal"), "--exclude", "yesterday"]) == 1
    assert "is no span" in capsys.readouterr().err


def test_approval_stands_beside_the_baseline_and_changes_nothing_in_it(copy, plant, tmp_path, capsys):
    file = copy / "state/baselines/v0001/process_invariants.json"
    before = file.read_bytes()
    assert main(["train", str(copy), "--approve"]) == 2
    assert "--by" in capsys.readouterr().err
    assert main(["train", str(copy), "--approve", "--by", "shift engineer", "--json"]) == 0
    assert file.read_bytes() == before
    assert main(["replay", str(copy), str(plant / "normal"), "--out", str(tmp_path / "out"), "--json"]) == 0
    told = capsys.readouterr()
    assert '"approved": true' in told.out
    assert "not approved" not in told.err


def test_baseline_of_another_site_model_is_refused(copy, plant, tmp_path, capsys):
    file = copy / "site.yaml"
    file.write_text(file.read_text().replace("name: Coastal oil depot", "name: Another depot", 1))
    assert main(["replay", str(copy), str(plant / "attack"), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "the site is now" in told
    assert "infrastress train" in told


def test_baseline_changed_by_hand_is_refused(copy, plant, tmp_path, capsys):
    file = copy / "state/baselines/v0001/process_invariants.json"
    fields = json.loads(file.read_text())
    fields["words"] = ["all is well"]
    file.write_text(json.dumps(fields))
    assert main(["replay", str(copy), str(plant / "attack"), "--out", str(tmp_path / "out")]) == 1
    assert "changed after it was written" in capsys.readouterr().err
    file.write_text("{")
    assert main(["replay", str(copy), str(plant / "attack"), "--out", str(tmp_path / "out")]) == 1
    assert "no baseline" in capsys.readouterr().err


def test_same_seed_same_bytes(plant, tmp_path):
    site = str(plant / "plant")
    assert main(["simulate", site, "normal", "--seed", "3", "--hours", "12", "--out", str(tmp_path)]) == 0
    for name in ("telemetry.csv", "events.jsonl", "truth.json"):
        assert (tmp_path / name).read_bytes() == (plant / "normal" / name).read_bytes()


def test_map_writes_once(plant, tmp_path, capsys):
    file = tmp_path / "recording.csv"
    file.write_bytes((plant / "normal" / "telemetry.csv").read_bytes())
    assert main(["map", str(file), "--site", str(plant / "plant")]) == 0
    assert "LT-103" in capsys.readouterr().out
    assert main(["map", str(file), "--site", str(plant / "plant")]) == 1
    assert "--overwrite" in capsys.readouterr().err
    replay = ["replay", str(plant / "plant"), str(file), "--out", str(tmp_path / "out")]
    assert main(replay) == 0
    mapping = file.with_name("recording.csv.mapping.yaml")
    mapping.write_text(mapping.read_text() + "ignore: [LT-103]\n")
    assert main(replay) == 1, "read otherwise, it is another replay"
    assert "--overwrite" in capsys.readouterr().err


def test_what_is_left_of_a_torn_archive_is_mapped(plant, tmp_path, capsys):
    file = tmp_path / "torn.csv.gz"
    data = gzip.compress((plant / "normal" / "telemetry.csv").read_bytes())
    file.write_bytes(data[: len(data) // 2])
    assert main(["map", str(file), "--site", str(plant / "plant")]) == 0
    assert main(["replay", str(plant / "plant"), str(file), "--out", str(tmp_path / "out")]) == 0
    assert "file-damaged 1" in capsys.readouterr().out


def test_our_own_events_need_no_mapping(plant, tmp_path, capsys):
    out = tmp_path / "m.yaml"
    assert main(["map", str(plant / "attack" / "events.jsonl"), "--out", str(out)]) == 0
    assert "read without a mapping" in capsys.readouterr().out


WRONG = {
    "no site": (["check", "{tmp}/nowhere"], "nowhere"),
    "no site to replay at": (["replay", "{tmp}/nowhere", "x", "--out", "{tmp}/o"], "nowhere"),
    "site is no YAML": (["train", "{tmp}/broken.yaml", "x"], "broken.yaml"),
    "no recording": (["replay", "{plant}/plant", "{tmp}/none.csv", "--out", "{tmp}/o"], "none.csv"),
    "recording is noise": (["replay", "{plant}/plant", "{tmp}/noise.bin", "--out", "{tmp}/o"], "noise.bin"),
    "recording is empty": (["train", "{plant}/plant", "{tmp}/empty.csv"], "empty.csv"),
    "other columns": (["replay", "{plant}/plant", "{tmp}/other.csv", "--out", "{tmp}/o"], "other.csv"),
    "folder without recording": (["replay", "{plant}/plant", "{tmp}", "--out", "{tmp}/o"], "telemetry.csv"),
    "misspelt scenario": (["simulate", "{plant}/plant", "atack-overfill", "--out", "{tmp}/o"], "'attack-overfill'"),
    "out is a file": (["replay", "{plant}/plant", "{plant}/attack", "--out", "{tmp}/noise.bin"], "noise.bin"),
    "no detections": (["evaluate", "{tmp}/none.jsonl", "{plant}/attack"], "none.jsonl"),
    "no labels": (["evaluate", "{tmp}/noise.bin", "{tmp}/none.csv"], "none.csv"),
    "nothing learned": (
        ["train", "{plant}/plant", "--approve", "--by", "me", "--state", "{tmp}/s"],
        "nothing was learned",
    ),
    "no template": (["init", "{tmp}/new", "--template", "depto"], "depot"),
    "no network": (["init", "{tmp}/new", "--from-inp", "{tmp}/none.inp"], "none.inp"),
    "recording named twice": (
        ["replay", "{plant}/plant", "{plant}/attack", "{plant}/attack/", "--out", "{tmp}/o"],
        "named twice",
    ),
    "cut by semicolons": (["replay", "{plant}/plant", "{tmp}/semicolons.csv", "--out", "{tmp}/o"], "cut by semicolons"),
    "nothing left of an archive to map": (["map", "{tmp}/torn.gz"], "copy it again"),
    "records of no kind to map": (["map", "{tmp}/records.jsonl"], "no field of these records is a time"),
    "nothing to map": (["map", "{tmp}/empty.csv"], "empty.csv"),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_told_without_a_traceback(case, plant, tmp_path, capsys):
    (tmp_path / "broken.yaml").write_text("id: [depot\n")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "other.csv").write_text("time,AAA\n2026-03-01T00:00:00Z,1\n")
    (tmp_path / "semicolons.csv").write_text("time;LT-103;LT-104\n2026-03-01T00:00:00Z;1,5;2,5\n")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"time,LT-103\n" * 100)[:10])
    (tmp_path / "records.jsonl").write_text('{"a": {"b": 1}}\n' * 3 + "[" * 100_000 + "\n")
    words, needle = WRONG[case]
    assert main([word.format(tmp=tmp_path, plant=plant) for word in words]) == 1
    out, err = capsys.readouterr()
    assert needle in out + err
    assert "Traceback" not in err
    assert "unexpected" not in err, err
    assert not (tmp_path / "new").exists()
