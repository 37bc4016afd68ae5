"""Reports: several voices weigh more than one."""

import pytest

from infrastress.detectors.events import EventRuleDetector
from infrastress.events import Report
from infrastress.events.frames import Block
from infrastress.site.load import load_site
from tests.detectors.contract import DetectorContract
from tests.detectors.observing import MINUTE, at, event, raised, say
from tests.detectors.plant import START, frames_of, still, tank_site


@pytest.fixture
def detector(depot_folder):
    return EventRuleDetector(load_site(depot_folder))


def report(category, reporter, **more):
    return Report(reporter=reporter, channel="phone", category=category, text=f"I report {category}", **more)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (report("noise", "n1"), []),
        (report("smell", "n1"), [("report.danger", "low")]),
        (report("fire", "n1", trained=True), [("report.danger", "critical")]),
        (report("drone", "n1"), [("report.suspicious", "low")]),
    ],
    ids=repr,
)
def test_what_each_report_raises(detector, body, expected):
    assert raised(say(detector, event(at("10:00"), body))) == expected


def test_more_neighbours_raise_the_severity_of_the_same_episode(detector):
    smells = [event(at("10:00") + i * 5 * MINUTE, report("smell", f"n{i}"), sequence=i) for i in range(4)]
    found = [f for f in say(detector, *smells) if f.body.phase == "raised"]
    assert [f.body.severity for f in found] == ["low", "medium", "high"]
    assert len({f.body.episode for f in found}) == 1
    assert "3 people independently" in found[-1].body.sentence
    assert len(found[-1].body.evidence) == 3


def test_one_neighbour_calling_twice_is_one_voice(detector):
    calls = [event(at("10:00") + i * MINUTE, report("smell", "n1"), sequence=i) for i in range(4)]
    assert raised(say(detector, *calls)) == [("report.danger", "low")]


def test_late_report_joins_the_window_it_belongs_to(detector):
    early, late = (event(at("10:00") + i * 5 * MINUTE, report("smell", f"n{i}"), sequence=i) for i in range(2))
    assert raised(say(detector, late)) == [("report.danger", "low")]
    found = say(detector, early, until=at("10:06"))
    assert raised(found) == [("report.danger", "medium")]
    assert found[0].body.began == early.occurred


class TestContract(DetectorContract):
    def make(self):
        return EventRuleDetector(tank_site())

    def stream(self):
        bodies = [report("smell", "a"), report("smell", "b"), report("leak", "c"), report("drone", "a")]
        events = [event(START + (7 + 13 * i) * MINUTE // 2 + i, bodies[i % 4], sequence=i) for i in range(60)]
        return Block(frames_of(still(500)), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))
