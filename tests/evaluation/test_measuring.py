"""Rates of rules, worked out by hand: windows, names, kinds of observation, quiet asset-hours."""

import json
import random

import pytest

from infrastress.core.errors import InputError
from infrastress.core.time import HOUR, SECOND, to_iso
from infrastress.evaluation.measuring import Observations, measure, pooled, touches
from infrastress.evaluation.performance import Spoken
from infrastress.evaluation.windows import Window, read_windows
from infrastress.events import AccessAttempt, Detection, GasReading, LoginAttempt, make_event
from infrastress.site import Site

SITE = Site(id="plant")
DAY_H = 24
RULES = {"guard": ("3", ("badge.odd", "gas.high", "never.spoke"))}


def seen(at_h, body, *assets, zone="", n=0):
    at = round(at_h * HOUR)
    return make_event(site="plant", source="doors", sequence=n, occurred=at, body=body, assets=assets, zone=zone)


def said(at_h, rule, *, assets=(), zone="", evidence=(), sentence="it was so", severity="high", n=0, phase="raised"):
    at = round(at_h * HOUR)
    body = Detection(
        detector="guard", detector_version="3", rule=rule, episode=f"{rule}-{n}", phase=phase, source_kind="access",
        severity=severity, score=1.0, sentence=sentence, began=at, until=at, evidence=tuple(evidence),
    )  # fmt: skip
    return make_event(site="plant", source="guard", sequence=n, occurred=at, body=body, assets=assets, zone=zone)


def attack(kind, begin_h, end_h, *names, zone="", visible_h=None):
    begin, end = round(begin_h * HOUR), round(end_h * HOUR)
    return Window(
        kind, True, begin, begin if visible_h is None else round(visible_h * HOUR), end, zone, frozenset(names)
    )


BADGES = [seen(h, AccessAttempt(person=f"P-{h}", door="D-1", zone="z"), "D-1", zone="z", n=h) for h in range(1, 20)]
MORE = [seen(h + 0.5, AccessAttempt(person="Q", door="D-2", zone="y"), "D-2", zone="y", n=50 + h) for h in range(3)]
GAS = [seen(h + 0.1, GasReading(detector=f"GD-{h % 4}", level_lel=0.5), f"GD-{h % 4}", n=100 + h) for h in range(20)]
EVENTS = [*BADGES, *MORE, *GAS]


def rates(detections, windows, grace_s=0.0):
    found = measure(
        detections, Observations(EVENTS, SITE), windows, (0, DAY_H * HOUR), rules=RULES, recording="r", grace_s=grace_s
    )
    return found, {row.rule: row for row in found.rows}


def test_a_day_worked_out_by_hand():
    windows = [attack("stolen", 5, 6, "D-1", "P-5"), attack("leak", 10, 12, "GD-2", "GD-3")]
    detections = [
        said(5.2, "badge.odd", assets=("D-1",), evidence=[BADGES[4].id], n=1),
        said(10.5, "gas.high", assets=("GD-2",), evidence=[GAS[10].id], n=2),
        said(15.0, "gas.high", assets=("GD-0",), evidence=[GAS[15].id], n=3),
        said(16.0, "gas.high", assets=("GD-0",), evidence=[GAS[16].id], n=3),  # the same episode again
        said(16.5, "gas.high", assets=("GD-0",), n=3, phase="cleared"),
        said(20.0, "badge.odd", assets=("D-2",), evidence=[MORE[0].id], n=4, severity="low"),
    ]
    found, rows = rates(detections, windows)
    # Quiet: 24 h less 1 h and 2 h. Badges were read at two doors, gas at four heads.
    assert found.quiet_days == pytest.approx(21 / 24)
    badge, gas, never, whole = (rows[rule] for rule in ("badge.odd", "gas.high", "never.spoke", ""))
    assert (badge.windows, badge.found, badge.asset_hours, badge.false_episodes) == (1, 1, 42.0, 1)
    assert (gas.windows, gas.found, gas.asset_hours, gas.false_episodes) == (1, 1, 84.0, 1)
    assert (never.windows, never.found, never.asset_hours, never.false_episodes) == (2, 0, 21.0, 0)
    assert (whole.windows, whole.found, whole.asset_hours, whole.false_episodes) == (2, 2, 126.0, 2)
    assert badge.tpr == 0.75  # (1 + 1/2) / (1 + 1)
    assert [one.body.rule for one in found.false_alarms] == ["gas.high"]
    assert found.attacks[0].alarms == {"badge.odd": pytest.approx(0.2 * 3600)}


