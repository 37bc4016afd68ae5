"""Who is to blame, since when, and what it looks like."""

from functools import cache

import numpy as np
import pytest

from infrastress.core.time import HOUR
from infrastress.detectors.process.residuals.blame import Blame, onset
from infrastress.detectors.process.residuals.judging import MEMORY, judge
from infrastress.detectors.process.residuals.kinds import kind_of, moved_at_rest
from infrastress.detectors.process.residuals.resting import find_resting
from infrastress.detectors.process.view import SignalTable, View
from tests.detectors.contract import feed
from tests.detectors.process.residuals.test_contract import block, days, learned, raised, site

AT = 120


@cache
def wrong(signal: str, size: float):
    columns = days(200, seed=11)
    columns[signal][AT:] += size
    return tuple(raised(feed(learned(), [block(columns)])))


def quiet():
    return raised(feed(learned(), [block(days(200, seed=11))]))


@pytest.mark.parametrize(("signal", "size"), [("L1", 1.5), ("L1", -0.8), ("F1", 0.02), ("F2", 0.01), ("K1", 6.0)])
def test_the_wrong_sensor_leads_though_others_lean_on_it(signal, size):
    assert [f for f in quiet() if f.occurred >= block(days(200)).frames.ends[AT]] == []
    found = [f for f in wrong(signal, size) if f.occurred >= block(days(200)).frames.ends[AT]]
    assert found
    for finding in found[:1]:
        assert finding.body.contributions[0].signal == signal
        assert finding.assets == (site().signal_by_id[signal].asset,)
        assert sum(part.share for part in finding.body.contributions) == pytest.approx(1.0)
    began = found[0].body.began
    assert abs(began - int(block(days(200)).frames.ends[AT - 1])) <= HOUR


def test_a_sensor_that_breaks_the_relations_of_others_is_called_falsified():
    bodies = [f.body for f in wrong("L1", 1.5)]
    assert any(body.suspicion == "sensor_falsified" and body.techniques == ("T0856",) for body in bodies)


def test_a_pump_that_never_stopped_and_does_is_said_in_that_frame():
    columns = days(200, seed=11)
    columns["P1.state"][AT] = 0.0
    (finding,) = [f for f in raised(feed(learned(), [block(columns)])) if f.body.rule == "process.resting"]
    assert finding.occurred == block(columns).frames.ends[AT]
    assert finding.assets == ("P1",)
    assert finding.body.suspicion == "actuator_manipulated"
    assert "nearly" in finding.body.sentence


@pytest.mark.parametrize("shift", [1.5, -3.0, 6.0])
def test_the_onset_is_where_the_shift_began(shift):
    """Median error none, and three in four within two frames, of 400 shifts by noise of one standard deviation."""
    random, errors = np.random.default_rng(4), []
    for _ in range(400):
        length = int(random.integers(2, 13))
        shares = random.normal(0, 1, 16)
        shares[-length:] += shift
        errors.append(onset(shares) - length)
    assert np.median(errors) == 0
    assert np.mean(np.abs(errors) <= 2) > 0.75


def test_kinds_follow_the_evidence():
    one = Blame((("L1", 0.9), ("F1", 0.1)), 3)
    assert kind_of(one, "level", 3, still=False).suspicion == "sensor_falsified"
    assert kind_of(one, "level", 3, still=False).confidence == 0.9
    dead = kind_of(one, "level", 3, still=True)
    assert (dead.suspicion, dead.confidence) == ("sensor_fault", 0.5)
    assert kind_of(Blame(one.parts, 1), "level", 1, still=False).suspicion == "unknown", "its own relation alone"
    assert kind_of(one, "state", 3, still=False).suspicion == "actuator_manipulated"
    assert kind_of(Blame((("L1", 0.2),), 1), "level", 4, still=False).suspicion == "process_fault"
    assert kind_of(Blame((("L1", 0.45),), 1), "level", 4, still=False).suspicion == "unknown"
    assert kind_of(Blame((), 0), "level", 0, still=False).confidence == 0.5
    assert moved_at_rest(actuated=True).confidence > moved_at_rest(actuated=False).confidence


def test_a_doubted_signal_is_leaned_on_no_more_and_judged_all_the_same():
    columns = days(60, seed=12)
    columns["L1"][40:] += 3.0
    detector, frames = learned(), block(columns).frames
    relations = detector.relations
    nothing = np.full((len(detector.table), relations.lags), np.nan)
    view = View.of(frames, detector.table, nothing, nothing)
    before = np.full((len(relations.relations), MEMORY), np.nan)
    doubted = np.zeros((len(detector.table), relations.lags + len(frames)), bool)
    doubted[detector.table.row["L1"], relations.lags + 40 :] = True
    names = [one.signal for one in relations.relations]
    plain = judge(view, relations, detector._limits, before)
    aware = judge(view, relations, detector._limits, before, doubted)
    others = [i for i, name in enumerate(names) if name in ("F1", "F2")]
    assert (plain.scores[others, 41:] >= 1.0).any()
    assert not (aware.scores[others] >= 1.0).any()
    assert (aware.scores[names.index("L1"), 41:] >= 1.0).any()


def resting(frames: int, spells: int, *more: str):
    table = SignalTable(site())
    values = np.full((len(table), frames), np.nan)
    for signal in ("P1.state", *more):
        values[table.row[signal]] = 1.0
    values[table.row["P1.state"], 10 : 10 + 2 * spells : 2] = 0.0
    return find_resting(table, values, set(), frame_s=3600.0)


def test_rest_is_worth_an_alarm_where_it_was_watched_for_long_enough():
    assert [one.signal for one in resting(60 * 24, 0).relations] == ["P1.state"]
    assert resting(60 * 24, 0).spent == pytest.approx(0.25), "half an episode in 60 days"
    assert resting(29 * 24, 0).relations == (), "more than half of the budget"
    assert resting(60 * 24, 1).relations == ()
    assert resting(40 * 24, 0).relations
    assert resting(40 * 24, 0, "V1.state").relations == (), "all that rest alike, or none"
    year = resting(365 * 24, 1)
    assert year.spent == pytest.approx(30 * 1.5 / 365)
    assert year.told.sum() == 17, "the frame, and the longest window behind it"
