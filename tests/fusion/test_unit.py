"""Detections become alarms and incidents."""

import pytest

from infrastress.core.errors import DecodeError
from infrastress.core.time import MINUTE
from infrastress.events import AlarmAction, encode_event, make_event
from infrastress.events.kinds import Contribution
from infrastress.fusion import FusionUnit
from infrastress.store.ports import Record

from .plant import SITE, T0, Feed, action, cleared, detection, in_order, intrusion, login, smell


def overfill():
    """Badge and login in the night, then a contradiction at a tank, gas and a report."""
    balance = detection(300, suspicion="sensor_falsified", techniques=("T0856",))
    return [
        intrusion(10, techniques=("T0817",)),
        login(40),
        balance,
        detection(330, "switch_disabled", ("LS-1",), source_kind="access", severity="medium"),
        detection(400, "gas_high", ("GD-1",), source_kind="access", severity="critical"),
        smell(420),
    ]


def test_the_attack_is_one_incident():
    feed = in_order(overfill(), end=500)
    (event,) = feed.newest("incident").values()
    body = event.body
    assert body.hypothesis == "overfill_attack_release"
    assert body.title == "Overfill attack with release: Petrol tank 1 (T-1)"
    assert body.state == "open"
    assert body.severity == "critical"
    assert body.source_kinds == ("access", "network", "reports", "telemetry")
    assert body.first_alarm == T0 + 10 * MINUTE
    assert body.techniques == ("T0817", "T0856")
    assert len(body.timeline) == len(body.detections) == body.detections_total == 6
    assert [entry.occurred for entry in body.timeline] == sorted(entry.occurred for entry in body.timeline)
    assert event.assets[0] == "T-1"
    assert all(alarm.body.incident == body.incident for alarm in feed.newest("alarm").values())


def test_it_was_named_an_attack_before_anything_leaked():
    feed = in_order(overfill(), end=500)
    named = [event.body for event in feed.all("incident") if event.body.hypothesis == "overfill_attack"]
    assert named[0].updated == T0 + 300 * MINUTE
    assert "3.0 m seen, 4.0 m expected" in named[0].why


def test_the_incident_keeps_its_name_over_revisions():
    feed = in_order(overfill(), end=500)
    bodies = [event.body for event in feed.all("incident") if not event.body.superseded_by]
    assert len({body.incident for body in bodies}) == 1
    assert [body.revision for body in bodies] == sorted({body.revision for body in bodies})


def test_another_detector_is_told_at_once_and_the_same_one_waits():
    """Four alarms wait four minutes for the next; what another detector says of the same kind of source doesn't."""
    first = [detection(10, f"rule{n}", ("T-1",)) for n in range(4)]
    for other, told in (("test", 0), ("twin", 1)):
        feed = Feed(FusionUnit(SITE))
        feed.event(*first)
        feed.tick(11)
        before = len(feed.all("incident"))
        feed.event(detection(12, "more", ("T-1",), detector=other))
        feed.tick(13)
        assert len(feed.all("incident")) - before == told


def test_each_detection_has_a_group_whether_it_is_an_incident_or_not():
    badge, noise = intrusion(10), detection(20, "failed_badge", ("D-FARM",), source_kind="access", severity="low")
    far = detection(30, assets=("T-9",))
    feed = Feed(FusionUnit(SITE))
    feed.event(badge, noise, far)
    feed.tick(40)
    groups = dict(feed.unit.grouped())
    assert groups.keys() == {badge.id, noise.id, far.id}
    assert groups[badge.id] == groups[noise.id] != groups[far.id]


def test_a_lone_failed_badge_is_an_alarm_of_low_priority_and_no_incident():
    feed = in_order([intrusion(10)], end=60)
    (alarm,) = feed.newest("alarm").values()
    assert alarm.body.priority == 4
    assert alarm.body.incident == ""
    assert feed.all("incident") == []


def test_two_low_ones_of_one_kind_are_no_incident_but_of_two_kinds_are():
    assert (
        in_order(
            [intrusion(10), detection(20, "failed_badge", ("D-FARM",), source_kind="access", severity="low")], end=60
        ).all("incident")
        == []
    )
    assert len(in_order([login(10), detection(20, severity="low")], end=60).newest("incident")) == 1


