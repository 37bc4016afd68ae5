"""BATADAL's score against worked examples and the trivial rivals on the public labels."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import InputError
from infrastress.evaluation.batadal import PUBLISHED, score, spans_of


def flags(text: str) -> np.ndarray:
    return np.array([c == "1" for c in text])


def test_worked_example() -> None:
    #                   attack A, 4 long    attack B, 2 long
    truth = flags("0011110000110000")
    alarm = flags("0100011000000001")
    result = score(alarm, truth)
    assert result.delays == (3, None)
    assert result.s_ttd == pytest.approx(1 - (3 / 4 + 1) / 2)
    assert result.tpr == pytest.approx(1 / 6)
    assert result.tnr == pytest.approx(7 / 10)
    assert result.s == pytest.approx(0.5 * 0.125 + 0.5 * (1 / 6 + 7 / 10) / 2)


def test_trivial_rivals_on_the_public_test_labels(public_data: Path) -> None:
    with gzip.open(public_data / "batadal" / "test_dataset.csv.gz", "rt") as file:
        next(file)
        truth = np.array([float(line.rsplit(",", 1)[1]) > 0 for line in file])
    assert int(truth.sum()) == 407
    assert len(spans_of(truth)) == 7
    assert score(np.ones_like(truth), truth).s == 0.75
    assert score(np.zeros_like(truth), truth).s == 0.25
    assert score(truth, truth).s == 1.0


def test_refuses_what_it_cannot_score() -> None:
    with pytest.raises(InputError):
        score(flags("0101"), flags("010"))
    with pytest.raises(InputError):
        score(flags("000"), flags("000"))
    with pytest.raises(InputError):
        score(flags("000"), flags("111"))


def test_published_rows_are_in_order() -> None:
    values = [value for _, value in PUBLISHED]
    assert values == sorted(values, reverse=True)
    assert values[0] == 0.970


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_bounds_and_perfection(pairs: list[tuple[bool, bool]]) -> None:
    truth = np.array([a for a, _ in pairs])
    alarm = np.array([b for _, b in pairs])
    if truth.all() or not truth.any():
        return
    result = score(alarm, truth)
    assert 0.0 <= result.s <= 1.0
    assert score(truth, truth).s == 1.0
    assert result.s <= score(alarm | truth, truth).s + 1e-12
