"""When an episode of learned residuals is raised, held and released."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.detectors.process.residuals.holding import Holding
from infrastress.detectors.process.residuals.limits import SCALES


def parts(shares) -> np.ndarray:
    """Windowed sums over limits of 3 root w, for one subject."""
    shares = np.nan_to_num(np.asarray(shares, float))
    sums = [np.convolve(shares, np.ones(window))[: len(shares)] for window in SCALES]
    found = np.array([np.abs(total) / (3 * window**0.5) for window, total in zip(SCALES, sums, strict=True)])
    return found[:, None]


def changes(shares, holding=None) -> list[tuple[int, bool]]:
    holding = holding or Holding(1, SCALES)
    return [(frame, raised) for frame, _, raised in holding.step(parts(shares))]


def test_what_shows_in_every_frame_ends_after_three_quiet_ones():
    assert changes([0] * 5 + [9] * 30 + [0] * 30) == [(5, True), (5 + 30 + 1 + 2, False)], "w = 2 holds one frame more"


def test_what_shows_now_and_then_outlives_its_rests():
    often = ([9] + [0] * 4) * 8
    found = changes([0] * 5 + often + [0] * 40)
    assert found[0] == (5, True)
    assert len(found) == 2
    assert len(often) + 5 < found[1][0] <= len(often) + 5 + 8


def test_what_is_seen_in_sum_alone_is_held_in_sum():
    """1.5 standard deviations a frame: two frames never reach half of their limit for three."""
    found = changes([0] * 5 + [1.5] * 40 + [0] * 40)
    assert len(found) == 2
    assert found[1][0] >= 45


def test_the_past_behind_a_release_raises_nothing_and_news_do_at_once():
    """Just behind the release the window of 16 frames is still far beyond its limit."""
    quiet, later = 3, 4
    shares = [0] * 5 + [9] * 30 + [0] * (quiet + 1 + later) + [9] + [0] * 40
    assert parts(shares)[4, 0, 5 + 30 + quiet + 2] > 1.0
    found = changes(shares)
    assert [raised for _, raised in found] == [True, False, True, False]
    assert found[2][0] == 5 + 30 + quiet + 1 + later


def test_a_gap_neither_holds_nor_ends():
    series = parts([0] * 5 + [9] * 10 + [0] * 40)
    series[:, :, 15:25] = np.nan
    found = [(frame, raised) for frame, _, raised in Holding(1, SCALES).step(series)]
    assert found[0] == (5, True)
    assert found[1][0] >= 25


@settings(max_examples=50)
@given(st.data())
def test_any_split_and_restart_changes_nothing(data):
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    series = np.concatenate([parts(random.choice([0, 0, 0, 4, np.nan], 120)) for _ in range(3)], axis=1)
    whole = [tuple(change) for change in Holding(3, SCALES).step(series)]
    cuts = sorted(data.draw(st.sets(st.integers(1, 119), max_size=5)))
    holding, found = Holding(3, SCALES), []
    for start, stop in zip([0, *cuts], [*cuts, 120], strict=True):
        state = holding.dump()
        holding = Holding(3, SCALES)
        holding.load(state)
        assert holding.dump() == state
        found += [(frame + start, subject, raised) for frame, subject, raised in holding.step(series[:, :, start:stop])]
    assert sorted(found) == sorted(whole)


@pytest.mark.parametrize("state", [[[5, True, 0, 0, 0, 1.0, 1.0]], [["x"]], [[0, True]], 3])
def test_foreign_state_is_refused(state):
    with pytest.raises(DecodeError):
        Holding(1, SCALES).load(state)
