"""eTaPR against a public implementation, against the formula written out, and on a million steps."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import InputError
from infrastress.evaluation.batadal import spans_of
from infrastress.evaluation.etapr import etapr

VECTORS = json.loads((Path(__file__).parent / "vectors" / "etapr.json").read_text())


def flags_of(n, spans):
    flags = np.zeros(n, dtype=bool)
    for begin, end in spans:
        flags[begin:end] = True
    return flags


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"n{case['n']}")
def test_as_a_public_implementation_computes_it(case):
    found = etapr(
        flags_of(case["n"], case["alarms"]),
        flags_of(case["n"], case["events"]),
        theta_p=case["theta_p"],
        theta_r=case["theta_r"],
    )
    assert found == pytest.approx((case["precision"], case["recall"], case["f1"]), abs=1e-12)


def test_by_hand():
    truth = flags_of(40, [(10, 20), (30, 40)])
    # one alarm of 4 with 3 inside the first event, one of 1 in the quiet
    found = etapr(flags_of(40, [(9, 13), (25, 26)]), truth)
    assert found.recall == pytest.approx((1 + 0.3) / 2 / 2)
    assert found.precision == pytest.approx(2 * (1 + 0.75) / 2 / 3)
    # too long an alarm is wrong, and so the event that only it covers is missed
    assert etapr(flags_of(40, [(0, 12)]), truth) == (0.0, 0.0, 0.0)
    assert etapr(truth, truth) == (1.0, 1.0, 1.0)
    assert etapr(np.zeros(40, dtype=bool), truth) == (0.0, 0.0, 0.0)


def written_out(flagged, truth, theta_p=0.5, theta_r=0.1):
    """The docstring's formula over every pair of event and alarm."""
    events, alarms = spans_of(truth), spans_of(flagged)
    good_events, good_alarms = set(events), set(alarms)

    def met(a, b):
        return max(0, min(a[1], b[1]) - max(a[0], b[0]))

    while True:
        cover = {a: sum(met(a, p) for p in good_alarms) / (a[1] - a[0]) for a in good_events}
        bad = {a for a in good_events if cover[a] < theta_r}
        good_events -= bad
        right = {p: sum(met(a, p) for a in good_events) / (p[1] - p[0]) for p in good_alarms}
        wrong = {p for p in good_alarms if right[p] < theta_p}
        good_alarms -= wrong
        if not bad and not wrong:
            break
    weights = [(p[1] - p[0]) ** 0.5 for p in alarms]
    precision = sum(w * (1 + right[p]) / 2 for w, p in zip(weights, alarms, strict=True) if p in good_alarms)
    recall = sum((1 + cover[a]) / 2 for a in events if a in good_events) / len(events)
    return precision / sum(weights), recall


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_as_the_formula_says(steps):
    flagged, truth = np.array([step[0] for step in steps]), np.array([step[1] for step in steps])
    if not truth.any() or not flagged.any():
        return
    found = etapr(flagged, truth)
    assert (found.precision, found.recall) == pytest.approx(written_out(flagged, truth), abs=1e-12)


def test_a_million_steps_with_alarms_everywhere():
    random = np.random.default_rng(3)
    found = etapr(random.random(1_000_000) < 0.5, random.random(1_000_000) < 0.3)
    assert 0 < found.f1 < 1


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(InputError, match="an event"):
        etapr(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))
    with pytest.raises(InputError, match="flags for"):
        etapr(np.zeros(2, dtype=bool), np.ones(3, dtype=bool))
