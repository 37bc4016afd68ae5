"""Event rules: calm on ordinary days, clear on what is out of order, right about late events."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from infrastress.detectors.events import EventRuleDetector, EventRuleOptions
from infrastress.events import AccessAttempt, GasReading, LoginAttempt, SwitchState, make_event
from infrastress.events.frames import Block
from infrastress.site.load import load_site
from tests.detectors.contract import DetectorContract
from tests.detectors.plant import START, frames_of, still, tank_site

ROME = ZoneInfo("Europe/Rome")
WIDTH = 60 * 10**9


def at(clock: str, day: int = 10) -> int:
    """Nanoseconds of a local time in March 2026; the 10th is a Tuesday, the 14th a Saturday."""
    moment = datetime(2026, 3, day, int(clock[:2]), int(clock[3:]), tzinfo=ROME)
    return int(moment.timestamp()) * 10**9


def event(when: int, body, *, assets=(), sequence=0, source="test"):
    return make_event(site="depot", source=source, sequence=sequence, occurred=when, body=body, assets=assets)


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


@pytest.fixture
def detector(depot):
    return EventRuleDetector(depot, EventRuleOptions())


def say(detector, *events, until=None):
    newest = until or max(e.occurred for e in events)
    ends = frames_of(still(1), start=newest // WIDTH * WIDTH - WIDTH)
    return detector.update(Block(ends, tuple(sorted(events, key=lambda e: (e.occurred, e.id)))))


def raised(findings):
    return [(f.body.rule, f.body.severity) for f in findings if f.body.phase == "raised"]


def badge(person, zone, door="D-X", **more):
    return AccessAttempt(person=person, door=door, zone=zone, **more)


def login(account, host, **more):
    return LoginAttempt(account=account, host=host, origin=more.pop("origin", "10.20.20.21"), **more)


@pytest.mark.parametrize(
    "body",
    [
        badge("OP-01", "control"),
        badge("1001", "farm-petrol"),
        badge("OP-01", "control", granted=False),
        badge("OP-01", "control", direction="out"),
        login("op01", "HMI-1"),
        login("eng01", "ENG-1", remote=True, origin="198.51.100.7"),
        login("eng01", "ENG-1", success=False),
        GasReading(detector="GD-01", level_lel=0.05),
        SwitchState(device="LSHH-101", state="normal"),
    ],
    ids=repr,
)
def test_ordinary_things_at_ten_on_a_tuesday(detector, body):
    assert say(detector, event(at("10:00"), body)) == []


@pytest.mark.parametrize(
    ("when", "body", "expected"),
    [
        (at("10:00"), badge("CT-02", "farm-petrol"), [("access.out_of_place", "high")]),
        (at("10:00"), badge("MT-01", "office"), [("access.out_of_place", "medium")]),
        (at("10:00"), badge("9999", "farm-petrol"), [("access.unknown_badge", "high")]),
        (at("10:00"), badge("9999", "gate"), [("access.unknown_badge", "medium")]),
        (at("03:00"), badge("OP-01", "control"), [("access.outside_shift", "low")]),
        (at("03:00"), badge("OP-05", "control"), []),
        (at("05:30"), badge("OP-01", "control"), []),
        (at("15:30"), badge("OP-01", "gate", direction="out"), []),
        (at("11:00", 14), badge("EN-01", "office"), [("access.outside_shift", "low")]),
        (at("10:00"), login("ghost", "HMI-1"), [("login.unknown_account", "high")]),
        (at("10:00"), login("op01", "HMI-1", remote=True), [("login.remote_not_allowed", "high")]),
        (at("10:00"), login("mt01", "ENG-1"), [("login.host_not_allowed", "high")]),
        (at("10:00"), login("op01", "HIST-1"), [("login.host_not_allowed", "medium")]),
        (at("23:30"), login("eng01", "ENG-1", remote=True), [("login.outside_shift", "high")]),
        (at("23:30"), login("mg01", "WS-1"), [("login.outside_shift", "low")]),
        (at("10:00"), GasReading(detector="GD-01", level_lel=0.12), [("gas.low_alarm", "medium")]),
        (
            at("10:00"),
            GasReading(detector="GD-01", level_lel=0.5),
            [("gas.high_alarm", "critical"), ("gas.low_alarm", "medium")],
        ),
        (at("10:00"), SwitchState(device="LSHH-101", state="bypassed", by="eng02"), [("switch.disabled", "low")]),
        (at("02:00"), SwitchState(device="LSHH-101", state="bypassed", by="eng02"), [("switch.disabled", "high")]),
        (at("10:00"), SwitchState(device="LSHH-101", state="bypassed", by="op01"), [("switch.disabled", "high")]),
        (at("10:00"), SwitchState(device="LSHH-101", state="disabled"), [("switch.disabled", "high")]),
        (at("10:00"), SwitchState(device="LSHH-101", state="tripped"), [("switch.tripped", "high")]),
    ],
    ids=lambda value: repr(value) if not isinstance(value, int) else "",
)
def test_what_each_thing_raises(detector, when, body, expected):
    assert raised(say(detector, event(when, body))) == expected


def test_refusals_and_failures_count_within_minutes(detector):
    refused = [event(at("10:00") + i * WIDTH, badge("CT-01", "control", granted=False), sequence=i) for i in range(3)]
    assert raised(say(detector, *refused)) == [("access.denied_repeatedly", "medium")]
    failed = [event(at("11:00") + i * WIDTH, login("op01", "ENG-1", success=False), sequence=10 + i) for i in range(5)]
    found = say(detector, *failed)
    assert ("login.failed_burst", "high") in raised(found)
    assert "5 failed logins at ENG-1" in next(f for f in found if f.body.rule == "login.failed_burst").body.sentence
    slow = [
        event(at("12:00", 11) + i * 20 * WIDTH, login("op01", "HMI-1", success=False), sequence=i) for i in range(9)
    ]
    assert raised(say(detector, *slow)) == []


def test_late_gas_reading_does_not_change_what_is_now(detector):
    now, old = (GasReading(detector="GD-01", level_lel=level) for level in (0.01, 0.5))
    assert say(detector, event(at("10:00"), now)) == []
    assert say(detector, event(at("09:50"), old), until=at("10:01")) == []


def test_gas_clears_with_hysteresis(detector):
    levels = [0.12, 0.09, 0.12, 0.07]
    events = [
        event(at("10:00") + i * WIDTH, GasReading(detector="GD-01", level_lel=level), sequence=i)
        for i, level in enumerate(levels)
    ]
    found = say(detector, *events)
    assert [(f.body.phase, f.occurred) for f in found] == [
        ("raised", events[0].occurred),
        ("cleared", events[3].occurred),
    ]


def test_test_under_bypass_is_calm_and_ends(detector):
    states = [("09:00", "bypassed", "mt01"), ("09:10", "tripped", ""), ("09:20", "normal", "mt01")]
    events = [event(at(clock), SwitchState(device="LSHH-101", state=state, by=by)) for clock, state, by in states]
    found = say(detector, *events)
    assert raised(found) == [("switch.disabled", "low"), ("switch.tripped", "low")]
    assert sum(f.body.phase == "cleared" for f in found) == 2


def test_forgotten_bypass_is_raised_again(detector):
    bypass = event(at("09:00"), SwitchState(device="LSHH-101", state="bypassed", by="mt01"))
    assert raised(say(detector, bypass)) == [("switch.disabled", "low")]
    found = say(detector, until=at("14:00"))
    assert raised(found) == [("switch.disabled", "medium")]
    assert "more than 4 h" in found[0].body.sentence


def test_point_episodes_clear_after_quiet(detector):
    say(detector, event(at("10:00"), badge("CT-02", "farm-petrol")))
    assert say(detector, until=at("10:20")) == []
    found = say(detector, until=at("10:40"))
    assert [f.body.phase for f in found] == ["cleared"]
    assert found[0].occurred == at("10:30")


class TestContract(DetectorContract):
    def make(self):
        people = [
            {"id": "P1", "role": "operator", "badge": "1", "accounts": ["p1"], "zones": ["yard"], "hosts": ["H1"]},
        ]
        zones = [{"id": "yard"}, {"id": "farm", "access": "restricted"}]
        shifts = [{"id": "day", "begins": "06:00", "ends": "18:00"}]
        return EventRuleDetector(tank_site(people=people, zones=zones, shifts=shifts), EventRuleOptions())

    def stream(self):
        bodies = [
            badge("P1", "farm"), badge("7", "farm"), login("p1", "H2"), login("x", "H1", success=False),
            login("y", "H1", success=False), GasReading(detector="G", level_lel=0.2),
            GasReading(detector="G", level_lel=0.0), SwitchState(device="S1", state="bypassed"),
            badge("8", "farm", granted=False), SwitchState(device="S1", state="normal"),
        ]  # fmt: skip
        events = [event(START + (7 + 13 * i) * WIDTH // 2 + i, bodies[i % len(bodies)], sequence=i) for i in range(60)]
        return Block(frames_of(still(500)), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))
