"""From read to read: each worked example both ways, late reads, replays, and any order."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.detectors.access import AccessDetector
from infrastress.detectors.observations.ground import Ground
from infrastress.events.frames import Block
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.detectors.observing import MINUTE, SECOND, at, badge, event, login, raised, say, session
from tests.detectors.plant import frames_of, still


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


@pytest.fixture
def detector(depot):
    return AccessDetector(depot)


DOORS = {
    "gate": "D-GATE", "control": "D-CONTROL", "farm-petrol": "D-FARM-A", "pumps": "D-PUMPS", "jetty": "D-JETTY",
    "office": "D-OFFICE", "server-room": "D-SERVER",
}  # fmt: skip


def reads(*told, person="OP-01"):
    """("HH:MM", "in" or "out", zone) each."""
    return [
        event(at(clock), badge(person, zone, DOORS[zone], direction=way), sequence=i)
        for i, (clock, way, zone) in enumerate(told)
    ]


DAY = [
    ("05:50", "in", "gate"), ("05:53", "in", "control"), ("08:00", "out", "control"), ("08:06", "in", "farm-petrol"),
    ("08:20", "out", "farm-petrol"), ("08:26", "in", "control"), ("14:05", "out", "control"), ("14:08", "out", "gate"),
]  # fmt: skip


def test_an_ordinary_day_says_nothing(detector):
    assert say(detector, *reads(*DAY), until=at("15:00")) == []


def test_tried_twice_at_the_reader_is_nothing(detector):
    told = reads(("10:00", "in", "control"), ("10:00:08", "in", "control"), ("10:30", "out", "control"))
    assert say(detector, *told) == []


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (("10:02", "in", "control"), [("access.passback", "medium")]),
        (("11:30", "in", "control"), [("access.passback", "info")]),
        (("10:02", "in", "gate"), [("access.two_places", "medium")]),
        (("21:30", "in", "gate"), [("access.two_places", "info")]),
    ],
    ids=["handed back", "a read missed", "by the gate", "the next shift"],
)
def test_in_twice_without_a_way_out(detector, again, expected):
    found = say(detector, *reads(("10:00", "in", "control"), again), until=at("22:00"))
    assert [one for one in raised(found) if one[0] != "access.outside_shift"] == expected


def test_a_copy_comes_in_by_the_gate_while_the_owner_is_in_a_room_that_reads_nobody_out(depot):
    """Whoever is in the office may have left it, but not the site: the gate reads that."""
    told = [("07:50", "in", "gate"), ("07:52", "in", "office"), ("09:10", "in", "gate")]
    for changed, expected in (("D-OFFICE", [("access.two_places", "medium")]), ("D-GATE", [])):
        assets = [a if a.id != changed else a.model_copy(update={"reads_out": False}) for a in depot.assets]
        detector = AccessDetector(depot.model_copy(update={"assets": tuple(assets)}))
        found = raised(say(detector, *reads(*told, person="MG-01")))
        assert [one for one in found if one[1] == "medium"] == expected


def test_visitors_are_led_and_dont_read_out_of_every_room(detector):
    told = [("09:00", "in", "gate"), ("09:05", "in", "office"), ("10:00", "in", "gate"), ("11:00", "out", "office")]
    assert say(detector, *reads(*told, person="VI-01")) == []


def test_in_twice_and_out_twice_is_two_people(detector):
    told = [
        ("09:00", "in", "control"),
        ("10:00", "in", "control"),
        ("11:00", "out", "control"),
        ("11:20", "out", "control"),
    ]
    found = raised(say(detector, *reads(*told)))
    assert found == [("access.passback", "info"), ("access.two_places", "high")]


def test_a_copied_badge_used_elsewhere_while_the_owner_is_inside(detector):
    told = [("09:00", "in", "control"), ("10:00", "in", "farm-petrol"), ("11:00", "out", "control")]
    found = say(detector, *reads(*told))
    assert raised(found) == [("access.read_missing", "info"), ("access.two_places", "high")]
    assert (
        "OP-01 (operator) was read out of Control room (restricted) by D-CONTROL at Tue 11:00"
        in found[-1].body.sentence
    )


def test_a_missed_read_on_the_way_out_is_a_notice_and_over_on_coming_back(detector):
    told = [("09:00", "in", "control"), ("10:00", "in", "farm-petrol"), ("10:20", "out", "farm-petrol")]
    back = [("10:30", "in", "control"), ("12:00", "out", "control")]
    assert raised(say(detector, *reads(*told, *back))) == [("access.read_missing", "info")]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("10:00:40", [("access.impossible_travel", "high")]), ("10:01:30", []), ("10:06", [])],
    ids=["40 s", "90 s by bicycle", "on foot"],
)
def test_from_the_control_room_to_the_jetty(detector, clock, expected):
    """402 m; a vehicle at 5 m/s needs 80 s, less 10 s for the clocks."""
    found = say(detector, *reads(("10:00", "out", "control"), (clock, "in", "jetty")))
    assert raised(found) == expected
    if expected:
        assert "402 m at 8.0 m/s, faster than anybody gets there" in found[0].body.sentence


def test_a_hurry_counts_only_where_a_read_is_missing_too(detector):
    found = say(detector, *reads(("10:00", "in", "control"), ("10:01:30", "in", "jetty")))
    assert raised(found) == [("access.impossible_travel", "medium"), ("access.read_missing", "info")]


def test_the_way_leads_through_the_zones(depot):
    """A room behind a room: the way is longer than the line."""
    zones = [{"id": zone} for zone in ("yard", "a", "b")]
    doors = [
        {"id": "D1", "type": "door", "zone": "yard", "leads_to": "yard", "position": [0, 0]},
        {"id": "D2", "type": "door", "zone": "yard", "leads_to": "a", "position": [100, 0]},
        {"id": "D3", "type": "door", "zone": "a", "leads_to": "b", "position": [0, 10]},
        {"id": "D4", "type": "door", "zone": "a", "leads_to": "b"},
    ]
    ground = Ground(Site.model_validate({"id": "s", "zones": zones, "assets": doors}))
    assert ground.walk("D1", "D3") == pytest.approx(100 + (100**2 + 10**2) ** 0.5)
    assert ground.walk("D1", "D4") is None
    assert Ground(depot).walk("D-GATE", "D-SERVER") == pytest.approx(121.65525 + 28.28427)


def test_past_the_gate_without_a_read(detector):
    told = [("06:00", "in", "gate"), ("14:05", "out", "gate"), ("18:00", "in", "pumps")]
    found = say(detector, *reads(*told))
    assert ("access.read_missing", "info") in raised(found)
    assert "off the site, at Tue 14:05" in next(f.body.sentence for f in found if f.body.rule == "access.read_missing")


def test_yesterdays_forgotten_way_out_says_nothing_today(detector):
    told = [("05:50", "in", "gate"), ("05:53", "in", "control")]
    today = [
        event(at("05:50", 11), badge("OP-01", "gate", "D-GATE"), sequence=9),
        event(at("05:53", 11), badge("OP-01", "control", "D-CONTROL"), sequence=10),
    ]
    assert say(detector, *reads(*told), *today) == []


def test_a_door_that_reads_nobody_out_knows_nothing_of_being_inside(depot):
    assets = [a if a.id != "D-CONTROL" else a.model_copy(update={"reads_out": False}) for a in depot.assets]
    detector = AccessDetector(depot.model_copy(update={"assets": tuple(assets)}))
    told = [("09:00", "in", "control"), ("10:00", "in", "control"), ("11:00", "in", "farm-petrol")]
    assert say(detector, *reads(*told)) == []


def test_a_late_read_explains_and_what_was_said_is_over(detector):
    came_in, out, again = reads(("09:00", "in", "control"), ("10:00", "out", "control"), ("10:30", "in", "control"))
    assert raised(say(detector, came_in, again, until=at("10:31"))) == [("access.passback", "info")]
    found = say(detector, out, until=at("10:32"))
    assert [(f.body.rule, f.body.phase) for f in found] == [("access.passback", "cleared")]
    assert "came late" in found[0].body.sentence


def test_a_late_read_is_judged_at_its_own_time(detector):
    """Told at noon that the badge was used at a far door in the morning, while its owner was read elsewhere."""
    say(detector, *reads(("10:00", "out", "control"), ("10:06", "in", "farm-petrol")), until=at("12:00"))
    late = event(at("10:00:30"), badge("OP-01", "jetty", DOORS["jetty"]), sequence=77)
    found = say(detector, late, until=at("12:01"))
    assert ("access.impossible_travel", "high") in raised(found)
    assert all(f.occurred == at("10:00:30") for f in found if f.body.phase == "raised")


def test_a_replayed_log_says_nothing_again(detector):
    first = reads(("10:00", "in", "control"), ("10:02", "in", "control"))
    assert raised(say(detector, *first)) == [("access.passback", "medium")]
    again = [event(one.occurred, one.body, sequence=50 + i) for i, one in enumerate(first)]
    assert say(detector, *again, until=at("10:03")) == []


# Logins against badges.


@pytest.mark.parametrize(
    ("told", "when", "body", "expected"),
    [
        ([("08:00", "in", "office")], "10:00", {"host": "JUMP-1", "remote": True}, [("login.while_inside", "info")]),
        ([("08:00", "in", "control")], "10:00", {"host": "JUMP-1", "remote": True}, [("login.while_inside", "medium")]),
        ([("08:00", "in", "control")], "10:00", {"host": "ENG-1", "remote": True}, [("login.while_inside", "high")]),
        ([("08:00", "in", "office")], "18:20", {"host": "JUMP-1", "remote": True}, [("login.while_inside", "info")]),
        ([("07:00", "in", "gate"), ("09:30", "out", "gate")], "10:00", {"host": "JUMP-1", "remote": True}, []),
        (
            [("07:00", "in", "gate"), ("09:30", "out", "gate")], "10:00", {"host": "ENG-1"},
            [("login.not_there", "high")],
        ),
        ([("08:00", "in", "server-room")], "10:00", {"host": "ENG-1"}, []),
        ([("08:00", "in", "control")], "10:00", {"host": "ENG-1"}, []),
        ([("08:00", "in", "office")], "10:00", {"host": "ENG-1"}, []),
        ([("20:00", "in", "office")], "21:00", {"host": "ENG-1"}, [("login.not_there", "info")]),
        ([("08:00", "in", "office")], "10:00", {"host": "HIST-1"}, []),
        ([("08:00", "in", "farm-petrol")], "10:00", {"host": "HIST-1"}, [("login.not_there", "info")]),
        ([("08:00", "in", "farm-petrol")], "10:00", {"host": "ENG-1"}, [("login.not_there", "medium")]),
        ([("09:59:30", "in", "farm-petrol")], "10:00", {"host": "HIST-1"}, [("login.not_there", "medium")]),
        ([("08:00", "in", "office")], "10:00", {"host": "ENG-1", "origin": "198.51.100.9"}, []),
        ([("08:00", "in", "office")], "10:00", {"host": "ENG-1", "origin": "JUMP-1", "remote": True}, []),
        ([("10:00", "out", "control")], "10:00:05", {"host": "HMI-1", "origin": "10.20.20.21"}, []),
    ],
    ids=[
        "remote while in the office", "remote while inside", "to the engineering station", "went home unread",
        "badged out", "local, but gone", "there", "the room before", "elsewhere", "elsewhere by night", "a read missed",
        "from the bund", "from the bund to the engineering station", "from the bund in no time",
        "from a stranger's machine", "the next hop", "just outside",
    ],
)  # fmt: skip
def test_logins_against_badges(detector, told, when, body, expected):
    host, origin = body["host"], body.get("origin", "203.0.113.9" if body.get("remote") else body["host"])
    one = event(at(when), login("eng01", host, origin=origin, remote=body.get("remote", False)), sequence=9)
    found = raised(say(detector, *reads(*told, person="EN-01"), one, until=at("22:00")))
    assert [f for f in found if f[0] in ("login.while_inside", "login.not_there")] == expected


@pytest.mark.parametrize(
    ("origin", "expected"), [("203.0.113.10", "info"), ("198.51.100.7", "medium")], ids=["as ever", "from elsewhere"]
)
def test_whence_somebody_always_comes(detector, origin, expected):
    before = event(at("15:00", 9), login("eng01", "JUMP-1", remote=True, origin="203.0.113.10"))
    office = event(at("08:00"), badge("EN-01", "office", "D-OFFICE"))
    now = event(at("10:00"), login("eng01", "JUMP-1", remote=True, origin=origin))
    assert raised(say(detector, before, office, now)) == [("login.while_inside", expected)]


def test_who_may_not_come_in_from_outside_weighs_more(detector):
    inside = reads(("08:00", "in", "office"), person="EN-02")
    found = say(detector, *inside, event(at("10:00"), login("eng02", "HIST-1", remote=True, origin="198.51.100.7")))
    assert ("login.while_inside", "medium") in raised(found)


def test_from_outside_while_in_a_room_that_reads_nobody_out(depot):
    """Whoever may have left the room is on the site still, where the gate reads who leaves."""
    told = reads(("07:50", "in", "gate"), ("07:55", "in", "office"), person="EN-01")
    before = event(at("15:00", 9), login("eng01", "JUMP-1", remote=True, origin="203.0.113.10"))
    remote = event(at("10:00"), login("eng01", "JUMP-1", remote=True, origin="198.51.100.7"), sequence=5)
    for unread, expected in (({"D-OFFICE"}, [("login.while_inside", "medium")]), ({"D-OFFICE", "D-GATE"}, [])):
        assets = [a if a.id not in unread else a.model_copy(update={"reads_out": False}) for a in depot.assets]
        detector = AccessDetector(depot.model_copy(update={"assets": tuple(assets)}))
        assert raised(say(detector, before, *told, remote)) == expected


def test_a_session_counts_as_its_login_and_is_told_once(detector):
    inside = reads(("08:00", "in", "control"), person="EN-01")
    both = [
        event(at("10:00"), login("eng01", "ENG-1", remote=True, origin="198.51.100.7"), sequence=5),
        event(at("10:00:01"), session("eng01", "ENG-1", remote=True, origin="198.51.100.7"), sequence=6),
        event(at("10:20"), session("eng01", "ENG-1", "closed", remote=True, origin="198.51.100.7"), sequence=7),
    ]
    assert raised(say(detector, *inside, *both)) == [("login.while_inside", "high")]


def test_a_forgotten_badge_is_a_notice(detector):
    """Read out yesterday, in today with a visitor's badge; without one somebody else sits there."""
    yesterday = event(at("14:05", 9), badge("OP-01", "gate", "D-GATE", direction="out"))
    lent = event(at("06:02", 10), badge("VI-01", "control", "D-CONTROL"), sequence=1)
    one = event(at("06:05", 10), login("op01", "HMI-1", origin="HMI-1"))
    found = raised(say(detector, yesterday, lent, one))
    assert [f for f in found if f[0] == "login.not_there"] == [("login.not_there", "info")]
    assert raised(say(AccessDetector(detector.site), yesterday, one)) == [("login.not_there", "medium")]
    earlier = event(at("05:00", 10), badge("VI-01", "control", "D-CONTROL"), sequence=1)  # a visitor who left again
    left = event(at("05:40", 10), badge("VI-01", "gate", "D-GATE", direction="out"), sequence=2)
    found = raised(say(AccessDetector(detector.site), yesterday, earlier, left, one))
    assert [f for f in found if f[0] == "login.not_there"] == [("login.not_there", "medium")]
    people = [one for one in detector.site.people if one.role != "visitor"]  # a site without badges for visitors
    detector = AccessDetector(detector.site.model_copy(update={"people": tuple(people)}))
    assert raised(say(detector, yesterday, one)) == [("login.not_there", "info")]
    night = event(at("22:05", 9), badge("OP-03", "gate", "D-GATE", direction="out"))
    found = say(detector, night, event(at("10:00", 10), login("op03", "HMI-1", origin="HMI-1")))
    assert ("login.not_there", "medium") in raised(found)  # off shift, and gone


