"""The report on public labels and on a simulation's truth."""

import json
from pathlib import Path

import pytest

from infrastress.connectors.files import Mapping, TimeMap
from infrastress.core.errors import InputError
from infrastress.core.time import HOUR
from infrastress.evaluation.labels import Truth, read_truth
from infrastress.evaluation.report import evaluate
from infrastress.events import event_to_json
from tests.evaluation.test_events import detection

BATADAL = Mapping(time=TimeMap(column="DATETIME", format="%d/%m/%y %H"), label="ATT_FLAG", time_zone="UTC")


def test_batadal_test_set(public_data: Path, tmp_path: Path) -> None:
    truth = read_truth(public_data / "batadal" / "test_dataset.csv.gz", BATADAL)
    hours = [round((event.ended - event.began) / HOUR) for event in truth.events]
    assert hours == [70, 65, 31, 31, 100, 80, 30]
    began = truth.events[0].began
    file = tmp_path / "detections.jsonl"
    raised, cleared = detection(began + 7 * HOUR, "raised"), detection(began + 9 * HOUR, "cleared", sequence=1)
    file.write_bytes(event_to_json(raised) + b"\n" + event_to_json(cleared) + b"\n")
    report = evaluate(tmp_path, truth)
    assert report.outcomes[0].delay_s == 7 * 3600
    assert [one.detected for one in report.outcomes] == [True] + [False] * 6
    assert report.false.episodes == 0
    assert report.batadal is not None
    assert report.batadal.s_ttd == pytest.approx((1 - 7 / 70) / 7)
    assert report.batadal.tpr == pytest.approx(2 / 407)
    rows = {row.name: row.s for row in report.rows}
    assert (rows["always"], rows["never"]) == (0.75, 0.25)
    assert rows["Housh & Ohar"] == 0.970
    assert json.loads(json.dumps(report.as_dict()))["events"][0]["detected"] is True
    assert "not found" in report.text()


def test_truth_of_a_simulation(tmp_path: Path) -> None:
    spans = [
        {"kind": "spoof", "malicious": True, "began": "2026-01-01T01:00:00Z", "ended": "2026-01-01T02:00:00Z"},
        {"kind": "stuck", "malicious": False, "began": "2026-01-01T03:00:00Z", "ended": "2026-01-01T04:00:00Z"},
    ]
    (tmp_path / "truth.json").write_text(
        json.dumps({"scenario": "x", "seed": 1, "spans": spans, "facts": {}}, indent=1)
    )
    times = [f"2026-01-01T{h:02}:{m:02}:00Z,1" for h in range(6) for m in (0, 30)]
    (tmp_path / "telemetry.csv").write_text("\n".join(["time,LT1", *times]))
    truth = read_truth(tmp_path)
    assert len(truth.times) == 331
    hour = truth.times[0] + 3 * HOUR
    events = [detection(int(hour), "raised"), detection(int(hour) + HOUR // 2, "cleared", sequence=1)]
    report = evaluate(events, truth)
    assert (report.false.episodes, report.benign_alarms) == (0, 1)
    assert report.outcomes[0].detected is False


def test_no_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_truth(tmp_path)
    (tmp_path / "a.csv").write_text("time,LT1\n2026-01-01T00:00:00Z,1\n")
    with pytest.raises(InputError, match="no label column"):
        read_truth(tmp_path / "a.csv")
    (tmp_path / "truth.json").write_text('{"spans": [{"kind": "x"}]}')
    with pytest.raises(InputError):
        read_truth(tmp_path)


def test_broken_detections(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,label\n2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,0\n")
    truth = read_truth(tmp_path / "a.csv")
    (tmp_path / "detections.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="line 1"):
        evaluate(tmp_path, truth)


def test_where_the_truth_says_whose_it_was_the_report_says_whom_the_detections_blame(tmp_path: Path) -> None:
    spans = [
        {"kind": "level_spoofed", "malicious": True, "began": "2026-01-01T01:00:00Z", "ended": "2026-01-01T03:00:00Z",
         "assets": ["T1"], "signals": ["L1"]},
    ]  # fmt: skip
    facts = {"first_visible_at": "2026-01-01T02:00:00Z"}
    (tmp_path / "truth.json").write_text(json.dumps({"spans": spans, "facts": facts}))
    truth = _hours(tmp_path)
    at = int(truth.times[0]) + 2 * HOUR + HOUR // 2
    report = evaluate([detection(at, "raised")], truth, asset_of={"L1": "T1", "L2": "T2"})
    assert report.attribution is not None
    told = json.loads(json.dumps(report.as_dict()))["attribution"]
    assert (told["candidates"], told["events"][0]["delay_s"], told["events"][0]["rank"]) == (2, 1800.0, None)
    assert "true asset blamed" in report.text()
    assert max(map(len, report.text().splitlines())) <= 100
    assert "attribution" in evaluate([], truth).as_dict()


def _hours(folder: Path) -> Truth:
    (folder / "telemetry.csv").write_text("\n".join(["time,LT1", *(f"2026-01-01T{h:02}:00:00Z,1" for h in range(6))]))
    return read_truth(folder)
