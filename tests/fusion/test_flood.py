"""Floods: bounded revisions, nothing uncounted."""

from infrastress.events import decode_event

from .plant import Feed, cleared, detection, login


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


def test_ten_thousand_alarms_of_a_minute_list_their_cause_first():
    feed = Feed()
    cause = login(0, severity="high", sentence="A stranger writes to PLC-1.")
    feed.event(cause)
    names = ("T-1", "T-2", "PLC-1")
    feed.event(
        *(
            detection(1 + i / 10_000, f"rule-{i}", (names[i % 3],), suspicion="sensor_falsified", severity="high")
            for i in range(10_000)
        )
    )
    feed.tick(2)
    (event,) = feed.newest("incident").values()
    assert event.body.detections_total == 10_001
    assert event.body.timeline[0].text == "A stranger writes to PLC-1."
    assert event.body.detections[0] == cause.id
    seen, first, *_ = event.body.why.split(". ")
    assert seen.startswith("Seen together")
    assert first == "A stranger writes to PLC-1"
