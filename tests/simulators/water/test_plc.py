"""Controllers: every relation, times that pass once, priorities, and hysteresis under any level."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.simulators.water.plc import Clock, Controllers, band, inputs_of, shifted
from infrastress.site.epanet_controls import Action, ControlLogic, Premise

ON, OFF = Action("P", "status", 1), Action("P", "status", 0)


def simple(premise, action):
    return ControlLogic("c", True, ((premise,),), (action,))


def at(elapsed, before=None, start=0.0, cycle=0.0):
    return Clock(elapsed, elapsed - 60 if before is None else before, start, cycle)


LEVELS = (
    simple(Premise("level", "T", "at_most", 2.0), ON),
    simple(Premise("level", "T", "at_least", 4.0), OFF),
)


@given(st.lists(st.floats(0, 6), min_size=1, max_size=50))
def test_hysteresis(levels):
    """The pump's state follows from the last level outside the band, whatever happens inside it."""
    controllers, state, expected = Controllers(LEVELS), None, None
    for i, level in enumerate(levels):
        command = controllers.scan(at(60 * i), lambda _q, _e, level=level: level).get("P")
        state = command.value if command else state
        expected = 1 if level <= 2 else 0 if level >= 4 else expected
        assert state == expected


@pytest.mark.parametrize(
    ("relation", "below", "same", "above"),
    [
        ("above", False, False, True),
        ("at_least", False, True, True),
        ("below", True, False, False),
        ("at_most", True, True, False),
        ("equal", False, True, False),
        ("unequal", True, False, True),
    ],
)
def test_relations(relation, below, same, above):
    controllers = Controllers([simple(Premise("flow", "P1", relation, 5.0), ON)])
    for value, holds in ((4.9, below), (5.0, same), (5.1, above)):
        assert bool(controllers.scan(at(0), lambda _q, _e, value=value: value)) is holds


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_what_is_unknown_moves_nothing(unknown):
    rules = [ControlLogic("r", False, ((Premise("level", "T", "unequal", 1.0),),), (ON,))]
    assert Controllers(rules).scan(at(0), lambda *_: unknown) == {}


def test_all_of_any_and_otherwise():
    rule = ControlLogic(
        "r", False, (
            (Premise("level", "T", "above", 3), Premise("clock", "", "at_least", 22 * 3600)),
            (Premise("status", "V", "equal", 1),),
        ), (ON,), (OFF,),
    )  # fmt: skip
    told = {("level", "T"): 2.0, ("status", "V"): 1.0}
    controllers = Controllers([rule])
    assert controllers.scan(at(21 * 3600), lambda q, e: told[q, e]) == {"P": OFF}
    assert controllers.scan(at(23 * 3600), lambda q, e: told[q, e]) == {"P": ON}
    told["status", "V"] = 0.0
    assert controllers.scan(at(23 * 3600), lambda q, e: told[q, e]) == {"P": OFF}


def test_the_higher_priority_wins_and_of_equal_ones_the_first():
    always = ((Premise("level", "T", "above", 0),),)
    rules = [
        ControlLogic("a", False, always, (ON,), priority=1),
        ControlLogic("b", False, always, (OFF,), priority=2),
        ControlLogic("c", False, always, (ON,), priority=2),
    ]
    assert Controllers(rules).scan(at(0), lambda *_: 1.0) == {"P": OFF}


@settings(max_examples=25)
@given(st.integers(97, 900), st.integers(0, 86399), st.integers(0, 23))
def test_a_moment_passes_once_a_day(scan, moment, start_hour):
    """Whatever the scan, a control at a clock time fires once a day."""
    controllers = Controllers([simple(Premise("clock", "", "equal", moment), ON)])
    fired, before = 0, -1.0
    for elapsed in range(0, 3 * 86400, scan):
        fired += bool(controllers.scan(Clock(elapsed, before, start_hour * 3600), lambda *_: None))
        before = elapsed
    assert fired in ((3,) if 3 * 86400 % scan == 0 else (2, 3))


@settings(max_examples=25)
@given(st.integers(97, 900), st.integers(0, 86399))
def test_a_moment_since_the_start_passes_once_a_cycle(scan, moment):
    controllers = Controllers([simple(Premise("elapsed", "", "equal", moment), ON)])
    for cycle, expected in ((0.0, 1), (86400.0, 2)):
        fired, before = 0, -1.0
        for elapsed in range(0, 2 * 86400 + scan, scan):
            if elapsed > 2 * 86400 - 1:
                break
            fired += bool(controllers.scan(Clock(elapsed, before, 0.0, cycle), lambda *_: None))
            before = elapsed
        assert expected - (before < moment + 86400 * (expected - 1)) <= fired <= expected


def test_switching_points():
    assert band(LEVELS, "level", "T") == (2.0, 4.0)
    assert band(LEVELS, "level", "other") is None
    assert inputs_of(LEVELS) == {("level", "T"): {"P"}}
    assert band(shifted(LEVELS, "level", "T", 0.5), "level", "T") == (2.5, 4.5)
    assert shifted(LEVELS, "level", "other", 0.5) == LEVELS
