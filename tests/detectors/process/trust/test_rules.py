"""Each fault of a sensor is told once, as a sensor fault, with its numbers; ordinary days say nothing."""

import re

import numpy as np
import pytest

from infrastress.events.frames import Block, Frames
from tests.detectors.contract import DetectorContract
from tests.detectors.plant import frames_of
from tests.detectors.process.trust.sensors import lesson, ordinary, raised, sensor_site, taught

RANDOM = np.random.default_rng(5)


def spoilt(signal: str, change, begin: int = 300, end: int = 500, n: int = 600) -> list:
    columns = ordinary(n, 9)
    columns[signal] = columns[signal].copy()
    columns[signal][begin:end] = change(columns[signal][begin:end])
    return raised(frames_of(columns))


def one_point(values):
    values = values.copy()
    values[50] += 3e5
    return values


FAULTS = {
    "process.spike": ("Q1", one_point, "went from"),
    "process.noise": ("Q1", lambda v: v + RANDOM.normal(0, 3e4, len(v)), "more than"),
    "process.resolution": ("Q1", lambda v: np.round(v / 1e4) * 1e4, "moves in steps of 0.1 bar"),
    "process.default_value": ("Q1", lambda v: np.zeros(len(v)), "jumped to exactly 0 bar"),
    "process.frozen": ("Q1", lambda v: np.full(len(v), v[0]), "has stood at exactly"),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_is_told_once_as_a_notice(rule):
    signal, change, words = FAULTS[rule]
    found = [one for one in spoilt(signal, change) if one[0] == rule]
    assert [one[1] for one in found] == [(signal,)]
    body = found[0][2]
    assert (body.suspicion, body.severity) == ("sensor_fault", "low")
    assert words in body.sentence
    assert body.began < body.until


def test_a_sensors_health_does_not_rank_frames():
    signal, change, _ = FAULTS["process.noise"]
    columns = ordinary(600, 9)
    columns[signal] = np.concatenate([columns[signal][:300], change(columns[signal][300:])])
    detector = taught()
    found = detector.update(Block(frames_of(columns), ()))
    assert "process.noise" in {one.body.rule for one in found}
    assert np.nanmax(detector.scores()) < 1.0


def test_ordinary_days_say_nothing():
    assert raised(frames_of(ordinary(1440 * 2, 77))) == []


def test_a_signal_that_drives_an_interlock_is_an_alarm():
    found = [one for one in spoilt("L1", lambda v: np.full(len(v), v[0])) if one[0] == "process.frozen"]
    assert [one[2].severity for one in found] == ["medium"]


def test_a_noisy_gauge_that_drives_an_interlock_is_still_there():
    found = [one for one in spoilt("L1", lambda v: v + RANDOM.normal(0, 0.02, len(v))) if one[0] == "process.noise"]
    assert [one[2].severity for one in found] == ["low"]


def test_digits_between_the_steps_are_told():
    found = spoilt("Q2", lambda v: v + RANDOM.uniform(200, 800, len(v)))
    assert [(one[0], one[1]) for one in found] == [("process.resolution", ("Q2",))]
    assert "between its steps of 0.01 bar" in found[0][2].sentence


def test_noise_that_is_gone_is_told():
    smooth = spoilt("K1", lambda v: 288.15 + np.round(np.arange(len(v)) * 0.011, 2))
    assert ("process.noise", ("K1",)) in [(one[0], one[1]) for one in smooth]
    assert "less than" in next(one[2].sentence for one in smooth if one[0] == "process.noise")


def test_a_step_is_no_spike():
    found = spoilt("Q1", lambda v: v + 3e5, 300, 600)
    assert "process.spike" not in [one[0] for one in found]


def test_what_befalls_a_whole_source_is_told_once():
    columns = ordinary(600, 9)
    for signal in ("L1", "K1", "F2", "Q0", "Q1", "Q2", "Q3"):
        columns[signal] = columns[signal].copy()
        columns[signal][310:] = columns[signal][310]
    found = [one for one in raised(frames_of(columns)) if one[0] == "process.frozen"]
    assert len(found) == 1
    assert found[0][2].sentence.startswith("source scada: ")


def test_a_spike_does_not_break_the_mass_balance():
    found = spoilt("L1", lambda v: v + np.where(np.arange(len(v)) == 50, 1.5, 0.0))
    assert "process.spike" in [one[0] for one in found]
    assert not [one for one in found if one[0] in ("process.mass_balance", "process.balance_drift")]


def test_a_frozen_gauge_in_a_receipt_still_breaks_the_mass_balance():
    columns = ordinary(600, 9)
    columns["V1.state"], columns["F1"] = columns["V1.state"].copy(), columns["F1"].copy()
    columns["V1.state"][300:], columns["F1"][300:] = 1.0, columns["F2"][300:] + 550 / 3600
    columns["L1"] = columns["L1"].copy()
    columns["L1"][302:] = columns["L1"][302]
    found = [one for one in raised(frames_of(columns)) if one[0] == "process.mass_balance"]
    assert found
    assert found[0][2].severity in ("high", "critical")


def test_a_gauge_that_is_moved_fast_still_breaks_the_mass_balance():
    found = spoilt("L1", lambda v: v + 0.05 * np.arange(len(v)), 300, 330)
    assert "process.mass_balance" in [one[0] for one in found]


def counted(counts: np.ndarray) -> Frames:
    frames = frames_of(ordinary(len(counts), 9))
    count = np.repeat(counts[:, None], len(frames.tags), axis=1).astype(np.int32)
    values = np.where(count > 0, frames.mean, np.nan)
    return Frames(frames.width, frames.ends, frames.tags, values, values.copy(), count)


@pytest.mark.parametrize(
    ("begin", "rows", "words"),
    [(300, 60, "stands still"), (300, 7, "runs slow"), (300, 5, "runs fast")],
)
def test_a_clock_that_is_wrong_is_told_of_its_source(begin, rows, words):
    counts = np.full(600, 6)
    counts[begin : begin + (1 if rows == 60 else 200)] = rows
    found = [one for one in raised(counted(counts)) if one[0] == "process.clock"]
    assert len(found) == 1
    assert words in found[0][2].sentence


def test_lost_rows_are_no_fast_clock():
    counts = np.full(600, 6)
    counts[300:320] = 0
    counts[400] = 3
    assert [one for one in raised(counted(counts)) if one[0] == "process.clock"] == []


def test_training_says_what_it_learned_of_the_sensors():
    said = next(word for word in lesson().words if word.startswith("sensor Q1: "))
    assert re.fullmatch(
        r"sensor Q1: steps of 0.01 bar, noise of .*up to 0\.\d+ bar, a spike from .* bar \(calm or switching\), "
        r"rests of at most [1-9] frames",
        said,
    )
    assert "these data are finer than the stated resolution of F1, F2" in lesson().warnings


class TestContract(DetectorContract):
    expects = True

    def make(self):
        return taught()

    def stream(self):
        columns = {signal: values.copy() for signal, values in ordinary(420, 9).items()}
        columns["Q0"][60:110] = np.round(columns["Q0"][60:110] / 1e4) * 1e4
        columns["Q1"][90] += 3e5
        columns["Q2"][150:190] += np.random.default_rng(3).normal(0, 3e4, 40)
        columns["Q3"][200:230] = 0.0
        columns["L1"][250:300] = columns["L1"][250]
        columns["L1"][330] += 2.0
        columns["L1"][350:] += 0.05 * np.arange(70)
        columns["K1"][335:345] = np.nan
        return Block(frames_of(columns), ())


def test_guards_come_from_the_site_model():
    from infrastress.detectors.process.trust.guards import guarding

    assert guarding(sensor_site()) == {"S1.trip", "L1"}