def test_notices_tie_no_alarms_together_and_go_to_the_nearest():
    first, second = detection(10), detection(500, "leak", suspicion="process_fault")
    ended = cleared(first, 20)
    notes = [detection(m, f"note_{m}", severity="low", source_kind="access") for m in (50, 100, 150, 200, 450)]
    feed = in_order([first, ended, *notes, second], end=600)
    told = [set(event.body.detections) for event in feed.newest("incident").values()]
    assert sorted(map(len, told)) == [2, 5]


def test_what_becomes_an_alarm_leaves_the_notices_that_it_was_one_of():
    note = detection(30, "odd", ("T-9",), severity="low")
    other = detection(40, "odder", ("T-9",), severity="low", source_kind="network")
    worse = detection(50, "odd", ("T-9",), severity="high")
    before = in_order([note, other], end=45)
    assert len(before.newest("incident")) == 1
    after = in_order([note, other, worse], end=60)
    (incident,) = [e for e in after.newest("incident").values() if not e.body.superseded_by]
    assert set(incident.body.detections) == {note.id, other.id, worse.id}


def test_a_login_and_gas_are_one_event_only_with_something_of_the_process_between():
    gas = detection(20, "gas_high", ("GD-1",), source_kind="access", severity="high", suspicion="process_fault")
    far = login(10, severity="high")
    assert len(in_order([far, gas], end=60).newest("incident")) == 2
    between = detection(15, suspicion="sensor_falsified")
    assert len(in_order([far, between, gas], end=60).newest("incident")) == 1


def test_a_report_that_says_no_place_ties_no_clouds_together():
    gas = detection(20, "gas_high", ("GD-1",), source_kind="access", severity="high", suspicion="process_fault")
    other = detection(25, assets=("T-9",), suspicion="process_fault")
    heard = smell(30, suspicion="process_fault")
    feed = in_order([gas, other, heard], end=60)
    assert len(feed.newest("incident")) == 2
    gone = [set(event.body.detections) for event in feed.newest("incident").values()]
    assert {gas.id, heard.id} in gone


def test_things_apart_in_place_or_time_are_two_incidents():
    assert len(in_order([detection(10), detection(20, assets=("T-9",))], end=60).newest("incident")) == 2
    early = detection(10)
    assert len(in_order([early, cleared(early, 20), detection(400, "leak")], end=500).newest("incident")) == 2
    assert len(in_order([early, detection(400, "leak")], end=500).newest("incident")) == 1


def test_an_office_login_does_not_reach_the_controllers():
    assert len(in_order([login(10, "ENG-1"), detection(20)], end=60).newest("incident")) == 1
    far = in_order([login(10, "PC-1", severity="medium"), detection(20)], end=60)
    assert len(far.newest("incident")) == 2


def test_late_earlier_evidence_revises_without_renaming():
    feed = Feed()
    feed.event(detection(300, suspicion="sensor_falsified"))
    feed.tick(310)
    (before,) = feed.newest("incident").values()
    feed.event(intrusion(10))
    feed.tick(320)
    (after,) = feed.newest("incident").values()
    assert before.body.hypothesis == "falsified_signal"
    assert after.body.hypothesis == "overfill_attack"
    assert after.body.incident == before.body.incident
    assert after.body.revision > before.body.revision
    assert after.body.first_alarm == T0 + 10 * MINUTE
    assert after.observed == T0 + 310 * MINUTE


def test_two_open_incidents_merge_when_a_detection_links_them():
    feed = Feed()
    feed.event(intrusion(10, "D-FARM", severity="medium"))
    feed.tick(11)
    feed.event(login(20, severity="medium"))
    feed.tick(21)
    assert len(feed.newest("incident")) == 2
    first = feed.all("incident")[0].body.incident
    feed.event(detection(30))
    feed.tick(31)
    (event,) = feed.newest("incident").values()
    assert event.body.incident == first
    gone = [item.body for item in feed.all("incident") if item.body.superseded_by]
    assert [item.superseded_by for item in gone] == [first]
    assert event.body.aliases == (gone[0].incident,)
    assert gone[0].state == "closed"
    assert {alarm.body.incident for alarm in feed.newest("alarm").values()} == {first}


