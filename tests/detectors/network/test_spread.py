"""Tolerance limits of learned numbers."""

from random import Random
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.detectors.network.spread import FEWEST, Spread, tolerance_factor

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def spread(values):
    found = Spread()
    for value in values:
        found.add(value)
    return found


def test_the_worked_example_of_the_engineering_statistics_handbook():
    """NIST/SEMATECH e-Handbook, 7.2.6.3: 43 wafers, 90 % of them, confidence 99 %: k2 = 2.217."""
    assert tolerance_factor(43, 0.90, 0.99) == pytest.approx(2.217, abs=0.003)


def test_the_factor_against_a_chi_squared_quantile():
    from scipy.stats import chi2, norm

    for count in (8, 9, 15, 60, 1000):
        exact = norm.ppf(0.9995) * ((count - 1) * (1 + 1 / count) / chi2.ppf(0.05, count - 1)) ** 0.5
        assert tolerance_factor(count) == pytest.approx(exact, rel=0.01)


def test_the_fewest_are_those_that_reach_less_than_twice_as_far_as_all():
    assert tolerance_factor(FEWEST) < 2 * 3.2905 <= tolerance_factor(FEWEST - 1)


def test_the_limits_hold_as_much_as_they_say():
    """Of 400 samples of 12 at least 95 % have limits that hold 99.9 % of the distribution, give or take chance."""
    from statistics import NormalDist

    draws, normal, held = Random(7), NormalDist(), 0
    for _ in range(400):
        low, high = spread([draws.gauss(0, 1) for _ in range(12)]).limits()
        held += normal.cdf(high) - normal.cdf(low) >= 0.999
    assert 365 <= held <= 398


@given(numbers)
def test_it_is_mean_and_variance(values):
    found = spread(values)
    assert found.mean == pytest.approx(fmean(values), rel=1e-9, abs=1e-6)
    if len(values) > 1:
        assert found.squares / (len(values) - 1) == pytest.approx(variance(values), rel=1e-6, abs=1e-3)


@given(numbers, numbers)
def test_two_together_are_all_at_once(one, other):
    both, all_ = spread(one).joined(spread(other)), spread(one + other)
    assert both.count == all_.count
    assert both.mean == pytest.approx(all_.mean, rel=1e-9, abs=1e-6)
    assert both.squares == pytest.approx(all_.squares, rel=1e-6, abs=1e-2)


def test_too_few_or_all_the_same_have_no_limits():
    assert spread([5.0] * 100).limits() is None
    assert spread([1.0, 2.0] * (FEWEST // 2 - 1)).limits() is None
    assert spread([1.0, 2.0] * (FEWEST // 2)).limits() is not None
    assert Spread().joined(Spread()) == Spread()
