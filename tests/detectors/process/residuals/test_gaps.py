"""Missing inputs against the formula of the conditional normal distribution, written out."""

import numpy as np
import pytest

from infrastress.detectors.process.residuals.gaps import Spread, Spreads, widened


def spread(mean, covariance) -> Spread:
    covariance = np.asarray(covariance, float)
    return Spread(tuple(mean), tuple(covariance[np.tril_indices(len(mean))].tolist()))


def test_two_inputs_by_hand():
    """x1 is missing: E[x1 | x2] = 1 + 0.8 * 2 / 4 * (x2 - 5), variance 1 - 0.64 (correlation 0.8)."""
    both = spread((1.0, 5.0), [[1.0, 1.6], [1.6, 4.0]])
    total, extra = Spreads([both], 2).fill(np.array([0]), np.array([[3.0, 10.0]]), np.array([[np.nan, 7.0]]))
    assert total[0] == pytest.approx(3.0 * (1.0 + 0.4 * 2.0) + 10.0 * 7.0)
    assert extra[0] == pytest.approx(9.0 * 0.36)


def test_many_inputs_are_those_of_the_textbook():
    random = np.random.default_rng(0)
    root = random.normal(size=(5, 5))
    covariance, mean, weights = root @ root.T, random.normal(size=5), random.normal(size=5)
    inputs = random.normal(size=5)
    lost = np.array([True, False, False, True, False])
    held = ~lost
    gain = covariance[np.ix_(lost, held)] @ np.linalg.inv(covariance[np.ix_(held, held)])
    guess = mean[lost] + gain @ (inputs[held] - mean[held])
    left = covariance[np.ix_(lost, lost)] - gain @ covariance[np.ix_(held, lost)]
    spreads = Spreads([None, spread(mean, covariance)], 7)
    padded = np.zeros((1, 7))
    padded[0, :5] = np.where(lost, np.nan, inputs)
    wide = np.zeros((1, 7))
    wide[0, :5] = weights
    total, extra = spreads.fill(np.array([1]), wide, padded)
    assert total[0] == pytest.approx(weights[held] @ inputs[held] + weights[lost] @ guess)
    assert extra[0] == pytest.approx(weights[lost] @ left @ weights[lost])


def test_each_is_solved_by_itself_to_the_last_bit():
    random = np.random.default_rng(1)
    root = random.normal(size=(6, 6))
    spreads = Spreads([spread(random.normal(size=6), root @ root.T)] * 3, 6)
    inputs = np.where(random.random((500, 6)) < 0.4, np.nan, random.normal(size=(500, 6)))
    weights, which = random.normal(size=(500, 6)), random.integers(0, 3, 500)
    whole = spreads.fill(which, weights, inputs)
    alone = [spreads.fill(which[i : i + 1], weights[i : i + 1], inputs[i : i + 1]) for i in range(500)]
    np.testing.assert_array_equal(whole[0], np.concatenate([one[0] for one in alone]))
    np.testing.assert_array_equal(whole[1], np.concatenate([one[1] for one in alone]))


def test_nothing_left_and_nothing_learned_is_no_expectation():
    known = spread((0.0, 0.0), np.eye(2))
    total, _ = Spreads([known, None], 2).fill(
        np.array([0, 1]), np.ones((2, 2)), np.array([[np.nan, np.nan], [1.0, np.nan]])
    )
    assert np.isnan(total).all()


def test_a_guess_is_less_sure_and_one_that_is_mostly_guess_counts_less_still():
    assert widened(np.array([2.0]), np.array([0.0])) == [2.0]
    assert widened(np.array([2.0]), np.array([4.0])) == pytest.approx([8.0**0.5])
    assert widened(np.array([1.0]), np.array([7.0])) == pytest.approx([8.0**0.5 * 2.0]), "8 is four times 2"
