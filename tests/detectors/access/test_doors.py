"""Doors: each worked example both ways, late reads, drills, and a door's crowd."""

import pytest

from infrastress.detectors.access import AccessDetector
from infrastress.events import SwitchState
from infrastress.site.load import load_site
from tests.detectors.observing import at, badge, door, event, raised, say


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


@pytest.fixture
def detector(depot):
    """D-PUMPS leads to a restricted, explosive zone, D-WORKSHOP to neither. Both have read a badge before."""
    made = AccessDetector(depot)
    for i, (name, zone) in enumerate((("D-PUMPS", "pumps"), ("D-WORKSHOP", "workshop"))):
        say(made, event(at("01:00"), badge("MT-01", zone, name, granted=True, direction="out"), sequence=i))
        say(made, event(at("01:00:05"), door(name, "closed"), sequence=i), until=at("04:00"))
    say(made, until=at("05:00"))
    return made


def passage(clock, person="OP-01", name="D-PUMPS", people=None, *, way="in", shut=8):
    zone = {"D-PUMPS": "pumps", "D-WORKSHOP": "workshop", "D-CONTROL": "control"}[name]
    start = at(clock)
    return [
        event(start, badge(person, zone, name, direction=way)),
        event(start + 2 * 10**9, door(name, "open")),
        event(start + shut * 10**9, door(name, "closed", people=people)),
    ]


def test_an_ordinary_passage_says_nothing(detector):
    told = [*passage("10:00", people=1), *passage("10:20", people=1, way="out")]
    assert say(detector, *told, until=at("12:00")) == []


# Tailgating.


@pytest.mark.parametrize(
    ("clock", "who", "people", "expected"),
    [
        ("10:00", ("OP-01", "D-PUMPS"), 2, [("access.tailgating", "medium")]),
        ("10:00", ("OP-01", "D-PUMPS"), 1, []),
        ("10:00", ("OP-01", "D-PUMPS"), 0, []),
        ("10:00", ("MT-01", "D-WORKSHOP"), 2, [("access.tailgating", "low")]),
        ("14:05", ("OP-03", "D-PUMPS"), 2, [("access.tailgating", "low")]),
        ("10:00", ("MG-01", "D-CONTROL"), 6, [("access.tailgating", "low")]),
        ("10:00", ("VI-01", "D-CONTROL"), 3, [("access.tailgating", "low")]),
    ],
    ids=[
        "two on one badge",
        "one on one",
        "turned back",
        "into the workshop",
        "change of shift",
        "a guided tour",
        "visitors",
    ],
)
def test_heads_and_badges(detector, clock, who, people, expected):
    found = say(detector, *passage(clock, *who, people), until=at("16:00"))
    assert [one for one in raised(found) if one[0] == "access.tailgating"] == expected


def test_the_sentence_names_door_zone_heads_badges_and_time(detector):
    (found,) = say(detector, *passage("10:00", people=2), until=at("10:05"))
    assert found.body.sentence == (
        "2 people went through D-PUMPS to Pump hall and manifold (restricted) at Tue 10:00 on 1 badge "
        "(OP-01 (operator))"
    )


def test_a_crowd_with_a_badge_each_is_none(detector):
    people = ["OP-01", "OP-02", "MT-01", "MT-02"]
    told = [event(at(f"10:00:{3 * i:02d}"), badge(one, "pumps", "D-PUMPS"), sequence=i) for i, one in enumerate(people)]
    told += [event(at("10:00:02"), door("D-PUMPS", "open")), event(at("10:00:25"), door("D-PUMPS", "closed", people=4))]
    assert say(detector, *told, until=at("10:05")) == []
    again = AccessDetector(detector.site)
    say(again, *passage("09:00", "OP-06"), until=at("09:05"))
    found = raised(say(again, *told[:3], *told[4:], until=at("10:05")))
    assert found == [("access.tailgating", "medium")]


def test_a_door_held_open_is_one_crowd(detector):
    told = passage("10:00", people=3, shut=25)
    assert ("access.tailgating", "medium") in raised(say(detector, *told, until=at("10:05")))


def test_a_badge_told_late_explains_a_head(detector):
    found = say(detector, *passage("10:00", people=2), until=at("10:05"))
    assert raised(found) == [("access.tailgating", "medium")]
    late = event(at("10:00:04"), badge("OP-02", "pumps", "D-PUMPS"), sequence=9)
    found = say(detector, late, until=at("10:06"))
    assert [(f.body.rule, f.body.phase) for f in found] == [("access.tailgating", "cleared")]


