"""BATADAL's score without the credit for an alarm that stands already, and the assets that the attacks name."""

import pytest

pytest.importorskip("pandas", reason="the benchmarks' environment has it")

import numpy as np
from benchmarks.process.batadal import named_assets, without_standing

from infrastress.core.time import HOUR
from infrastress.evaluation.events import Episode, episodes_from_flags
from infrastress.evaluation.labels import Truth
from infrastress.site.load import load_site
from tests.conftest import ROOT

TIMES = HOUR * np.arange(100, dtype=np.int64)
FLAGS = np.zeros(100, dtype=bool)
FLAGS[20:30] = FLAGS[60:80] = True
TRUTH = Truth(tuple(episodes_from_flags(TIMES, FLAGS)), TIMES, FLAGS)


def alarm(began: float, ended: float) -> Episode:
    return Episode(round(began * HOUR), round(ended * HOUR))


def test_an_alarm_raised_in_the_attack_counts_as_in_s_itself():
    told = without_standing([alarm(25, 30), alarm(60, 80)], TRUTH)
    rates = 0.5 * (25 / 30 + 1.0)
    assert told["found_without_standing"] == 2
    assert told["S_without_standing"] == pytest.approx(0.5 * (1 - 0.5 / 2) + 0.5 * rates)


def test_one_that_stands_finds_nothing_unless_another_is_raised():
    assert without_standing([alarm(10, 30), alarm(61, 62)], TRUTH)["found_without_standing"] == 1
    assert without_standing([alarm(10, 90), alarm(25, 26), alarm(70, 71)], TRUTH)["found_without_standing"] == 2
    assert without_standing([alarm(0, 100)], TRUTH) == {"S_without_standing": 0.25, "found_without_standing": 0}


def test_attacks_name_signals_and_assets():
    site = load_site(ROOT / "examples" / "water")
    assert named_assets("LT-1;P-335", site) == {"T-1", "P-335"}
    with pytest.raises(KeyError):
        named_assets("nothing", site)
