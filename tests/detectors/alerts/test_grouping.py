"""The grouping as a whole: the same for every split, order and restart; late, bad and too many alerts; what is told."""

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.core.time import HOUR, SECOND
from infrastress.detectors.alerts import AlertGrouping, GroupingOptions, IncidentOptions, Placed, RawAlert, Told

from .making import QUIET, alert, grouping, quiet, random_alerts

RULES = [
    {
        "id": "guessed",
        "title": "Guessed",
        "when": {"count": {"of": {"signature": "failed"}, "at_least": 3, "within_s": 60}},
    },
    {
        "id": "then",
        "title": "Scanned, then in",
        "by": [],
        "when": {
            "sequence": {"steps": [{"match": {"signature": "scan"}}, {"match": {"unusual": True}}], "within_s": 99}
        },
    },
    {"id": "mute", "title": "Mute", "when": {"absence": {"of": {"family": "net"}, "within_s": 90}}, "again_s": 100},
]


def told(out):
    return [(one.incident, one.new, one.why) for one in out if isinstance(one, Told)]


def placed(out):
    return [one for one in out if isinstance(one, Placed)]


def split(alerts, rng):
    while alerts:
        count = rng.randrange(1, 9)
        yield alerts[:count]
        alerts = alerts[count:]


@settings(max_examples=60)
@given(st.integers(0, 100_000), st.sampled_from((0, 5, 200, 2000)), st.sampled_from((3, 100_000)))
def test_neither_split_nor_restart_changes_anything(seed, hold, most):
    alerts, rng = random_alerts(seed), random.Random(seed)
    rng.shuffle(alerts)
    whole = grouping(RULES, hold_s=hold, most_held=most)
    expected = whole.update(alerts, QUIET + HOUR) + whole.finish()
    parted, out = grouping(RULES, hold_s=hold, most_held=most), []
    for some in split(alerts, rng):
        out += parted.update(some)
        state = parted.dump()
        parted = grouping(RULES, hold_s=hold, most_held=most)
        parted.load(state)
        assert parted.dump() == state
    out += parted.update((), QUIET + HOUR) + parted.finish()
    assert out == expected
    assert parted.dump() == whole.dump()
    assert len(placed(out)) == len(alerts)


@settings(max_examples=60)
@given(st.integers(0, 100_000))
def test_order_of_arrival_does_not_matter_within_the_hold(seed):
    alerts, rng = random_alerts(seed), random.Random(seed)

    def result(some):
        one = grouping(RULES, hold_s=1000)
        out = one.update(some) + one.finish()
        assert one.counts["placed"] == len(alerts)
        assert "late" not in one.counts
        return [item._replace(known=0) for item in out]

    expected = result(sorted(alerts))
    rng.shuffle(alerts)
    assert result(alerts) == expected


@given(st.integers(0, 100_000))
def test_equal_times_have_one_order(seed):
    alerts, rng = [one._replace(time=QUIET) for one in random_alerts(seed, 20)], random.Random(seed)
    mixed = alerts[:]
    rng.shuffle(mixed)
    one, other = grouping(RULES, hold_s=0), grouping(RULES, hold_s=0)
    assert one.update(alerts, QUIET + HOUR) == other.update(mixed, QUIET + HOUR)


def test_late_alerts_are_placed_and_counted_and_rules_do_not_see_them():
    when = {"sequence": {"steps": [{"match": {"signature": "a"}}, {"match": {"signature": "b"}}], "within_s": 99}}
    one = grouping([{"id": "r", "title": "R", "when": when}], hold_s=5)
    out = one.update([alert(0, signature="b"), alert(30, signature="b"), alert(20, signature="a")]) + one.finish()
    late = next(item for item in placed(out) if item.late)
    assert (late.alert.signature, late.session) == ("a", 1)
    assert one.counts["late"] == 1
    assert "r" not in [item.why for item in out if isinstance(item, Told)]


