"""Training by its command: what is left out, what is refused, what is kept and told."""

import json
from pathlib import Path

import pytest

from infrastress.app.cli import main
from infrastress.app.training import run
from infrastress.app.training.overview import Overview
from infrastress.detectors.process import InvariantDetector


@pytest.fixture(scope="module")
def plant(tmp_path_factory) -> Path:
    """A site, a day and a half of ordinary operation, and an attack."""
    folder = tmp_path_factory.mktemp("training")
    site = str(folder / "plant")
    assert main(["init", site]) == 0
    assert main(["simulate", site, "normal", "--seed", "3", "--hours", "36", "--out", str(folder / "normal")]) == 0
    assert main(["simulate", site, "attack-overfill", "--seed", "5", "--out", str(folder / "attack")]) == 0
    return folder


def test_a_spoofed_recording_is_refused_and_its_spans_can_be_pasted(plant, tmp_path, capsys):
    state = ["--state", str(tmp_path)]
    words = ["train", str(plant / "plant"), str(plant / "attack"), *state]
    assert main(words) == 1
    told = capsys.readouterr()
    assert "look attacked" in told.err
    assert "T-103" in told.err
    assert not (tmp_path / "baselines").exists()
    assert "Nothing was learned" in (tmp_path / "train-report.md").read_text()
    line = next(line for line in told.err.splitlines() if line.strip().startswith("--exclude"))
    assert main([*words, *line.split()]) == 0
    note = json.loads((tmp_path / "baselines/v0001/version.json").read_text())
    assert len(note["excluded"]) == len(line.split()) // 2


def test_what_was_accepted_is_kept_with_its_reason(plant, tmp_path, capsys):
    words = ["train", str(plant / "plant"), str(plant / "attack"), "--state", str(tmp_path)]
    assert main([*words, "--accept", "drill of 12 March", "--by", "lead", "--why", "test"]) == 0
    note = json.loads((tmp_path / "baselines/v0001/version.json").read_text())
    assert (note["by"], note["why"]) == ("lead", "test")
    assert note["accepted"]
    assert all(one["accepted"] == "drill of 12 March" for one in note["accepted"])
    assert "drill of 12 March" in (tmp_path / "train-report.md").read_text()


def test_a_maintenance_log_is_left_out_and_counted(plant, tmp_path, capsys):
    log = tmp_path / "log.csv"
    log.write_text("began,ended,reason\n2026-03-02T06:00:00+01:00,2026-03-02T08:00:00+01:00,pump swap\n")
    words = ["train", str(plant / "plant"), str(plant / "normal"), "--state", str(tmp_path), "--exclude-file", str(log)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["reason"], one["frames"]) for one in told["excluded"]] == [("pump swap", 121)]
    assert told["refused"] is False
    report = (tmp_path / "train-report.md").read_text()
    assert "pump swap" in report
    for picture in ("coverage.png", "ranges.png"):
        assert (tmp_path / "train-report" / picture).read_bytes().startswith(b"\x89PNG")
        assert f"train-report/{picture}" in report


def test_a_costly_detector_judges_the_end_of_the_data_alone(plant, tmp_path, capsys, monkeypatch):
    judged = []

    def judge(self, detectors, block):
        judged.extend((one.name, len(block.frames)) for one in detectors)
        original(self, detectors, block)

    original = Overview.judge
    monkeypatch.setattr(Overview, "judge", judge)
    monkeypatch.setattr(InvariantDetector, "costly", True)
    monkeypatch.setattr(run, "COSTLY_FRAMES", 100)
    assert main(["train", str(plant / "plant"), str(plant / "normal"), "--state", str(tmp_path)]) == 0
    assert sum(frames for name, frames in judged if name == "process_invariants") == 100
    assert sum(frames for name, frames in judged if name == "access") > 2000
    assert "it judged only the end of the data" in (tmp_path / "train-report.md").read_text()
    assert (tmp_path / "train-report" / "scores-process_invariants.png").exists()


def test_labelled_rows_teach_nothing(plant, tmp_path, capsys):
    rows = (plant / "normal" / "telemetry.csv").read_text().splitlines()
    marked = [f"{row},{int(1000 <= i < 1600)}" for i, row in enumerate(rows[1:])]
    file = tmp_path / "labelled.csv"
    file.write_text("\n".join([f"{rows[0]},attack", *marked]) + "\n")
    assert main(["map", str(file), "--site", str(plant / "plant")]) == 0
    mapping = file.with_name("labelled.csv.mapping.yaml")
    if "label:" not in mapping.read_text():
        mapping.write_text(mapping.read_text() + "label: attack\n")
    capsys.readouterr()
    assert main(["train", str(plant / "plant"), str(file), "--state", str(tmp_path / "s"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["labelled_rows"] == 600
    assert sum(one["frames"] for one in told["excluded"]) >= 100
    assert main(["train", str(plant / "plant"), str(file), "--state", str(tmp_path / "t")]) == 0
    assert "600 rows that the recordings label" in capsys.readouterr().out


def test_a_clock_that_goes_back_is_refused(plant, tmp_path, capsys):
    rows = (plant / "normal" / "telemetry.csv").read_text().splitlines()
    file = tmp_path / "telemetry.csv"
    file.write_text("\n".join([rows[0], *rows[1:3000], *rows[2000:4000]]) + "\n")
    assert main(["train", str(plant / "plant"), str(file), "--state", str(tmp_path / "s")]) == 1
    assert "went back by" in capsys.readouterr().err


def test_versions_are_listed_compared_and_brought_back(plant, tmp_path, capsys):
    site, state = str(plant / "plant"), ["--state", str(tmp_path)]
    span = "2026-03-02T00:00:00+01:00/2026-03-02T12:00:00+01:00"
    assert main(["train", site, str(plant / "normal"), *state]) == 0
    assert main(["train", site, "--approve", "--by", "process engineer", *state]) == 0
    assert main(["train", site, str(plant / "normal"), "--exclude", span, *state]) == 0
    assert "What changed since version 1" in (tmp_path / "train-report.md").read_text()
    capsys.readouterr()
    assert main(["train", site, "--compare", "1", "2", *state]) == 0
    assert "(was " in capsys.readouterr().out
    assert main(["train", site, "--list", *state]) == 0
    listed = capsys.readouterr().out
    assert "approved by process engineer" in listed
    assert listed.splitlines()[0].startswith("* 1")
    assert main(["train", site, "--use", "2", "--by", "x", *state]) == 1
    assert "never approved" in capsys.readouterr().err
    assert main(["train", site, "--approve", "--version", "2", "--by", "x", *state]) == 0
    assert main(["train", site, "--use", "1", "--by", "x", "--why", "version 2 alarms at night", *state, "--json"]) == 0
    capsys.readouterr()
    assert main(["train", site, "--list", *state, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["used"] == 1
    assert told["decisions"][-1]["why"] == "version 2 alarms at night"


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["--use", "1"], "--by"),
        (["--approve", "--by", " "], "--by"),
        (["--version", "2", "--list"], "--approve"),
        ([], "RECORDING"),
    ],
)
def test_wrong_usage(plant, tmp_path, capsys, words, needle):
    assert main(["train", str(plant / "plant"), "--state", str(tmp_path), *words]) == 2
    assert needle in capsys.readouterr().err


def test_no_such_version(plant, tmp_path, capsys):
    assert main(["train", str(plant / "plant"), "--state", str(tmp_path), "--compare", "1", "2"]) == 1
    assert "there is no version 1" in capsys.readouterr().err
