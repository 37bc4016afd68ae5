"""The perimeter detector as a member of the family; late, repeated and hostile observations; bounds."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.detectors.observations.episodes import MOST_OPEN
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.perimeter.base import condition_of
from infrastress.events import GasReading, SwitchState
from infrastress.events.frames import Block
from tests.detectors.contract import DetectorContract, cut, feed, join
from tests.detectors.observing import MINUTE, SECOND, badge, door, event
from tests.detectors.perimeter.test_devices import plant
from tests.detectors.plant import START, frames_of, still

WORDS = ("alarm", "normal", "fault", "inhibited", "test", "tamper", "mumble", "no alarm", "alarm cleared")


def doings(number, seed):
    random, clock, found = Random(seed), START, []
    for i in range(number):
        clock += random.choice([1, 4, 15, 60, 300, 900]) * SECOND
        body = random.choice(
            [
                GasReading(detector=f"G{random.randrange(1, 5)}", level_lel=random.choice([0.0, 0.09, 0.15, 0.5])),
                GasReading(detector="G1", level_lel=0.2, condition=random.choice(["fault", "inhibited", "test"])),
                SwitchState(device=f"S{random.randrange(1, 5)}", state=random.choice(["alarm", "alarm", "normal"])),
                SwitchState(device=random.choice(["F1", "F2", "F9", "PANEL", "MCP", "S1", "X"]),
                            state=random.choice(WORDS)),
                door("D-HALL", random.choice(["open", "forced", "closed"])), badge("P1", "hall", "D-HALL"),
                badge("P1", "yard", "D-GATE", direction=random.choice(["in", "out"])),
            ]
        )  # fmt: skip
        found.append(event(clock, body, sequence=i, source=random.choice(["gas", "fence"])))
    return found


def block_of(events):
    minutes = (events[-1].occurred - START) // MINUTE + 60
    return Block(frames_of(still(int(minutes))), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))


class TestContract(DetectorContract):
    def make(self):
        return PerimeterDetector(plant())

    def stream(self):
        return block_of(doings(300, 3))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(5, 60), at_=st.lists(st.integers(1, 300), max_size=5))
def test_any_doings_split_anyhow_come_to_the_same(seed, number, at_):
    block = block_of(doings(number, seed))
    whole = join(feed(PerimeterDetector(plant()), [block]))
    detector, found = PerimeterDetector(plant()), []
    for piece in cut(block, [edge for edge in at_ if edge < len(block.frames)]):
        restarted = PerimeterDetector(plant())
        restarted.load(detector.dump())
        found += restarted.update(piece)
        detector = restarted
    assert join(found) == whole


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(5, 40))
def test_late_and_repeated_states_end_with_the_same_view(seed, number):
    """The newest state of a device counts, whenever the older ones come, and however often."""
    events = [e for e in doings(number, seed) if getattr(e.body, "state", "") != "mumble"]
    in_order, later = PerimeterDetector(plant()), PerimeterDetector(plant())
    in_order.update(block_of(events))
    random, now = Random(seed), events[-1].occurred // MINUTE * MINUTE
    pool = [e for e in events for _ in range(random.choice([1, 2]))]
    random.shuffle(pool)
    for i, one in enumerate([*pool, *events]):
        later.update(Block(frames_of(still(1), start=now + i * MINUTE), (one,)))
    assert later._rules["devices"]._told == in_order._rules["devices"]._told
    views = [
        {name: how for name, how in one._rules["devices"]._standing.items() if how != "healthy"}
        for one in (in_order, later)
    ]
    assert views[0] == views[1]


def test_a_flood_of_strange_devices_costs_no_memory_and_few_words():
    detector = PerimeterDetector(plant())
    flood = [event(START + i * 10**6, SwitchState(device=f"x{i}" * 30, state="alarm"), sequence=i) for i in range(9000)]
    found = detector.update(Block(frames_of(still(2)), tuple(flood)))
    assert len([f for f in found if f.body.phase == "raised"]) == 2 * (MOST_OPEN + 1)
    assert len(detector.dump()) < 1_500_000


def test_words_of_devices():
    words = {
        "ALARM": "alarm", "fire alarm": "alarm", "tripped": "alarm", "alarm disabled": "inhibited",
        "BYPASSED": "inhibited",
        "loop fault": "fault", "Normal": "healthy", "alarm cleared": "healthy", "no alarm": "healthy",
        "in service": "healthy",
        "walk test": "test", "tamper": "tamper", "mumble": "unknown", "": "unknown",
    }  # fmt: skip
    assert {word: condition_of(word) for word in words} == words
