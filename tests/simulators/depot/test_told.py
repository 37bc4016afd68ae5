"""Mishaps of telemetry that are told for certain: each changes what it should and nothing else."""

import numpy as np
import pytest

from infrastress.core.time import HOUR, from_iso
from tests.simulators.depot.test_depot import START, Recording, run

BEGAN = from_iso(START) + 4 * HOUR


@pytest.fixture(scope="module")
def plain() -> Recording:
    return Recording(run(5, 24.0, oddities=False))


def told(ordinary: str):
    realisation = run(5, 24.0, oddities=False, ordinary=ordinary, ordinary_begins_h=4)
    (span,) = [span for span in realisation.truth if span.began == BEGAN]
    assert not span.malicious
    return span, Recording(realisation)


def changed(seen: Recording, plain: Recording) -> list[str]:
    return [tag for tag in seen.tags if not np.array_equal(seen[tag], plain[tag], equal_nan=True)]


def test_a_gap_has_no_rows_and_touches_no_other(plain):
    span, seen = told("gap")
    within = plain.between(span.began, span.ended)
    assert within.sum() >= 180
    assert np.array_equal(seen.times, plain.times[~within])
    assert np.array_equal(seen.values, plain.values[~within])


def test_a_tank_is_silent_until_the_day_is_over(plain):
    span, seen = told("silent")
    assert changed(seen, plain) == list(span.signals)
    within = seen.between(span.began, span.ended)
    for tag in span.signals:
        assert np.isnan(seen[tag][within]).all()
        assert np.array_equal(seen[tag][~within], plain[tag][~within])


def test_a_stuck_meter_shows_one_value_and_the_plant_goes_on(plain):
    span, seen = told("stuck_meter")
    within = seen.between(span.began, span.ended)
    assert within.sum() >= 1440
    assert len(np.unique(seen[span.signals[0]][within])) == 1
    assert set(changed(seen, plain)) <= set(span.signals)


def test_a_noisy_gauge_is_noisy_about_the_true_level(plain):
    span, seen = told("noisy_gauge")
    (tag,) = changed(seen, plain)
    assert (tag,) == span.signals
    within = seen.between(span.began, span.ended)
    apart = (seen[tag] - plain[tag])[within]
    assert abs(apart.mean()) < 0.001
    assert 0.006 < apart.std() < 0.01