@pytest.mark.parametrize(
    ("detection", "hit"),
    [
        (said(5.5, "r", assets=("D-1",)), True),
        (said(5.5, "r", zone="z"), True),
        (said(5.5, "r", evidence=[BADGES[4].id]), True),
        (said(5.5, "r", sentence="P-5 was at the door"), True),
        (said(5.5, "r", sentence="P-55 was at the door"), False),
        (said(5.5, "r", assets=("D-2",), zone="y", evidence=[MORE[0].id]), False),
        (said(4.99, "r", assets=("D-1",)), False),
        (said(6.24, "r", assets=("D-1",)), True),  # within the grace
        (said(6.26, "r", assets=("D-1",)), False),
    ],
)
def test_a_detection_has_to_be_in_time_and_to_name_what_it_is_about(detection, hit):
    window = attack("stolen", 4, 6, "D-1", "P-5", zone="z", visible_h=5)
    assert touches(detection, window, Observations(EVENTS, SITE), 900 * SECOND) is hit


def test_an_alarm_between_visible_and_begin_is_no_find_and_no_false_alarm():
    """Before anything could be seen nothing can be found; the time isn't quiet either."""
    found, rows = rates([said(4.5, "badge.odd", assets=("D-1",), n=1)], [attack("a", 4, 6, "D-1", visible_h=5)])
    assert (rows["badge.odd"].found, rows["badge.odd"].false_episodes) == (0, 0)
    assert found.false == ()


def test_who_is_always_on_is_not_found_by_luck():
    """An episode that is raised before an attack and still on is no find."""
    _, rows = rates([said(1.0, "badge.odd", assets=("D-1",), n=1)], [attack("a", 5, 6, "D-1")])
    assert (rows["badge.odd"].found, rows["badge.odd"].false_episodes) == (0, 1)


def test_faults_and_honest_work_are_counted_apart_and_are_no_quiet_time():
    windows = [
        attack("stolen", 4, 5, "D-1"),
        attack("broken", 8, 9, "D-1")._replace(malicious=False, cause="fault"),
        attack("repaired", 12, 13, "D-1")._replace(malicious=False, cause="work"),
        attack("oddity", 16, 17, "D-1")._replace(malicious=False),
    ]
    detections = [
        said(8.5, "badge.odd", assets=("D-1",), n=1, severity="high"),
        said(12.5, "badge.odd", assets=("D-1",), n=2, severity="low"),
    ]
    found, rows = rates(detections, windows, grace_s=0)
    odd, never = rows["badge.odd"], rows["never.spoke"]
    assert (odd.windows, odd.found, odd.false_episodes) == (1, 0, 0)
    assert (odd.faults, odd.works) == (Spoken(1, 1, 1), Spoken(1, 1, 0))
    assert (never.windows, never.faults, never.works) == (1, Spoken(1, 0, 0), Spoken(1, 0, 0))
    assert found.quiet_days == pytest.approx(20 / 24)
    assert [one.window.kind for one in found.attacks] == ["stolen"]