def test_what_is_held_becomes_known_by_a_tick():
    one = grouping(hold_s=5)
    assert one.update([alert(0)]) == []
    assert one.update((), QUIET + 5 * SECOND) == [], "another alert of that very moment may still come"
    (got,) = one.update((), QUIET + 5 * SECOND + 1)
    assert (got.session, got.known) == (1, QUIET + 5 * SECOND + 1)


def test_bad_alerts_are_refused_and_counted_and_disturb_nothing():
    bad = [
        alert(0)._replace(time=-1),
        alert(0)._replace(time=1 << 63),
        alert(0)._replace(time="now"),
        alert(0, signature=""),
        alert(0, host="x" * 513),
        alert(0, severity="huge"),
    ]
    clean, dirty = grouping(RULES), grouping(RULES)
    good = sorted(random_alerts(3))
    mixed = good[:]
    for number, one in enumerate(bad):
        mixed.insert(7 * number, one)
    assert dirty.update(mixed) == clean.update(good)
    counts = dirty.counts
    refused = sum(count for reason, count in counts.items() if reason.startswith("refused:"))
    assert (counts["refused:time"], counts["refused:signature"], counts["refused:size"]) == (3, 1, 1)
    assert counts["read"] == refused + counts["placed"] + counts["held"] == len(mixed)


def test_a_host_has_one_name_by_address_and_case():
    one = AlertGrouping(GroupingOptions(hold_s=0), quiet(), {"10.0.0.1": "web", "srv-7": "web"})
    told_ones = [
        RawAlert(QUIET, "", "new", address="10.0.0.1"),
        RawAlert(QUIET + 1, "SRV-7.", "other"),
        RawAlert(QUIET + 2, "web", "third"),
        RawAlert(QUIET + 3, "", "fourth", address="10.0.0.9"),
        RawAlert(QUIET + 4, "", "fifth"),
    ]
    out = placed(one.update(told_ones) + one.finish())
    assert [item.alert.host for item in out] == ["web", "web", "web", "10.0.0.9", "unknown"]
    assert [item.session for item in out] == [1, 1, 1, 2, 3]


def test_a_surprising_session_opens_an_incident_and_a_dull_one_does_not():
    one = grouping(hold_s=0, incidents=IncidentOptions(tell_bits=9, near_s=0))
    out = one.update([alert(0, signature="a"), alert(1, signature="a"), alert(2, signature="b"), alert(9, "db", "a")])
    out += one.finish()
    assert told(out) == [(1, True, "surprise")]
    (said,) = [item.sentence for item in out if isinstance(item, Told)]
    assert said == "web: 3 alerts unusual there: a 2 times, b"
    assert [item.incident for item in placed(out)] == [0, 0, 1, 0]


def test_what_else_is_unusual_joins_on_the_host_while_it_lasts_and_near_in_time_elsewhere():
    one = grouping(hold_s=0, incidents=IncidentOptions(tell_bits=9, join_s=1000, near_s=60))
    rows = [
        alert(-61, "old", "x"), alert(-50, "gate", "x"), alert(0, signature="a"), alert(1, signature="b"),
        alert(61, "db", "x"), alert(300, "hmi", "x"), alert(1000, signature="c"), alert(2100, signature="d"),
    ]  # fmt: skip
    out = one.update(rows) + one.finish()
    assert told(out) == [(1, True, "surprise"), (1, False, "near"), (1, False, "near"), (1, False, "host")]
    assert [item.incident for item in placed(out)] == [0, 0, 0, 1, 1, 0, 1, 0]
    sentences = [item.sentence for item in out if isinstance(item, Told)]
    assert sentences[1:] == [f"{host}: 1 alert unusual there: {name}" for host, name in
                             (("gate", "x"), ("db", "x"), ("web", "c"))]  # fmt: skip


