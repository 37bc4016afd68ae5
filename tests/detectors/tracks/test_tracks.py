"""What is told of tracks, and what isn't; the detector under the contract."""

import random
import re
from typing import Any

import pytest

from infrastress.detectors.tracks import TrackDetector
from infrastress.detectors.tracks.options import TrackOptions
from infrastress.events.frames import Block, Finding
from infrastress.site import Site
from tests.detectors.contract import DetectorContract
from tests.detectors.tracks.flights import START, Sky, harbour, judged, raised


def busy() -> Sky:
    """Much at once: a drone that comes, hovers and is lost, a boat, a copy, a jump, walkers."""
    sky = Sky(harbour())
    sky.fly([(1500, 100), (100, 100), (100, 130)], speed=12, track="d1")
    sky.fly([(-2000, 70), (-100, 70)], speed=5, step=5, begin=30, track="v1", what="vessel", identity="247000001")
    sky.fly([(3000, 900), (3500, 900)], speed=5, step=5, begin=40, track="v2", what="vessel", identity="247000001")
    sky.fly([(230, -50), (230, 250)], speed=1.2, begin=10, track="p1", what="person")
    sky.fly([(600, 600), (640, 600)], speed=1, begin=60, track="j1", what="person")
    sky.fly([(2600, 600), (2640, 600)], speed=1, begin=101, track="j1", what="person")
    for i in range(80):
        sky.point(200 + i / 10, 900 + 40 * i, 900, track=f"f{i}", sensor="RF-1", what="unknown")
    return sky


class TestContract(DetectorContract):
    def make(self) -> TrackDetector:
        return TrackDetector(harbour())

    def stream(self) -> Block:
        return busy().block(40)


def test_a_drone_that_comes_is_told_before_it_is_there() -> None:
    sky = Sky(harbour())
    sky.fly([(1500, 100), (60, 100)], speed=12)
    findings = judged(sky)
    assert raised(findings)[:3] == [
        ("tracks.heading", "farm", "low"),
        ("tracks.heading", "farm", "medium"),
        ("tracks.inside", "farm", "high"),
    ]
    heading, urgent, inside = [one for one in findings if one.body.phase == "raised"][:3]
    reached = START + (1300 / 12) * 1e9  # it crosses the border at x = 200
    assert heading.occurred < reached - 80e9
    assert urgent.occurred == pytest.approx(reached - 60e9, abs=6e9)
    assert inside.occurred == pytest.approx(reached, abs=4e9)
    assert "reaches it in" in heading.body.sentence
    assert "T-1" in inside.body.sentence
    assert inside.assets == ("T-1",)
    assert inside.body.evidence


def test_when_it_is_reached_is_right() -> None:
    sky = Sky(harbour())
    sky.fly([(1500, 100), (900, 100)], speed=10, noise=0.5, accuracy_m=1.0)
    sentence = judged(sky)[0].body.sentence
    found = re.search(r"at (\d+) m/s on course (\d+) heads for Tank farm and reaches it in (\d+) s", sentence)
    assert found, sentence
    speed, course, seconds = map(int, found.groups())
    assert (speed, abs(course - 270) <= 2) == (10, True)
    told = (judged(sky)[0].occurred - START) / 1e9
    assert told + seconds == pytest.approx(130, abs=3)  # 1,300 m at 10 m/s


@pytest.mark.parametrize("seed", range(5))
def test_what_passes_by_is_not_told(seed: int) -> None:
    sky = Sky(harbour())
    sky.fly([(1500, 400), (-1500, 400)], speed=15, seed=seed)  # along the farm, 200 m away
    sky.fly([(250, -300), (250, 500)], speed=1.4, seed=seed, track="w", what="person", accuracy_m=3.0)
    sky.fly([(-800, -100), (800, -100)], speed=4, step=10, seed=seed, track="v", what="vessel", accuracy_m=10.0)
    assert [one for one in raised(judged(sky)) if one[2] != "low"] == []


def test_the_zone_is_closed_to_some_alone() -> None:
    sky = Sky(harbour())
    sky.fly([(500, 100), (100, 100)], speed=8, what="vehicle")
    sky.fly([(500, 100), (100, 100)], speed=8, what="animal", track="2")
    assert judged(sky) == []
    sky.fly([(500, 100), (100, 100)], speed=8, what="unknown", track="3")
    assert ("tracks.inside", "farm", "low") in raised(judged(sky))