@pytest.mark.parametrize("seed", range(20))
def test_counts_add_up_whatever_happens(seed):
    stream = random.Random(seed)
    windows = sorted(
        attack("a", begin := stream.uniform(0, 22), begin + stream.uniform(0.1, 2), f"GD-{stream.randrange(4)}")
        for _ in range(stream.randrange(5))
    )
    detections = [
        said(
            stream.uniform(0, 24), stream.choice(["badge.odd", "gas.high"]), assets=(f"GD-{stream.randrange(4)}",), n=n
        )
        for n in range(stream.randrange(30))
    ]
    found, rows = rates(detections, windows, grace_s=stream.choice([0, 600]))
    assert rows[""].false_episodes == rows["badge.odd"].false_episodes + rows["gas.high"].false_episodes
    assert all(0 <= row.found <= row.windows <= len(windows) for row in found.rows)
    assert 0 <= found.quiet_days <= 1
    twice = pooled([*found.rows, *found.rows])
    assert [(r.windows, r.found, r.false_episodes) for r in twice] == [
        (2 * r.windows, 2 * r.found, 2 * r.false_episodes) for r in sorted(found.rows, key=lambda r: r.rule)
    ]
    assert all(a.asset_hours == pytest.approx(2 * b.asset_hours) for a, b in zip(twice, found.rows, strict=True))


def test_logins_count_by_their_account():
    login = seen(5.1, LoginAttempt(account="eng01", host="H", origin="H"), "H", n=500)
    window = attack("session", 5, 6, "eng01")
    found = said(5.2, "r", evidence=[login.id])
    assert touches(found, window, Observations([login], SITE), 0)


def test_windows_are_read_with_their_names(tmp_path):
    span = {
        "kind": "stolen_badge", "malicious": True, "began": to_iso(0), "ended": to_iso(HOUR), "assets": ["D-1"],
        "signals": [], "note": "", "zone": "z", "people": ["P"], "first_visible": to_iso(60 * SECOND),
    }  # fmt: skip
    facts = {"began_at": to_iso(0), "ended_at": to_iso(DAY_H * HOUR)}
    (tmp_path / "truth.json").write_text(json.dumps({"spans": [span, {**span, "malicious": False}], "facts": facts}))
    truth = read_windows(tmp_path)
    assert truth.span == (0, DAY_H * HOUR)
    (one,) = truth.attacks
    assert (one.kind, one.visible, one.zone, one.names) == ("stolen_badge", 60 * SECOND, "z", {"D-1", "P"})


def test_spans_of_an_event_whose_cause_is_told_are_one_window(tmp_path):
    span = {
        "kind": "chatter", "malicious": False, "began": to_iso(HOUR), "ended": to_iso(2 * HOUR), "assets": ["D-1"],
        "zone": "z", "event": "main",
    }  # fmt: skip
    other = {**span, "kind": "stuck", "began": to_iso(0), "assets": ["T-1"], "zone": ""}
    facts = {"causes": {"main": "fault"}}
    content = {"spans": [span, other, {**span, "event": "beside"}, {**other, "event": ""}], "facts": facts}
    (tmp_path / "truth.json").write_text(json.dumps(content))
    truth = read_windows(tmp_path)
    (one,) = truth.told
    assert (one.kind, one.cause, one.began, one.ended, one.names) == ("main", "fault", 0, 2 * HOUR, {"D-1", "T-1", "z"})
    assert (len(truth.windows), truth.attacks) == (3, ())


@pytest.mark.parametrize("causes", [{"main": "storm"}, ["main"], {"main": 1}, "main"])
def test_a_cause_that_is_none_is_refused(tmp_path, causes):
    (tmp_path / "truth.json").write_text(json.dumps({"spans": [], "facts": {"causes": causes}}))
    with pytest.raises(InputError, match="no truth"):
        read_windows(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"spans": [1]}', '{"spans": [{"kind": "a"}]}', '{"spans": null}'])
def test_what_is_no_truth_is_refused(tmp_path, text):
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(InputError):
        read_windows(tmp_path)
    with pytest.raises(InputError, match="really happened"):
        read_windows(tmp_path / "nowhere" / "truth.json")
