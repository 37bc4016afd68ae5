"""Blocks of the data judged by the relations of the others: what only one block holds is far off."""

import numpy as np
import pytest

from infrastress.app.training.crossed import FAR, far_off, spans_far_off
from infrastress.core.time import HOUR
from infrastress.detectors.process.view import SignalTable
from infrastress.site import Site

N = 1000
ENDS = (np.arange(N) + 1) * HOUR


@pytest.fixture(scope="module")
def table() -> SignalTable:
    site = Site.model_validate(
        {
            "id": "s",
            "time_zone": "UTC",
            "runtime": {"frame_s": 3600},
            "assets": [{"id": "T1", "type": "tank", "diameter_m": 20.0, "height_m": 6.0}],
            "signals": [
                {"id": f"L{i}", "asset": "T1", "kind": "level", "unit": "m", "resolution": 0.01} for i in range(3)
            ],
        }
    )
    return SignalTable(site)


def plant(seed: int = 1) -> np.ndarray:
    """Three levels that follow one another, with noise."""
    draws = np.random.default_rng(seed)
    driver = np.sin(np.arange(N) / 9.0) + 0.3 * np.sin(np.arange(N) / 31.0)
    return np.array([2 + driver, 3 + 0.5 * driver, 4 - driver]) + draws.normal(0, 0.02, (3, N))


def test_normal_data_are_not_far_off(table):
    assert far_off(table, plant(), ENDS) == []


def test_a_lie_of_half_a_day_is_named_with_its_signal_and_span(table):
    values = plant()
    values[1, 300:312] += 1.0
    (found,) = far_off(table, values, ENDS)
    assert found.rule == "far off"
    assert found.what.startswith("L1")
    assert ENDS[296] <= found.began <= ENDS[303]
    assert ENDS[309] <= found.ended <= ENDS[330]


def test_what_comes_in_every_block_is_normal(table):
    values = plant()
    for at in range(50, N, 100):
        values[1, at : at + 12] += 1.0
    assert far_off(table, values, ENDS) == []


def test_too_little_says_nothing(table):
    assert far_off(table, plant()[:, :3], ENDS[:3]) == []
    assert far_off(table, np.full((3, N), np.nan), ENDS) == []


def test_runs_go_over_frames_without_a_number_and_end_at_ordinary_ones():
    numbers = np.array([0, FAR, np.nan, FAR, FAR, 1, FAR, FAR, 0, FAR, FAR, FAR])
    assert spans_far_off(numbers, 3) == [(1, 5), (9, 12)]
