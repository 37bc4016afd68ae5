"""Smoothing of one track: a Kalman filter of nearly constant velocity in the plane.

Both axes are independent and alike, so one covariance of 2 x 2 holds for both. Process noise is white acceleration of
spectral density q (Y. Bar-Shalom, X. R. Li, T. Kirubarajan, Estimation with Applications to Tracking and Navigation,
2001, eqs. 6.2.2-4 and 6.2.2-12): Q = q [[dt^3/3, dt^2/2], [dt^2/2, dt]]. Numbers come singly and in an order given by
time, so results don't depend on how a stream is cut.
"""

import math
from typing import Final

import msgspec

__all__ = ["GATE", "Smooth", "begin", "distance", "predict", "update"]

GATE: Final = 25.0
"""Normalised innovation squared beyond which a point is no continuation: chi-square, 2 degrees, .999996."""


class Smooth(msgspec.Struct, frozen=True):
    """State of a track: position m and velocity m/s, and their covariance in one axis (m2, m2/s, m2/s2)."""

    x: float
    y: float
    vx: float
    vy: float
    pp: float
    pv: float
    vv: float

    @property
    def speed(self) -> float:
        """m/s."""
        return math.hypot(self.vx, self.vy)

    @property
    def sigma(self) -> float:
        """Standard deviation of the position in one axis, m."""
        return math.sqrt(self.pp)


def begin(x: float, y: float, sigma: float, velocity: tuple[float, float] | None, speed_sigma: float) -> Smooth:
    """The first point.

    Args:
        x: east in the site's axes, m.
        y: north, m.
        sigma: of the position in one axis, m.
        velocity: what the system tells, m/s; None where it tells none.
        speed_sigma: of an unknown velocity, m/s; what is told counts as known to a third of it.
    """
    vx, vy = velocity or (0.0, 0.0)
    deviation = speed_sigma if velocity is None else speed_sigma / 3
    return Smooth(x, y, vx, vy, sigma * sigma, 0.0, deviation * deviation)


def predict(state: Smooth, dt: float, q: float) -> Smooth:
    """The state `dt` seconds on."""
    return Smooth(
        state.x + state.vx * dt,
        state.y + state.vy * dt,
        state.vx,
        state.vy,
        state.pp + 2 * dt * state.pv + dt * dt * state.vv + q * dt**3 / 3,
        state.pv + dt * state.vv + q * dt * dt / 2,
        state.vv + q * dt,
    )


def distance(state: Smooth, x: float, y: float, sigma: float) -> float:
    """Normalised innovation squared of a point against a predicted state (Bar-Shalom et al., eq. 5.4.2-2)."""
    return ((x - state.x) ** 2 + (y - state.y) ** 2) / (state.pp + sigma * sigma)


def update(state: Smooth, x: float, y: float, sigma: float) -> Smooth:
    """A predicted state with a point taken in (Bar-Shalom et al., eqs. 5.2.3-11 to 5.2.3-17)."""
    innovation = state.pp + sigma * sigma
    gain_p, gain_v = state.pp / innovation, state.pv / innovation
    dx, dy = x - state.x, y - state.y
    return Smooth(
        state.x + gain_p * dx,
        state.y + gain_p * dy,
        state.vx + gain_v * dx,
        state.vy + gain_v * dy,
        (1 - gain_p) * state.pp,
        (1 - gain_p) * state.pv,
        state.vv - gain_v * state.pv,
    )
