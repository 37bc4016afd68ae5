"""Gas heads, switches, fire, votes and silence: each worked example both ways."""

import pytest

from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.perimeter.votes import left_of
from infrastress.events import GasReading, SwitchState
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.detectors.observing import MINUTE, SECOND, at, event, raised, say


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


@pytest.fixture
def detector(depot):
    return PerimeterDetector(depot.model_copy(update={"voting": ()}))  # votes have examples of their own


def gas(head, level, **more):
    return GasReading(detector=head, level_lel=level, **more)


def switch(device, state, **more):
    return SwitchState(device=device, state=state, **more)


@pytest.mark.parametrize("body", [gas("GD-01", 0.05), switch("LSHH-101", "normal")], ids=repr)
def test_ordinary_things_at_ten_on_a_tuesday(detector, body):
    assert say(detector, event(at("10:00"), body)) == []


@pytest.mark.parametrize(
    ("when", "body", "expected"),
    [
        (at("10:00"), gas("GD-01", 0.12), [("gas.low_alarm", "medium")]),
        (at("10:00"), gas("GD-01", 0.5), [("gas.high_alarm", "critical"), ("gas.low_alarm", "medium")]),
        (at("10:00"), gas("GD-01", 0.5, condition="test"), [("gas.inhibited", "low")]),
        (at("02:00"), gas("GD-01", 0.0, condition="inhibited"), [("gas.inhibited", "medium")]),
        (at("10:00"), gas("GD-01", 0.9, condition="fault"), [("gas.fault", "low")]),
        (at("10:00"), gas("GD-99", 0.12), [("device.unknown", "info"), ("gas.low_alarm", "medium")]),
        (at("10:00"), switch("LSHH-101", "bypassed", by="eng02"), [("switch.disabled", "low")]),
        (at("02:00"), switch("LSHH-101", "bypassed", by="eng02"), [("switch.disabled", "high")]),
        (at("10:00"), switch("LSHH-101", "bypassed", by="op01"), [("switch.disabled", "high")]),
        (at("10:00"), switch("LSHH-101", "disabled"), [("switch.disabled", "high")]),
        (at("10:00"), switch("LSHH-101", "tripped"), [("switch.tripped", "high")]),
        (at("10:00"), switch("LSHH-101", "fault"), [("device.fault", "low")]),
        (at("10:00"), switch("LSHH-101", "mumble"), []),
    ],
    ids=lambda value: repr(value) if not isinstance(value, int) else "",
)
def test_what_each_thing_raises(detector, when, body, expected):
    assert raised(say(detector, event(when, body))) == expected


def test_late_gas_reading_does_not_change_what_is_now(detector):
    assert say(detector, event(at("10:00"), gas("GD-01", 0.01))) == []
    assert say(detector, event(at("09:50"), gas("GD-01", 0.5)), until=at("10:01")) == []


def test_gas_clears_with_hysteresis(detector):
    levels = [0.12, 0.09, 0.12, 0.07]
    events = [event(at("10:00") + i * MINUTE, gas("GD-01", level), sequence=i) for i, level in enumerate(levels)]
    found = say(detector, *events)
    assert [(f.body.phase, f.occurred) for f in found] == [
        ("raised", events[0].occurred),
        ("cleared", events[3].occurred),
    ]


def test_test_under_bypass_is_calm_and_ends(detector):
    states = [("09:00", "bypassed", "mt01"), ("09:10", "tripped", ""), ("09:20", "normal", "mt01")]
    events = [event(at(clock), switch("LSHH-101", state, by=by)) for clock, state, by in states]
    found = say(detector, *events)
    assert raised(found) == [("switch.disabled", "low"), ("switch.tripped", "low")]
    assert sum(f.body.phase == "cleared" for f in found) == 2


def test_forgotten_bypass_is_raised_again(detector):
    bypass = event(at("09:00"), switch("LSHH-101", "bypassed", by="mt01"))
    assert raised(say(detector, bypass)) == [("switch.disabled", "low")]
    found = say(detector, until=at("14:00"))
    assert raised(found) == [("switch.disabled", "medium")]
    assert "more than 4 h" in found[0].body.sentence


