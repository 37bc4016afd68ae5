"""Work that is announced while a site runs: it explains alarms, hides none, and the newest word on it holds."""

import pytest

from infrastress.core.time import MINUTE
from infrastress.events import WorkNotice, make_event
from infrastress.fusion import FusionUnit
from infrastress.fusion.risk.scorer import RiskScorer
from infrastress.fusion.works import announced, take_notice

from .plant import SITE, T0, Feed, detection, intrusion
from .risk.test_scorer import MEASURED


def notice(minute: float, work: str = "p-1", **fields):
    body = WorkNotice(**{"work": work, "begins": T0, "ends": T0 + 120 * MINUTE, "zones": ("farm",), **fields})
    return make_event(
        site="plant", source="permits", sequence=round(minute), occurred=T0 + round(minute * MINUTE), body=body
    )


def fire(minute: float, severity: str = "high"):
    return detection(
        minute, "fire.detected", ("FD-1",), source_kind="access", severity=severity, suspicion="process_fault",
        zone="farm", detector="perimeter",
    )  # fmt: skip


def told(*events, end=60, scorer=None):
    feed = Feed(FusionUnit(SITE, scorer or RiskScorer([MEASURED])))
    feed.event(*sorted(events, key=lambda event: (event.occurred, event.id)))
    feed.tick(end)
    return feed


def test_a_fire_in_an_announced_drill_is_an_alarm_and_no_incident():
    feed = told(notice(0, sort="drill"), fire(10))
    assert len(feed.newest("alarm")) == 1
    assert feed.all("incident") == []
    assert len(told(fire(10)).newest("incident")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"sort": "permit"},
        {"sort": "drill", "zones": ("far",)},
        {"sort": "drill", "ends": T0 + 5 * MINUTE},
        {"sort": "drill", "zones": ("nowhere",)},
        {"sort": "drill", "cancelled": True},
        {"sort": "drill", "begins": T0 + 60 * MINUTE, "ends": T0},
    ],
)
def test_what_explains_no_fire_opens_an_incident(other):
    assert len(told(notice(0, **other), fire(10)).newest("incident")) == 1


def test_a_drill_does_not_hide_what_comes_beside_the_fire():
    gas = detection(12, "gas_high", ("GD-1",), source_kind="access", severity="critical", suspicion="process_fault",
                    detector="stranger")  # fmt: skip
    (event,) = told(notice(0, sort="drill"), fire(10), gas).newest("incident").values()
    assert event.body.detections_total == 2


def test_the_newest_word_holds_in_whatever_order_it_comes():
    first, second = notice(0), notice(5, cancelled=True)
    for order in ((first, second), (second, first)):
        notices = {}
        for event in order:
            take_notice(notices, event, event.body)
        assert announced(notices, SITE) == ()
    assert take_notice({}, first, first.body)


def test_announced_later_it_explains_what_is_open():
    feed = told(intrusion(10, severity="medium"), detection(30, suspicion="sensor_fault"))
    (before,) = feed.newest("incident").values()
    feed.event(notice(62))
    feed.tick(70)
    (after,) = feed.newest("incident").values()
    assert before.body.hypothesis == "contradiction"
    assert after.body.hypothesis == "announced_work"
    assert after.body.detections == before.body.detections
    assert "Work was announced in farm." in after.body.why


def test_notices_survive_a_restart():
    one = Feed(FusionUnit(SITE, RiskScorer([MEASURED])))
    one.event(notice(0, sort="drill"))
    one.tick(5)
    other = FusionUnit(SITE, RiskScorer([MEASURED]))
    other.load(one.unit.dump())
    assert other.dump() == one.unit.dump()
    one.unit = other
    one.event(fire(10))
    one.tick(20)
    assert one.all("incident") == []


def test_a_drill_that_is_cancelled_explains_its_fire_no_more():
    feed = told(notice(0, sort="drill"), fire(10), end=15)
    assert feed.all("incident") == []
    feed.event(notice(16, sort="drill", cancelled=True))
    feed.tick(20)
    (incident,) = feed.newest("incident").values()
    assert incident.body.hypothesis == "fire_detected"


def test_what_was_an_incident_stays_one_when_it_is_drawn_to_an_alarm_that_is_none():
    """Notices that the model never heard of open one; an alarm beside them that it finds unlikely takes it over."""
    low = detection(5, "odd", ("T-1",), severity="low", detector="stranger")
    other = detection(6, "odder", ("PLC-1",), severity="low", detector="stranger", source_kind="network")
    alarm = intrusion(20, severity="medium")
    feed = told(low, other, end=10, scorer=Unsure())
    (first,) = feed.newest("incident").values()
    feed.event(alarm)
    feed.tick(30)
    (kept,) = [event.body for event in feed.newest("incident").values()]
    assert [event.body.superseded_by for event in feed.all("incident") if event.body.superseded_by] == [kept.incident]
    assert first.body.incident in kept.aliases
    assert kept.detections_total == 3
    feed.tick(60 * 48)
    assert feed.unit.dump()


class Unsure(RiskScorer):
    """Opens what is of notices alone."""

    def opens(self, evidence, site, works=()):
        return not any(item.calls for item in evidence)
