"""The benchmarks' rule for limits of rivals, and the classical monitors where their papers say what they must give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scipy", reason="the benchmarks' environment has it")

from benchmarks.process.rivals import ArCusum, Dpca, Hotelling, Mset, Pca, budget_limit, held_out, trailing


def episodes(scores, limit):
    above = np.concatenate([[False], np.asarray(scores) > limit])
    return int(np.count_nonzero(above[1:] & ~above[:-1]))


@given(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=60), st.integers(0, 4))
def test_the_limit_is_the_lowest_that_keeps_the_budget(scores, allowed):
    month = 30 * 86_400
    step = month / len(scores)  # so many rows make thirty days
    limit = budget_limit(np.array(scores), step, per_30_days=allowed + 0.5)
    assert episodes(scores, limit) <= allowed
    lower = [score for score in sorted(set(scores)) if score < limit]
    assert not lower or episodes(scores, lower[-1]) > allowed


def test_less_than_thirty_days_allow_no_episode():
    assert budget_limit(np.array([1.0, 7.0, np.nan, 3.0]), 60.0) == 7.0


@pytest.mark.parametrize("rival", [Hotelling(), Pca(share=0.97), Dpca(share=0.97)], ids=lambda one: one.name)
def test_theoretical_limits_hold_on_normal_rows_and_break_on_a_broken_relation(rival):
    random = np.random.default_rng(1)
    hidden = random.normal(size=(6000, 2))
    rows = hidden @ random.normal(size=(2, 6)) + 0.1 * random.normal(size=(6000, 6))
    rival.fit(rows[:3000])
    assert np.nanmean(rival.scores(rows[3000:]) > 1) < 0.005
    broken = rows[3000:].copy()
    broken[:, 0] += 3.0
    assert np.nanmean(rival.scores(broken) > 1) > 0.95


def test_a_held_out_limit_is_not_the_training_rows_own():
    random = np.random.default_rng(2)
    rows = random.normal(size=(400, 8))
    rival = Mset(window=5)
    limit = held_out(rival, rows, 1.0)
    scores = rival.scores(rows)
    assert limit == scores[280:].max()
    assert scores[:280].max() < limit / 10  # it remembers its own rows


def test_trailing_looks_back_only():
    assert trailing(np.array([1.0, 5.0, 3.0, 9.0]), 2, max).tolist() == [1, 5, 5, 9]


def test_a_cusum_sees_a_small_shift_and_comes_down_again():
    random = np.random.default_rng(3)
    rows = np.empty((3000, 3))
    rows[0] = 0.0
    for i in range(1, 3000):
        rows[i] = 0.6 * rows[i - 1] + random.normal(size=3)
    rival = ArCusum()
    rival.fit(rows[:2000])
    shifted = rows[2000:].copy()
    shifted[300:500, 1] += 2.0
    usual, seen = rival.scores(rows[2000:]), rival.scores(shifted)
    assert np.isnan(usual[:3]).all()
    assert seen[320:500].max() > 2 * np.nanmax(usual)
    assert seen[-100:].max() <= np.nanmax(usual)
    assert np.array_equal(usual[:300], seen[:300], equal_nan=True)
