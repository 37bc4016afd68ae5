"""The plant has moved: said after a week on one side, not in an attack, and the same however frames are cut."""

from types import SimpleNamespace

import numpy as np
import pytest

from infrastress.core.time import DAY, HOUR
from infrastress.detectors.process.moved import DriftDetector
from infrastress.events.frames import Block, Frames
from infrastress.events.kinds import Detection
from infrastress.site import Site
from tests.detectors.contract import DetectorContract

SITE = Site.model_validate(
    {
        "id": "s",
        "time_zone": "UTC",
        "runtime": {"frame_s": 3600},
        "assets": [{"id": "T1", "type": "tank", "diameter_m": 20.0, "height_m": 6.0}],
        "signals": [{"id": f"L{i}", "asset": "T1", "kind": "level", "unit": "m", "resolution": 0.01} for i in range(3)],
    }
)
MONDAY = 20517 * DAY  # 2026-03-05 is day 20517


def frames(days: int, *, first: int = 0, seed: int = 1, moved: tuple[int, int, float] | None = None) -> Frames:
    """Days of three levels that follow one another; `moved` is first day, last day and offset of L1."""
    n = 24 * days
    ends = MONDAY + (24 * first + np.arange(n) + 1) * HOUR
    draws = np.random.default_rng(seed + 1000 * first)
    drive = np.sin(np.arange(n) / 9.0) + draws.normal(0, 0.1, n)
    values = np.array([2 + drive, 3 + 0.5 * drive, 3 - 0.7 * drive]).T + draws.normal(0, 0.02, (n, 3))
    if moved is not None:
        values[24 * moved[0] : 24 * moved[1], 1] += moved[2]
    return Frames(HOUR, ends, ("L0", "L1", "L2"), values, values.copy(), np.ones((n, 3), np.int32))


@pytest.fixture(scope="module")
def baseline():
    lesson = DriftDetector.learn(SITE, DriftDetector.Options(), [Block(frames(60), ())])
    assert lesson is not None
    assert any(word.startswith("L1: over a week") for word in lesson.words)
    return lesson.baseline


def judged(baseline, given: Frames, said=()) -> list:
    detector = DriftDetector(SITE, None, baseline)
    detector.heed(said)
    return detector.update(Block(given, ()))


def test_quiet_days_say_nothing(baseline):
    assert judged(baseline, frames(60, first=60)) == []


def test_a_lasting_offset_is_said_within_nine_days_in_words_and_over_when_it_is_over(baseline):
    found = judged(baseline, frames(40, first=60, moved=(10, 24, 0.2)))
    own = [one for one in found if one.body.contributions and one.body.contributions[0].signal == "L1"]
    assert len(own) == 1
    assert own[0].body.severity == "info"
    assert own[0].body.sentence.startswith("L1 has lain 0.")
    assert MONDAY + 71 * DAY < own[0].occurred <= MONDAY + 79 * DAY
    assert "since" in own[0].body.sentence
    assert any(one.body.phase == "cleared" and one.body.episode == own[0].body.episode for one in found)


def alarm(at: int, phase: str) -> SimpleNamespace:
    body = Detection(
        detector="d", detector_version="1", rule="r", episode="e", phase=phase, source_kind="telemetry",  # type: ignore[arg-type]  # both phases
        severity="high", score=2.0, sentence="x", began=at, until=at,
    )  # fmt: skip
    return SimpleNamespace(occurred=at, assets=(), body=body)


def test_while_an_alarm_stands_nothing_is_called_drift(baseline):
    given = frames(40, first=60, moved=(10, 24, 0.2))
    standing = [alarm(MONDAY + 71 * DAY, "raised"), alarm(MONDAY + 85 * DAY, "cleared")]
    assert judged(baseline, given, standing) == []
    assert judged(baseline, given, standing[:1]) == []


def test_alarms_of_a_later_hour_change_nothing_that_was_said_before(baseline):
    given = frames(40, first=60, moved=(10, 24, 0.2))
    first = judged(baseline, given)[0]
    later = judged(baseline, given, [alarm(first.occurred + 1, "raised")])
    assert later[0] == first


def test_four_weeks_are_needed():
    lesson = DriftDetector.learn(SITE, DriftDetector.Options(), [Block(frames(20), ())])
    assert lesson is not None
    assert lesson.baseline["signals"] == {}
    assert "too few" in lesson.warnings[0]


class TestContract(DetectorContract):
    """Cut, dumped, loaded and scattered like any other."""

    def make(self) -> DriftDetector:
        lesson = DriftDetector.learn(SITE, DriftDetector.Options(), [Block(frames(35), ())])
        return DriftDetector(SITE, None, lesson.baseline if lesson else None)

    def stream(self) -> Block:
        return Block(frames(14, first=60, moved=(1, 14, 0.3)), ())
