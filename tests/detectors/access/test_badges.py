"""Badges and logins one by one: calm on ordinary days, clear on what is out of order."""

import pytest

from infrastress.detectors.access import AccessDetector, AccessOptions
from infrastress.site.load import load_site
from tests.detectors.observing import MINUTE, at, badge, event, login, raised, say


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


@pytest.fixture
def detector(depot):
    return AccessDetector(depot)


@pytest.mark.parametrize(
    "body",
    [
        badge("OP-01", "control", "D-CONTROL"),
        badge("1001", "farm-petrol", "D-FARM-A"),
        badge("OP-01", "control", "D-CONTROL", granted=False),
        badge("OP-01", "control", "D-CONTROL", direction="out"),
        login("op01", "HMI-1"),
        login("eng01", "ENG-1", remote=True, origin="198.51.100.7"),
        login("eng01", "ENG-1", success=False),
    ],
    ids=repr,
)
def test_ordinary_things_at_ten_on_a_tuesday(detector, body):
    assert say(detector, event(at("10:00"), body)) == []


@pytest.mark.parametrize(
    ("when", "body", "expected"),
    [
        (at("10:00"), badge("CT-02", "farm-petrol", "D-FARM-A"), [("access.out_of_place", "high")]),
        (at("10:00"), badge("MT-01", "office", "D-OFFICE"), [("access.out_of_place", "medium")]),
        (at("10:00"), badge("9999", "farm-petrol", "D-FARM-A"), [("access.unknown_badge", "high")]),
        (at("10:00"), badge("9999", "gate", "D-GATE"), [("access.unknown_badge", "medium")]),
        (at("10:00"), badge("OP-01", "control", "D-9"), [("access.unknown_door", "info")]),
        (at("03:00"), badge("OP-01", "control", "D-CONTROL"), [("access.outside_shift", "medium")]),
        (at("03:00"), badge("OP-01", "gate", "D-GATE"), [("access.outside_shift", "low")]),
        (at("03:00"), badge("MT-01", "pumps", "D-PUMPS"), [("access.outside_shift", "low")]),
        (at("03:00"), badge("CT-01", "farm-diesel", "D-FARM-B"), [("access.outside_shift", "medium")]),
        (at("03:00"), badge("CT-01", "workshop", "D-WORKSHOP"), [("access.outside_shift", "low")]),
        (at("03:00"), badge("OP-05", "control", "D-CONTROL"), []),
        (at("05:30"), badge("OP-01", "control", "D-CONTROL"), []),
        (at("15:30"), badge("OP-01", "gate", "D-GATE", direction="out"), []),
        (at("11:00", 14), badge("EN-01", "office", "D-OFFICE"), [("access.outside_shift", "low")]),
        (at("10:00"), login("ghost", "HMI-1"), [("login.unknown_account", "high")]),
        (at("10:00"), login("op01", "HMI-1", remote=True), [("login.remote_not_allowed", "high")]),
        (at("10:00"), login("mt01", "ENG-1"), [("login.host_not_allowed", "high")]),
        (at("10:00"), login("op01", "HIST-1"), [("login.host_not_allowed", "medium")]),
        (at("23:30"), login("eng01", "ENG-1", remote=True), [("login.outside_shift", "low")]),
        (
            at("23:30"),
            login("mg01", "WS-1", remote=True),
            [("login.outside_shift", "high"), ("login.remote_not_allowed", "high")],
        ),
        (at("23:30"), login("mg01", "WS-1"), [("login.outside_shift", "low")]),
    ],
    ids=lambda value: repr(value) if not isinstance(value, int) else "",
)
def test_what_each_thing_raises(detector, when, body, expected):
    assert raised(say(detector, event(when, body))) == expected


def test_refusals_and_failures_count_within_minutes(detector):
    refused = [
        event(at("10:00") + i * MINUTE, badge("CT-01", "control", "D-CONTROL", granted=False), sequence=i)
        for i in range(3)
    ]
    assert raised(say(detector, *refused)) == [("access.denied_repeatedly", "low")]
    failed = [event(at("11:00") + i * MINUTE, login("op01", "ENG-1", success=False), sequence=10 + i) for i in range(5)]
    found = say(detector, *failed)
    assert ("login.failed_burst", "high") in raised(found)
    assert "5 failed logins at ENG-1" in next(f for f in found if f.body.rule == "login.failed_burst").body.sentence
    slow = [
        event(at("12:00", 11) + i * 20 * MINUTE, login("op01", "HMI-1", success=False), sequence=i) for i in range(9)
    ]
    assert raised(say(detector, *slow)) == []


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        (["CT-01@D-OFFICE"] * 4, "low"),
        (["CT-01@D-OFFICE", "CT-01@D-OFFICE", "CT-01@D-PUMPS"], "medium"),
        (["CT-01@D-OFFICE", "CT-01@D-CONTROL", "CT-01@D-PUMPS"], "high"),
        (["CT-01@D-OFFICE", "CT-02@D-OFFICE", "CT-01@D-OFFICE"], "medium"),
    ],
    ids=["a worn badge", "the next door", "door after door", "one badge after the other"],
)
def test_refusals_weigh_by_doors(detector, tried, expected):
    zones = {"D-OFFICE": "office", "D-CONTROL": "control", "D-PUMPS": "pumps"}
    told = [one.split("@") for one in tried]
    refused = [
        event(at("10:00") + i * MINUTE, badge(who, zones[where], where, granted=False), sequence=i)
        for i, (who, where) in enumerate(told)
    ]
    assert raised(say(detector, *refused)) == [("access.denied_repeatedly", expected)]


