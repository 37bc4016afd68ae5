"""`simulate` of a scenario that several simulators play writes one recording of all sources; `replay` reads it."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .running import run


@pytest.mark.parametrize(
    ("site", "scenario"), [("depot", "incident-drone-beside"), ("water", "incident-insider-attack")]
)
def test_one_command_records_an_incident_and_one_replays_it(site: str, scenario: str, tmp_path: Path):
    plant = ROOT / "examples" / site
    for name in ("a", "b"):
        done = run("simulate", str(plant), scenario, "--seed", "6", "--out", name, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] > 100
    assert told["events"] > 100
    assert len(told["captures"]) == 2
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == [
        "events.jsonl",
        "telemetry.csv",
        "traffic-2026-03-12.pcap",
        "traffic-2026-03-13.pcap",
        "truth.json",
    ]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    spans = json.loads((tmp_path / "a" / "truth.json").read_text())["spans"]
    assert {span.get("event", "") for span in spans} >= ({"main", "beside"} if "beside" in scenario else {"main"})
    network = [span for span in spans if span.get("techniques")]
    assert network
    assert all(span["event"] == "main" for span in network)
    done = run("replay", str(plant), "a", "--out", "judged", "--state", "state", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    counts = json.loads((tmp_path / "judged" / "summary.json").read_text())["counts"]
    assert counts["incidents"] >= 1
    assert counts.get("refusals", 0) == 0
    kinds = {
        json.loads(line)["body"]["source_kind"]
        for line in (tmp_path / "judged" / "detections.jsonl").read_text().splitlines()
    }
    assert {"access", "network"} <= kinds


def test_hours_that_end_before_the_incident_are_refused(tmp_path: Path):
    done = run(
        "simulate",
        str(ROOT / "examples" / "depot"),
        "incident-combined-attack",
        "--hours",
        "3",
        "--out",
        "a",
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
