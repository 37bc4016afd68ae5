"""What true events were about: from a simulation's truth, and from a list of events."""

import json
from pathlib import Path

import pytest

from infrastress.connectors.files import Mapping, TimeMap
from infrastress.core.errors import InputError
from infrastress.core.time import HOUR, from_iso
from infrastress.evaluation.causes import causes_of_truth, read_event_list, with_causes
from infrastress.evaluation.labels import read_truth

BATADAL = Mapping(time=TimeMap(column="DATETIME", format="%d/%m/%y %H"), label="ATT_FLAG", time_zone="UTC")


def moment(hour: int) -> str:
    return f"2026-01-01T{hour:02}:00:00Z"


def truth_of(facts: dict[str, object]) -> dict[str, object]:
    spans = [
        {"kind": "level_offset", "malicious": True, "began": moment(1), "ended": moment(6), "assets": ["T-1"],
         "signals": ["L1"], "note": ""},
        {"kind": "view_falsified", "malicious": True, "began": moment(1), "ended": moment(6), "assets": [],
         "signals": ["L1", "F1"], "note": ""},
        {"kind": "hot_day", "malicious": False, "began": moment(1), "ended": moment(6), "assets": ["T-1"]},
    ]  # fmt: skip
    return {"scenario": "x", "seed": 1, "spans": spans, "facts": facts}


def test_a_simulation_names_assets_signals_and_when_it_showed() -> None:
    one, two = causes_of_truth(truth_of({"first_visible_at": moment(3)}))
    assert (one.assets, one.kind, one.visible) == (("T-1",), "level_offset", from_iso(moment(3)))
    assert (two.assets, two.name) == (("L1", "F1"), "view_falsified")


def test_what_never_showed_is_visible_at_its_end() -> None:
    one, _ = causes_of_truth(truth_of({"first_visible_at": None}))
    assert one.visible == one.ended


def test_without_that_the_views_tell_when_the_operator_saw_what_was_not_so() -> None:
    views = {
        "times": [moment(0), moment(1), moment(2), moment(3)],
        "L1": {"true": [1.0, 2.0, 3.0, 4.0], "controller": [1.0, 1.0, 1.0, 1.0], "operator": [1.0, 2.0, 3.5, 4.0]},
    }
    one, _ = causes_of_truth(truth_of({"views": views}))
    assert one.visible == from_iso(moment(2))
    views["L1"]["operator"] = views["L1"]["true"]  # type: ignore[index]  # the dict holds lists and dicts
    one, _ = causes_of_truth(truth_of({"views": views}))
    assert one.visible is None


def test_a_simulations_truth_carries_its_causes(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps(truth_of({})))
    truth = read_truth(tmp_path)
    assert [cause.kind for cause in truth.causes] == [event.name for event in truth.events]
    assert [cause.assets for cause in truth.behind(120).causes] == [("T-1",), ("L1", "F1")]


def test_the_published_list_names_the_assets_of_every_attack(public_data: Path) -> None:
    truth = read_truth(public_data / "batadal" / "test_dataset.csv.gz", BATADAL)
    listed = read_event_list(public_data / "batadal" / "attacks_test.csv", BATADAL)
    assert len(listed) == 7
    assert listed[0].assets == ("L_T3", "PU4", "PU5")
    assert listed[0].ended - listed[0].began == 69 * HOUR
    named = with_causes(truth, listed)
    assert [cause.assets[0] for cause in named.causes] == ["L_T3", "L_T2", "PU3", "PU3", "L_T2", "L_T7", "L_T4"]
    assert all((cause.began, cause.ended) == event[:2] for cause, event in zip(named.causes, truth.events, strict=True))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("from,to\n1,2\n", "no column"),
        ("start,end,assets\n2026-01-01T00:00:00Z,soon,T1\n", "line 2"),
        ("start,end,assets\n2026-01-02T00:00:00Z,2026-01-01T00:00:00Z,T1\n", "ends before"),
        ("start,end,assets\n", "no event"),
    ],
)
def test_a_bad_list_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "events.csv"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_event_list(file)
    assert complaint in str(caught.value)


def test_an_event_that_the_list_does_not_know_has_no_assets(tmp_path: Path) -> None:
    labels = tmp_path / "a.csv"
    labels.write_text("time,label\n" + "".join(f"2026-01-01T{h:02}:00:00Z,{int(h in (2, 3, 8))}\n" for h in range(12)))
    events = tmp_path / "events.csv"
    events.write_text("began;ended;assets;kind\n2026-01-01T02:00:00Z;2026-01-01T03:00:00Z;T1 P1;pump_trip\n")
    truth = with_causes(read_truth(labels), read_event_list(events))
    assert [(one.assets, one.kind, one.name) for one in truth.causes] == [
        (("T1", "P1"), "pump_trip", "event 1"),
        ((), "", "event 2"),
    ]
