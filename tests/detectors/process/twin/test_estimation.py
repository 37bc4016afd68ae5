"""State estimation by hand-reckoned examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.detectors.process.twin.estimation import linear_estimate, without_bad

THREE = np.ones((3, 1)), np.array([10.0, 10.0, 13.0]), np.ones(3), np.zeros(1), np.zeros(1)
"""Three readings of one thing: mean 11, each residual's variance 1 - 1/3."""


def test_three_readings_of_one_thing():
    found = linear_estimate(*THREE)
    assert found.step == pytest.approx([11.0])
    assert found.residual == pytest.approx([-1.0, -1.0, 2.0])
    assert found.normalised == pytest.approx(np.array([-1.0, -1.0, 2.0]) / np.sqrt(2 / 3))
    assert found.cost == pytest.approx(6.0)


def test_the_worst_is_set_aside_and_the_rest_agree():
    bad, clean = without_bad(*THREE, limit=np.full(3, 2.0), most=2)
    assert bad == {2: pytest.approx(2.0 / np.sqrt(2 / 3))}
    assert clean.step == pytest.approx([10.0])
    assert clean.cost == pytest.approx(0.0)


def test_what_is_known_beforehand_counts_as_one_more_reading():
    slopes, off, sigma, _, moved = THREE
    found = linear_estimate(slopes, off, sigma, np.array([1.0]), moved)
    assert found.step == pytest.approx([33.0 / 4.0])


def test_a_measurement_that_alone_tells_an_unknown_checks_nothing():
    slopes = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = linear_estimate(slopes, np.array([1.0, 2.0, 500.0]), np.ones(3), np.zeros(2), np.zeros(2))
    assert found.step == pytest.approx([1.5, 500.0])
    assert np.isnan(found.normalised[2])
    assert abs(found.normalised[:2]) == pytest.approx([0.5 / np.sqrt(0.5)] * 2)


def test_what_was_not_measured_is_left_out():
    slopes, _off, sigma, prior, moved = THREE
    found = linear_estimate(slopes, np.array([10.0, np.nan, 12.0]), sigma, prior, moved)
    assert found.step == pytest.approx([11.0])
    assert np.isnan(found.residual[1])


@given(st.integers(0, 7), st.floats(50, 1e6))
def test_one_gross_error_among_many_meters_is_found(row: int, size: float):
    random = np.random.default_rng(row)
    slopes = random.normal(size=(8, 3))
    off = slopes @ np.array([1.0, -2.0, 3.0]) + random.normal(size=8) * 0.1
    off[row] += size
    bad, clean = without_bad(slopes, off, np.full(8, 0.1), np.zeros(3), np.zeros(3), limit=np.full(8, 5.0), most=1)
    assert list(bad) == [row]
    assert clean.step == pytest.approx([1.0, -2.0, 3.0], abs=2.0)
