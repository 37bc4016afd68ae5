"""Control rules of several parts and by the clock: judged where they surely hold, silent wherever half is unknown."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from infrastress.detectors.process.conditions import sureness
from infrastress.detectors.process.control import SwitchedWithoutCause
from infrastress.detectors.process.view import SignalTable, View
from infrastress.site.control import TimeOfDay
from tests.detectors.plant import CONTROL, START, frames_of, still, tank_site
from tests.detectors.process.test_rules import judge

HOUR = 60  # frames of a minute


def broken(rule_list, columns=None, n=26 * HOUR, **changes):
    columns = still(n, level=2.5) if columns is None else columns
    for name, values in changes.items():
        columns[name][:] = values
    return [f for f in judge(columns, tank_site(control_rules=rule_list)) if f.body.rule.startswith("process.control")]


def daily(**more):
    entries = [{"at": "01:00", "switches": "on"}, {"at": "15:00", "switches": "off"}]
    return {"id": "day", "actuator": "P1.state", "schedule": entries, **more}


def level(side, value):
    return {"signal": "L1", "is": side, "value": value}


def both(*parts, switches="on", **more):
    return {"id": "both", "when": {"all": list(parts)}, "actuator": "P1.state", "switches": switches, **more}


def test_schedule_is_kept_or_broken():
    kept, start = still(30 * HOUR, level=2.5), judge_start()
    minutes = (np.arange(30 * HOUR) + start) % (24 * HOUR)
    on = (minutes >= 1 * HOUR) & (minutes < 15 * HOUR)
    kept["P1.state"][:] = on
    assert broken([daily()], kept) == []
    found = broken([daily()], still(30 * HOUR, level=2.5))
    assert found
    assert "it is between 01:00 and 15:00: P1.state should be on (rule day@01:00) and reads 0" in found[0].body.sentence
    late = still(30 * HOUR, level=2.5)
    late["P1.state"][:] = np.roll(on, 1)
    assert broken([daily()], late) == [], "a switching within the frame is no fault"


def judge_start():
    """Minute of the local day in which the first frame begins."""
    first = datetime.fromtimestamp(START / 1e9, UTC).astimezone(ZoneInfo(tank_site().time_zone))
    return first.hour * 60 + first.minute


@pytest.mark.parametrize(
    "rule",
    [
        both(level("above", 2.0), level("below", 3.0)),
        both({"any": [level("above", 9.0), level("above", 2.0)]}),
        both(level("above", 2.0), {"signal": "V1.state", "is": "equal", "value": 0}),
        both(level("unequal", 9.0)),
    ],
)
def test_condition_of_several_parts_that_holds_is_judged(rule):
    assert broken([rule])
    assert broken([rule], **{"P1.state": 1.0}) == []


@pytest.mark.parametrize(
    "rule",
    [
        both(level("above", 2.0), level("above", 3.0)),
        both(level("above", 2.0), {"elapsed_h": {"from": 0}}),
        both(level("above", 2.4999)),
        both(level("above", 2.0), judged=False),
        {"id": "s", "actuator": "P1.state", "schedule": [{"after_h": 0, "switches": "on"}]},
        {"id": "s", "when": level("above", 2.0), "actuator": "P1.state", "sets": 0.8},
        daily(judged=False),
    ],
)
def test_what_does_not_surely_hold_is_not_judged(rule):
    assert broken([rule]) == []


@pytest.mark.parametrize(
    ("span", "minutes", "expected"),
    [
        (("01:00", "15:00"), 1, (840, 600, 0)),
        (("22:00", "06:00"), 1, (480, 960, 0)),
        (("00:00", "00:00"), 1, (1440, 0, 0)),
        (("01:30", "15:00"), 60, (13, 10, 1)),
    ],
)
def test_span_of_the_day_over_a_day_of_frames(span, minutes, expected):
    """Frames surely within, surely outside, and with an end of the span inside."""
    site = tank_site(time_zone="Asia/Kolkata")
    table = SignalTable(site)
    start = START // (3600 * 10**9) * 3600 * 10**9 - 1800 * 10**9  # half past in UTC, the hour in India
    frames = frames_of(still(1440 // minutes), minutes=minutes, start=start)
    view = View.of(frames, table, np.empty((len(table), 0)), np.empty((len(table), 0)))
    when = TimeOfDay.model_validate({"clock": {"from": span[0], "to": span[1]}})
    found = sureness(table, view, when).tolist()
    assert (found.count(1.0), found.count(-1.0), found.count(0.0)) == expected


def test_half_of_the_rules_raises_nothing():
    """Another rule that may command otherwise: nothing is said, whichever of the two the plant obeys."""
    on = both(level("above", 2.0))
    for other in (
        {"id": "off", "when": {"elapsed_h": {"from": 1}}, "actuator": "P1.state", "switches": "off"},
        {"id": "off", "when": level("below", 9.0), "actuator": "P1.state", "switches": "off"},
        {"id": "off", "when": level("below", 9.0), "actuator": "P1.state", "sets": 0.0},
        {"id": "off", "when": level("above", 9.0), "actuator": "P1.state", "switches": "on", "otherwise": "off"},
    ):
        assert broken([on, other]) == [], other
    elsewhere = {"id": "off", "when": level("above", 9.0), "actuator": "P1.state", "switches": "off"}
    assert broken([on, elsewhere]), "one that surely doesn't hold takes nothing away"


def test_missing_values_are_unknown():
    columns = still(4 * HOUR, level=2.5)
    columns["L1"][:] = np.nan
    assert broken([both(level("above", 2.0), level("below", 3.0))], columns) == []


def test_switching_is_judged_only_where_every_rule_is_one_comparison():
    for more, judged in (([], ["P1.state"]), ([daily()], []), ([both(level("above", 9.0), judged=False)], [])):
        site = tank_site(control_rules=[*CONTROL, *more])
        assert [subject.key for subject in SwitchedWithoutCause(site, SignalTable(site)).subjects] == judged
