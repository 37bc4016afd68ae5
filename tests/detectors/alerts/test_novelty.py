"""What a quiet time teaches: worked examples, bounds, and that the order of learning doesn't matter."""

import random
from math import log2

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import BaselineError
from infrastress.core.time import HOUR, MINUTE
from infrastress.detectors.alerts import Novelty, QuietTime, RawAlert, learn
from infrastress.detectors.alerts import novelty as module

from .making import QUIET, random_alerts


def every(minutes, signature, count, host="web"):
    return [RawAlert(number * minutes * MINUTE, host, signature) for number in range(count)]


def test_usual_is_what_comes_in_a_third_of_the_hours_not_what_comes_often():
    learned = learn([*every(60, "steady", 8), *every(60, "rare", 7), *every(0, "burst", 5000)], 0, QUIET)
    assert {one.signature: (one.count, one.hours, one.held) for one in learned.pairs} == {
        "steady": (8, 8, False),
        "rare": (7, 7, True),
        "burst": (5000, 1, True),
    }
    novelty = Novelty(learned)
    assert novelty.surprise("web", "steady") == 0
    assert novelty.surprise("web", "rare") == round(1000 * log2(25 / 8))
    assert novelty.surprise("web", "burst") == round(1000 * log2(25 / 2))
    assert novelty.surprise("web", "unheard") == round(1000 * log2(25))
    assert novelty.surprise("db", "steady") == round(1000 * log2(25))


def test_what_somebody_found_right_is_usual():
    learned = learn(every(60, "rare", 2), 0, QUIET)
    assert Novelty(learned, ["web: rare"]).surprise("web", "rare") == 0
    assert str(learned.pairs[0]) == "web: rare, 2 times in 2 hours"


def test_the_pace_is_the_median_step_between_unusual_alerts():
    learned = learn([*every(10, "rare", 4), *every(60, "steady", 24)], 0, QUIET)
    assert [(pace.host, pace.between) for pace in learned.paces] == [("web", 10 * MINUTE)]
    assert Novelty(learned).pace("web") == 600
    assert Novelty(learned).pace("db") == 0


def test_without_a_baseline_nothing_is_unusual():
    assert Novelty().surprise("web", "new") == 0
    assert not Novelty().learned


def test_only_the_span_is_learned_from():
    learned = learn([RawAlert(at, "web", "a") for at in (9, 10, 19, 20)], 10, 20)
    assert learned.pairs[0].count == 2
    with pytest.raises(BaselineError, match="ends before it begins"):
        learn([], 10, 10)


@given(st.integers(0, 1000))
def test_the_order_of_learning_does_not_matter(seed):
    alerts = random_alerts(seed)
    mixed = alerts[:]
    random.Random(seed).shuffle(mixed)
    assert learn(alerts, QUIET, QUIET + HOUR).encode() == learn(mixed, QUIET, QUIET + HOUR).encode()


def test_pairs_are_bounded_and_what_is_left_out_is_counted(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PAIRS", 2)
    learned = learn([RawAlert(0, "web", name) for name in "abccd"], 0, HOUR)
    assert ([pair.signature for pair in learned.pairs], learned.left_out) == (["a", "b"], 3)


def test_a_baseline_goes_through_its_bytes_and_others_are_refused():
    learned = learn(random_alerts(1), QUIET, QUIET + HOUR)
    assert QuietTime.decode(learned.encode()) == learned
    assert QuietTime.decode(msgspec.to_builtins(learned)) == learned
    assert Novelty(learned).id == Novelty(QuietTime.decode(learned.encode())).id != ""
    for bad in (b"", b"{}", b"[]", learned.encode().replace(b'"format":1', b'"format":2')):
        with pytest.raises(BaselineError, match="baseline of alerts"):
            QuietTime.decode(bad)
