"""Pairwise scores and stream measures of alert groupings, against hand-worked cases and pairs counted one by one."""

from itertools import permutations

import numpy as np
import pytest
from benchmarks.alerts.keys import groups_by
from benchmarks.alerts.scores import macro, pairwise_f1, stream_of
from hypothesis import given
from hypothesis import strategies as st


def ints(*numbers):
    return np.array(numbers, dtype=np.int64)


def test_worked_by_hand():
    # Phase a: alerts 0-3, b: 4-5, noise: 6. Groups: {0, 1, 6}, {2, 3, 4}, {5}.
    groups, labels = ints(0, 0, 1, 1, 1, 2, 0), ["a", "a", "a", "a", "b", "b", "-"]
    # a, noise in: right 2 + 2, told 2*2 + 2*2 = 8, true 4*3 = 12: 8 / 20. b: right 0.
    assert pairwise_f1(groups, labels, noise=True) == {"a": pytest.approx(8 / 20), "b": 0.0}
    # noise out: the first group has two, told 2*1 + 2*2 = 6: 8 / 18.
    assert pairwise_f1(groups, labels, noise=False) == {"a": pytest.approx(8 / 18), "b": 0.0}
    assert macro(pairwise_f1(groups, labels, noise=True)) == pytest.approx(0.2)


def test_the_trivial_groupings():
    labels = ["a", "a", "-", "-"]
    assert pairwise_f1(ints(0, 0, 0, 0), labels, noise=True) == {"a": pytest.approx(2 * 2 / (2 * 3 + 2))}
    assert pairwise_f1(ints(0, 0, 0, 0), labels, noise=False) == {"a": 1.0}
    assert pairwise_f1(ints(0, 1, 2, 3), labels, noise=True) == {"a": 0.0}


def test_a_phase_of_one_alert_has_no_pair():
    assert pairwise_f1(ints(0, 0, 1), ["a", "a", "b"], noise=True) == {"a": 1.0}


def slow(groups, labels, noise):
    found = {}
    for phase in sorted(set(labels) - {"-"}):
        of = [i for i, label in enumerate(labels) if label == phase]
        if len(of) < 2:
            continue
        company = [(i, j) for i, j in permutations(range(len(labels)), 2) if i in of and (noise or labels[j] != "-")]
        told = [(i, j) for i, j in company if groups[i] == groups[j]]
        right = [(i, j) for i, j in told if j in of]
        found[phase] = 2 * len(right) / (len(told) + len(of) * (len(of) - 1))
    return found


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc-")), min_size=1, max_size=24), st.booleans())
def test_tables_count_what_pairs_do(rows, noise):
    groups, labels = [group for group, _ in rows], [label for _, label in rows]
    assert pairwise_f1(ints(*groups), labels, noise=noise) == pytest.approx(slow(groups, labels, noise))


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), min_size=1, max_size=40).map(sorted), st.integers(0, 9)
)
def test_a_group_ends_with_a_silence_of_its_key(rows, gap):
    times, codes = ints(*(time for time, _ in rows)), ints(*(code for _, code in rows))
    groups = groups_by(times, codes, gap)
    last, of = {}, {}
    expected = []
    for number, (time, code) in enumerate(rows):
        if code not in last or time - last[code] > gap:
            of[code] = number
        last[code] = time
        expected.append(of[code])
    assert [[a == b for b in expected] for a in expected] == [[a == b for b in groups] for a in groups]


def test_stream_measures_worked_by_hand():
    # Two days; the first is not judged. Incident 7 holds the chain's second alert and a noise, 8 noise alone.
    day = 86_400
    got = stream_of(
        times=ints(0, day, day + 10, day + 20, 2 * day),
        labels=["dnsteal", "scan", "scan", "-", "-"],
        chain=np.array([False, True, True, False, False]),
        incidents=ints(6, -1, 7, 7, 8),
        known=ints(0, 0, day + 15, day + 25, 2 * day),
        start=day,
    )
    assert got[:6] == (2, pytest.approx(2.0), 0.5, 1, 2, 1)
    assert (got.delay_s, got.purity, got.worth) == (15.0, 0.5, 0.5)


def test_a_chain_that_is_never_told():
    got = stream_of(
        times=ints(0, 100),
        labels=["scan", "-"],
        chain=np.array([True, False]),
        incidents=ints(-1, -1),
        known=ints(0, 0),
        start=0,
    )
    assert (got.incidents, got.share, got.delay_s, got.worth) == (0, 0.0, float("inf"), 0.0)
