"""Flows: closed-form volumes against numerical integration; cutting and pausing keep what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.simulators.depot.flow import Flow

rates = st.floats(0.05, 0.3)
volumes = st.floats(200.0, 4000.0)
seeds = st.integers(0, 10_000)


def steady(rate: float, volume: float, seed: int) -> Flow:
    return Flow.steady(100.0, rate, volume, ramp=90.0, wander=0.01, stream=np.random.default_rng(seed))


def integral(flow: Flow, until: float) -> float:
    times = np.linspace(flow.began, until, 200_001)
    return (
        float(np.trapezoid(flow.rate(times), times))
        if hasattr(np, "trapezoid")
        else float(((flow.rate(times)[1:] + flow.rate(times)[:-1]) / 2 * np.diff(times)).sum())
    )


@given(rates, volumes, seeds, st.floats(0.05, 1.2))
def test_volume_is_the_integral_of_the_rate(rate, volume, seed, share):
    flow = steady(rate, volume, seed)
    at = flow.began + share * (flow.ended - flow.began)
    assert float(flow.volume(np.array([at]))[0]) == pytest.approx(integral(flow, at), rel=1e-5, abs=1e-3)


@given(rates, volumes, seeds)
def test_stopped_after_a_volume(rate, volume, seed):
    flow = steady(rate, volume, seed).stopped_after(volume, 60.0)
    assert flow.total == pytest.approx(volume, abs=1.0)
    assert flow.q[0] == flow.q[-1] == 0
    assert (np.diff(flow.t) > 0).all()


@given(rates, volumes, seeds, st.floats(0.1, 0.9), st.floats(60, 7200))
def test_a_pause_only_delays(rate, volume, seed, share, length):
    flow = steady(rate, volume, seed)
    at = flow.when(share * volume)
    paused = flow.paused(at, length, 60.0)
    assert paused.total == pytest.approx(flow.total + paused.rate(np.array([at]))[0] * 60.0, rel=1e-6)
    assert (paused.rate(np.array([at + 60.0, at + 60.0 + length])) == 0).all()
    assert (np.diff(paused.t) > 0).all()


@given(st.floats(0.0, 1e6), rates, st.floats(1.0, 50.0))
def test_batch_has_its_volume(start, rate, volume):
    assert Flow.batch(start, rate, volume, 15.0).total == pytest.approx(volume, rel=1e-6)


@given(rates, volumes, seeds, st.floats(0.1, 0.9))
def test_when_inverts_volume(rate, volume, seed, share):
    flow = steady(rate, volume, seed)
    assert float(flow.volume(np.array([flow.when(share * flow.total)]))[0]) == pytest.approx(
        share * flow.total, rel=1e-6
    )


@given(rates, volumes, seeds, st.floats(0.2, 0.9))
def test_since_keeps_the_rest(rate, volume, seed, share):
    flow = steady(rate, volume, seed)
    at = flow.when(share * flow.total)
    assert flow.since(at).total == pytest.approx((1 - share) * flow.total, abs=0.01)
