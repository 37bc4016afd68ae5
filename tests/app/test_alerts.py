"""Alerts of other tools from their files to an incident, by the commands; the example that does it in one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infrastress.app.baselines import Decision, decide
from infrastress.app.detecting import choose_detectors
from infrastress.app.pipeline import replay_recordings
from infrastress.app.training.run import train
from infrastress.core.errors import SiteError
from infrastress.site import Site
from infrastress.site.load import load_site

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "alerts"
FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl")


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """What the example's command leaves."""
    out = tmp_path_factory.mktemp("example")
    ran = subprocess.run(
        [sys.executable, EXAMPLE / "try.py", out], capture_output=True, text=True, check=False, timeout=240
    )
    assert ran.returncode == 0, ran.stderr
    (out / "said.txt").write_text(ran.stdout)
    return out


def test_one_command_leads_from_three_tools_to_one_incident_that_says_why(made):
    said = (made / "said.txt").read_text()
    assert "Worked out again from this list: the same." in said
    assert "alerts: alerts.rule at HMI-1" in said
    incidents = [one["body"] for one in lines(made / "result" / "incidents.jsonl")]
    assert len({one["incident"] for one in incidents}) == 1
    last = max(incidents, key=lambda one: one["revision"])
    assert set(last["source_kinds"]) == {"access", "network"}
    assert {asset for line in last["timeline"] for asset in line["assets"]} == {"D-CONTROL", "HMI-1", "PLC-1"}
    assert {"T0859", "T0853", "T0855", "T1110.001"} <= set(last["techniques"])


def test_hundreds_of_alerts_become_few_episodes_and_what_is_alone_is_none(made):
    balances = json.loads((made / "result" / "summary.json").read_text())["balances"]
    read = {name: balance["accepted"] for name, balance in balances.items()}
    assert sum(read.values()) > 300
    found = [one for one in lines(made / "result" / "detections.jsonl") if one["body"]["detector"] == "alerts"]
    raised = {(one["body"]["rule"], one["body"]["episode"], *one.get("assets", ())) for one in found}
    assert sorted((rule, asset) for rule, _, asset in raised) == [
        ("alerts.rule", "HMI-1"), ("alerts.severe", "HMI-1"), ("alerts.severe", "PLC-1"),
        ("alerts.unusual", "HMI-1"), ("alerts.unusual", "PLC-1"),
    ]  # fmt: skip
    (guessed,) = [one for one in found if one["body"]["rule"] == "alerts.rule" and one["body"]["phase"] == "raised"]
    assert guessed["zone"] == "control"
    assert len(guessed["body"]["evidence"]) == 8, "seven guesses and the login"
    assert guessed["body"]["baseline"]


def test_batches_change_no_byte(made, tmp_path):
    site = load_site(EXAMPLE)
    for rows in (1, 50):
        out = tmp_path / str(rows)
        replay_recordings(site, EXAMPLE, [made / "night"], state=made / "state", out=out, batch_rows=rows)
        for name in FILES:
            assert (out / name).read_bytes() == (made / "result" / name).read_bytes()


def test_a_line_told_twice_is_counted_and_changes_nothing(made, tmp_path):
    night = tmp_path / "night"
    night.mkdir()
    for file in (made / "night").iterdir():
        (night / file.name).write_bytes(file.read_bytes())
    told = (night / "alerts.json").read_text().splitlines()
    (night / "alerts.json").write_text("\n".join([*told[:100], *told[90:], ""]))
    judged = replay_recordings(load_site(EXAMPLE), EXAMPLE, [night], state=made / "state", out=tmp_path / "out")
    assert judged.summary.balances["hosts"].dropped == {"duplicate": 10}
    assert (tmp_path / "out" / FILES[2]).read_bytes() == (made / "result" / FILES[2]).read_bytes()


MAPPING = """
records:
  kind: alert
  time: at
  fields: {signature: rule.name, host: host, severity: prio, family: tool}
  values: {severity: {"1": critical, "2": medium}}
"""


def test_any_other_tool_comes_by_a_mapping_and_is_learned(tmp_path):
    folder = tmp_path / "site"
    (folder / "mappings").mkdir(parents=True)
    (folder / "site.yaml").write_text((EXAMPLE / "site.yaml").read_text())
    (folder / "mappings" / "av.mapping.yaml").write_text(MAPPING)
    site = load_site(folder)

    def recording(day: int, *more: tuple[str, str, int]) -> Path:
        usual = [(f"{hour:02}:30:00", "signature update", 2) for hour in range(24)]
        records = [
            {"at": f"2026-03-{day:02}T{at}Z", "rule": {"name": name}, "host": "ENG-1.station.example", "prio": prio,
             "tool": "av"}
            for at, name, prio in sorted([*usual, *more])
        ]  # fmt: skip
        path = tmp_path / str(day) / "av.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    trained = train(site, folder, [recording(9)], tmp_path / "state", by="engineer")
    assert trained.baselines["alerts"].words == ("ENG-1: signature update, 24 times in 24 hours",)
    decide(tmp_path / "state", Decision(version=1, action="approved", at="2026-03-10T00:00:00Z", by="engineer"))
    night = recording(10, *((f"03:00:{i:02}", f"odd {i % 3}", 2) for i in range(9)), ("03:05:00", "worm", 1))
    judged = replay_recordings(site, folder, [night], state=tmp_path / "state", out=tmp_path / "out")
    assert judged.summary.balances["av"].balances
    said = [one["body"] for one in lines(tmp_path / "out" / "detections.jsonl")]
    raised = [(one["rule"], one["severity"], one["sentence"]) for one in said if one["phase"] == "raised"]
    assert raised == [
        ("alerts.unusual", "medium", "ENG-1: 3 alerts unusual there: odd 0, odd 1, odd 2"),
        ("alerts.severe", "medium", "ENG-1: worm, which its tool calls critical"),
        ("alerts.unusual", "high", "ENG-1: now worm, which its tool calls critical"),
    ]


def test_a_wrong_rule_is_named_with_its_field():
    rules = [{"id": "x", "title": "X", "when": {"count": {"of": {}, "at_least": 0, "within_s": 5}}}]
    site = Site.model_validate({"id": "s", "detectors": [{"detector": "alerts", "options": {"rules": rules}}]})
    with pytest.raises(SiteError, match=r"rules.0.when.count.at_least"):
        choose_detectors(site)
