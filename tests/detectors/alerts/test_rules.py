"""Correlation rules: each condition by worked examples, against slow definitions, and errors that name the field."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import ConfigurationError
from infrastress.core.time import SECOND
from infrastress.detectors.alerts import parse_rules
from infrastress.detectors.alerts.correlation import Correlation

from .making import QUIET, alert


def run(when, alerts, until=None, **more):
    """Seconds at which a rule hit, and the keys."""
    rule = {"id": "r", "title": "R", "when": when, "again_s": 0, **more}
    correlation = Correlation(parse_rules([rule]))
    hits = [hit for one in alerts for hit in correlation.take(one, unusual=one.signature == "new")]
    if until is not None:
        hits += correlation.advance(QUIET + until * SECOND)
    return [((hit.at - QUIET) // SECOND, *hit.key) for hit in hits]


def of(*rows, host="web"):
    """Alerts from (second, signature)."""
    return [alert(second, host, signature) for second, signature in rows]


A, B, C = ({"match": {"signature": name}} for name in "abc")


def test_a_single_alert():
    assert run(A, of((0, "a"), (1, "b"), (2, "a"))) == [(0, "web"), (2, "web")]


def test_matches_by_all_that_is_given():
    got = [alert(0, "web-1", "ssh failed", "audit", severity="high"), alert(1, "db", "ssh failed", severity="low")]
    for match, hits in (
        ({"host": "web*"}, 1),
        ({"host": ["db", "web-?"]}, 2),
        ({"signature": "ssh*", "severity_at_least": "medium"}, 1),
        ({"signature": "ssh"}, 0),
        ({"family": "audit"}, 1),
        ({}, 2),
        ({"unusual": True}, 0),
        ({"unusual": False}, 2),
    ):
        assert len(run({"match": match}, got)) == hits, match


def test_count_in_a_window():
    when = {"count": {"of": {"signature": "a"}, "at_least": 3, "within_s": 10}}
    assert run(when, of((0, "a"), (1, "b"), (5, "a"), (11, "a"), (15, "a"))) == [(15, "web")]
    assert run(when, of((0, "a"), (5, "a"), (10, "a"))) == [(10, "web")], "both ends belong to the window"
    assert run(when, of(*((at, "a") for at in range(7)))) == [(2, "web"), (5, "web")], "counting starts anew"


def test_count_of_different_values():
    when = {"count": {"of": {}, "at_least": 3, "within_s": 10, "distinct": "signature"}}
    assert run(when, of((0, "a"), (1, "a"), (2, "b"), (3, "a"), (4, "c"))) == [(4, "web")]
    assert run(when, of((0, "a"), (1, "b"), (11, "c"))) == []


def test_sequence():
    when = {"sequence": {"steps": [A, B, C], "within_s": 10}}
    assert run(when, of((0, "a"), (3, "b"), (10, "c"))) == [(10, "web")]
    assert run(when, of((0, "a"), (3, "b"), (11, "c"))) == []
    assert run(when, of((0, "b"), (3, "a"), (5, "c"), (6, "b"), (7, "c"))) == [(7, "web")]
    # The newest begin counts: a at 0 is too old for c at 12, a at 4 is not.
    assert run(when, of((0, "a"), (4, "a"), (5, "b"), (12, "c"))) == [(12, "web")]


def test_a_sequence_of_the_same_needs_two():
    when = {"sequence": {"steps": [A, A], "within_s": 10}}
    assert run(when, of((0, "a"))) == []
    assert run(when, of((0, "a"), (5, "a"))) == [(5, "web")]
    assert run(when, of((0, "a"), (0, "a"))) == [(0, "web")]


@pytest.mark.parametrize("rows", [[(0, "a"), (0, "b")], [(0, "b"), (0, "a")]])
def test_of_things_at_the_same_time_either_may_be_first(rows):
    assert run({"sequence": {"steps": [A, B], "within_s": 10}}, of(*rows)) == [(0, "web")]


def test_guessing_and_then_a_login():
    when = {
        "sequence": {
            "steps": [{"count": {"of": {"signature": "failed"}, "at_least": 3, "within_s": 60}}, A],
            "within_s": 600,
        }
    }
    assert run(when, of((0, "failed"), (1, "a"), (2, "failed"), (3, "failed"), (9, "a"))) == [(9, "web")]


def test_absence_since_the_last_of_it():
    when = {"absence": {"of": {"signature": "a"}, "within_s": 60}}
    assert run(when, of((0, "a"), (60, "a"), (100, "b")), until=119) == []
    assert run(when, of((0, "a"), (60, "a"), (130, "b"))) == [(120, "web")]
    assert run(when, of((0, "a")), until=3600) == [(60, "web")], "it is told once, until it comes again"
    assert run(when, of((0, "b")), until=3600) == [], "what never came isn't missed"


def test_absence_after_something():
    when = {"absence": {"of": {"signature": "b"}, "within_s": 60, "after": A}}
    assert run(when, of((0, "a"), (60, "b")), until=600) == []
    assert run(when, of((0, "a"), (61, "b")), until=600) == [(60, "web")]
    assert run(when, of((0, "a"), (0, "b")), until=600) == []
    assert run(when, of((0, "b"), (0, "a")), until=600) == []
    assert run(when, of((5, "a"), (50, "a")), until=600) == [(65, "web")]


def test_all_in_any_order():
    when = {"all": {"of": [A, B], "within_s": 10}}
    assert run(when, of((0, "b"), (10, "a"), (12, "b"), (30, "b"))) == [(10, "web")]
    assert run(when, of((0, "b"), (11, "a"))) == []


def test_any():
    assert run({"any": [A, B]}, of((0, "a"), (1, "c"), (2, "b"))) == [(0, "web"), (2, "web")]


def test_absence_within_others():
    quiet = {"absence": {"of": {"signature": "b"}, "within_s": 60, "after": A}}
    assert run({"any": [quiet, C]}, of((0, "a"), (1, "c")), until=600) == [(1, "web"), (60, "web")]
    assert run({"all": {"of": [quiet, C], "within_s": 90}}, of((0, "a"), (1, "c")), until=600) == [(60, "web")]
    assert run({"sequence": {"steps": [quiet, C], "within_s": 90}}, of((0, "a"), (70, "c"))) == [(70, "web")]


def test_what_alerts_of_a_hit_share():
    when = {"count": {"of": {}, "at_least": 2, "within_s": 10}}
    both = [alert(0, "web", "a"), alert(1, "db", "a")]
    assert run(when, both) == []
    assert run(when, both, by=[]) == [(1,)]
    assert run(when, both, by=["signature", "family"]) == [(1, "a", "fam")]


def test_not_told_again_for_a_while():
    rule = {"id": "r", "title": "R", "when": A, "again_s": 60}
    correlation = Correlation(parse_rules([rule]))
    hits = [hit for one in of((0, "a"), (59, "a"), (60, "a")) for hit in correlation.take(one, unusual=False)]
    assert ([(hit.at - QUIET) // SECOND for hit in hits], correlation.suppressed) == ([0, 60], 1)


def test_keys_are_bounded():
    when = {"absence": {"of": {}, "within_s": 1e6}}
    correlation = Correlation(parse_rules([{"id": "r", "title": "R", "when": when}]), most_keys=5)
    for number in range(1000):
        correlation.take(alert(number, f"host{number}"), unusual=False)
    assert correlation.evicted == 995
    assert len(correlation.dump()[3][0]) == 5
    assert len(correlation._due) < 100


@given(st.integers(0, 2000), st.integers(2, 4), st.integers(1, 20))
def test_a_count_is_what_its_definition_says(seed, least, within):
    rng = random.Random(seed)
    rows = sorted(rng.randrange(60) for _ in range(rng.randrange(20)))
    expected, since = [], 0
    for number, at in enumerate(rows):
        if sum(at - within <= other for other in rows[since : number + 1]) >= least:
            expected.append((at, "web"))
            since = number + 1
    when = {"count": {"of": {}, "at_least": least, "within_s": within}}
    assert run(when, of(*((at, "a") for at in rows))) == expected


@given(st.integers(0, 5000), st.integers(1, 3))
def test_a_sequence_hits_first_when_its_definition_does(seed, within):
    rng = random.Random(seed)
    rows = sorted(((rng.randrange(6), rng.choice("abc")) for _ in range(rng.randrange(9))), key=lambda row: row[0])

    def possible(upto):
        """Some a, then b, then c among the first rows, not out of time, none too far from the first."""
        some = list(enumerate(rows[:upto]))
        return any(
            x < y or (x == y)
            for _, (x, p) in some
            for _, (y, q) in some
            for _, (z, r) in some
            if (p, q, r) == ("a", "b", "c") and x <= y <= z <= x + within
        )

    first = next((rows[upto - 1][0] for upto in range(1, len(rows) + 1) if possible(upto)), None)
    hits = run({"sequence": {"steps": [A, B, C], "within_s": within}}, of(*rows))
    assert (hits[0][0] if hits else None) == first


@given(st.integers(0, 5000), st.integers(1, 9))
def test_a_silence_is_what_its_definition_says(seed, within):
    rng = random.Random(seed)
    rows = sorted(rng.randrange(60) for _ in range(rng.randrange(12)))
    expected = [(a + within, "web") for a, b in zip(rows, [*rows[1:], 1000], strict=False) if b - a > within]
    assert run({"absence": {"of": {}, "within_s": within}}, of(*((at, "a") for at in rows)), until=500) == expected


GOOD = {"id": "r", "title": "R", "when": A}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({**GOOD, "id": "No Spaces"}, "rule No Spaces: id"),
        ({**GOOD, "tittle": "x"}, "tittle: Extra inputs"),
        ({**GOOD, "when": {}}, "when: .*exactly one of match, count.*not none"),
        ({**GOOD, "when": {**A, "any": [A, B]}}, "when: .*not match and any"),
        ({**GOOD, "when": {"count": {"of": {}, "at_least": 0, "within_s": 1}}}, "when.count.at_least"),
        ({**GOOD, "when": {"sequence": {"steps": [A], "within_s": 1}}}, "when.sequence.steps"),
        ({**GOOD, "when": {"any": [A, {"all": {"of": [A, B]}}]}}, "when.any.1.all.within_s: Field required"),
        ({**GOOD, "when": {"absence": {"of": {"hots": "x"}, "within_s": 1}}}, "when.absence.of.hots"),
        ({**GOOD, "when": {"match": {"severity_at_least": "huge"}}}, "when.match.severity_at_least"),
        ({**GOOD, "by": ["city"]}, "by.0"),
        (GOOD["when"], "rule 0: id: Field required"),
        ("text", "rule 0: the rule"),
    ],
)
def test_errors_name_rule_and_field(rule, said):
    with pytest.raises(ConfigurationError, match=said):
        parse_rules([rule])


def test_two_of_one_id_and_what_is_no_list():
    with pytest.raises(ConfigurationError, match="rule r: id: there are two of it"):
        parse_rules([GOOD, GOOD])
    with pytest.raises(ConfigurationError, match="rules are a list"):
        parse_rules({"rules": []})


def test_conditions_that_lie_too_deep():
    when = A
    for _ in range(9):
        when = {"any": [when, B]}
    with pytest.raises(ConfigurationError, match="more than 8 deep"):
        parse_rules([{**GOOD, "when": when}])
