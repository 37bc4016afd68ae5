"""The fence: somebody, wind, weather; and what comes behind it."""

import pytest

from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.events import SwitchState
from tests.detectors.observing import MINUTE, SECOND, at, badge, door, event, raised, say
from tests.detectors.perimeter.test_devices import plant

MANY = [{"id": f"S{i:02d}", "type": "fence", "line": [[50 * i, 0], [50 * (i + 1), 0]]} for i in range(12)]
DOORS = [
    {"id": "D-GATE", "type": "door", "zone": "yard", "leads_to": "yard", "position": [100, 50]},
    {"id": "D-HALL", "type": "door", "zone": "yard", "leads_to": "hall", "position": [50, 50]},
]


@pytest.fixture
def detector():
    return PerimeterDetector(plant(assets=[*MANY, *DOORS], voting=[]))


def alarms(*told, start="02:00"):
    """(seconds behind the start, section) each."""
    return [event(at(start) + s * SECOND, SwitchState(device=name, state="alarm"), sequence=s) for s, name in told]


def test_one_alarm_alone_is_a_notice(detector):
    found = say(detector, *alarms((0, "S03")), until=at("02:01"))
    assert raised(found) == [("fence.alarm", "low")]
    assert found[0].occurred == at("02:00") + 20 * SECOND


def test_neighbours_one_after_the_other_are_somebody(detector):
    found = say(detector, *alarms((0, "S03"), (40, "S04"), (90, "S05")), until=at("02:05"))
    assert raised(found) == [("fence.alarm", "low"), ("fence.sequence", "medium"), ("fence.sequence", "high")]
    worst = found[-1]
    assert worst.assets == ("S03", "S04", "S05")
    assert "S03 at 02:00:00, S04 at 02:00:40, S05 at 02:01:30 (Tue 02:01)" in worst.body.sentence
    assert len({f.body.episode for f in found if f.body.rule == "fence.sequence"}) == 1


def test_neighbours_long_after_each_other_are_not(detector):
    found = say(detector, *alarms((0, "S03"), (200, "S04")), until=at("02:06"))
    assert raised(found) == [("fence.alarm", "low"), ("fence.alarm", "low")]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (["S08", "S11"], ["low"]),
        (["S08"], ["medium"]),
        (["S02", "S05"], ["medium"]),
        (["S08", "S09"], ["medium"]),
    ],
    ids=["gusts elsewhere", "one other alarm", "beside the way", "one other place"],
)
def test_two_neighbours_on_a_restless_fence(detector, before, expected):
    """Three in a row are somebody even then."""
    earlier = alarms(*((900 * i, one) for i, one in enumerate(before)), start="01:15")
    found = raised(say(detector, *earlier, *alarms((0, "S03"), (40, "S04")), until=at("02:02")))
    assert [severity for rule, severity in found if rule == "fence.sequence"] == expected
    found = raised(say(detector, *alarms((90, "S05")), until=at("02:05")))
    assert ("fence.sequence", "high") in found


def test_a_section_that_chatters_is_not_listened_to(detector):
    told = [(60 * i, "S03") for i in range(7)]
    found = say(detector, *alarms(*told, (370, "S04")), until=at("02:10"))
    assert [one for one in raised(found) if one[1] != "low"] == []
    assert ("fence.chatter", "low") in raised(found)
    assert ("fence.sequence", "medium") not in raised(found)


@pytest.mark.parametrize(
    "told",
    [
        [(i, f"S{i:02d}") for i in range(0, 12, 2)],
        [(0, "S00"), (70, "S05"), (140, "S09"), (150, "S10")],
        [(i, f"S{i:02d}") for i in range(5)],
    ],
    ids=["a gust", "scattered", "a gust along"],
)
def test_many_at_once_or_in_many_places_are_weather(detector, told):
    found = say(detector, *alarms(*told), until=at("02:10"))
    assert ("fence.weather", "low") in raised(found)
    assert all(severity == "low" for _, severity in raised(found))
    assert "weather, most likely" in next(f.body.sentence for f in found if f.body.rule == "fence.weather")


def test_a_fence_alarm_and_then_a_forced_door_are_a_breach(detector):
    found = say(detector, *alarms((0, "S01")), event(at("02:04"), door("D-HALL", "forced")), until=at("02:06"))
    breach = next(f for f in found if f.body.rule == "fence.breach")
    assert breach.body.severity == "critical"
    assert breach.assets == ("D-HALL", "S01")
    assert "4 min after fence section S01 alarmed" in breach.body.sentence


@pytest.mark.parametrize(
    ("section", "when"), [("S01", "02:30"), ("S11", "02:00:30")], ids=["long after", "too far to run"]
)
def test_a_forced_door_that_has_nothing_to_do_with_the_fence(detector, section, when):
    found = say(detector, *alarms((0, section)), event(at(when), door("D-HALL", "forced")), until=at("02:40"))
    assert "fence.breach" not in {f.body.rule for f in found}


def test_weather_is_nobody_who_comes_over_the_fence(detector):
    gust = alarms(*((i, f"S{i:02d}") for i in range(5)))
    found = say(detector, *gust, event(at("02:04"), door("D-HALL", "forced")), until=at("02:06"))
    assert "fence.breach" not in {f.body.rule for f in found}


def test_a_door_opened_by_a_badge_is_no_breach_and_by_none_it_is(detector):
    read = event(at("02:04"), badge("P1", "hall", "D-HALL"))
    opened = event(at("02:04:02"), door("D-HALL", "open"))
    found = say(detector, *alarms((0, "S01")), read, opened, until=at("02:06"))
    assert "fence.breach" not in {f.body.rule for f in found}
    again = event(at("02:10"), door("D-HALL", "open"))
    assert ("fence.breach", "critical") in raised(say(detector, again, until=at("02:12")))


def test_a_badge_that_left_by_the_gate_and_turns_up_inside(detector):
    left = event(at("01:00"), badge("P1", "yard", "D-GATE", direction="out"))
    inside = event(at("02:05"), badge("P1", "hall", "D-HALL"))
    found = say(detector, left, *alarms((0, "S01")), inside, until=at("02:07"))
    assert ("fence.breach", "critical") in raised(found)
    assert "badge P1, which no gate has read in" in next(
        f.body.sentence for f in found if f.body.rule == "fence.breach"
    )


def test_coming_back_by_the_gate_is_no_breach(detector):
    told = [
        event(at("01:00"), badge("P1", "yard", "D-GATE", direction="out")),
        event(at("02:03"), badge("P1", "yard", "D-GATE")),
        event(at("02:05"), badge("P1", "hall", "D-HALL")),
    ]
    assert "fence.breach" not in {f.body.rule for f in say(detector, *told, *alarms((0, "S01")), until=at("02:07"))}


def test_a_replayed_fence_log_says_nothing_again(detector):
    first = say(detector, *alarms(*((60 * i, "S03") for i in range(4))), until=at("02:05"))
    again = [
        event(at("02:00") + 60 * i * SECOND, SwitchState(device="S03", state="alarm"), sequence=99 + i)
        for i in range(4)
    ]
    assert first
    assert say(detector, *again, until=at("02:05") + MINUTE) == []
