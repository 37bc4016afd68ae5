"""What looks attacked, rule by rule, on data made for it."""

import numpy as np
import pytest

from infrastress.app.training.history import ClockStep, Recording
from infrastress.app.training.suspicion import (
    REPLAYED_FRAMES,
    Suspicion,
    Watch,
    frozen,
    joined,
    replayed,
    stepped_clocks,
)  # fmt: skip
from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.view import SignalTable
from infrastress.events.frames import Block
from tests.detectors.plant import frames_of, still, tank_site, with_receipt

TABLE = SignalTable(tank_site())


def noisy(n: int = 2000, seed: int = 0):
    """Level, temperature and flows that move at every frame, on the grid of two digits."""
    random = np.random.default_rng(seed)
    last = np.full((len(TABLE), n), np.nan)
    for name in ("L1", "K1", "F1", "F2"):
        last[TABLE.row[name]] = np.round(5 + np.cumsum(random.normal(0, 0.1, n)), 3)
    ends = HOUR * np.arange(1, n + 1, dtype=np.int64)
    return last, ends


def test_noise_is_not_suspicious():
    for seed in range(20):
        last, ends = noisy(seed=seed)
        assert frozen(TABLE, last, ends) == []
        assert replayed(TABLE, last, ends) == []


def test_a_frozen_signal_is_found_with_its_span_while_others_move():
    last, ends = noisy()
    last[TABLE.row["L1"], 700:760] = last[TABLE.row["L1"], 700]
    (found,) = frozen(TABLE, last, ends)
    assert (found.began, found.ended) == (ends[700] - HOUR, ends[759])
    assert found.what.startswith("L1 stands at")


def test_a_plant_at_rest_is_not_a_frozen_signal():
    last, ends = noisy()
    last[:, 700:760] = last[:, 700:701]
    assert frozen(TABLE, last, ends) == []


def test_a_flow_at_zero_is_not_frozen():
    last, ends = noisy()
    last[TABLE.row["F1"], 700:900] = 0.0
    assert frozen(TABLE, last, ends) == []


def test_a_replayed_stretch_is_found_with_where_it_came_from():
    last, ends = noisy()
    last[TABLE.row["L1"], 900:950] = last[TABLE.row["L1"], 400:450]
    (found,) = replayed(TABLE, last, ends)
    assert found.rule == "replayed"
    assert (found.began, found.ended) == (ends[900] - HOUR, ends[949])
    assert "1970-01-17T16:00:00Z" in found.what


def test_a_short_likeness_is_chance():
    last, ends = noisy()
    short = REPLAYED_FRAMES - 1
    last[TABLE.row["L1"], 900 : 900 + short] = last[TABLE.row["L1"], 400 : 400 + short]
    assert replayed(TABLE, last, ends) == []


def test_a_tank_that_stands_full_is_no_replay():
    last, ends = noisy()
    for start in (400, 900):
        last[TABLE.row["L1"], start : start + 100] = 5.5
    assert replayed(TABLE, last, ends) == []


def test_gaps_are_no_likeness():
    last, ends = noisy()
    last[:, 300:400] = np.nan
    last[:, 900:1000] = np.nan
    assert replayed(TABLE, last, ends) == []


def watched(columns) -> tuple[list[Suspicion], list[str]]:
    watch = Watch([InvariantDetector(tank_site(), InvariantDetector.Options())])
    watch.look(Block(frames_of(columns), ()))
    return watch.found()


def test_a_long_contradiction_is_suspicious_and_a_short_one_is_not():
    columns = with_receipt(400, 40)
    columns["L1"][120:200] = columns["L1"][120]
    found, warnings = watched(columns)
    assert found
    assert all(one.rule == "invariant" for one in found)
    assert any("T1" in one.what for one in found)
    assert warnings == []
    columns = with_receipt(400, 40)
    columns["S1.bypass"][120:150] = 1.0
    assert watched(columns)[0] == []
    assert watched(still(400)) == ([], [])


def test_a_rule_that_the_data_break_on_most_days_is_warned_of():
    columns = still(6 * 1440)
    columns["F1"] += 200 / 3600  # flows with every way shut, day and night: that is how this plant is
    found, warnings = watched(columns)
    assert found == []
    assert any("describes the plant wrongly" in warning for warning in warnings)


def test_a_clock_that_went_back():
    (found,) = stepped_clocks([Recording("r", clock_steps=[ClockStep("scada", 10 * HOUR, 3600.0)])])
    assert found.rule == "clock"
    assert (found.began, found.ended) == (9 * HOUR, 10 * HOUR + 1)


@pytest.mark.parametrize(("gap", "spans"), [(0, [(1, 5), (7, 9)]), (2, [(1, 9)])])
def test_joined_spans(gap, spans):
    every = [Suspicion(7, 9, "x", ""), Suspicion(1, 3, "x", ""), Suspicion(2, 5, "x", "")]
    assert joined(every, gap) == spans


def test_as_exclude_takes_it():
    one = Suspicion(0, 1500 * SECOND, "frozen", "")
    assert one.span == "1970-01-01T00:00:00Z/1970-01-01T00:25:00Z"