def test_an_unknown_object_is_an_alarm_when_it_stays() -> None:
    bird = Sky(harbour())
    bird.fly([(500, 100), (-300, 100)], speed=12, what="unknown")
    assert {severity for _, _, severity in raised(judged(bird))} == {"low"}
    other = Sky(harbour())
    other.fly([(500, 100), (100, 100), (100, 130), (130, 100), (100, 100)], speed=3, what="unknown")
    assert ("tracks.inside", "farm", "medium") in raised(judged(other))


def test_what_another_sensor_knows_is_not_told_twice() -> None:
    sky = Sky(harbour())
    sky.fly([(900, 100), (100, 100)], speed=12, sensor="RF-1", track="d")
    sky.fly([(900, 105), (100, 105)], speed=12, begin=0.4, seed=3, what="unknown", track="77")
    found = judged(sky)
    assert {one.body.sentence.split()[0] for one in found if one.body.phase == "raised"} == {"drone"}
    far = Sky(harbour())
    far.fly([(900, 1100), (100, 1100)], speed=12, sensor="RF-1", track="d")
    far.fly([(500, 100), (100, 100), (100, 130), (130, 100), (100, 100)], speed=3, what="unknown", track="77")
    assert ("tracks.inside", "farm", "medium") in raised(judged(far))


def test_high_above_is_not_inside() -> None:
    sky = Sky(harbour())
    sky.fly([(1500, 100), (-1000, 100)], speed=30, altitude_m=900.0)
    assert judged(sky) == []


def test_a_swarm_is_one_alarm() -> None:
    sky = Sky(harbour())
    for i in range(12):
        sky.fly([(900, 60 + 8 * i), (100, 60 + 8 * i)], speed=12, seed=i, track=f"s{i}")
    found = [one for one in raised(judged(sky)) if one[0] == "tracks.inside"]
    assert found == [("tracks.inside", "farm", "high")]


def test_it_ends_when_the_last_has_left() -> None:
    sky = Sky(harbour())
    sky.fly([(600, 100), (100, 100), (600, 100), (1600, 100)], speed=12, track="a")
    sky.fly([(600, 120), (100, 120), (100, 180), (100, 20), (1600, 20)], speed=8, track="b", seed=1)  # out at 102 s
    findings = judged(sky)
    cleared = [one for one in findings if (one.body.rule, one.body.phase) == ("tracks.inside", "cleared")]
    assert len(cleared) == 1
    assert "b" in cleared[0].body.sentence
    assert START + 101e9 < cleared[0].occurred < START + 107e9


def test_lost_inside_is_told_and_lost_far_away_is_not() -> None:
    sky = Sky(harbour())
    sky.fly([(900, 100), (120, 100)], speed=12)
    sky.fly([(5000, 5000), (4000, 5000)], speed=12, track="far")
    found = judged(sky, 60)
    lost = [one for one in found if one.body.rule == "tracks.lost" and one.body.phase == "raised"]
    assert [(one.zone, one.body.severity) for one in lost] == [("farm", "medium")]
    assert "landed" in lost[0].body.sentence
    assert lost[0].occurred == max(e.occurred for e in sky.events if e.body.track == "1") + 30 * 10**9  # type: ignore[union-attr]


def test_the_system_says_itself_that_it_lost_it() -> None:
    sky = Sky(harbour())
    end = sky.fly([(900, 100), (120, 100)], speed=12)
    sky.point(end, 118, 100, lost=True)
    lost = [one for one in judged(sky, 60) if one.body.rule == "tracks.lost" and one.body.phase == "raised"]
    assert [one.occurred for one in lost] == [START + round(end * 1e9)]


def test_a_drone_that_hovers_near_is_told() -> None:
    sky = Sky(harbour())
    sky.fly([(300, 100), (310, 100)], speed=0.03)
    assert ("tracks.lingering", "farm", "medium") in raised(judged(sky))


