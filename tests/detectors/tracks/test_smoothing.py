"""The filter against the textbook's matrices, and against the steady state of its Riccati equation."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_are

from infrastress.detectors.tracks.smoothing import Smooth, begin, distance, predict, update


@given(st.integers(0, 2**32))
def test_it_is_the_kalman_filter_in_matrices(seed: int) -> None:
    draw = random.Random(seed)
    sigma, q = draw.uniform(1, 30), draw.uniform(0.01, 10)
    state = begin(draw.uniform(-9, 9), draw.uniform(-9, 9), sigma, None, 20.0)
    mean = np.array([state.x, state.vx, state.y, state.vy])
    cov = np.diag([sigma**2, 400.0, sigma**2, 400.0])
    observe = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0]])
    for _ in range(20):
        dt, z = draw.uniform(0.1, 5), np.array([draw.uniform(-50, 50), draw.uniform(-50, 50)])
        one = np.array([[1, dt], [0, 1]])
        noise = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        move, grow = np.kron(np.eye(2), one), np.kron(np.eye(2), noise)
        mean, cov = move @ mean, move @ cov @ move.T + grow
        ahead = predict(state, dt, q)
        inverse = np.linalg.inv(observe @ cov @ observe.T + sigma**2 * np.eye(2))
        off = z - observe @ mean
        assert distance(ahead, *z.tolist(), sigma) == pytest.approx(off @ inverse @ off, rel=1e-9)
        gain = cov @ observe.T @ inverse
        mean, cov = mean + gain @ off, (np.eye(4) - gain @ observe) @ cov
        state = update(ahead, *z.tolist(), sigma)
        assert [state.x, state.vx, state.y, state.vy] == pytest.approx(mean.tolist(), rel=1e-8, abs=1e-8)
        assert [state.pp, state.pv, state.vv] == pytest.approx([cov[0, 0], cov[0, 1], cov[1, 1]], rel=1e-7, abs=1e-9)


def test_it_settles_where_the_riccati_equation_says() -> None:
    dt, sigma, q = 1.0, 5.0, 9.0
    state = Smooth(0, 0, 0, 0, 1e4, 0, 1e4)
    for _ in range(200):
        state = update(predict(state, dt, q), 0, 0, sigma)
    move = np.array([[1, dt], [0, 1]])
    noise = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    ahead = solve_discrete_are(move.T, np.array([[1.0], [0.0]]), noise, np.array([[sigma**2]]))
    assert predict(state, dt, q).pp == pytest.approx(ahead[0, 0])
    assert state.sigma == pytest.approx(math.sqrt(ahead[0, 0] * sigma**2 / (ahead[0, 0] + sigma**2)))


def test_what_is_told_of_speed_helps_at_once() -> None:
    assert begin(0, 0, 5, (10.0, 0.0), 30.0).vv == 100.0
    assert begin(0, 0, 5, None, 30.0).vv == 900.0
