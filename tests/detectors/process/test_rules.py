"""Each invariant says what it should, and nothing where the plant is merely different."""

import numpy as np
import pytest

from infrastress.core.errors import BaselineError, DecodeError
from infrastress.core.time import MINUTE
from infrastress.detectors.process import InvariantDetector
from infrastress.events.frames import Block, Frames
from tests.detectors.plant import AREA, CONTROL, frames_of, still, tank_site, with_receipt

WIDTH = 60 * 10**9


def judge(columns, site=None, baseline=None, **options):
    site = site or tank_site()
    detector = InvariantDetector(site, InvariantDetector.Options(**options), baseline)
    return detector.update(Block(frames_of(columns), ()))


def rules(findings, phase="raised"):
    return {f.body.rule for f in findings if f.body.phase == phase}


def minute(finding, columns):
    ends = frames_of(columns).ends
    return int(np.searchsorted(ends, finding.occurred))


def learned(*streams, site=None):
    site = site or tank_site()
    start, blocks = frames_of(still(1)).ends[0], []
    for columns in streams:
        blocks.append(Block(frames_of(columns, start=start), ()))
        start += (len(columns["L1"]) + 10) * WIDTH
    lesson = InvariantDetector.learn(site, InvariantDetector.Options(), blocks)
    assert lesson is not None
    return lesson


def test_a_plant_that_keeps_its_balance_is_silent():
    assert judge(with_receipt(500, 60)) == []


def test_frozen_gauge_while_receiving_is_said_within_five_minutes():
    columns = with_receipt(300, 40)
    columns["L1"][150:] = columns["L1"][150]
    found = [f for f in judge(columns) if f.body.rule == "process.mass_balance"]
    assert 150 < minute(found[0], columns) <= 155
    body = found[0].body
    assert body.suspicion == "sensor_fault"
    assert body.confidence <= 0.5
    assert "telemetry alone cannot tell" in body.sentence
    assert "T1 should be rising" in body.sentence
    assert "at 55" in body.sentence
    assert "m3/h" in body.sentence
    assert body.contributions[0].signal == "L1"
    assert {c.signal for c in body.contributions} == {"L1", "F1"}
    assert "T0856" in body.techniques


def test_spoofed_gauge_with_noise_is_called_falsified():
    columns = with_receipt(300, 40)
    columns["L1"][150:] = columns["L1"][150] + np.random.default_rng(3).normal(0, 0.0005, 150)
    found = [f for f in judge(columns) if f.body.rule == "process.mass_balance"]
    assert minute(found[0], columns) <= 155
    assert found[0].body.suspicion == "sensor_falsified"
    assert found[0].body.severity == "critical"


def test_transfer_that_really_stops_is_no_alarm():
    columns = with_receipt(300, 40)
    columns["F1"][150:] = 0.0
    columns["L1"][150:] = columns["L1"][149] + 550 / 3600 * 30 / AREA + np.random.default_rng(4).normal(0, 0.0005, 150)
    assert judge(columns) == []


def test_volume_that_no_meter_sees_is_a_process_fault():
    columns = still(300, level=8.0)
    columns["L1"][100:] -= np.arange(200) * 60 * 0.05 / AREA
    found = [f for f in judge(columns) if f.body.rule == "process.mass_balance"]
    assert found[0].body.suspicion == "process_fault"


def test_slow_leak_is_found_by_the_drift_only():
    columns = still(1500, level=8.0)
    columns["L1"] -= np.arange(1500) / 60 * 0.004
    assert rules(judge(columns)) == {"process.balance_drift"}


def test_thermal_expansion_is_no_leak():
    columns = still(1500, level=8.0)
    warming = np.linspace(0, 6, 1500)
    columns["K1"] += warming
    columns["L1"] += 8.0 * 0.001 * warming
    assert judge(columns) == []


def test_missing_meter_gives_no_verdict_and_is_told_as_silence():
    columns = with_receipt(200, 40)
    columns["F1"][100:] = np.nan
    columns["L1"][120:] = columns["L1"][120]
    assert rules(judge(columns)) == {"process.silence"}


def test_silent_source_is_one_finding_and_low():
    columns = {tag: np.where(np.arange(100) < 50, values, np.nan) for tag, values in still(100).items()}
    found = judge(columns)
    assert [(f.body.rule, f.body.severity) for f in found] == [("process.silence", "low")]
    assert "source scada" in found[0].body.sentence