def test_an_incident_closes_two_hours_after_the_last_condition_went_and_reopens():
    raised = detection(10)
    feed = Feed()
    feed.event(raised)
    feed.tick(1000)
    assert next(iter(feed.newest("incident").values())).body.state == "open"
    feed.event(cleared(raised, 1005))
    feed.tick(1124)
    assert next(iter(feed.newest("incident").values())).body.state == "open"
    feed.tick(1126)
    (closed,) = feed.newest("incident").values()
    assert closed.body.state == "closed"
    assert closed.body.updated == T0 + 1125 * MINUTE
    feed.event(detection(1200))
    feed.tick(1201)
    (again,) = feed.newest("incident").values()
    assert again.body.state == "open"
    assert again.body.incident == closed.body.incident


def test_a_late_clearing_parts_what_it_had_joined():
    raised = detection(10)
    feed = Feed()
    feed.event(raised)
    feed.tick(300)
    feed.event(detection(400, "leak"))
    feed.tick(410)
    assert len(feed.newest("incident")) == 1
    feed.event(cleared(raised, 20))
    feed.tick(420)
    assert len(feed.newest("incident")) == 2
    assert sorted(event.body.state for event in feed.newest("incident").values()) == ["closed", "open"]


def test_repeats_of_one_rule_in_a_day_are_one_alarm_with_a_count():
    events = []
    for i in range(40):
        raised = detection(10 + 4 * i, severity="medium")
        events += [raised, cleared(raised, 12 + 4 * i)]
    feed = in_order(events, end=200)
    (alarm,) = feed.newest("alarm").values()
    assert alarm.body.chattering
    assert alarm.body.count in range(32, 41)
    (event,) = feed.newest("incident").values()
    assert event.body.detections_total == 80
    assert len(event.body.timeline) == 2
    assert "40 times" in event.body.timeline[0].text


def test_acknowledged_alarms_alarm_again_when_raised_again():
    raised = detection(10)
    feed = Feed()
    feed.event(raised)
    feed.tick(11)
    (key,) = feed.newest("alarm")
    state = lambda: feed.newest("alarm")[key].body.state  # noqa: E731 - read again and again
    assert state() == "unacknowledged"
    feed.event(action(12, key, "acknowledge"))
    feed.tick(13)
    assert state() == "acknowledged"
    feed.event(cleared(raised, 14))
    feed.tick(15)
    assert state() == "closed"
    feed.event(detection(16))
    feed.tick(17)
    assert state() == "unacknowledged"
    feed.event(action(18, key, "shelve", until=30))
    feed.tick(19)
    assert state() == "shelved"
    feed.tick(29)
    assert state() == "shelved"
    feed.tick(31)
    assert state() == "unacknowledged"


def test_an_alarm_says_when_it_was_raised_again_and_whether_somebody_had_acknowledged_it():
    feed = Feed()

    def body():
        (event,) = feed.newest("alarm").values()
        return event.body

    feed.event(detection(10))
    feed.tick(11)
    assert (body().last_raise, body().realarmed) == (0, False)
    feed.event(detection(12))
    feed.tick(13)
    assert (body().last_raise, body().realarmed) == (T0 + 12 * MINUTE, False)
    feed.event(action(14, body().alarm, "acknowledge"))
    feed.tick(15)
    assert (body().state, body().realarmed) == ("acknowledged", False)
    feed.event(detection(16))
    feed.tick(17)
    assert (body().last_raise, body().realarmed) == (T0 + 16 * MINUTE, True)
    feed.event(action(18, body().alarm, "acknowledge"))
    feed.tick(19)
    assert (body().last_raise, body().realarmed) == (T0 + 16 * MINUTE, False)


