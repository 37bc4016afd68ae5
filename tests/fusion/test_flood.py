"""Floods: bounded revisions, nothing uncounted."""

from infrastress.events import decode_event

from .plant import Feed, cleared, detection


def test_ten_thousand_detections_of_one_event_are_one_bounded_incident():
    feed = Feed()
    for block in range(20):
        feed.event(*(detection(block * 10 + i / 50, f"rule-{block * 500 + i}", ("T-1",)) for i in range(500)))
        feed.tick(block * 10 + 10)
    feed.tick(261)
    (event,) = feed.newest("incident").values()
    body = event.body
    assert body.detections_total == 10_000
    assert len(body.detections) == 500
    assert body.timeline_total == 10_000
    assert len(body.timeline) == 200
    digest = sum(int(item.body.detection[:16], 16) for item in feed.newest("alarm").values()) % 2**64
    assert body.detections_digest == f"{digest:016x}"
    assert len(feed.newest("alarm")) == 10_000
    told = [item for item in feed.all("incident") if item.body.incident == body.incident]
    assert len(told) < 60
    assert max(len(output.data) for output in feed.outputs if output.key.endswith(f"/{body.incident}")) < 200_000


def test_a_chattering_alarm_is_put_out_a_handful_of_times():
    feed = Feed()
    for i in range(1000):
        raised = detection(i / 2, severity="medium")
        feed.event(raised, cleared(raised, i / 2 + 0.2))
        feed.tick(i / 2 + 0.4)
    alarms = [event for output in feed.outputs if (event := decode_event(output.data)).kind == "alarm"]
    assert len(alarms) < 25
    assert alarms[-1].body.count >= 512
    assert alarms[-1].body.state == "unacknowledged"
    feed.tick(520)
    (alarm,) = feed.newest("alarm").values()
    assert (alarm.body.state, alarm.body.cleared, alarm.body.count) == ("returned", True, 1000)
