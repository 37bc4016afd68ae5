"""The first visible effect: what counts as seen, and what doesn't."""

import numpy as np
import pytest
from benchmarks.process.visible import first_visible, noise_of, tolerances

from infrastress.core.time import MINUTE
from infrastress.events.frames import Frames
from infrastress.site.load import load_site
from tests.conftest import ROOT

TAGS = ("LT", "ZS")
BOUND = np.array([0.06, 0.5])


def frames(values, first: int = 1) -> Frames:
    last = np.array(values, dtype=float)
    ends = MINUTE * np.arange(first, first + len(last), dtype=np.int64)
    return Frames(MINUTE, ends, TAGS, last, last, np.isfinite(last).astype(np.int32))


def quiet() -> np.ndarray:
    return np.tile([3.0, 1.0], (8, 1))


def seen(change):
    run = quiet()
    change(run)
    return first_visible(frames(run), frames(quiet()), BOUND)


def test_the_same_twice_shows_nothing():
    assert first_visible(frames(quiet()), frames(quiet()), BOUND) is None


def test_an_effect_is_dated_to_the_end_of_its_first_frame_and_names_its_signal():
    def rise(run):
        run[3:, 0] += 0.1

    assert seen(rise) == (4 * MINUTE, "LT")


def test_less_than_the_noise_is_not_seen():
    def rise(run):
        run[3:, 0] += 0.059

    assert seen(rise) is None


def test_one_frame_alone_is_not_seen_nor_two_that_are_apart():
    def flicker(run):
        run[[3, 5], 0] += 1.0

    assert seen(flicker) is None


def test_two_frames_of_different_signals_are_no_lasting_effect():
    def flicker(run):
        run[3, 0] += 1.0
        run[4, 1] = 0.0

    assert seen(flicker) is None


def test_the_last_frame_alone_is_not_seen():
    def rise(run):
        run[7:, 0] += 1.0

    assert seen(rise) is None


def test_any_change_of_a_state_is_seen():
    def trip(run):
        run[5:, 1] = 0.0

    assert seen(trip) == (6 * MINUTE, "ZS")


def test_cells_that_only_one_of_them_lacks_are_seen():
    def silence(run):
        run[2:4, 0] = np.nan

    assert seen(silence) == (3 * MINUTE, "LT")
    both = quiet()
    both[2:4, 0] = np.nan
    assert first_visible(frames(both), frames(both), BOUND) is None


def test_rows_that_are_missing_are_seen():
    run = quiet()
    assert first_visible(frames(run[:4]), frames(run), BOUND) == (5 * MINUTE, "LT")


def test_noise_is_that_of_the_meter_and_not_of_the_plant():
    random = np.random.default_rng(1)
    slow = np.sin(np.arange(5000) / 300)[:, None]
    assert noise_of(slow + 0.01 * random.standard_normal((5000, 1)))[0] == pytest.approx(0.01, rel=0.05)
    assert noise_of(np.full((5, 1), np.nan))[0] == 0.0


def test_tolerances_know_the_kinds_and_the_resolution():
    site = load_site(ROOT / "examples" / "water")
    tags = ("LT-1", "ZS-335")
    normal = np.tile([3.0, 1.0], (50, 1))
    level, state = tolerances(site, tags, normal)
    assert level == pytest.approx(6 * site.signal_by_id["LT-1"].resolution)
    assert state == 0.5
    noisy = normal + np.random.default_rng(2).normal(0, 0.05, (50, 2))
    assert tolerances(site, tags, noisy)[0] == pytest.approx(0.3, rel=0.4)
