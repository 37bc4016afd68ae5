"""State estimation: what the plant is most likely doing, by all meters together, and which of them can't be right.

Weighted least squares of the unknowns x (demand factors, levels) to the measurements y = h(x) + e, linearised at each
step (Gauss-Newton), with normalised residuals r / sqrt(Omega), Omega = R - H (H' R^-1 H + P)^-1 H', to find and set
aside bad data one by one, the largest first (F. C. Schweppe et al. 1970; A. Monticelli, State Estimation in Electric
Power Systems, 1999, chapters 2 and 7). P is what is known of the unknowns beforehand.
"""

from dataclasses import dataclass

import numpy as np

from infrastress.detectors.process.view import Floats

__all__ = ["CRITICAL", "Linear", "best_step", "linear_estimate", "spread_of", "without_bad"]

CRITICAL = 1e-3
"""A measurement whose residual keeps less than this share of its variance checks nothing but itself."""


@dataclass(frozen=True)
class Linear:
    """A linear estimate of n unknowns from m measurements.

    Attributes:
        step: float64[n], what to add to the unknowns.
        residual: float64[m], what is left of each measurement; NaN where it was not used.
        normalised: float64[m], in its own standard deviations; NaN where it was not used or checks nothing.
        cost: sum of squares of the weighted residuals.
        spread: float64[n], standard deviation of each unknown.
    """

    step: Floats
    residual: Floats
    normalised: Floats
    cost: float
    spread: Floats


def linear_estimate(slopes: Floats, off: Floats, sigma: Floats, prior: Floats, moved: Floats) -> Linear:
    """Estimate with every measurement that is not NaN.

    Args:
        slopes: float64[m, n], dh/dx.
        off: float64[m], y - h(x) at the present x; NaN where nothing was measured.
        sigma: float64[m], standard deviations.
        prior: float64[n], 1 / variance of each unknown beforehand.
        moved: float64[n], how far x lies from what was expected beforehand.
    """
    used = np.isfinite(off)
    h, w = slopes[used], 1.0 / np.square(sigma[used])
    inverse = _covariance(h, w, prior)
    step = inverse @ (h.T @ (w * off[used]) - prior * moved)
    left = off[used] - h @ step
    kept = np.square(sigma[used]) - np.einsum("ij,jk,ik->i", h, inverse, h)
    checks = kept > CRITICAL * np.square(sigma[used])
    residual, normalised = np.full(len(off), np.nan), np.full(len(off), np.nan)
    residual[used] = left
    normalised[used] = np.where(checks, left / np.sqrt(np.where(checks, kept, 1.0)), np.nan)
    return Linear(step, residual, normalised, float(w @ np.square(left)), np.sqrt(np.diag(inverse)))


def best_step(slopes: Floats, off: Floats, sigma: Floats, prior: Floats, moved: Floats) -> Floats:
    """The step of `linear_estimate` alone, float64[n]: what a search takes again and again."""
    used = np.isfinite(off)
    h, w = slopes[used], 1.0 / np.square(sigma[used])
    step: Floats = _covariance(h, w, prior) @ (h.T @ (w * off[used]) - prior * moved)
    return step


def spread_of(slopes: Floats, sigma: Floats, prior: Floats) -> Floats:
    """float64[n], standard deviation of each unknown where every measurement was there."""
    spread: Floats = np.sqrt(np.diag(_covariance(slopes, 1.0 / np.square(sigma), prior)))
    return spread


def _covariance(slopes: Floats, weights: Floats, prior: Floats) -> Floats:
    """The gain's pseudo-inverse, float64[n, n]: directions of which nothing is known have none."""
    gain: Floats = slopes.T @ (weights[:, None] * slopes) + np.diag(prior)
    return np.asarray(np.linalg.pinv(gain, hermitian=True), dtype=np.float64)


def without_bad(
    slopes: Floats, off: Floats, sigma: Floats, prior: Floats, moved: Floats, *, limit: Floats, most: int
) -> tuple[dict[int, float], Linear]:
    """Set aside the measurement furthest beyond its limit, estimate anew, and so on.

    Args:
        slopes: as for `linear_estimate`, like the next four.
        off: the same.
        sigma: the same.
        prior: the same.
        moved: the same.
        limit: float64[m], normalised residuals from which a measurement is bad.
        most: how many are set aside at most.

    Returns:
        The bad ones with their normalised residual when they were set aside, in that order, and the estimate without.
    """
    bad: dict[int, float] = {}
    found = linear_estimate(slopes, off, sigma, prior, moved)
    while len(bad) < most:
        ratio = np.nan_to_num(np.abs(found.normalised) / limit, nan=0.0)
        worst = int(np.argmax(ratio))
        if ratio[worst] < 1.0:
            break
        bad[worst] = float(found.normalised[worst])
        off = off.copy()
        off[worst] = np.nan
        found = linear_estimate(slopes, off, sigma, prior, moved)
    return bad, found
