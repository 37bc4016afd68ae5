"""What normal data teach the twin: spreads, limits of days held out, and where it is switched off."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from infrastress.core.time import DAY
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.twin import TwinDetector
from infrastress.detectors.process.twin.estimation import linear_estimate
from infrastress.detectors.process.twin.judging import Known, Twin
from infrastress.detectors.process.twin.learning import _beyond, _refine
from infrastress.detectors.process.twin.moment import Reader
from infrastress.detectors.process.view import SignalTable
from infrastress.events.frames import Block, Finding, Frames
from infrastress.hydraulics.meters import MODEL
from infrastress.hydraulics.snapshot import Snapshot
from tests.detectors.contract import feed
from tests.detectors.process.twin.test_detector import frames, lesson, plant
from tests.simulators.water.networks import needs_wntr

pytestmark = needs_wntr

DAYS = 9
CLOSES_M, TOP_M = 140 * 0.3048, 150 * 0.3048
"""Where the model's control stops the pump, and where the tank is full."""


def altered(days: tuple[int, ...], signal: str, by: float) -> Frames:
    """Nine days on the site's grid, on some of which a meter lies for six hours."""
    quiet = nine_days()
    last = quiet.last.copy()
    day = (quiet.ends - 1) // DAY - int(np.datetime64("2026-03-02", "D").astype(int))
    hour = (quiet.ends - 1) % DAY // (DAY // 24)
    last[np.isin(day, days) & (hour >= 6) & (hour < 12), quiet.tags.index(signal)] += by
    return Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count)


_NINE: list[Frames] = []


def nine_days() -> Frames:
    """Simulated once."""
    if not _NINE:
        _NINE.append(frames(24 * DAYS, 5, oddities=False))
    return _NINE[0]


def taught(data: Frames):
    """What nine days teach."""
    return TwinDetector.learn(plant(), TwinDetector.Options(), [Block(data, ())])


def told_of(lesson_, signal: str, data: Frames) -> list[Finding]:
    """Alarms that lead with a signal."""
    detector = TwinDetector(plant(), TwinDetector.Options(), lesson_.baseline)
    found = feed(detector, [Block(data, ())])
    return [one for one in found if one.body.phase == "raised" and one.body.contributions[0].signal == signal]


def lying() -> Frames:
    """Another day on which the meter is off at noon."""
    quiet = frames(24, 6, oddities=False)
    last = quiet.last.copy()
    last[140:160, quiet.tags.index("PT-22")] += 30.0
    return Frames(quiet.width, quiet.ends, quiet.tags, last, last, quiet.count)


def test_where_it_holds_on_days_held_out_it_judges():
    held = taught(nine_days())
    assert any(f"these limits are of {DAYS} days" in word for word in held.words)
    assert not any("not judged by the network model" in word for word in held.warnings)
    assert len(told_of(held, "PT-22", lying())) == 1


def test_where_it_does_not_hold_on_days_held_out_it_is_switched_off_and_says_so():
    off = taught(altered((7, 8), "PT-22", 20.0))
    (warning,) = (one for one in off.warnings if "not judged by the network model" in one)
    assert f"(days of {DAYS})" in warning
    assert "PT-22 (2)" in warning
    assert told_of(off, "PT-22", lying()) == []
    assert any(word.startswith("the network model explains FT-9 within") for word in off.words)


def test_one_day_is_an_event_and_widens_the_limit():
    wide, calm = taught(altered((7,), "PT-22", 20.0)), taught(nine_days())
    assert not any("not judged by the network model" in word for word in wide.warnings)
    reader = Reader(SignalTable(plant()), Snapshot(plant().folder / MODEL, plant()))
    row = reader.signals.index("PT-22")
    within = [known["limit"][row] * known["sigma"][row] for known in (wide.baseline["known"], calm.baseline["known"])]
    assert within[0] > 5 * within[1]


def test_of_few_days_none_are_held_out_and_that_is_said():
    assert any("too few days to hold any out" in one for one in lesson().warnings)


def test_limits_of_other_blocks_are_tried_on_each():
    maxima = DailyMaxima(3, {day: np.array([1.0, 1.0, np.nan]) for day in range(8)})
    maxima.days[6], maxima.days[7] = np.array([1.0, 5.0, np.nan]), np.array([1.2, 3.0, 9.0])
    blocks = [{0, 1}, {2, 3}, {4, 5}, {6, 7}]

    def twice(part: DailyMaxima, subject: int, _: int) -> float:
        return 2.0 * float(part.peaks(subject).max())

    assert _beyond(maxima, blocks, twice) == [0, 2, 0]  # what only one block saw has no limit to be tried by
    assert _beyond(maxima, [set(range(8))], twice) == [0, 0, 0]


