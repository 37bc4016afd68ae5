"""VUS-PR against its authors' implementation, against the formula written out, and by its properties."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import InputError
from infrastress.evaluation.batadal import spans_of
from infrastress.evaluation.vus import buffer_width, vus_pr

VECTORS = json.loads((Path(__file__).parent / "vectors" / "vus.json").read_text())


def truth_of(n, events):
    truth = np.zeros(n, dtype=bool)
    for begin, end in events:
        truth[begin:end] = True
    return truth


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"n{case['n']}-w{case['width']}")
def test_as_its_authors_compute_it(case):
    truth = truth_of(case["n"], case["events"])
    assert vus_pr(np.array(case["scores"]), truth, case["width"]) == pytest.approx(case["vus_pr"], abs=1e-12)


def written_out(scores, truth, width):
    """The docstring's formula, step by step and slowly."""
    n, events = len(truth), spans_of(truth)
    ranked = sorted(scores, reverse=True)
    parts = []
    for w in range(width + 1):
        soft = [0.0] * n
        for begin, end in events:
            for t in range(n):
                d = begin - t if t < begin else t - end + 1
                if begin <= t < end:
                    soft[t] += 1.0
                elif d <= w // 2:
                    soft[t] += (1 - d / w) ** 0.5
        soft = [min(1.0, value) for value in soft]
        groups = []
        for begin, end in events:
            wide = [max(0, begin - w // 2), min(n, end + w // 2)]
            if groups and groups[-1][1] > begin - w // 2:
                groups[-1][1] = wide[1]
            else:
                groups.append(wide)
        area = before = 0.0
        for i in np.linspace(0, n - 1, 250).astype(int):
            p = [score >= ranked[i] for score in scores]
            tp = sum(value for value, on in zip(soft, p, strict=True) if on)
            outside = sum(value for value, on, true in zip(soft, p, truth, strict=True) if on and not true)
            touched = sum(any(p[a:b]) for a, b in groups) / len(groups)
            recall = min(1.0, tp / (sum(truth) + outside / 2)) * touched
            area += (recall - before) * tp / sum(p)
            before = recall
        parts.append(area)
    return sum(parts) / len(parts)


labels = st.lists(st.booleans(), min_size=3, max_size=14).filter(lambda flags: any(flags) and not all(flags))


@given(labels, st.data())
def test_as_the_formula_says(flags, data):
    levels = st.integers(0, 5).map(float)
    scores = np.array(data.draw(st.lists(levels, min_size=len(flags), max_size=len(flags))))
    width = data.draw(st.integers(0, 6))
    truth = np.array(flags)
    assert vus_pr(scores, truth, width) == pytest.approx(written_out(scores, truth, width), abs=1e-12)


@given(labels, st.data())
def test_only_the_order_of_scores_counts_and_a_perfect_one_scores_one(flags, data):
    truth = np.array(flags)
    scores = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=len(flags), max_size=len(flags))), float)
    assert vus_pr(scores, truth) == pytest.approx(vus_pr(np.exp(scores) * 7, truth), abs=1e-12)
    assert vus_pr(truth.astype(float), truth, 0) == pytest.approx(1.0)


def test_no_verdict_ranks_below_every_score():
    truth = truth_of(40, [(10, 15)])
    scores = np.arange(40.0)
    scores[20:] = -1.0
    silent = np.where(scores < 0, np.nan, scores)
    assert vus_pr(silent, truth, 4) == vus_pr(scores, truth, 4)


def test_the_buffer_is_as_wide_as_a_median_event_and_no_wider_than_a_hundred_steps():
    assert buffer_width(truth_of(100, [(1, 3), (10, 20), (50, 58)])) == 8
    assert buffer_width(truth_of(1000, [(100, 900)])) == 100


def test_a_million_steps_are_no_burden():
    random = np.random.default_rng(5)
    truth = truth_of(1_000_000, [(i, i + 500) for i in range(1000, 1_000_000, 9000)])
    value = vus_pr(random.normal(size=1_000_000) + truth, truth)
    assert 0.1 < value < 0.9


@pytest.mark.parametrize(
    ("scores", "truth", "what"),
    [
        ([1.0, 2.0], [True], r"\(2,\) scores for \(1,\) labels"),
        ([1.0, 2.0], [True, True], "with and without an event"),
        ([1.0, 2.0], [False, False], "with and without an event"),
    ],
)
def test_what_cannot_be_scored_is_refused(scores, truth, what):
    with pytest.raises(InputError, match=what):
        vus_pr(np.array(scores), np.array(truth))