def test_an_act_on_many_is_taken_for_each_of_them():
    feed = Feed()
    feed.event(detection(10), detection(10, assets=("T-9",)), detection(10, assets=("T-2",)))
    feed.tick(11)
    keys = sorted(feed.newest("alarm"))
    act = AlarmAction(alarm="", action="acknowledge", by="ann", alarms=(*keys[:2], "alm-of-nobody"))
    feed.event(make_event(site="plant", source="console", sequence=1, occurred=T0 + 12 * MINUTE, body=act))
    feed.tick(13)
    states = [feed.newest("alarm")[key].body.state for key in keys]
    assert states == ["acknowledged", "acknowledged", "unacknowledged"]


def test_acts_that_are_none_of_the_life_cycle_change_nothing():
    feeds = Feed(), Feed()
    for feed in feeds:
        feed.event(detection(10))
        feed.tick(11)
    (key,) = feeds[0].newest("alarm")
    act = AlarmAction(alarm=key, action="assign", by="ann", to="role:security")
    feeds[1].event(make_event(site="plant", source="console", sequence=1, occurred=T0 + 12 * MINUTE, body=act))
    for feed in feeds:
        feed.event(cleared(detection(10), 13))
        feed.tick(20)
    assert feeds[0].outputs == feeds[1].outputs
    assert feeds[0].unit.dump() == feeds[1].unit.dump()


def test_final_tick_judges_what_is_still_waiting():
    feed = Feed()
    feed.event(detection(10.5))
    feed.tick(10.6)
    assert feed.outputs == []
    feed.tick(10.6, final=True)
    assert len(feed.newest("incident")) == 1


def test_dump_and_load_at_every_record_change_nothing():
    whole = in_order(overfill(), end=1500, every=7)
    feed, queue = Feed(), sorted(overfill(), key=lambda event: (event.occurred, event.id))
    for i in range(1, 216):
        for event in [event for event in queue if T0 + (i - 1) * 7 * MINUTE < event.occurred <= T0 + i * 7 * MINUTE]:
            feed.event(event)
            feed.unit = _reloaded(feed.unit)
        feed.tick(min(i * 7, 1505))
        feed.unit = _reloaded(feed.unit)
    feed.tick(1500, final=True)
    assert feed.outputs == whole.outputs


def _reloaded(unit):
    data = unit.dump()
    fresh = FusionUnit(SITE)
    fresh.load(data)
    assert fresh.dump() == data
    return fresh


def test_what_is_no_detection_is_quarantined_and_stops_nothing():
    from infrastress.events import AccessAttempt, make_event

    badge = make_event(site="plant", source="x", sequence=1, occurred=T0, body=AccessAttempt(person="1", door="D",
                       zone="farm"))  # fmt: skip
    unit = FusionUnit(SITE)
    before = unit.dump()
    for data in (encode_event(badge), b"\xff", b"{}"):
        (refused,) = unit.update(Record(1, "x", "fusion/plant:event", data))
        assert refused.subject == "quarantine/plant:refusal"
        assert b"undecodable" in refused.data
    assert unit.dump() == before
    with pytest.raises(DecodeError):
        FusionUnit(SITE).load(b"\xc1")


def test_old_incidents_are_forgotten_and_what_comes_later_still_gets_its_own():
    raised = detection(10)
    feed = in_order([raised, cleared(raised, 20)], end=60)
    feed.tick(60 + 5 * 24 * 60)
    assert len(feed.unit.dump()) < 300
    old = dict(feed.newest("incident"))
    feed.event(detection(15))
    feed.tick(70 + 5 * 24 * 60)
    assert len(feed.newest("incident")) == 2
    assert all(feed.newest("incident")[key] == event for key, event in old.items())


def test_an_episode_told_again_past_midnight_stays_one_alarm_and_clears():
    raised = detection(1430, severity="low")
    louder = detection(1450, episode=raised.body.episode, severity="high", began=raised.body.began)
    feed = in_order([raised, louder, cleared(raised, 1460)], end=1500)
    (alarm,) = feed.newest("alarm").values()
    assert (alarm.body.count, alarm.body.severity, alarm.body.state) == (1, "high", "returned")


def test_monitoring_that_is_off_is_its_own_incident_and_joins_nothing():
    off = detection(10, "detector-failed", (), detector="health", severity="medium")
    feed = in_order([off, detection(20), smell(30)], end=60)
    assert sorted(event.body.hypothesis for event in feed.newest("incident").values()) == ["leak", "monitoring_lost"]