# Held.


def test_a_door_held_for_a_delivery_is_a_notice_and_over_when_it_closes(detector):
    found = say(detector, *passage("10:00", name="D-WORKSHOP", person="MT-01", shut=15 * 60), until=at("10:30"))
    assert raised(found) == [("access.door_held", "info")]
    assert "opened by MT-01 (maintenance) at Tue 10:00" in found[0].body.sentence
    assert [f.occurred for f in found if f.body.phase == "cleared"] == [at("10:15")]


@pytest.mark.parametrize(
    ("clock", "person", "minutes", "expected"),
    [
        ("10:00", "OP-01", 20, ["info"]),
        ("10:00", "OP-01", 40, ["info", "medium"]),
        ("02:00", "OP-01", 3, ["low"]),
        ("02:00", "OP-01", 8, ["low", "medium"]),
    ],
    ids=["a delivery", "propped", "at night", "propped at night"],
)
def test_a_grave_zone_left_open(detector, clock, person, minutes, expected):
    detector = AccessDetector(detector.site)
    say(detector, *passage("01:00", "OP-05"), until=at("01:05"))
    found = say(detector, *passage(clock, person, shut=60 * minutes), until=at(clock) + 3600 * 10**9)
    assert [s for r, s in raised(found) if r == "access.door_held"] == expected


def test_a_door_that_closes_in_the_last_moment_was_not_held(detector):
    """What happens at a deadline comes before it."""
    assert say(detector, *passage("09:59:28", people=1, shut=32), until=at("10:05")) == []


def test_a_door_that_never_tells_that_it_closed_is_not_held(depot):
    detector = AccessDetector(depot)
    told = passage("10:00")[:2]
    assert say(detector, *told, until=at("12:00")) == []


def test_the_doors_own_word_and_its_end(detector):
    told = [*passage("10:00", shut=300), event(at("10:00:40"), door("D-PUMPS", "held"))]
    found = say(detector, *told, until=at("10:10"))
    assert raised(found) == [("access.door_held", "info")]


# Forced.


@pytest.mark.parametrize(
    ("clock", "name", "expected"),
    [("10:00", "D-PUMPS", "high"), ("02:00", "D-PUMPS", "high"), ("10:00", "D-WORKSHOP", "medium"),
     ("23:30", "D-WORKSHOP", "high")],
)  # fmt: skip
def test_forced_says_the_door(depot, clock, name, expected):
    found = say(AccessDetector(depot), event(at(clock), door(name, "forced")))
    assert raised(found) == [("access.door_forced", expected)]


@pytest.mark.parametrize(
    ("before", "clock", "name", "expected"),
    [
        ([], "10:00", "D-PUMPS", "medium"),
        ([], "23:00", "D-PUMPS", "high"),
        ([], "10:00", "D-WORKSHOP", "low"),
        ([], "23:00", "D-WORKSHOP", "medium"),
        ([], "05:50", "D-WORKSHOP", "low"),
        ([("10:00:30", badge("CT-02", "pumps", "D-PUMPS", granted=False))], "10:01", "D-PUMPS", "high"),
        ([("10:00:30", door("D-PUMPS", "unlocked"))], "10:01", "D-PUMPS", None),
        ([("09:00", door("D-PUMPS", "unlocked", by="SG-01"))], "10:01", "D-PUMPS", None),
        ([("10:00:59", badge("OP-01", "pumps", "D-PUMPS"))], "10:01", "D-PUMPS", None),
    ],
    ids=[
        "by day",
        "by night",
        "the workshop",
        "the workshop by night",
        "while the shift changes",
        "behind a refusal",
        "from inside",
        "released",
        "by a badge",
    ],
)
def test_opened_without_a_badge(detector, before, clock, name, expected):
    told = [event(at(when), body, sequence=i) for i, (when, body) in enumerate(before)]
    found = raised(say(detector, *told, event(at(clock), door(name, "open")), until=at(clock) + 25 * 10**9))
    assert [s for r, s in found if r == "access.door_forced"] == ([expected] if expected else [])