def test_a_head_left_inhibited_is_raised_again_and_ends_when_it_measures(detector):
    say(detector, event(at("09:00"), gas("GD-01", 0.0, condition="inhibited")))
    found = say(detector, until=at("14:00"))
    assert raised(found) == [("gas.inhibited", "medium")]
    assert "forgotten after work" in found[0].body.sentence
    found = say(detector, event(at("14:10"), gas("GD-01", 0.01)))
    assert [(f.body.rule, f.body.phase) for f in found] == [("gas.inhibited", "cleared")]


def test_gas_beside_an_inhibited_head_weighs_more(detector):
    say(detector, event(at("09:00"), gas("GD-01", 0.0, condition="inhibited")))
    (found,) = say(detector, event(at("09:30"), gas("GD-02", 0.15)))
    assert (found.body.rule, found.body.severity) == ("gas.low_alarm", "high")
    assert "GD-01 beside it inhibited" in found.body.sentence


def plant(**changes) -> Site:
    """Gas heads that vote 2oo3, flame detectors 2oo2, a panel, a call point, four sections of a fence, doors."""
    square = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]
    fields = {
        "id": "depot",
        "time_zone": "Europe/Rome",
        "zones": [{"id": "yard"}, {"id": "hall", "access": "restricted", "explosive": "zone2"}],
        "assets": [
            *({"id": f"G{i}", "type": "gas_detector", "zone": "hall"} for i in (1, 2, 3)),
            *({"id": f"F{i}", "type": "flame_detector", "zone": "hall"} for i in (1, 2)),
            {"id": "F9", "type": "flame_detector", "zone": "yard"},
            {"id": "PANEL", "type": "fire_panel"},
            {"id": "MCP", "type": "call_point", "zone": "yard"},
            *(
                {"id": f"S{i + 1}", "type": "fence", "zone": "yard", "line": [square[i], square[i + 1]]}
                for i in range(4)
            ),
            {"id": "D-GATE", "type": "door", "zone": "yard", "leads_to": "yard", "position": [100, 50]},
            {"id": "D-HALL", "type": "door", "zone": "yard", "leads_to": "hall", "position": [50, 50]},
        ],
        "voting": [
            {"id": "gas", "name": "Hall gas", "members": ["G1", "G2", "G3"], "needed": 2},
            {"id": "fire", "members": ["F1", "F2"], "needed": 2},
        ],
        "people": [{"id": "P1", "role": "operator", "badge": "1", "zones": ["yard", "hall"]}],
        **changes,
    }
    return Site.model_validate(fields)


@pytest.mark.parametrize(
    ("needed", "members", "out", "left"),
    [(2, 3, 0, (2, 3)), (2, 3, 1, (1, 2)), (2, 3, 2, (1, 1)), (2, 3, 3, (0, 0)), (1, 3, 1, (1, 2)), (3, 4, 1, (2, 3)),
     (2, 2, 1, (1, 1))],
)  # fmt: skip
def test_what_is_left_of_a_vote(needed, members, out, left):
    assert left_of(needed, members, out) == left


def test_two_of_three_confirm():
    detector = PerimeterDetector(plant())
    assert raised(say(detector, event(at("10:00"), gas("G1", 0.15)))) == [("gas.low_alarm", "medium")]
    found = raised(say(detector, event(at("10:01"), gas("G2", 0.15))))
    assert found == [("gas.low_alarm", "medium"), ("vote.confirmed", "high")]
    found = raised(say(detector, event(at("10:02"), gas("G1", 0.5)), event(at("10:02"), gas("G2", 0.5))))
    assert ("vote.confirmed", "critical") in found
    over = say(detector, event(at("10:20"), gas("G1", 0.0)), event(at("10:21"), gas("G2", 0.0)))
    assert ("vote.confirmed", "cleared") in [(f.body.rule, f.body.phase) for f in over]


