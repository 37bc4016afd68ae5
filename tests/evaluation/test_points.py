import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import InputError
from infrastress.evaluation.points import PointScores, point_scores


def test_by_hand():
    scores = point_scores(np.array([1, 1, 1, 0, 0, 0, 0, 0]) > 0, np.array([1, 1, 0, 1, 0, 0, 0, 0]) > 0)
    assert scores == PointScores(tp=2, fp=1, fn=1, tn=4)
    assert (scores.f1, scores.far, scores.mar) == pytest.approx((4 / 6, 1 / 5, 1 / 3))


def test_all_ones_on_skab_valve1_as_its_labels_have_it():
    """Rows behind the 400th of each file: 6,309 of 11,760 are anomalous, so that everything flagged has F1 .698."""
    scores = PointScores(tp=6309, fp=5451, fn=0, tn=0)
    assert round(scores.f1, 3) == 0.698


def test_nothing_there_is_no_rate():
    nothing = point_scores(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))
    assert nothing.far == 0
    assert np.isnan(nothing.f1)
    assert np.isnan(nothing.mar)


steps = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30)


@given(steps, steps)
def test_recordings_add_up(first, second):
    def scored(some):
        return point_scores(np.array([a for a, _ in some], bool), np.array([b for _, b in some], bool))

    assert scored(first).plus(scored(second)) == scored(first + second)
    assert sum(scored(first)) == len(first)


def test_lengths_must_agree():
    with pytest.raises(InputError, match="flags for"):
        point_scores(np.zeros(2, dtype=bool), np.zeros(3, dtype=bool))