def test_spreads_are_found_from_any_start_and_an_unchecked_meter_has_that_of_its_kind():
    random = np.random.default_rng(3)
    slopes = np.array(
        [[1.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.3, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0, 0, 1.0]]
    )
    true = np.array([0.1, 0.2, 0.4, 0.1, 0.3, 0.2])
    y = (slopes @ random.normal(size=(3, 800))).T + random.normal(size=(800, 6)) * true
    nothing = np.zeros(0)
    known = Known(np.zeros(6), np.full(6, 0.01), nothing, nothing, nothing, nothing, nothing, (), ())
    for _ in range(30):
        fits = (linear_estimate(slopes, one, known.sigma, np.full(3, 1e-6), np.zeros(3)) for one in y)
        moments = [SimpleNamespace(fit=one, factors=nothing) for one in fits]
        known = replace(_refine(known, moments, np.full(6, 1e-3), ["pressure"] * 6), bias=np.zeros(6))
    assert known.sigma[:5] == pytest.approx(true[:5], rel=0.2)
    assert known.sigma[5] == pytest.approx(np.median(known.sigma[:5]), rel=0.2)


# What a gauge is too coarse for


def twin() -> Twin:
    path = plant().folder / MODEL
    network, controlled = Snapshot(path, plant()), Snapshot(path, plant(), controlled=True)
    known = Known.of_json(lesson().baseline["known"])
    known = replace(known, slack=np.array([0.2]), bias=np.zeros(len(known.bias)))
    return Twin(SignalTable(plant()), network, controlled, known)


def column(**values: float) -> np.ndarray:
    """A frame in SI, with some values set."""
    table = SignalTable(plant())
    quiet = frames(12, 2, oddities=False)
    found = np.array([quiet.last[30, quiet.tags.index(one.id)] for one in table.signals])
    for signal, value in values.items():
        found[table.row[signal.replace("_", "-")]] = value
    return found


@pytest.mark.parametrize(("beyond", "contradicts"), [(0.02, False), (0.08, False), (0.4, True)])
def test_a_pump_contradicts_its_controls_where_the_level_is_beyond_doubt(beyond: float, contradicts: bool):
    judge = twin()
    earlier = judge.look(column(LT_2=CLOSES_M + beyond, ZS_9=1.0))
    _, _, states = judge.follow(earlier)
    assert not states[0]  # by the very level the controls would have it off
    assert judge.contradicts(earlier, np.array([True]), states).tolist() == [contradicts]
    assert judge.contradicts(earlier, np.array([False]), states).tolist() == [False]


def test_a_level_is_expected_between_switching_at_once_and_at_the_end():
    judge = twin()
    earlier = judge.look(column(LT_2=CLOSES_M - 0.3, ZS_9=1.0))
    levels, doubt, _ = judge.follow(earlier)
    low, high = judge.between(earlier, np.array([False]), levels)
    assert low[0] < CLOSES_M - 0.3 < high[0]
    shut = replace(earlier.reading, open_=np.array([False]))
    reached = [replace(earlier, reading=replace(shut, seen=np.r_[shut.seen[:-1], level]))
               for level in (low[0], (low[0] + high[0]) / 2, high[0], high[0] + 0.5)]  # fmt: skip
    missed = [judge.off(earlier, one, levels, doubt, still=False)[0] for one in reached]
    assert missed == pytest.approx([0.0, 0.0, 0.0, 0.5])


def test_a_tank_within_the_gauges_accuracy_of_its_top_may_be_full_or_not():
    reader = twin().reader
    assert reader.read(column(LT_2=TOP_M)).brim.tolist() == [True]
    assert reader.read(column(LT_2=TOP_M - 0.02)).brim.tolist() == [True]
    assert reader.read(column(LT_2=TOP_M - 2.0)).brim.tolist() == [False]


def test_the_flow_of_a_pump_that_hardly_ever_ran_is_no_value_while_it_does():
    table = SignalTable(plant())
    network = Snapshot(plant().folder / MODEL, plant())
    seldom = Reader(table, network, (True,))
    row = seldom.signals.index("FT-9")
    assert np.isnan(seldom.read(column(ZS_9=1.0)).seen[row])
    assert np.isfinite(seldom.read(column(ZS_9=0.0, FT_9=0.0)).seen[row])
    assert np.isfinite(Reader(table, network).read(column(ZS_9=1.0)).seen[row])
    shares = Reader(table, network).on(np.column_stack([column(ZS_9=one) for one in (0.0, 1.0, np.nan, 0.0)]))
    assert shares.tolist() == pytest.approx([1 / 3])
