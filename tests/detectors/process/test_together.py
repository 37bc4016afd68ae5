"""States that were never seen together: learned where chance would have made them meet, said once they do."""

import numpy as np

from infrastress.detectors.process import InvariantDetector
from infrastress.events.frames import Block
from tests.detectors.plant import frames_of, still, tank_site

RULE = "process.never_together"


def shifts(n: int, length: int = 10, *, rests: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Two that take turns: one is on, then none, then the other; by the minute."""
    turn = (np.arange(n) // length) % (rests + 2)
    return (turn == 0).astype(float), (turn == 2).astype(float)


def columns(n: int = 3000, **changes: np.ndarray) -> dict[str, np.ndarray]:
    valve, pump = shifts(n)
    return {**still(n), "V1.state": valve, "P1.state": pump, **changes}


def lesson(one: dict[str, np.ndarray]) -> tuple[dict, tuple[str, ...]]:
    told = InvariantDetector.learn(tank_site(), InvariantDetector.Options(), [Block(frames_of(one), ())])
    assert told is not None
    return told.baseline, told.words


def raised(one: dict[str, np.ndarray], baseline: dict | None) -> list:
    detector = InvariantDetector(tank_site(), InvariantDetector.Options(), baseline)
    return [f for f in detector.update(Block(frames_of(one), ())) if f.body.rule == RULE and f.body.phase == "raised"]


def test_what_takes_turns_is_learned_and_its_meeting_said_as_a_notice():
    baseline, words = lesson(columns())
    assert "V1.state is never on or open while P1.state is on or open" in words
    assert raised(columns(), baseline) == []
    both = columns(100)
    both["P1.state"][20:40] = both["V1.state"][20:40] = 1.0
    (found,) = raised(both, baseline)
    assert found.body.severity == "low"
    assert found.body.sentence == (
        "V1 is on or open while P1 is on or open (V1.state, P1.state): never at once in normal data"
    )
    assert {part.signal for part in found.body.contributions} == {"V1.state", "P1.state"}
    assert found.occurred == frames_of(both).ends[21]


def test_what_chance_may_have_kept_apart_is_not_learned():
    assert "never_together" not in str(lesson(columns(60))[0])  # one turn of each
    rare = np.zeros(3000)
    rare[5:8] = 1.0  # one spell, and the other rests then: no wonder
    assert not any("S1.trip" in word for word in lesson(columns(**{"S1.trip": rare}))[1] if "never" in word)


def test_a_combination_seen_once_is_known():
    met = columns()
    met["P1.state"][1000:1010] = met["V1.state"][1000:1010] = 1.0
    assert not any("V1.state is never on or open while P1.state is on" in word for word in lesson(met)[1])


def test_what_is_missing_meets_nobody():
    baseline, _ = lesson(columns())
    both = columns(100)
    both["P1.state"][20:40], both["V1.state"][20:40] = 1.0, np.nan
    assert raised(both, baseline) == []


def test_nothing_learned_says_nothing():
    both = columns(100)
    both["P1.state"][:] = both["V1.state"][:] = 1.0
    assert raised(both, None) == []