@pytest.mark.parametrize(("shut", "expected"), [(1.2, "low"), (1.8, "high")], ids=["a chattering contact", "a person"])
def test_open_for_no_time(detector, shut, expected):
    told = [
        event(at("23:00"), door("D-PUMPS", "open")),
        event(at("23:00") + round(shut * 1e9), door("D-PUMPS", "closed")),
    ]
    found = say(detector, *told, until=at("23:01"))
    assert raised(found) == [("access.door_forced", expected)]
    assert ("closed 1.2 s later: nobody passes" in found[0].body.sentence) == (expected == "low")


@pytest.mark.parametrize(
    ("way", "clock", "expected"),
    [("out", "10:00:02", "low"), ("out", "10:00:30", "high"), ("in", "10:00:02", "high")],
)
def test_the_inner_handle_and_force(detector, way, clock, expected):
    read = event(at("10:00"), badge("OP-01", "pumps", "D-PUMPS", direction=way))
    found = say(detector, read, event(at(clock), door("D-PUMPS", "forced")), until=at("10:01"))
    assert [one for one in raised(found) if one[0] == "access.door_forced"] == [("access.door_forced", expected)]


@pytest.mark.parametrize(
    ("inside", "name", "expected"),
    [
        ("MT-01", "D-WORKSHOP", "low"),
        ("", "D-WORKSHOP", "medium"),
        ("OP-01", "D-PUMPS", "medium"),
        ("", "D-PUMPS", "high"),
    ],
)
def test_force_at_a_door_that_reads_nobody_out(depot, inside, name, expected):
    assets = [a if a.id != name else a.model_copy(update={"reads_out": False}) for a in depot.assets]
    detector = AccessDetector(depot.model_copy(update={"assets": tuple(assets)}))
    zone = {"D-WORKSHOP": "workshop", "D-PUMPS": "pumps"}[name]
    told = [event(at("09:00"), badge(inside, zone, name))] if inside else []
    found = raised(say(detector, *told, event(at("10:00"), door(name, "forced")), until=at("10:01")))
    assert found == [("access.door_forced", expected)]


@pytest.mark.parametrize(
    ("alarm", "expected"), [("09:56", "low"), ("10:00:04", "low"), ("09:30", "medium"), (None, "medium")]
)
def test_a_fire_panel_releases_doors(depot, alarm, expected):
    """Behind a fire alarm, or a moment before it is told; else somebody plays with the panel."""
    detector = AccessDetector(depot.model_copy(update={"assets": (*depot.assets, *_fire_panel())}))
    told = [event(at(alarm), SwitchState(device="PANEL", state="alarm"))] if alarm else []
    told.append(event(at("10:00"), door("D-PUMPS", "unlocked", by="PANEL")))
    assert raised(say(detector, *told, until=at("10:02"))) == [("access.door_released", expected)]
    back = say(detector, event(at("10:10"), door("D-PUMPS", "locked", by="PANEL")))
    assert [f.body.phase for f in back] == ["cleared"]


def test_a_read_told_late_explains_the_door(detector):
    found = say(detector, event(at("10:01"), door("D-PUMPS", "open")), event(at("10:01:09"), door("D-PUMPS", "closed")))
    found += say(detector, until=at("10:03"))
    assert raised(found) == [("access.door_forced", "medium")]
    found = say(detector, event(at("10:00:58"), badge("OP-01", "pumps", "D-PUMPS")), until=at("10:04"))
    assert [(f.body.rule, f.body.phase) for f in found] == [("access.door_forced", "cleared")]


def test_an_evacuation_forces_no_doors(depot, detector):
    panel = [*depot.assets, *_fire_panel()]
    site = depot.model_copy(update={"assets": tuple(panel)})
    detector = AccessDetector(site)
    say(detector, *passage("09:00"), until=at("09:05"))
    alarm = event(at("10:00"), SwitchState(device="PANEL", state="alarm"))
    opened = [event(at(f"10:0{i}"), door("D-PUMPS", "open"), sequence=i) for i in range(1, 5)]
    found = raised(say(detector, alarm, *opened, until=at("10:20")))
    assert {severity for _, severity in found} == {"low"}
    tested = AccessDetector(site)  # a panel under test is isolated, and releases nothing
    say(tested, *passage("09:00"), until=at("09:05"))
    isolated = event(at("09:59"), SwitchState(device="PANEL", state="isolated"))
    found = raised(say(tested, isolated, alarm, opened[0], until=at("10:03")))
    assert ("access.door_forced", "medium") in found
    back = event(at("10:05"), SwitchState(device="PANEL", state="in_service"), sequence=1)
    again = event(at("10:50"), SwitchState(device="PANEL", state="alarm"), sequence=2)
    late = event(at("10:51"), door("D-PUMPS", "open"), sequence=9)
    assert raised(say(tested, back, again, late, until=at("10:52")))[-1:] == [("access.door_forced", "low")]
    # Locked again, it is released no more.
    told = [event(at("10:30"), door("D-PUMPS", "locked")), event(at("10:40"), door("D-PUMPS", "forced"))]
    assert ("access.door_forced", "high") in raised(say(detector, *told, until=at("10:41")))