def test_a_head_out_of_action_leaves_one_of_two_and_it_is_told():
    detector = PerimeterDetector(plant())
    found = say(detector, event(at("10:00"), gas("G3", 0.0, condition="inhibited")))
    assert raised(found) == [("gas.inhibited", "low"), ("vote.reduced", "low")]
    told = next(f.body for f in found if f.body.rule == "vote.reduced")
    assert told.sentence == "Hall gas: 1oo2 left of 2oo3 since Tue 10:00: G3 inhibited"
    found = say(detector, event(at("10:05"), gas("G2", 0.0, condition="fault")))
    assert raised(found) == [("gas.fault", "low"), ("vote.reduced", "medium")]
    found = raised(say(detector, event(at("10:10"), gas("G1", 0.2))))
    assert found == [("gas.low_alarm", "high"), ("vote.confirmed", "high")]
    back = say(detector, event(at("10:30"), gas("G3", 0.0)), event(at("10:31"), gas("G2", 0.0)))
    assert ("vote.reduced", "cleared") in [(f.body.rule, f.body.phase) for f in back]


def test_what_is_tested_one_by_one_leaves_a_vote_short_and_is_watched():
    people = [{"id": "M1", "role": "maintenance", "accounts": ["m1"], "shifts": ["day"]}]
    site = plant(people=people, shifts=[{"id": "day", "begins": "08:00", "ends": "17:00"}])
    detector = PerimeterDetector(site)
    found = raised(say(detector, event(at("10:00"), switch("F1", "isolated", by="m1"))))
    assert found == [("switch.disabled", "low"), ("vote.reduced", "low")]
    found = raised(say(detector, event(at("10:05"), switch("F2", "isolated", by="m1"))))
    assert found == [("switch.disabled", "low"), ("vote.reduced", "medium")]
    found = raised(say(PerimeterDetector(site), event(at("10:00"), switch("F1", "isolated"))))
    assert found == [("switch.disabled", "high"), ("vote.reduced", "medium")]


def test_one_flame_detector_of_a_group_waits_for_the_other():
    detector = PerimeterDetector(plant())
    assert raised(say(detector, event(at("10:00"), switch("F1", "alarm")))) == [("fire.detected", "medium")]
    found = raised(say(detector, event(at("10:01"), switch("F2", "flame alarm"))))
    assert found == [("fire.detected", "medium"), ("vote.confirmed", "critical")]
    assert raised(say(detector, event(at("10:02"), switch("F9", "alarm")))) == [("fire.detected", "high")]


def test_a_call_point_calls_and_a_drill_set_at_the_panel_does_not():
    detector = PerimeterDetector(plant())
    assert raised(say(detector, event(at("10:00"), switch("MCP", "activated")))) == [("fire.call_point", "high")]
    detector = PerimeterDetector(plant())
    found = say(detector, event(at("10:00"), switch("PANEL", "test")), event(at("10:05"), switch("MCP", "pressed")))
    assert raised(found) == [("fire.call_point", "low")]
    assert "a drill?" in found[0].body.sentence


def test_a_panel_passes_on_what_a_call_point_told():
    told = [event(at("10:00"), switch("MCP", "alarm")), event(at("10:00:02"), switch("PANEL", "alarm"))]
    found = say(PerimeterDetector(plant()), *told)
    assert raised(found) == [("fire.call_point", "high"), ("fire.panel", "low")]
    assert "as MCP has just told it" in found[1].body.sentence
    later = [told[0], event(at("10:05"), switch("PANEL", "alarm"))]
    assert ("fire.panel", "high") in raised(say(PerimeterDetector(plant()), *later))


@pytest.mark.parametrize(
    ("by", "clock", "expected"), [("m1", "10:00", "low"), ("", "10:00", "high"), ("m1", "02:00", "high")]
)
def test_a_detector_that_alarms_while_it_is_isolated(by, clock, expected):
    """A walk test isolates each device, sets it off and puts it back; isolated by nobody at work it is no test."""
    people = [{"id": "M1", "role": "maintenance", "accounts": ["m1"], "shifts": ["day"]}]
    detector = PerimeterDetector(plant(people=people, shifts=[{"id": "day", "begins": "08:00", "ends": "17:00"}]))
    states = [("isolated", by), ("alarm", ""), ("normal", ""), ("in_service", by)]
    told = [event(at(clock) + i * 30 * SECOND, switch("MCP", one, by=who)) for i, (one, who) in enumerate(states)]
    found = say(detector, *told)
    assert raised(found) == [("switch.disabled", expected), ("fire.call_point", expected)]
    # Back in service it warns again.
    assert raised(say(detector, event(at("11:00"), switch("MCP", "alarm")))) == [("fire.call_point", "high")]