def test_missing_frames_are_silence_too():
    frames = frames_of(still(100))
    keep = np.r_[0:50, 70:100]
    gapped = Frames(
        frames.width, frames.ends[keep], frames.tags, frames.mean[keep], frames.last[keep], frames.count[keep]
    )
    found = InvariantDetector(tank_site()).update(Block(gapped, ()))
    assert [(f.body.rule, f.body.phase) for f in found] == [
        ("process.silence", "raised"),
        ("process.silence", "cleared"),
    ]


def test_frames_judged_before_are_left_out():
    frames = frames_of(with_receipt(100, 20))
    detector = InvariantDetector(tank_site())
    detector.update(Block(frames, ()))
    state = detector.dump()
    assert detector.update(Block(frames, ())) == []
    assert detector.dump() == state


def test_flow_with_everything_shut():
    columns = still(100)
    columns["F1"][50:] = 100 / 3600
    found = [f for f in judge(columns) if f.body.rule == "process.flow_without_path"]
    assert "F1 reads 100 m3/h" in found[0].body.sentence


def test_bypass_matters_only_while_receiving():
    at_rest = still(100)
    at_rest["S1.bypass"][50:] = 1.0
    assert judge(at_rest) == []
    receiving = with_receipt(100, 20)
    receiving["S1.bypass"][50:] = 1.0
    assert rules(judge(receiving)) == {"process.interlock_bypassed"}


def test_interlock_that_does_not_act():
    columns = with_receipt(200, 20)
    columns["S1.trip"][100:] = 1.0
    found = rules(judge(columns))
    assert "process.interlock_failed" in found
    acts = with_receipt(200, 20)
    acts["S1.trip"][100:] = 1.0
    acts["V1.state"][101:] = 0.0
    acts["F1"][101:] = 0.0
    acts["L1"][102:] = acts["L1"][101]
    assert "process.interlock_failed" not in rules(judge(acts))


def test_gauge_above_a_silent_switch():
    columns = still(100, level=14.2)
    assert "process.switch_disagrees" in rules(judge(columns))


def test_control_rule_not_followed():
    site = tank_site(control_rules=CONTROL)
    columns = still(100, level=3.5)
    assert rules(judge(columns, site)) == {"process.control_rule"}
    columns["P1.state"][:] = 1.0
    assert judge(columns, site) == []


def swinging(n, seed=0, level=2.5):
    """The pump empties from 3 m to 2 m, a receipt of 100 m3/h fills all the time."""
    random = np.random.default_rng(seed)
    columns, on = still(n), False
    columns["V1.state"][:] = 1.0
    columns["F1"][:] = 100 / 3600
    for i in range(n):
        columns["L1"][i] = level + random.normal(0, 0.0005)
        on = True if level > 3.0 else False if level < 2.0 else on
        columns["P1.state"][i], columns["F2"][i] = on, 300 / 3600 * on
        level += (columns["F1"][i] - columns["F2"][i]) * 60 / AREA
    return columns


def test_switching_without_a_cause():
    site = tank_site(control_rules=CONTROL)
    lesson = learned(swinging(20000), site=site)
    assert any("P1.state: all" in word for word in lesson.words)
    assert judge(swinging(3000, seed=2), site, lesson.baseline) == []
    forced = swinging(300, seed=2)
    forced["P1.state"][100] = 1.0 - forced["P1.state"][100]
    found = judge(forced, site, lesson.baseline)
    assert "process.switched_without_cause" in rules(found)
    assert "without a cause: L1 is" in next(f for f in found if "cause" in f.body.rule).body.sentence


def test_a_cause_that_is_not_seen_may_have_been_there():
    heat = {"when": {"signal": "K1", "is": "above", "value": 60.0}, "actuator": "P1.state", "within_s": 60}
    rules_of_two = [*CONTROL, {"id": "hot", "switches": "on", **heat}, {"id": "hotter", "switches": "off", **heat}]
    site = tank_site(control_rules=rules_of_two)
    lesson = learned(swinging(20000), site=site)
    unseen = swinging(3000, seed=2)
    switched = np.flatnonzero(np.diff(unseen["P1.state"])) + 1
    unseen["L1"][np.concatenate([switched, switched - 1])] = np.nan
    assert "process.switched_without_cause" not in rules(judge(unseen, site, lesson.baseline))
    forced = swinging(300, seed=2)
    forced["P1.state"][100] = 1.0 - forced["P1.state"][100]
    assert "process.switched_without_cause" in rules(judge(forced, site, lesson.baseline))


