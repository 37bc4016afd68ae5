"""Doors and walks for themselves: whatever passes is counted once, whatever is planned is walked in order."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infrastress.events import AccessAttempt, DoorState
from infrastress.simulators.base import Scenario
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.life.doors import Doors
from infrastress.simulators.life.premises import Premises
from infrastress.simulators.life.rota import duties
from infrastress.simulators.life.visits import Presence, Stay, Stop, Walker
from infrastress.simulators.randomness import Randomness
from tests.simulators.life.test_life import SITES

DEPOT = SITES["depot"]
PREMISES = Premises(DEPOT)
CASE = Scenario(name="day", simulator="life", start="2026-04-06T00:00:00+02:00", duration_h=240.0)
CALENDAR = Calendar(CASE, "Europe/Rome")
HOUR = 3600.0


@given(st.integers(0, 10_000))
def test_every_body_is_counted_once_and_every_read_is_told(seed):
    stream, doors, diary = random.Random(seed), Doors(PREMISES, Randomness(seed)), Diary(DEPOT, CALENDAR)
    bodies = reads = 0
    for number in range(stream.randrange(1, 40)):
        read, granted = stream.random() < 0.8, stream.random() < 0.9
        doors.through(
            stream.uniform(10, 400), "D-PUMPS", f"P-{number}", stream.choice(["in", "out"]), read=read, granted=granted
        )
        bodies += granted
        reads += read
    for _ in range(stream.randrange(3)):
        begin = stream.uniform(10, 400)
        doors.open("D-PUMPS", begin, begin + stream.uniform(1, 60), 2, opening=stream.choice(["open", "forced"]))
        bodies += 2
    doors.write(diary)
    told = [event.body for event in diary.events()]
    states = [one.state for one in told if isinstance(one, DoorState) and one.state in ("open", "closed", "forced")]
    closed = [one.people for one in told if isinstance(one, DoorState) and one.state == "closed"]
    assert sum(closed) == bodies
    assert sum(isinstance(one, AccessAttempt) for one in told) == reads
    assert len([s for s in states if s == "closed"]) == len(closed)
    if states:
        assert states[-1] == "closed"
        assert not any(one == other == "closed" for one, other in pairwise(states))
        assert not any(one == "open" and other == "open" for one, other in pairwise(states))


@given(st.integers(0, 10_000))
def test_a_walk_goes_door_by_door_and_comes_home(seed):
    stream, doors, presence = random.Random(seed), Doors(PREMISES, Randomness(seed)), Presence()
    zones = [*PREMISES.ways, None]
    begin = stream.uniform(6, 10) * HOUR
    stay = Stay("MT-03", "MT-03", begin, begin + stream.uniform(1, 12) * HOUR, stream.choice(list(PREMISES.ways)))
    for _ in range(stream.randrange(8)):
        stay.stops.append(Stop(stream.uniform(begin, stay.end), stream.choice(zones), stream.uniform(60, 3000)))
    walker = Walker(PREMISES, doors, presence)
    assert walker.walk(stay, Randomness(seed).stream("walk"))
    assert not walker.walk(stay, Randomness(seed).stream("walk"))  # still there, or just gone
    presence.settle()
    moments = [one.at for one in stay.passes]
    assert all(one < other for one, other in pairwise(moments))
    here = None
    for one in stay.passes:
        door = PREMISES.doors[one.door]
        outer = None if door.zone == door.leads_to else door.zone
        assert here == (outer if one.direction == "in" else door.leads_to)
        here = door.leads_to if one.direction == "in" else outer
        assert presence.where("MT-03", one.at + 1e-6) == here
    assert here is None
    assert presence.away("MT-03", moments[-1] + 1, moments[-1] + 9 * HOUR)


def test_a_rota_gives_days_off_and_fills_shifts():
    worked = duties(DEPOT, PREMISES.staff, CALENDAR, Randomness(3))
    by_person = {person.id: sum(one.person.id == person.id for one in worked) for person in PREMISES.staff}
    assert max(by_person.values()) <= 10
    assert min(by_person.values()) >= 2
    operators = [one for one in worked if one.person.role == "operator"]
    for at in range(20, 200):
        assert any(one.begin <= at * HOUR < one.end for one in operators), at
    spans = sorted((one.person.id, one.begin, one.end) for one in worked)
    assert all(one[2] <= other[1] for one, other in pairwise(spans) if one[0] == other[0])
