"""Beta reputation against the numbers of Josang and Ismail, 2002."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.detectors.reports.reputation import Evidence, discounted, expectation, faded, feedback

COUNTS = st.floats(0, 1000)


def test_the_example_of_the_paper_seven_good_outcomes_and_one_bad_give_0_8():
    assert expectation(Evidence(7, 1)) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("good", "bad", "expected"), [(0, 0, 0.5), (1, 0, 2 / 3), (0, 1, 1 / 3), (8, 0, 0.9), (0, 8, 0.1), (40, 1, 41 / 43)]
)
def test_expectation(good, bad, expected):
    assert expectation(Evidence(good, bad)) == pytest.approx(expected)


def test_discounting_by_hand():
    """r = 2 * 1 * 1 / ((0 + 2)(1 + 0 + 2) + 2 * 1) = 2 / 8."""
    assert discounted(Evidence(1, 0), Evidence(1, 0)) == pytest.approx((0.25, 0.0))
    assert discounted(Evidence(4, 1), Evidence(3, 2)) == pytest.approx((24 / 29, 16 / 29))


def test_whoever_is_not_trusted_adds_nothing_and_full_trust_passes_all():
    assert discounted(Evidence(0, 50), Evidence(9, 1)) == (0, 0)
    good, bad = discounted(Evidence(1e12, 0), Evidence(9, 1))
    assert (good, bad) == pytest.approx((9, 1), rel=1e-6)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_discounting_never_adds_and_never_turns_the_word(a, b, c, d):
    told, word = discounted(Evidence(a, b), Evidence(c, d)), Evidence(c, d)
    assert told.good <= word.good + 1e-9
    assert told.bad <= word.bad + 1e-9
    assert (told.good - told.bad) * (word.good - word.bad) >= -1e-9


def test_feedback_and_sums():
    assert feedback(1.0) == (1, 0)
    assert feedback(-1.0, 2.0) == (0, 2)
    assert feedback(0.0) == (0.5, 0.5)
    assert Evidence(1, 2) + Evidence(3, 4) == (4, 6)


@given(st.integers(0, 2**32))
def test_fading_halves_and_can_be_done_in_steps(seed):
    random = Random(seed)
    evidence = Evidence(random.uniform(0, 9), random.uniform(0, 9))
    first, second = random.uniform(0, 500), random.uniform(0, 500)
    assert faded(evidence, 180.0, 180.0) == pytest.approx((evidence.good / 2, evidence.bad / 2))
    assert faded(faded(evidence, first, 180.0), second, 180.0) == pytest.approx(faded(evidence, first + second, 180.0))