def test_what_is_parted_and_no_incident_any_more_is_withdrawn():
    gas = detection(10, "gas", ("GD-1",), source_kind="access", severity="low")
    feed = Feed()
    feed.event(gas)
    feed.tick(300)
    feed.event(detection(400, "leak", severity="low"))
    feed.tick(410)
    (key,) = feed.newest("incident")
    feed.event(cleared(gas, 20))
    feed.tick(420)
    assert feed.newest("incident") == {}
    assert feed.all("incident")[-1].body.superseded_by == "withdrawn"
    assert {alarm.body.incident for alarm in feed.newest("alarm").values()} == {""}
    withdrawn = feed.all("incident")[-1].body.revision
    feed.event(smell(15))
    feed.tick(430)
    (event,) = feed.newest("incident").values()
    assert event.body.incident == key
    assert event.body.revision > withdrawn


def test_of_equally_severe_detections_the_earliest_speaks():
    late, early = detection(30, sentence="late"), detection(20, sentence="early")
    feed = Feed()
    feed.event(late)
    feed.tick(40)
    feed.event(early)
    feed.tick(50)
    (alarm,) = feed.newest("alarm").values()
    assert alarm.body.sentence == "early"


def test_late_evidence_revises_an_incident_that_is_closed():
    raised = detection(10)
    feed = in_order([raised, cleared(raised, 20)], end=300)
    (before,) = feed.newest("incident").values()
    again = detection(12, "frozen", severity="medium")
    feed.event(again, cleared(again, 15))
    feed.tick(310)
    (after,) = feed.newest("incident").values()
    assert (before.body.state, before.body.detections_total) == ("closed", 2)
    assert (after.body.state, after.body.detections_total) == ("closed", 4)


def test_what_was_parted_off_closes_in_its_time():
    raised, login_late = detection(10, severity="info"), login(140, severity="medium")
    feed = Feed()
    feed.event(raised, detection(5, "gas", ("GD-1",), source_kind="access", severity="info"), login_late)
    feed.tick(480)
    feed.event(cleared(raised, 11))
    feed.tick(700)
    bodies = [event.body for event in feed.newest("incident").values()]
    assert [(body.hypothesis, body.state) for body in bodies] == [("cyber_intrusion", "closed")]


def test_a_late_clearing_parts_even_while_a_later_episode_of_the_same_alarm_stands():
    early, badge = detection(120, "frozen", ("T-2",), severity="low"), intrusion(500)
    feed = Feed()
    feed.event(early, badge, detection(1160, "frozen", ("T-2",), severity="low"))
    feed.tick(1200)
    assert len(feed.newest("incident")) == 1
    feed.event(cleared(early, 211))
    feed.tick(1210)
    assert feed.newest("incident") == {}


def test_what_does_not_say_what_is_wrong_lies_at_all_signals_that_take_part():
    def parts(*signals):
        return tuple(Contribution(signal=signal, share=1 / len(signals)) for signal in signals)

    unsure = {"suspicion": "unknown", "contributions": parts("LT-1", "LT-9")}
    together, apart = Feed(), Feed()
    together.event(detection(10, "relation", ("T-1",), **unsure), detection(20, "relation", ("T-9",)))
    sure = unsure | {"suspicion": "sensor_fault"}
    apart.event(detection(10, "relation", ("T-1",), **sure), detection(20, "relation", ("T-9",)))
    for feed in (together, apart):
        feed.tick(30)
    assert len(together.newest("incident")) == 1
    assert len(apart.newest("incident")) == 2


def test_an_alarm_joins_others_when_a_repeat_shows_more_signals_taking_part():
    feed = Feed()
    parts = (Contribution(signal="LT-9", share=1.0),)
    feed.event(detection(10, "relation", ("T-1",)), detection(20, "limit", ("T-9",)))
    feed.tick(30)
    assert len(feed.newest("incident")) == 2
    feed.event(detection(40, "relation", ("T-1",), suspicion="unknown", contributions=parts))
    feed.tick(50)
    assert sum(not event.body.superseded_by for event in feed.newest("incident").values()) == 1