def _fire_panel():
    from infrastress.site.assets import SafetyDevice

    return [SafetyDevice(id="PANEL", type="fire_panel")]


# Alarms disabled, locks released.


@pytest.mark.parametrize(
    ("clock", "by", "name", "expected"),
    [
        ("10:00", "MT-01", "D-PUMPS", "low"),
        ("10:00", "mt01", "D-PUMPS", "low"),
        ("10:00", "OP-01", "D-PUMPS", "high"),
        ("10:00", "", "D-WORKSHOP", "medium"),
        ("02:00", "MT-01", "D-PUMPS", "high"),
    ],
)
def test_an_alarm_disabled(detector, clock, by, name, expected):
    found = say(detector, event(at(clock), door(name, "disabled", by=by)))
    assert raised(found) == [("access.door_disabled", expected)]


def test_a_disabled_alarm_and_then_the_door_without_a_badge(detector):
    """While whoever disabled it is at work that is the work; after their shift it is not."""
    told = [event(at("14:00"), door("D-PUMPS", "disabled", by="MT-01")), event(at("14:30"), door("D-PUMPS", "open")),
            event(at("14:30:09"), door("D-PUMPS", "closed"))]  # fmt: skip
    assert raised(say(detector, *told, until=at("14:31"))) == [("access.door_disabled", "low")]
    late = [event(at("17:55"), door("D-PUMPS", "open")), event(at("17:55:09"), door("D-PUMPS", "closed"))]
    found = [f for f in say(detector, *late, until=at("17:56")) if f.body.severity == "high"]
    assert raised(found) == [("access.door_disabled", "high")]
    assert (
        "without a badge at Tue 17:55, while its alarm is disabled since Tue 14:00 by MT-01" in found[-1].body.sentence
    )
    found = say(detector, event(at("18:00"), door("D-PUMPS", "enabled", by="MT-01")))
    assert ("access.door_disabled", "cleared") in [(f.body.rule, f.body.phase) for f in found]


def test_work_at_a_door_whose_alarm_is_off_is_calm_until_it_is_forgotten(detector):
    told = [event(at("10:00"), door("D-PUMPS", "disabled", by="MT-01")), *passage("10:30", "MT-01")]
    assert raised(say(detector, *told, until=at("10:45"))) == [("access.door_disabled", "low")]
    found = say(detector, until=at("15:00"))
    assert raised(found) == [("access.door_disabled", "medium")]


@pytest.mark.parametrize(
    ("clock", "by", "expected"),
    [("10:00", "SG-01", []), ("10:00", "", []), ("10:00", "CT-01", [("access.door_released", "medium")]),
     ("02:00", "MG-01", [("access.door_released", "medium")])],
)  # fmt: skip
def test_a_lock_released(detector, clock, by, expected):
    assert raised(say(detector, event(at(clock), door("D-PUMPS", "unlocked", by=by)))) == expected


def test_a_released_lock_that_nobody_locks_again(detector):
    say(detector, event(at("10:00"), door("D-PUMPS", "unlocked", by="SG-01")))
    assert raised(say(detector, until=at("15:00"))) == [("access.door_released", "low")]
    found = say(detector, event(at("15:10"), door("D-PUMPS", "locked")))
    assert [f.body.phase for f in found] == ["cleared"]


def test_a_tamper_contact_and_a_strange_door(detector):
    assert raised(say(detector, event(at("10:00"), door("D-PUMPS", "tampered")))) == [
        ("access.door_tampered", "medium")
    ]
    assert raised(say(detector, event(at("10:01"), door("D-77", "forced")))) == [("access.unknown_door", "info")]
