"""`infrastress measure`: our recordings, and one that another system made; kept, merged, replaced."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from infrastress.app.cli import main
from infrastress.evaluation.performance import load_performance
from tests.conftest import ROOT

DEPOT = ROOT / "examples" / "depot"
SCENARIO = """
name: three
simulator: life
start: "2026-04-06T00:00:00+02:00"
duration_h: 96
options: {attacks: [forced_door, gas_inhibited, stolen_badge], variant: other_zone}
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measure")
    (folder / "three.yaml").write_text(SCENARIO)
    for seed in ("51002", "51003"):
        command = ["simulate", str(DEPOT), str(folder / "three.yaml"), "--seed", seed, "--out", str(folder / seed)]
        assert main(command) == 0
    return folder


def measured(capsys, *words):
    capsys.readouterr()
    assert main(["measure", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_rates_are_kept_beside_those_of_other_recordings(played, capsys):
    state = played / "state"
    told = measured(capsys, DEPOT, played / "51002", "--state", state, "--plot", played / "rates.png")
    assert (played / "rates.png").stat().st_size > 5000
    assert [attack["kind"] for attack in told["attacks"]].count("gas_inhibited") == 1
    by_rule = {row["rule"]: row for row in told["rules"] if row["detector"] in ("access", "perimeter")}
    assert by_rule["gas.high_alarm"]["windows"] == 1
    assert by_rule["gas.high_alarm"]["found"] + by_rule["gas.low_alarm"]["found"] >= 1
    assert by_rule["access.unknown_badge"]["found"] == 0
    # Nothing was recorded of the process and the network: their rules have no rate.
    assert {row["detector"] for row in told["rules"]} == {"access", "perimeter", "reports", "tracks"}
    assert 3.5 < told["quiet_days"] < 4
    first = load_performance(state / "performance.json")
    assert {row.recording for row in first} == {"51002"}
    assert all(row.commit for row in first)
    measured(capsys, DEPOT, played / "51003", "--state", state)
    both = load_performance(state / "performance.json")
    assert [row for row in both if row.recording == "51002"] == first
    assert len(both) == 2 * len(first)
    measured(capsys, DEPOT, played / "51002", "--state", state)
    assert load_performance(state / "performance.json") == both


def test_a_dry_run_keeps_nothing_and_a_table_is_for_people(played, capsys):
    state = played / "nothing"
    assert main(["measure", str(DEPOT), str(played / "51002"), "--state", str(state), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "forced_door" in told
    assert "1 recordings, 3 attacks" in told
    assert not (state / "performance.json").exists()


def test_what_can_not_be_measured_is_said(played, tmp_path, capsys):
    (tmp_path / "events.jsonl").write_bytes((played / "51002" / "events.jsonl").read_bytes()[:0])
    assert main(["measure", str(DEPOT), str(tmp_path), "--state", str(tmp_path)]) == 1
    assert "really happened" in capsys.readouterr().err
    assert main(["measure", str(DEPOT), str(played / "51002"), "--detector", "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err


MAPPING = """
time: {format: "%d/%m/%Y %H:%M:%S"}
time_zone: Europe/Rome
records:
  kind: access
  time: when
  source: badges
  assets: [reader]
  fields: {person: card_no, door: reader, zone: area, granted: result, direction: dir}
  values:
    granted: {"Access granted": true, "Access denied": false}
    direction: {ENTRY: in, EXIT: out}
"""


def elsewhere(folder, seed):
    """A system of another make exports its journal: local times, card numbers, words of its own."""
    stream = random.Random(seed)
    lines = []

    def line(at, card, reader, area, way):
        result = "Access granted"
        when = at.strftime("%d/%m/%Y %H:%M:%S")
        lines.append(
            (at, {"when": when, "card_no": card, "reader": reader, "area": area, "dir": way, "result": result})
        )

    first = datetime(2026, 4, 13)  # local times without a zone, as such systems write them
    for day in range(10):
        for number in range(1, 9):
            begin = first + timedelta(days=day, hours=8, minutes=stream.uniform(-20, 0))
            if begin.weekday() < 5:
                line(begin, f"30{number:02}", "D-GATE", "gate", "ENTRY")
                line(begin + timedelta(minutes=3), f"30{number:02}", "D-WORKSHOP", "workshop", "ENTRY")
                line(begin + timedelta(hours=8.6), f"30{number:02}", "D-WORKSHOP", "workshop", "EXIT")
                line(begin + timedelta(hours=8.7), f"30{number:02}", "D-GATE", "gate", "EXIT")
    night = first + timedelta(days=6, hours=2, seconds=stream.randrange(5400))
    line(night, "7777", "D-SUBSTATION", "substation", "ENTRY")
    line(night + timedelta(minutes=12), "7777", "D-SUBSTATION", "substation", "EXIT")
    text = "".join(json.dumps(record) + "\n" for _, record in sorted(lines, key=lambda one: one[0]))
    (folder / "journal.jsonl").write_text(text)
    (folder / "journal.jsonl.mapping.yaml").write_text(MAPPING)
    began = (night - timedelta(hours=2)).replace(tzinfo=UTC)
    span = {
        "kind": "unknown_badge", "malicious": True, "began": began.isoformat(), "assets": ["D-SUBSTATION"],
        "ended": (began + timedelta(minutes=12)).isoformat(), "zone": "substation", "people": ["7777"],
    }  # fmt: skip
    (folder / "truth.json").write_text(json.dumps({"spans": [span]}))
    return folder / "journal.jsonl"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_on_a_recording_made_elsewhere(tmp_path, capsys, seed):
    told = measured(capsys, DEPOT, elsewhere(tmp_path, seed), "--state", tmp_path / "state", "--detector", "access")
    (attack,) = told["attacks"]
    assert attack["kind"] == "unknown_badge"
    assert attack["alarms"] == {"access.unknown_badge": 0.0}
    by_rule = {row["rule"]: row for row in told["rules"]}
    assert (by_rule["access.unknown_badge"]["found"], by_rule["access.unknown_badge"]["windows"]) == (1, 1)
    assert by_rule[""]["false_episodes"] == 0
    assert by_rule["access.unknown_badge"]["asset_hours"] == pytest.approx(3 * 24 * told["quiet_days"], abs=0.1)


def test_what_a_fault_looked_like_is_counted_beside_attacks(tmp_path, capsys, monkeypatch):
    """The same recording, but the badge was a reader's fault: the rule spoke in one window of a fault, in no attack."""
    path = elsewhere(tmp_path, 1)
    truth = json.loads(path.with_name("truth.json").read_text())
    truth["spans"][0] |= {"malicious": False, "event": "main"}
    path.with_name("truth.json").write_text(json.dumps({**truth, "facts": {"causes": {"main": "fault"}}}))
    told = measured(capsys, DEPOT, path, "--state", tmp_path / "state", "--detector", "access")
    assert told["attacks"] == []
    by_rule = {row["rule"]: row for row in told["rules"]}
    spoke, silent = by_rule["access.unknown_badge"], by_rule["access.door_forced"]
    assert (spoke["windows"], spoke["false_episodes"], spoke["faults"], spoke["works"]) == (0, 0, [1, 1], None)
    assert silent["faults"] == [0, 1]
    (kept,) = (one for one in load_performance(tmp_path / "state" / "performance.json") if one.rule == spoke["rule"])
    assert (kept.faults.found, kept.faults.windows) == (1, 1)
    monkeypatch.setenv("COLUMNS", "240")
    assert main(["measure", str(DEPOT), str(path), "--detector", "access", "--dry-run"]) == 0
    assert "in faults" in capsys.readouterr().out
