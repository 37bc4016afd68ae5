"""Near duplicates by shingles, and what a text reads like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError, InputError
from infrastress.detectors.reports.texts import LONGEST, alike, plain, shingles
from infrastress.detectors.reports.triage import Triage, learn


def test_jaccard_by_hand():
    assert alike(frozenset("abcd"), frozenset("cdef")) == pytest.approx(2 / 6)
    assert alike(frozenset(), frozenset("ab")) == 0.0


def test_signs_capitals_and_accents_make_no_other_text():
    assert plain("  È  GIÀ: là! ") == "e gia la"
    assert shingles(plain("Strong SMELL of petrol!!")) == shingles(plain("strong smell of petrol"))


def test_what_is_too_short_is_like_nothing():
    assert alike(shingles(plain("smell")), shingles(plain("smell"))) == 0.0


@given(st.text(max_size=5000), st.text(max_size=300))
def test_any_text_is_bounded_and_likeness_is_symmetric(one, other):
    a, b = shingles(plain(one)), shingles(plain(other))
    assert len(plain(one)) <= LONGEST
    assert 0.0 <= alike(a, b) == alike(b, a) <= 1.0
    assert alike(a, a) in (0.0, 1.0)


SMELLS = ["strong smell of petrol", "it stinks of fuel here", "odour of gas in the street", "the air smells of diesel"]
NOISE = ["loud hissing from the plant", "a siren since an hour", "humming noise at night", "very loud bang"]
PAIRS = [(text, "smell") for text in SMELLS] + [(text, "noise") for text in NOISE]


def test_a_model_says_what_it_learned_in_whatever_order_and_is_the_same_when_read_again():
    import msgspec

    model = learn(PAIRS)
    assert learn(PAIRS[::-1]) == model == Triage.decode(msgspec.json.encode(model))
    assert model.suggest("a smell of petrol at the corner").category == "smell"
    assert model.suggest("such a loud noise").category == "noise"
    assert model.suggest(" !! ") is None


def test_too_little_to_learn_from_is_refused():
    with pytest.raises(InputError, match="too few"):
        learn(PAIRS[:4])
    with pytest.raises(InputError, match="of 1 categories"):
        learn([(f"smell {i}", "smell") for i in range(20)])
    with pytest.raises(DecodeError):
        Triage.decode(b'{"format": 1, "categories": ["a"], "weights": [[1.0]], "learned_from": 1}')