def test_what_was_told_before_surprises_less():
    def run(tiring):
        options = IncidentOptions(tell_bits=9, join_s=60, near_s=0, tiring=tiring)
        one = grouping(hold_s=0, incidents=options)
        nightly = [alert(86_400 * day + at, signature=name) for day in range(3) for at, name in enumerate("ab")]
        out = one.update([*nightly, alert(300_000, signature="a"), alert(300_001, signature="b"),
                          alert(300_002, signature="c"), alert(300_003, signature="d")])  # fmt: skip
        return told(out + one.finish())

    assert run(tiring=False) == [(number, True, "surprise") for number in (1, 2, 3, 4)]
    assert run(tiring=True) == [(1, True, "surprise"), (2, True, "surprise")], "once for the pair, once for what is new"


def test_a_rule_tells_what_is_usual_too_and_an_absence_without_an_alert():
    rules = [
        {"id": "many", "title": "Many of it", "when": {"count": {"of": {}, "at_least": 3, "within_s": 60}}},
        {"id": "mute", "title": "It fell silent", "when": {"absence": {"of": {}, "within_s": 600}}},
    ]
    one = grouping(rules, hold_s=0, incidents=IncidentOptions(near_s=0, join_s=10))
    out = one.update([alert(at, signature="daily") for at in range(3)], QUIET + 700 * SECOND)
    assert told(out) == [(1, True, "many"), (2, True, "mute")]
    assert [(item.session, item.sentence) for item in out if isinstance(item, Told)] == [
        (1, "Many of it (host web)"),
        (0, "It fell silent (host web)"),
    ]


def test_without_a_baseline_only_rules_tell():
    one = AlertGrouping(GroupingOptions(hold_s=0))
    out = one.update([alert(at, signature=str(at)) for at in range(50)])
    assert told(out) == []
    assert {item.surprise for item in placed(out)} == {0}


def test_memory_is_bounded_under_hosts_that_never_end():
    one = grouping(RULES, sessions={"most_open": 100}, most_held=100, incidents={"most_active": 10})
    first = one.update(alert(number / 1e6, f"host{number}", f"name{number}") for number in range(10_000))
    size = len(one.dump())
    tracemalloc.start()
    for begin in range(10_000, 30_000, 1000):
        one.update(alert(n / 1e6, f"host{n}", f"name{n}") for n in range(begin, begin + 1000))
        if begin == 19_000:
            before = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(placed(first)) == 10_000 - 100
    assert one.counts["judged_early"] == one.counts["placed"]
    assert one.counts["sessions_evicted"] > 0
    assert len(one.dump()) < 1.2 * size
    assert grown < 1_000_000


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"format":2}'])
def test_no_state_is_refused(data):
    with pytest.raises(DecodeError, match="no state of alert grouping"):
        grouping().load(data)


def test_a_state_of_another_format_and_of_other_rules():
    one = grouping(RULES)
    one.update(random_alerts(5))
    with pytest.raises(DecodeError, match="format 9"):
        one.load(one.dump().replace(b'"format":1', b'"format":9'))
    other = grouping(RULES[:1])
    other.load(one.dump())
    assert other.counts["read"] == one.counts["read"]
    other.update(sorted(random_alerts(6)), QUIET + HOUR)


def test_a_session_that_joined_tells_by_itself_once_it_surprises():
    one = grouping(hold_s=0, incidents=IncidentOptions(tell_bits=9, join_s=1000, near_s=60))
    out = one.update(
        [
            alert(0, signature="a"), alert(1, signature="b"), alert(50, "db", "c"), alert(59, "db", "d"),
            alert(110, "hmi", "e"),
        ]
    )  # fmt: skip
    out += one.finish()
    assert told(out) == [(1, True, "surprise"), (1, False, "near"), (1, False, "surprise"), (1, False, "near")]
    assert placed(out)[-1].incident == 1, "db told at 59, which is near"


def test_what_is_earlier_than_what_was_judged_early_is_late():
    one = grouping(hold_s=100, most_held=1)
    out = one.update([alert(10), alert(20), alert(5), alert(10)]) + one.finish()
    assert [((item.alert.time - QUIET) // SECOND, item.late) for item in placed(out)] == [
        (10, False), (5, True), (10, False), (20, False),
    ]  # fmt: skip
    assert one.counts["judged_early"] == 2