def test_the_owner_comes_in_late_in_the_log_and_the_login_is_explained(detector):
    gone = event(at("09:00"), badge("EN-01", "gate", "D-GATE", direction="out"))
    found = say(detector, gone, event(at("10:00"), login("eng01", "ENG-1", origin="ENG-1")), until=at("10:01"))
    assert ("login.not_there", "high") in raised(found)
    late = reads(("09:20", "in", "gate"), ("09:25", "in", "control"), ("09:26", "in", "server-room"), person="EN-01")
    found = say(detector, *late, until=at("10:02"))
    assert ("login.not_there", "cleared") in [(f.body.rule, f.body.phase) for f in found]


# Any order.

MOVES = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 40 * 60)), min_size=2, max_size=10
)  # fmt: skip
ZONES = sorted(DOORS)


def standing(detector):
    """What is held of everybody at the end."""
    tracks = detector._rules["whereabouts"]._tracks
    return {name: [(e.t, e.kind, e.at, sorted(e.said)) for e in track.entries] for name, track in tracks.items()}


@settings(max_examples=60)
@given(moves=MOVES, seed=st.integers(0, 2**32 - 1))
def test_any_order_of_arrival_comes_to_the_same(depot, moves, seed):
    clock, told = at("06:00"), []
    for i, (zone, into, gap) in enumerate(moves):
        clock += gap * SECOND
        name = ZONES[zone]
        if i % 4 == 3:
            told.append(event(clock, login("eng01", "ENG-1", origin="ENG-1", remote=into), sequence=i))
        else:
            told.append(event(clock, badge("EN-01", name, DOORS[name], direction="in" if into else "out"), sequence=i))
    in_order, shuffled = AccessDetector(depot), AccessDetector(depot)
    say(in_order, *told)
    order = list(told) + [event(one.occurred, one.body, sequence=100 + i) for i, one in enumerate(told)]
    Random(seed).shuffle(order)
    end = -(-told[-1].occurred // MINUTE) * MINUTE
    for i, one in enumerate(order):
        shuffled.update(Block(frames_of(still(1), start=end + i * MINUTE), (one,)))
    assert standing(in_order) == standing(shuffled)
