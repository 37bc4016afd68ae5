"""The rule that chooses limits: daily maxima, return levels, margins by blocked cross-validation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.time import DAY, HOUR
from infrastress.detectors.process.tightness import FALSE_PER_30_DAYS, MARGINS, DailyMaxima, band_margin
from infrastress.detectors.process.view import earlier, window_sums


def maxima(values: np.ndarray) -> DailyMaxima:
    """One series of hourly values."""
    found = DailyMaxima(1)
    found.observe(HOUR * np.arange(1, len(values) + 1), values[None, :])
    return found


def test_a_day_ends_with_its_last_frame():
    found = maxima(np.arange(1.0, 49.0))
    assert found.peaks(0).tolist() == [24.0, 48.0]


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=100), st.integers(1, 99))
def test_maxima_do_not_depend_on_the_split(values, cut):
    whole, parts, array = maxima(np.array(values)), DailyMaxima(1), np.array(values)[None, :]
    ends = HOUR * np.arange(1, len(values) + 1)
    parts.observe(ends[:cut], array[:, :cut])
    parts.observe(ends[cut:], array[:, cut:])
    assert parts.peaks(0).tolist() == whole.peaks(0).tolist()


def test_limit_lies_above_all_that_was_seen():
    random = np.random.default_rng(0)
    found = maxima(random.gumbel(10, 1, 24 * 60))
    assert found.limit(0, 1e-4) >= 1.25 * found.peaks(0).max()
    few = maxima(np.ones(30))
    assert few.limit(0, 1e-4) == 2.0
    assert maxima(np.full(30, np.nan)).limit(0, 1e-4) is None


def test_return_level_follows_gumbel():
    # 4,000 daily maxima of scale 1: the level exceeded once in 1,000 days lies 6.9 above the mode.
    found = DailyMaxima(1)
    found.days = {i: np.array([value]) for i, value in enumerate(np.random.default_rng(1).gumbel(100, 1, 4000))}
    level = found.limit(0, 1e-3)
    assert level == pytest.approx(max(1.25 * found.peaks(0).max(), 106.9), rel=0.01)


def test_margin_keeps_its_budget():
    random = np.random.default_rng(2)
    calm, wild = DailyMaxima(3), DailyMaxima(40)
    for day in range(400):
        calm.days[day] = np.array([1.0, 2.0, 3.0]) + 1e-3 * (day % 7)
        wild.days[day] = random.standard_t(3, 40)
    assert band_margin([calm]) == MARGINS[0]
    margin = band_margin([wild])
    assert margin > MARGINS[0]
    fresh = np.array([random.standard_t(3, 40) for _ in range(400)])
    limits = np.array([wild.band(i, margin) for i in range(40)])
    assert (fresh > limits).any(axis=1).sum() <= 3 * FALSE_PER_30_DAYS * 400 / 30


def test_few_days_get_the_widest_margin():
    short = DailyMaxima(1)
    short.observe(np.array([DAY]), np.array([[1.0]]))
    assert band_margin([short]) == MARGINS[-1]


def test_window_sums_are_sums():
    values = np.random.default_rng(3).normal(size=(2, 50))
    sums = window_sums(values, (1, 4, 16))
    for width, total in sums.items():
        for t in range(width - 1, 50):
            assert total[:, t] == pytest.approx(values[:, t - width + 1 : t + 1].sum(axis=1))
        assert np.isnan(total[:, : width - 1]).all()
    assert np.isnan(earlier(values, 3)[:, :3]).all()