def test_a_replayed_log_counts_no_refusal_again(detector):
    same = [event(at("10:00"), badge("CT-01", "control", "D-CONTROL", granted=False), sequence=i) for i in range(9)]
    assert say(detector, *same) == []


def test_a_found_badge_tries_the_doors(detector):
    """Called in at night is ordinary; behind a refusal it is not."""
    tried = event(at("02:00"), badge("MT-01", "office", "D-OFFICE", granted=False))
    entered = event(at("02:10"), badge("MT-01", "pumps", "D-PUMPS"))
    (found,) = say(detector, tried, entered)
    assert (found.body.rule, found.body.severity) == ("access.outside_shift", "high")
    assert "MT-01 (maintenance) entered Pump hall and manifold (restricted) at Tue 02:10" in found.body.sentence
    assert found.body.evidence == (tried.id, entered.id)


def test_who_is_on_call_is_the_sites_to_say(depot):
    detector = AccessDetector(depot, AccessOptions(on_call=("operator",)))
    told = [badge("OP-01", "control", "D-CONTROL"), badge("MT-01", "pumps", "D-PUMPS")]
    found = raised(say(detector, *(event(at("03:00"), body, sequence=i) for i, body in enumerate(told))))
    assert sorted(found) == [("access.outside_shift", "low"), ("access.outside_shift", "medium")]


@pytest.mark.parametrize(
    ("left", "came", "person", "expected"),
    [
        ("22:15", "02:02", "OP-07", ["low", "medium"]),
        (None, "02:02", "OP-07", ["low", "medium"]),
        ("01:15", "02:02", "OP-07", []),
        (None, "22:40", "OP-07", []),
        (None, "05:40", "OP-07", []),
        (None, "10:30", "OP-07", []),
        (None, "02:02", "OP-05", []),
    ],
    ids=["after the late shift", "from home", "from a break", "late", "early", "by day", "has that shift alone"],
)
def test_in_the_middle_of_a_shift_by_night(detector, left, came, person, expected):
    """Who rotates is on paper always on shift; they come when one begins."""
    day = 11 if left is None or left < "12:00" else 10
    told = [event(at(left, day), badge(person, "gate", "D-GATE", direction="out"))] if left else []
    told.append(event(at(came, 11), badge(person, "gate", "D-GATE"), sequence=1))
    told.append(event(at(came, 11) + 3 * MINUTE, badge(person, "control", "D-CONTROL"), sequence=2))
    found = raised(say(detector, *told))
    assert [severity for rule, severity in found if rule == "access.outside_shift"] == expected


@pytest.mark.parametrize(
    ("entered", "person", "account", "expected"),
    [
        ("02:00", "EN-01", "eng01", "medium"),
        ("00:30", "EN-01", "eng01", "low"),
        ("02:00", "MT-01", "mt01", "low"),
        ("02:00", "MG-01", "mg01", "low"),
    ],
    ids=["both", "long before", "called out", "at a desk"],
)
def test_low_signs_of_one_person_add_up(detector, entered, person, account, expected):
    host = {"EN-01": "SCADA-1", "MT-01": "HMI-2", "MG-01": "WS-1"}[person]
    told = [event(at(entered), badge(person, "gate", "D-GATE")), event(at("02:20"), login(account, host, origin=host))]
    found = raised(say(detector, *told, until=at("02:21")))
    assert [one for one in found if one[0] == "login.outside_shift"] == [("login.outside_shift", expected)]


@pytest.mark.parametrize(
    ("host", "clock", "expected"),
    [
        ("OP-01", "10:00:20", "low"),
        ("OP-01", "10:02", "high"),
        ("EN-01", "10:00:20", "high"),
        ("CT-02", "10:00:20", "high"),
    ],
    ids=["led", "too long behind", "by somebody without work there", "no visitor's badge"],
)
def test_a_visitor_is_led(detector, host, clock, expected):
    guest = "CT-02" if host == "CT-02" else "VI-01"
    host = "OP-01" if host == "CT-02" else host
    told = [
        event(at("10:00"), badge(host, "pumps", "D-PUMPS")),
        event(at(clock), badge(guest, "pumps", "D-PUMPS"), sequence=1),
    ]
    found = [f for f in say(detector, *told) if guest in f.body.sentence]
    assert ("access.out_of_place", expected) in raised(found)


def test_point_episodes_clear_after_quiet(detector):
    say(detector, event(at("10:00"), badge("CT-02", "farm-petrol", "D-FARM-A")))
    assert say(detector, until=at("10:20")) == []
    found = say(detector, until=at("10:40"))
    assert [f.body.phase for f in found] == ["cleared"]
    assert found[0].occurred == at("10:30")
