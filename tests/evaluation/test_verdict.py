"""One detector on many recordings: the row adds up counts, averages what is a mean, and trivial detectors are in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import InputError
from infrastress.core.time import HOUR
from infrastress.evaluation.events import Episode, poisson_interval
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.verdict import always, judge, never, row_of


def truth_of(n: int, *events: tuple[int, int]) -> Truth:
    """Hours with events on half-open spans of them."""
    times = np.arange(n) * HOUR
    flags = np.zeros(n, dtype=bool)
    for begin, end in events:
        flags[begin:end] = True
    return Truth(tuple(Episode(a * HOUR, b * HOUR, f"{a}") for a, b in events), times, flags)


def alarm(begin: int, end: int) -> Episode:
    return Episode(begin * HOUR, end * HOUR, "rule")


def test_every_score_of_one_recording():
    truth = truth_of(100, (10, 20), (60, 70))
    scores = np.zeros(100)
    scores[12:20] = 2.0
    verdict = judge(truth, [alarm(12, 20), alarm(30, 31)], scores)
    row = row_of("mine", [verdict])
    assert (row.found, row.events, row.median_delay_s, row.longest_delay_s) == (1, 2, 7200.0, 7200.0)
    assert (row.false_episodes, row.tpr, row.far) == (1, 8 / 20, pytest.approx(1 / 80))
    assert row.f1 == pytest.approx(16 / (16 + 1 + 12))
    assert row.s == pytest.approx(0.5 * (1 - (0.2 + 1) / 2) + 0.25 * (8 / 20 + 79 / 80))
    assert row.false_per_30_days == pytest.approx(30 / (80 / 24))
    assert row.false_high == pytest.approx(poisson_interval(1)[1] * 30 / (80 / 24))
    assert 0.3 < row.vus_pr < 1
    assert row.eta_recall == pytest.approx((1 + 0.8) / 2 / 2)


def test_without_events_or_scores_what_needs_them_is_absent():
    quiet = row_of("mine", [judge(truth_of(48), [alarm(3, 4)], np.ones(48))])
    assert (quiet.s, quiet.vus_pr, quiet.eta_f1, quiet.mar, quiet.events) == (None, None, None, None, 0)
    assert (quiet.far, quiet.false_episodes) == (pytest.approx(1 / 48), 1)
    assert row_of("mine", [judge(truth_of(48, (3, 9)), [])]).vus_pr is None


spans = st.lists(st.tuples(st.integers(0, 39), st.integers(1, 6)), max_size=4)


@given(spans, spans)
def test_recordings_add_up(first, second):
    one, two = truth_of(48, (5, 9), (20, 21)), truth_of(48, (0, 3))
    verdicts = [judge(truth, [alarm(a, a + n) for a, n in some]) for truth, some in ((one, first), (two, second))]
    row = row_of("mine", verdicts)
    assert row.s is None
    assert (row.events, row.found) == (3, sum(o.detected for v in verdicts for o in v.outcomes))
    assert row.false_episodes == sum(v.false.episodes for v in verdicts)
    points = verdicts[0].points.plus(verdicts[1].points)
    assert row.mar == pytest.approx(points.fn / (points.fn + points.tp))
    assert row.eta_f1 == pytest.approx(np.mean([v.etapr.f1 for v in verdicts]))


def test_trivial_detectors():
    truth = truth_of(100, (10, 20))
    loud, mute = row_of("always", [always(truth)]), row_of("never", [never(truth)])
    assert (loud.s, loud.found, loud.far, loud.mar, loud.median_delay_s) == (0.75, 1, 1.0, 0.0, 0.0)
    assert (mute.s, mute.found, mute.far, mute.mar, mute.f1) == (0.25, 0, 0.0, 1.0, 0.0)
    # A score that never changes ranks nothing: both have what a coin would have
    assert loud.vus_pr == mute.vus_pr


def test_rows_that_were_learned_from_are_not_scored():
    truth = truth_of(100, (10, 20), (60, 70)).behind(15)
    assert [(one.began // HOUR, one.ended // HOUR) for one in truth.events] == [(15, 20), (60, 70)]
    assert (len(truth.times), int(truth.flags.sum())) == (85, 15)
    before, behind, across = alarm(2, 5), alarm(100, 101), alarm(12, 16)
    outside = judge(truth, [before, behind])
    assert (outside.points.fp, outside.points.tp, outside.false.episodes) == (0, 0, 0)
    found = judge(truth, [across]).outcomes[0]
    assert (found.detected, found.delay_s) == (True, 0.0)
    with pytest.raises(InputError, match="100 rows were to be skipped"):
        truth.behind(100)