def test_a_jump_is_a_forged_or_mixed_track() -> None:
    sky = Sky(harbour())
    sky.fly([(600, 600), (640, 600)], speed=1, what="person")
    sky.fly([(260, 100), (290, 100)], speed=1, begin=41, what="person")
    found = [one for one in judged(sky) if one.body.rule == "tracks.jumped" and one.body.phase == "raised"]
    assert [one.body.severity for one in found] == ["medium"]
    assert found[0].body.suspicion == "sensor_falsified"


def test_one_stray_point_is_none() -> None:
    sky = Sky(harbour())
    sky.fly([(600, 600), (700, 600)], speed=1, what="person", noise=1.0)
    sky.point(50.5, 100, 100, what="person")
    assert judged(sky) == []


def test_an_identity_at_two_places() -> None:
    sky = Sky(harbour())
    sky.fly([(3000, 900), (3300, 900)], speed=5, step=5, track="a", what="vessel", identity="247000001")
    sky.fly([(6000, 900), (6300, 900)], speed=5, step=5, begin=1, track="b", what="vessel", identity="247000001")
    assert raised(judged(sky)) == [("tracks.copied", "", "medium")]
    other = Sky(harbour())  # the same boat seen by two sensors, each with its own number
    other.fly([(3000, 900), (3300, 900)], speed=5, step=5, track="a", what="vessel", identity="247000001")
    other.fly([(3000, 905), (3300, 905)], speed=5, step=5, track="b", sensor="AIS", what="vessel", identity="247000001")
    assert judged(other) == []


def test_who_is_expected_is_a_notice() -> None:
    sky = Sky(harbour())
    sky.fly([(900, 100), (100, 100)], speed=12, identity="SURVEY-1")
    findings = judged(sky, known=("SURVEY-1",))
    assert {severity for _, _, severity in raised(findings)} == {"low"}
    assert "which is expected" in findings[0].body.sentence


def test_a_flood_of_tracks() -> None:
    sky = Sky(harbour())
    for i in range(5_000):
        sky.point(i / 100, 5_000 + i, 5_000, track=str(i))
    detector = TrackDetector(sky.site)
    assert raised(detector.update(sky.block())) == [("tracks.flood", "", "medium")]
    assert len(detector.dump()) < 2_000_000


def test_forged_names_of_sensors_are_bounded() -> None:
    sky = Sky(harbour())
    for i in range(3_000):
        sky.point(i / 100, 5_000 + i, 5_000, track="1", sensor=f"S{i}")
    detector = TrackDetector(sky.site)
    detector.update(sky.block())
    assert len(detector._new) <= 200


@pytest.mark.parametrize("turn", [0.0, 30.0, 200.0])
def test_a_turned_site_sees_the_same(turn: float) -> None:
    sky = Sky(harbour(rotation_deg=turn))
    sky.fly([(900, 100), (100, 100)], speed=12, speed_m_s=12.0, course_deg=(270.0 - turn) % 360)
    found = judged(sky)
    assert ("tracks.inside", "farm", "high") in raised(found)
    course = re.search(r"on course (\d+)", found[0].body.sentence)
    assert course
    assert abs(int(course.group(1)) - (270 - turn) % 360) <= 3


def test_late_and_repeated_points_change_nothing() -> None:
    sky = Sky(harbour())
    sky.fly([(900, 100), (100, 100)], speed=12)
    calm = raised(judged(sky))
    draw = random.Random(1)
    for event in draw.sample(sky.events, 20):
        body: Any = event.body
        x, y = sky.geo.to_site(body.latitude, body.longitude)
        sky.point((event.occurred - START) / 1e9, x, y)
    assert raised(judged(sky)) == calm


def test_a_site_without_a_place_judges_nothing() -> None:
    site = Site.model_validate({"id": "harbour", "zones": []})
    sky = Sky(harbour())
    sky.fly([(900, 100), (100, 100)], speed=12)
    findings: list[Finding] = TrackDetector(site, TrackOptions()).update(sky.block())
    assert findings == []


def test_rules_can_be_left_out() -> None:
    sky = Sky(harbour())
    sky.fly([(900, 100), (100, 100)], speed=12)
    assert {rule for rule, _, _ in raised(judged(sky, off=("tracks.heading", "tracks.lost")))} == {"tracks.inside"}