def test_a_panel_in_fault_is_worse_than_a_head():
    detector = PerimeterDetector(plant())
    assert raised(say(detector, event(at("10:00"), switch("PANEL", "fault")))) == [("device.fault", "medium")]
    found = say(detector, event(at("10:10"), switch("PANEL", "normal")))
    assert [(f.body.rule, f.body.phase) for f in found] == [("device.fault", "cleared")]


def readings(head, first, last, every=10, source="gas"):
    return [
        event(at("00:00") + minute * MINUTE + int(head[1:]) * SECOND, gas(head, 0.01), sequence=minute, source=source)
        for minute in range(first, last, every)
    ]


def test_a_head_silent_for_longer_than_its_cadence_is_told_alone():
    detector = PerimeterDetector(plant())
    found = say(detector, *readings("G1", 0, 200), *readings("G2", 0, 130), *readings("G3", 0, 200), until=at("03:20"))
    assert raised(found) == [("device.silent", "low"), ("vote.reduced", "low")]
    silent = found[0]
    assert silent.assets == ("G2",)
    assert silent.occurred == at("02:00") + 2 * SECOND + 25 * MINUTE
    assert "usually every 10 min" in silent.body.sentence
    back = say(detector, event(at("03:30"), gas("G2", 0.01), source="gas"))
    assert {(f.body.rule, f.body.phase) for f in back} == {("device.silent", "cleared"), ("vote.reduced", "cleared")}


def test_a_silence_that_ended_is_no_new_cadence():
    detector = PerimeterDetector(plant())
    others = readings("G1", 0, 1200)
    dead_twice = [*readings("G2", 0, 200), *readings("G2", 600, 700)]
    found = say(detector, *others, *dead_twice, until=at("20:00"))
    silent = [f.occurred for f in found if f.body.rule == "device.silent" and f.body.phase == "raised"]
    assert silent == [at("03:10") + 2 * SECOND + 25 * MINUTE, at("11:30") + 2 * SECOND + 25 * MINUTE]


def test_a_silent_source_is_one_notice_not_one_a_head():
    detector = PerimeterDetector(plant())
    heads = [one for head in ("G1", "G2", "G3") for one in readings(head, 0, 130)]
    found = say(detector, *heads, until=at("05:00"))
    assert raised(found) == [("device.source_silent", "low")]
    back = say(detector, event(at("05:10"), gas("G2", 0.01), source="gas"))
    assert [(f.body.rule, f.body.phase) for f in back] == [("device.source_silent", "cleared")]


def test_readings_that_came_faster_for_a_while_are_no_new_cadence():
    detector = PerimeterDetector(plant())
    cloud = [
        event(at("12:00") + i * 30 * SECOND + SECOND, gas("G1", 0.02), sequence=5000 + i, source="gas")
        for i in range(200)
    ]
    hourly = [one for head in ("G1", "G2") for one in readings(head, 0, 720, every=60)]
    assert say(detector, *hourly, *cloud, *readings("G2", 720, 900, every=60), until=at("15:00")) == []


def test_a_head_whose_rhythm_was_broken_is_not_silent():
    """Regular, then a burst: the deadline of before doesn't hold any more."""
    detector = PerimeterDetector(plant())
    regular = readings("G1", 0, 720, every=60)
    burst = [event(at("11:20") + i * 30 * SECOND, gas("G1", 0.02), sequence=6000 + i, source="gas") for i in range(5)]
    after = readings("G1", 780, 1100, every=60)
    assert say(detector, *regular, *burst, *after, until=at("18:00")) == []


def test_what_speaks_when_something_happens_has_no_cadence():
    detector = PerimeterDetector(plant())
    minutes = [0, 3, 40, 41, 90, 300, 302, 340, 345, 500, 502, 560, 561, 600]
    some = [event(at("00:00") + m * MINUTE, gas("G1", 0.01), sequence=m, source="gas") for m in minutes]
    assert say(detector, *some, *readings("G2", 0, 1400), until=at("23:30")) == []
