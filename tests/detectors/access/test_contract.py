"""The access detector as a member of the family; late, repeated, strange and hostile observations; bounds."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.detectors.access import AccessDetector
from infrastress.detectors.observations.episodes import MOST_OPEN, OTHERS
from infrastress.detectors.observations.memory import MOST_KEPT, MOST_KEYS
from infrastress.events import make_event
from infrastress.events.frames import Block
from infrastress.site import Site
from infrastress.site.load import load_site
from tests.detectors.contract import DetectorContract, cut, feed, join
from tests.detectors.observing import MINUTE, SECOND, at, badge, door, event, login, raised, say, session
from tests.detectors.plant import START, frames_of, still

DOORS = {"yard": "D-GATE", "hall": "D-HALL", "room": "D-ROOM"}


def small() -> Site:
    fields = {
        "id": "depot",
        "zones": [{"id": "yard"}, {"id": "hall", "access": "restricted", "explosive": "zone2"}, {"id": "room"}],
        "assets": [
            {"id": "D-GATE", "type": "door", "zone": "yard", "leads_to": "yard", "position": [0, 0]},
            {"id": "D-HALL", "type": "door", "zone": "yard", "leads_to": "hall", "position": [200, 0], "counts": True},
            {"id": "D-ROOM", "type": "door", "zone": "yard", "leads_to": "room", "position": [0, 90]},
            {"id": "H1", "type": "host", "role": "engineering", "zone": "room"},
        ],
        "shifts": [{"id": "day", "begins": "06:00", "ends": "18:00"}],
        "people": [
            {"id": f"P{i}", "role": role, "badge": str(i), "accounts": [f"p{i}"], "zones": zones, "shifts": ["day"],
             "hosts": ["H1"]}
            for i, (role, zones) in enumerate([("operator", ["yard", "hall", "room"]), ("contractor", ["yard"]),
                                               ("maintenance", ["yard", "hall"])])
        ],
    }  # fmt: skip
    return Site.model_validate(fields)


def doings(number: int, seed: int) -> list:
    """What happens on a busy day, every word of the vocabulary in it."""
    random, clock, found = Random(seed), START, []
    for i in range(number):
        clock += random.choice([1, 5, 20, 90, 400, 1500]) * SECOND
        zone = random.choice(list(DOORS))
        name, person = DOORS[zone], f"P{random.randrange(4)}"
        body = random.choice(
            [
                badge(person, zone, name), badge(person, zone, name, direction="out"),
                badge(person, zone, name, granted=random.random() < 0.5), door(name, "open"),
                door(name, "closed", people=random.choice([None, 1, 2])),
                door(name, random.choice(["held", "forced", "tampered", "enabled", "locked"])),
                door(name, random.choice(["disabled", "unlocked"]), by=random.choice(["", "P2", "P1", "nobody"])),
                login("p0", "H1", origin="H1", remote=random.random() < 0.3), login("p9", "H1", success=False),
                session("p2", "H1"), badge("77", zone, "D-77"),
            ]
        )  # fmt: skip
        found.append(event(clock, body, sequence=i))
    return found


class TestContract(DetectorContract):
    def make(self):
        return AccessDetector(small())

    def stream(self):
        events = doings(300, 7)
        minutes = (events[-1].occurred - START) // MINUTE + 90
        return Block(frames_of(still(int(minutes))), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))


def blocks_of(events):
    minutes = (events[-1].occurred - START) // MINUTE + 90
    return Block(frames_of(still(int(minutes))), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(5, 60), at_=st.lists(st.integers(1, 300), max_size=5))
def test_any_doings_split_anyhow_come_to_the_same(seed, number, at_):
    block = blocks_of(doings(number, seed))
    whole = join(feed(AccessDetector(small()), [block]))
    pieces = cut(block, [edge for edge in at_ if edge < len(block.frames)])
    detector, found = AccessDetector(small()), []
    for piece in pieces:
        restarted = AccessDetector(small())
        restarted.load(detector.dump())
        found += restarted.update(piece)
        detector = restarted
    assert join(found) == whole


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(5, 60))
def test_a_replay_of_all_of_it_says_nothing_again(seed, number):
    """A log told a second time, with other numbers: no read, refusal, opening or head counts again."""
    events = [e for e in doings(number, seed) if e.kind in ("access", "door") and getattr(e.body, "granted", True)]
    once = AccessDetector(small())
    if not events:
        return
    block = blocks_of(events)
    once.update(block)
    rules = set(once._rules)
    before = {name: once._rules[name].dump() for name in ("whereabouts",)}
    again = tuple(make_event(site=e.site, source=e.source, sequence=9000 + e.sequence, occurred=e.occurred, body=e.body)
                  for e in block.events)  # fmt: skip
    later = frames_of(still(1), start=int(block.frames.ends[-1]))
    once.update(Block(later, again))
    assert {name: once._rules[name].dump() for name in ("whereabouts",)} == before
    assert rules == set(once._rules)


def late(events, seed):
    """The same, some of them told up to twenty minutes later, in blocks as the runtime cuts them."""
    random = Random(seed)
    known = sorted((e.occurred + random.choice([0, 0, 0, 60, 1200]) * SECOND, e.id, e) for e in events)
    begin, end = START, known[-1][0] + 90 * MINUTE
    for i in range((end - begin) // MINUTE + 1):
        upto = begin + (i + 1) * MINUTE
        mine = tuple(sorted((e for k, _, e in known if upto - MINUTE < k <= upto), key=lambda e: (e.occurred, e.id)))
        yield Block(frames_of(still(1), start=upto - MINUTE), mine)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(5, 60))
def test_late_observations_end_with_the_same_view_of_people(seed, number):
    events = doings(number, seed)
    in_order, later = AccessDetector(small()), AccessDetector(small())
    in_order.update(blocks_of(events))
    found = feed(later, list(late(events, seed)))
    assert later._rules["whereabouts"].dump() == in_order._rules["whereabouts"].dump()
    opened = set()
    for finding in sorted(found, key=lambda f: (f.occurred, f.body.phase == "cleared")):
        if finding.body.phase == "raised":
            opened.add(finding.body.episode)
        else:
            assert finding.body.episode in opened


def test_a_flood_of_forged_names_costs_no_memory_and_few_words():
    detector = AccessDetector(small())
    flood = [
        event(START + i * 10**6, badge(f"forged-{i}" * 40, "hall", "D-HALL", granted=i % 2 == 0), sequence=i)
        for i in range(4 * MOST_KEYS)
    ]
    flood += [
        event(START + i * 10**6 + 1, login(f"a{i}", f"h{i}", success=False), sequence=i) for i in range(2 * MOST_KEYS)
    ]
    found = detector.update(blocks_of(sorted(flood, key=lambda e: e.occurred))._replace(frames=frames_of(still(3))))
    raised_ = [f for f in found if f.body.phase == "raised" and f.body.rule == "access.unknown_badge"]
    assert len(raised_) == MOST_OPEN + 1
    assert f"more than {MOST_OPEN} at a time" in raised_[-1].body.sentence
    assert len(detector.dump()) < 4_000_000
    assert ("access.unknown_badge", OTHERS) in detector._desk.episodes


def test_one_host_under_a_burst_keeps_a_bounded_memory():
    detector = AccessDetector(small())
    burst = [event(START + i * 10**6, login("p0", "H1", success=False), sequence=i) for i in range(4 * MOST_KEPT)]
    detector.update(Block(frames_of(still(2)), tuple(burst)))
    assert len(detector.dump()) < 200_000


@pytest.mark.parametrize("ahead", [2 * 3600, 400 * 86400, 90 * 365 * 86400])
def test_the_future_is_set_aside_and_counted(ahead):
    """It neither clears what is open nor moves anybody."""
    detector = AccessDetector(small())
    say(detector, event(at("10:00"), badge("9", "hall", "D-HALL")))
    forged = event(at("10:01") + ahead * SECOND, badge("P0", "hall", "D-HALL"), sequence=5)
    assert say(detector, forged, until=at("10:02")) == []
    assert detector.ahead == 1
    again = AccessDetector(small())
    again.load(detector.dump())
    assert again.ahead == 1


def test_strangers_are_told_politely_and_once(depot_folder):
    detector = AccessDetector(load_site(depot_folder))
    told = [event(at("10:00") + i * MINUTE, door("D-NEW", "open"), sequence=i) for i in range(20)]
    found = say(detector, *told)
    assert raised(found) == [("access.unknown_door", "info")]
    assert "not in the site model" in found[0].body.sentence
