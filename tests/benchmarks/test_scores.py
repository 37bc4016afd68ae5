"""What is counted of a judge: found and how late, named, told apart, false."""

import pytest
from benchmarks.process.judges import Raised
from benchmarks.process.scores import (
    alarmed,
    confusion,
    false_alarms,
    find,
    ranked,
    summary,
    told_as,
    true_assets,
)

from infrastress.core.time import HOUR
from infrastress.simulators.base import TruthSpan

ATTACK = TruthSpan("level_spoofed", True, 10 * HOUR, 20 * HOUR, ("T1",))
HIDDEN = TruthSpan("view_falsified", True, 10 * HOUR, 20 * HOUR, ("T1", "P1"))
LOGIN = TruthSpan("remote_login", True, 9 * HOUR, 30 * HOUR, ("JUMP",))
SEEN = 12 * HOUR


def alarm(at, until=None, rule="r", **what):
    what.setdefault("assets", {"T1": 1.0})
    return Raised(round(at * HOUR), round((at + 1 if until is None else until) * HOUR), rule, **what)


def found(*raised, truth=(ATTACK, HIDDEN, LOGIN), visible=SEEN):
    return find(raised, truth, visible, 300.0)


def test_delay_counts_from_the_first_visible_effect():
    result = found(alarm(14.5), alarm(13))
    assert (result.visible, result.delay_s, result.standing) == (True, 3600.0, False)


@pytest.mark.parametrize(("at", "hit"), [(11.9, False), (12, True), (21, True), (21.1, False)])
def test_found_is_raised_between_the_effect_and_an_hour_behind_the_end(at, hit):
    assert (found(alarm(at)).delay_s is not None) == hit


def test_an_alarm_that_stands_already_is_counted_apart():
    result = found(alarm(5, until=40))
    assert (result.delay_s, result.standing) == (None, True)
    assert not found(alarm(5, until=6)).standing


def test_notices_call_nobody():
    assert found(alarm(13, alarm=False)).delay_s is None


def test_without_an_effect_there_is_nothing_to_find():
    assert not found(alarm(13), visible=None).visible


def test_assets_are_ranked_by_the_weight_of_the_first_alarms():
    first = alarm(13, assets={"P9": 0.6, "T1": 0.4})
    soon = alarm(13 + 20 / 60, assets={"T1": 0.5})
    late = alarm(13 + 21 / 60, assets={"P9": 9.0})
    assert found(first).rank == 2
    assert found(first, soon, late).rank == 1
    assert found(alarm(13, assets={"P9": 1.0})).rank is None
    assert ranked([alarm(1, assets={"b": 1.0, "a": 1.0, "c": 2.0})]) == ["c", "a", "b"]


def test_true_assets_are_those_of_the_process():
    assert true_assets([ATTACK, HIDDEN, LOGIN]) == {"T1", "P1"}
    assert true_assets([TruthSpan("hot_day", False, 0, 1, ("T9",))]) == frozenset()


def test_the_first_alarm_says_what_is_suspected():
    known = alarm(13, suspicion="sensor_falsified")
    assert found(alarm(13), known).suspicion == "sensor_falsified"
    assert found(alarm(12.9), known).suspicion == "unknown"
    assert found().suspicion == ""


STUCK = TruthSpan("stuck_meter", False, 10 * HOUR, 20 * HOUR, ("P1",), ("FT-1",))


def test_false_episodes_leave_out_instruments_that_really_failed():
    right, wrong = alarm(11, assets={"P1": 1.0}), alarm(11.5, assets={"T1": 1.0})
    assert [one.began for one in false_alarms([right, wrong], [STUCK])] == [round(11.5 * HOUR)]
    assert false_alarms([alarm(11, assets={})], [STUCK]) == []  # who names no asset gets the benefit
    assert len(false_alarms([alarm(22, assets={"P1": 1.0})], [STUCK])) == 1
    assert len(false_alarms([alarm(1, until=3), alarm(2, until=4), alarm(6)], [])) == 2  # what overlaps is one
    assert false_alarms([alarm(1, alarm=False)], []) == []


def test_benign_is_alarmed_within_its_span_and_an_hour_behind():
    hot = TruthSpan("hot_day", False, 8 * HOUR, 22 * HOUR, ())
    assert alarmed([alarm(9)], [hot], "hot_day")
    assert alarmed([alarm(22.9)], [hot], "hot_day")
    assert not alarmed([alarm(7)], [hot], "hot_day")
    assert not alarmed([alarm(23.5)], [hot], "hot_day")
    assert not alarmed([alarm(11, assets={"P1": 1.0})], [hot, STUCK], "hot_day")


def test_what_is_said_of_a_failed_instrument():
    def said(*raised):
        return told_as(raised, STUCK)

    notice = alarm(11, assets={"P1": 1.0}, alarm=False, suspicion="sensor_fault")
    attack = alarm(12, assets={"P1": 1.0}, suspicion="sensor_falsified")
    assert (said(notice).said, said(notice).alarm) == ("sensor_fault", False)
    assert said(notice, attack).said == "attack"
    assert said(alarm(11, assets={"T1": 1.0}, suspicion="sensor_falsified")).said == "nothing"
    assert said(alarm(12, assets={"P1": 1.0}, suspicion="process_fault")).said == "process_fault"


def test_a_summary_counts_what_could_be_seen():
    some = [found(alarm(13)), found(alarm(12)), found(), found(alarm(5, until=40)), found(visible=None)]
    told = summary(some, 300.0)
    assert (told["attacks"], told["visible"], told["nothing_to_see"]) == (5, 4, 1)
    assert (told["found"], told["found_share"], told["found_or_standing"]) == (2, 0.5, 3)
    assert told["median_delay_min"] == 30
    assert told["longest_delay_samples"] == 12
    assert (told["top_1"], told["top_3"]) == (2, 2)
    assert summary([], 300.0)["median_delay_samples"] is None


def test_confusion_counts_pairs():
    assert confusion([("a", "x"), ("a", "x"), ("b", "y")]) == {"a": {"x": 2}, "b": {"y": 1}}
