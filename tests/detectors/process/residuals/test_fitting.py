"""Fitting and limits against what is known by construction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.detectors.process.residuals.fitting import Fitted, Moments, Weighted, fit
from infrastress.detectors.process.residuals.limits import SCALES, find_limits, sums_of
from infrastress.detectors.process.residuals.modes import ScaleTree
from infrastress.detectors.process.residuals.relations import Input, Relation, on_grid
from infrastress.detectors.process.residuals.words import smallest_offset


def test_a_sparse_linear_relation_is_found_again():
    random = np.random.default_rng(0)
    rows = random.normal(size=(40, 5000))
    rows[0] = 2.0 * rows[7] - 1.5 * rows[21] + 4.0 + random.normal(0, 0.1, 5000)
    found = fit(Moments.of(rows), [0], 2, ridge=1e-9)
    assert sorted(found.sources[0].tolist()) == [7, 21]
    by_row = dict(zip(found.sources[0].tolist(), found.weights[0].tolist(), strict=True))
    assert by_row[7] == pytest.approx(2.0, abs=0.01)
    assert by_row[21] == pytest.approx(-1.5, abs=0.01)
    assert found.base[0] == pytest.approx(4.0, abs=0.01)


def test_full_selection_is_the_least_squares_solution():
    random = np.random.default_rng(1)
    rows = random.normal(size=(6, 400))
    found = fit(Moments.of(rows), [0], 5, ridge=0.0)
    design = np.vstack([rows[1:], np.ones(400)]).T
    wanted, *_ = np.linalg.lstsq(design, rows[0], rcond=None)
    got = np.zeros(5)
    got[found.sources[0] - 1] = found.weights[0]
    np.testing.assert_allclose([*got, found.base[0]], wanted, atol=1e-9)


def test_the_second_fit_is_weighted_least_squares():
    random = np.random.default_rng(5)
    rows = random.normal(size=(5, 300))
    weights = random.uniform(0.1, 4.0, size=(1, 300))
    chosen = Fitted([np.array([1, 3])], [np.zeros(2)], np.zeros(1))
    found = Weighted(chosen, [0])
    found.add(rows[:, :100], weights[:, :100])
    found.add(rows[:, 100:], weights[:, 100:])
    got = found.solve(ridge=0.0)
    design = np.vstack([rows[[1, 3]], np.ones(300)]).T * np.sqrt(weights[0])[:, None]
    wanted, *_ = np.linalg.lstsq(design, rows[0] * np.sqrt(weights[0]), rcond=None)
    np.testing.assert_allclose([*got.weights[0], got.base[0]], wanted, atol=1e-7)


def test_moments_without_a_block_are_those_of_the_rest():
    rows = np.random.default_rng(2).normal(size=(4, 100))
    rest = Moments.of(rows).without(Moments.of(rows[:, :30]))
    direct = Moments.of(rows[:, 30:])
    assert rest.n == direct.n
    np.testing.assert_allclose(rest.total, direct.total, atol=1e-12)
    np.testing.assert_allclose(rest.cross, direct.cross, atol=1e-12)


def test_a_constant_row_is_never_an_input():
    rows = np.vstack([np.arange(300.0), np.ones(300), np.arange(300.0) % 7])
    assert fit(Moments.of(rows), [0], 3).sources[0].tolist() == [2], "and neither is the target itself"


def noise(days: int, seed: int, signals: int = 12):
    return np.random.default_rng(seed).standard_t(6, size=(signals, days * 24))


@pytest.mark.parametrize("seed", range(4))
def test_the_budget_is_kept_on_data_that_were_not_seen(seed):
    """A year of noise sets the limit; eight other years come near one false episode in 30 days."""
    days = 365
    train = noise(days, seed)
    folds = np.array_split(np.arange(days * 24), 5)
    found = find_limits(train, folds, days, 1.0)
    fresh = sums_of(noise(8 * days, 100 + seed))
    scores = np.max([np.abs(fresh[w]).T / found.channels[i] for i, w in enumerate(SCALES)], axis=(0, 2)) / found.limit
    hits = np.flatnonzero(scores >= 1)
    episodes = 1 + (np.diff(hits) > SCALES[-1]).sum()
    assert 0.4 < episodes / (8 * days / 30) < 2.5


def test_short_data_get_a_wider_limit_than_long():
    long, short = noise(365, 3), noise(12, 3)
    far = find_limits(long, np.array_split(np.arange(365 * 24), 5), 365, 1.0)
    near = find_limits(short, np.array_split(np.arange(12 * 24), 5), 12, 1.0)
    assert near.limit > np.nanmax(near.scores) > 0
    assert near.limit > 0.8 * far.limit


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from([0.01, 0.5, 3.0]))
def test_values_on_the_grid_stay_there(values, step):
    column = np.array([values])
    once = on_grid(column, np.array([[step]]))
    assert np.abs(once - column).max() <= step / 2 * (1 + 1e-9)
    np.testing.assert_array_equal(on_grid(once, np.array([[step]])), once)
    np.testing.assert_array_equal(on_grid(column, np.array([[0.0]])), column)


def test_smallest_offset_by_hand():
    """Memory 0.5, scale 2, limits 4 and 5 over 1 and 2 frames: 8 at once, 10 / 1.5 in two frames."""
    inputs = (Input("a", 1, 0.5), Input("b", 1, 3.0))
    relation = Relation("a", 0.0, inputs, 2.0, (4.0, 5.0, 1e9, 1e9, 1e9), 0.9)
    assert smallest_offset(relation, 1) == pytest.approx(8.0)
    assert smallest_offset(relation, 2) == pytest.approx(10.0 / 1.5)
    tree = ScaleTree(("p", "changed"), None, None, (1.0, 1.0, 6.0, 6.0))
    assert smallest_offset(replace(relation, scales=tree), 1) == pytest.approx(4.0), "while p is not switched"
    far = Relation("a", 0.0, inputs, 2.0, (11.0, 1e9, 1e9, 1e9, 1e9), 0.9)
    assert smallest_offset(far, 24) == float("inf"), "residuals are clipped at ten"


def test_missing_residuals_add_nothing():
    shares = np.array([[1.0, np.nan, 1.0, 1.0]])
    assert sums_of(shares)[2][0, 1:].tolist() == [1.0, 1.0, 2.0]
