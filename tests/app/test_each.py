"""Recordings one by one: each learned from, judged and scored by itself, then told in one table."""

import json

import numpy as np
import pytest

from infrastress.app.cli import main
from tests.conftest import ROOT

SITE = str(ROOT / "examples" / "skab")
HEAD = (
    "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;"
    "Volume Flow RateRMS;anomaly;changepoint"
)


def experiment(path, seed, *, rows=700, fault=None):
    random = np.random.default_rng(seed)
    values = np.array([0.027, 0.04, 1.0, 0.05, 70.0, 25.0, 230.0, 32.0]) * (1 + 0.01 * random.normal(size=(rows, 8)))
    flags = np.zeros(rows)
    if fault is not None:
        values[fault:, [0, 7]] *= 40
        flags[fault:] = 1
    lines = [HEAD]
    for i in range(rows):
        cells = ";".join(f"{value:.5f}" for value in values[i])
        lines.append(f"2020-03-09 1{i // 3600}:{i // 60 % 60:02}:{i % 60:02};{cells};{flags[i]};0.0")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    files = [experiment(folder / "a.csv", 1, fault=600), experiment(folder / "b.csv", 2)]
    state, out = str(folder / "state"), str(folder / "out")
    assert main(["train", SITE, *files, "--each", "--first-rows", "400", "--state", state]) == 0
    assert main(["replay", SITE, *files, "--each", "--state", state, "--scores", "--out", out]) == 0
    return folder, files


def test_each_is_learned_from_by_itself_and_from_its_first_rows(bench, capsys):
    folder, files = bench
    command = ["train", SITE, *files, "--each", "--first-rows", "400", "--state", str(folder / "again"), "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)["recordings"]
    assert list(told) == ["a", "b"]
    (balance,) = told["a"]["balances"][files[0]].values()
    assert (balance["read"], balance["accepted"], told["a"]["frames"]) == (400, 400, 400)


def test_each_is_judged_by_what_was_learned_from_it(bench):
    folder, _ = bench
    summaries = {name: json.loads((folder / "out" / name / "summary.json").read_text()) for name in ("a", "b")}
    contents = [summary["baselines"]["process_invariants"]["content"] for summary in summaries.values()]
    assert len(set(contents)) == 2
    assert [summary["balances"]["bench"]["accepted"] for summary in summaries.values()] == [700, 700]
    assert all((folder / "out" / name / "scores.parquet").is_file() for name in ("a", "b"))


def test_one_baseline_for_all_where_none_is_their_own(bench, tmp_path):
    _, files = bench
    state, out = str(tmp_path / "state"), tmp_path / "out"
    assert main(["train", SITE, files[1], "--state", state]) == 0
    assert main(["replay", SITE, *files, "--each", "--state", state, "--out", str(out)]) == 0
    used = [json.loads((out / name / "summary.json").read_text())["baselines"] for name in ("a", "b")]
    assert used[0] == used[1] != {}


def test_all_are_scored_in_one_table(bench, capsys):
    folder, files = bench
    command = ["evaluate", str(folder / "out"), *files, "--site", SITE, "--skip-rows", "400"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(one["events"]) for one in told["recordings"].values()] == [1, 0]
    assert told["recordings"]["a"]["vus_pr"] > 0.8
    assert sum(told["recordings"]["a"]["points"][part] for part in ("tp", "fp", "fn", "tn")) == 300
    ours = next(row for row in told["table"] if row["name"] == "these detections")
    assert (ours["found"], ours["events"], ours["s"]) == (1, 1, None)
    assert main(command) == 0
    text = capsys.readouterr().out
    assert all(len(line) <= 100 for line in text.splitlines())
    assert all(word in text for word in ("recording", "VUS-PR", "eTaF1", "always", "never"))


def test_one_recording_of_several_is_scored_by_itself(bench, capsys):
    folder, files = bench
    assert main(["evaluate", str(folder / "out" / "a"), files[0], "--site", SITE]) == 0
    assert "S_TTD" in capsys.readouterr().out
    assert main(["evaluate", str(folder / "out"), files[0], "--site", SITE]) == 0
    assert "S_TTD" in capsys.readouterr().out


def test_without_scores_the_table_says_what_is_missing(bench, tmp_path, capsys):
    _, files = bench
    assert main(["replay", SITE, files[0], "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "out"), files[0], "--site", SITE]) == 0
    assert "replay with --scores" in capsys.readouterr().out


def test_scores_are_another_replay(bench, tmp_path, capsys):
    _, files = bench
    out = str(tmp_path / "out")
    assert main(["replay", SITE, files[0], "--out", out]) == 0
    assert main(["replay", SITE, files[0], "--out", out, "--scores"]) == 1
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "{out}", "{a}", "{other}/a.csv", "--site", SITE], "two recordings are called 'a'"),
        (["evaluate", "{out}", "{a}", "{other}/c.csv", "--site", SITE], "no detections"),
        (["evaluate", "{out}", "{a}", "{b}", "--site", SITE, "--skip-rows", "700"], "700 rows were to be skipped"),
        (["evaluate", "{out}/a", "{a}", "--site", SITE, "--plot", "{other}/picture.nothing"], "name a .png or .svg"),
        (["train", SITE, "{a}", "{other}/a.csv", "--each"], "two recordings are called 'a'"),
    ],
)
def test_mistakes(bench, tmp_path, arguments, said, capsys):
    folder, (a, b) = bench
    for name in ("a.csv", "c.csv"):
        (tmp_path / name).write_bytes((folder / "a.csv").read_bytes())
    places = {"out": str(folder / "out"), "a": a, "b": b, "other": str(tmp_path)}
    assert main([argument.format(**places) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
