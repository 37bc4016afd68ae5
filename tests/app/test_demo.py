"""The main job: the demo explains the attack in time, and its numbers hang together."""

import json

import pytest

from infrastress.app.cli import main
from infrastress.core.time import from_iso

from .running import run


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = run("demo", "--headless", "--json", "--out", str(folder / "out"))
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout)


def test_the_alarm_comes_between_the_lie_and_the_overflow(demo):
    _, told = demo
    assert from_iso(told["gauge_lies_since"]) <= from_iso(told["first_alarm"]) < from_iso(told["overflow_at"])
    assert told["lead_time_s"] == (from_iso(told["overflow_at"]) - from_iso(told["first_alarm"])) / 1e9
    # The plant runs 450 times as fast and waits for nobody: two seconds lost to other work are 15 minutes of its own
    assert told["oracle_lead_time_s"] - 900 <= told["lead_time_s"] <= told["oracle_lead_time_s"]
    assert from_iso(told["first_sign"]) < from_iso(told["gauge_lies_since"])


def test_each_kind_of_source_is_left_out_once(demo):
    _, told = demo
    assert set(told["ablation"]) == {"telemetry", "network", "access", "reports"}
    without = told["ablation"]["telemetry"]
    assert without["lead_time_s"] is None or without["lead_time_s"] < told["lead_time_s"] - 3600
    assert all(one["incidents"] >= 1 for one in told["ablation"].values())


def test_false_alarms_are_few(demo):
    _, told = demo
    assert told["quiet_days"] == 5
    assert isinstance(told["false_alarms"], int)
    assert told["false_alarms"] <= 3


def test_everything_is_in_the_folder(demo):
    out, told = demo
    for name in ("site/site.yaml", "site/state/train-report.md", "attack/truth.json", "result/summary.json"):
        assert (out / name).is_file(), name
    assert {"incident.png", "level.png"} == {entry.name for entry in (out / "plots").iterdir()}
    summary = json.loads((out / "result" / "summary.json").read_text())
    assert all(balance["balances"] for balance in summary["balances"].values())
    assert summary["counts"]["incidents"] == told["incidents"]


def test_what_was_read_live_replays_from_its_log(demo):
    out, told = demo
    assert told["replays_identically"] is True
    for name in ("detections.jsonl", "alarms.jsonl", "incidents.jsonl"):
        assert (out / "result" / name).read_bytes() == (out / "again" / name).read_bytes()
    balances = json.loads((out / "result" / "summary.json").read_text())["balances"]
    assert balances["scada"]["cells_accepted"] > 1000
    assert balances["gas"]["accepted"] > 100


def test_the_closing_says_the_same(demo, capsys):
    """The text of the demo, from the same outcome (another run would only repeat it)."""
    from rich.console import Console

    from infrastress.app.closing import tell_closing
    from infrastress.app.demo.headless import KINDS, Demo, Outcome
    from infrastress.app.training import Trained
    from infrastress.events import event_from_json
    from infrastress.site.load import load_site

    out, told = demo
    facts = json.loads((out / "attack" / "truth.json").read_text())["facts"]
    facts |= {name: from_iso(moment) for name, moment in facts.items() if name.endswith("_at") and moment}
    incidents = [event_from_json(line) for line in (out / "result" / "incidents.jsonl").read_bytes().splitlines()]
    alarms = [event_from_json(line) for line in (out / "result" / "alarms.jsonl").read_bytes().splitlines()]
    outcome = Outcome(alarms[0], alarms[1], told["lead_time_s"], incidents[0], len(alarms), len(incidents))
    without = {kind: Outcome() for kind in KINDS}
    whole = Demo(
        load_site(out / "site"), out, Trained(), facts,
        full=outcome, again=True, without=without, quiet_days=5.0, false_alarms=[alarms[0]],
    )  # fmt: skip
    tell_closing(Console(width=120), whole)
    text = capsys.readouterr().out
    assert f"{told['lead_time_s'] / 60:.0f} min" in text
    assert "The incident at the end" in text
    assert "no incident" in text
    assert "to the byte" in text
    assert "1 in 5 unseen ordinary days" in text


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "nothing was removed" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
