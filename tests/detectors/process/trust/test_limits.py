"""Limits of a healthy sensor, learned from days on some of which it failed."""

import numpy as np
import pytest

from infrastress.detectors.process.trust.limits import honest_limit, honest_peaks


def test_a_day_of_failure_is_set_aside():
    peaks = np.array([1.0, 1.1, 0.9, 1.2, 1.0, 1.1, 1.0, 1.05, 9.0, 1.0])
    assert honest_peaks(peaks).max() == 1.2
    assert honest_limit(peaks, 1e-4) < 3.0


def test_two_days_alike_are_set_aside_together():
    peaks = np.array([1.0] * 13 + [9.0, 9.5])
    assert honest_peaks(peaks).max() == 1.0


def test_what_comes_more_often_than_one_day_in_seven_is_normal():
    peaks = np.array([1.0] * 9 + [9.0, 9.0])
    assert honest_peaks(peaks).max() == 9.0


def test_a_slow_rise_is_normal():
    peaks = np.linspace(1.0, 2.0, 20)
    assert honest_peaks(peaks).max() == 2.0


def test_few_days_give_twice_the_largest():
    assert honest_limit(np.array([1.0, 2.0]), 1e-4) == pytest.approx(4.0)
    assert honest_limit(np.array([]), 1e-4) is None