def test_control_rule_that_normal_data_break_is_not_judged():
    site = tank_site(control_rules=CONTROL)
    lesson = learned(still(2000, level=3.5), site=site)
    assert any("not judged" in warning for warning in lesson.warnings)
    assert judge(still(100, level=3.5), site, lesson.baseline) == []


def test_spike_is_a_rate():
    columns = still(100)
    columns["L1"][50] += 0.3
    assert "process.rate" in rules(judge(columns))


def test_limits_and_range():
    high, beyond = still(50, level=13.3), still(50, level=16.0)
    assert "process.alarm_limit" in rules(judge(high))
    assert "process.trip_limit" not in rules(judge(high))
    assert {"process.trip_limit", "process.instrument_range"} <= rules(judge(beyond))


def test_episode_is_raised_once_and_cleared_once():
    columns = still(200)
    columns["F1"][50:100] = 100 / 3600
    found = [f for f in judge(columns) if f.body.rule == "process.flow_without_path"]
    assert [f.body.phase for f in found] == ["raised", "cleared"]
    assert found[0].body.episode == found[1].body.episode


def test_frozen_needs_noise_to_have_been_learned():
    frozen = still(200)
    frozen["L1"][100:] = frozen["L1"][100]
    assert judge(frozen) == []
    lesson = learned(still(2000, seed=5))
    found = judge(frozen, baseline=lesson.baseline)
    assert rules(found) == {"process.frozen"}
    assert any("L1 changes its last digit" in word for word in lesson.words)


def test_pump_that_runs_and_moves_nothing():
    def pumping(n, flow):
        columns = still(n, level=8.0)
        columns["P1.state"][20:] = 1.0
        columns["F2"][22:] = flow / 3600
        moved = np.concatenate([[0.0], np.cumsum((columns["F2"][1:] + columns["F2"][:-1]) / 2 * 60)])
        columns["L1"] -= moved / AREA
        return columns

    lesson = learned(*(pumping(300, 200 + 10 * i) for i in range(30)))
    site = tank_site()
    dead = judge(pumping(100, 0), baseline=lesson.baseline, site=site)
    assert "process.pump_flow" in rules(dead)
    assert "process.pump_flow" not in rules(judge(pumping(100, 260), baseline=lesson.baseline, site=site))


def test_tightness_has_a_floor_of_the_gauges_last_digit():
    # Training data of full precision, judged data rounded: the learned limit must not be finer than the rounding.
    smooth = with_receipt(4000, 100, 100.0, level=0.5)
    smooth["L1"] -= still(4000)["L1"] - 2.5
    lesson = learned(smooth)
    rounded = with_receipt(600, 60)
    rounded["L1"] = np.round(rounded["L1"], 3)
    assert "process.mass_balance" not in rules(judge(rounded, baseline=lesson.baseline))


def test_learning_says_what_an_engineer_can_check():
    lesson = learned(with_receipt(3000, 100, 150.0))
    assert any(word.startswith("T1 level explains its meters within") for word in lesson.words)
    assert InvariantDetector.learn(tank_site(), InvariantDetector.Options(), []) is None


def test_learned_range_clears_at_the_value_normal_data_end_at():
    days = still(29 * 1440)
    lesson = learned(days)
    columns = still(100)
    columns["F2"][30:40] = 50 / 3600
    found = [f for f in judge(columns, baseline=lesson.baseline) if f.body.rule == "process.learned_range"]
    assert [f.body.phase for f in found] == ["raised", "cleared"]
    assert "above anything seen in normal data" in found[0].body.sentence


def test_rules_can_be_switched_off():
    columns = still(50, level=16.0)
    assert "process.instrument_range" not in rules(judge(columns, off=("process.instrument_range",)))


def test_baseline_of_another_version_is_refused():
    with pytest.raises(BaselineError):
        InvariantDetector(tank_site(), None, {"format": 99, "rules": {}})


def test_frames_of_another_grid_are_refused():
    frames = frames_of(still(10))
    odd = Frames(5 * MINUTE, frames.ends, frames.tags, frames.mean, frames.last, frames.count)
    with pytest.raises(DecodeError):
        InvariantDetector(tank_site()).update(Block(odd, ()))
