"""Who is told what and when: escalation, acknowledgement, quiet hours, floods; and whatever happens, by hypothesis."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from infrastress.app.notify.policy import AGAIN, CRITICAL, DIGEST, GATHER, Due, Policy
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.fusion.evidence import rank_of

from .plant import NOON, SITE, alarm, incident, settings

SHIFT: dict[str, Any] = {
    "name": "shift",
    "severity": "medium",
    "steps": [{"channels": ["mail"]}, {"after_min": 10, "channels": ["siren", "hook"]}],
}


class Run:
    """A policy with a clock that is moved by hand."""

    def __init__(self, *routes: dict[str, Any], **more: Any) -> None:
        self.policy = Policy(SITE, settings(*(routes or (SHIFT,)), **more))
        self.now = NOON

    def take(self, *events: Any) -> list[Due]:
        for event in events:
            self.policy.take(event)
        return self.policy.advance(self.now, self.now)

    def after(self, span: int) -> list[Due]:
        self.now += span
        return self.policy.advance(self.now, self.now)


def told(found: list[Due]) -> list[tuple[str, tuple[str, ...], int]]:
    return [(due.channel, due.subjects, due.step) for due in found]


def test_an_incident_is_told_once_and_escalates_until_it_is_acknowledged() -> None:
    run = Run()
    assert told(run.take(alarm("a", inc="i"), incident("i"))) == [("mail", ("i",), 0)]
    assert run.after(10 * MINUTE - 1) == []
    assert told(run.after(1)) == [("siren", ("i",), 1), ("hook", ("i",), 1)]
    assert run.after(HOUR) == []
    run = Run()
    run.take(alarm("a", inc="i"), incident("i"))
    assert run.take(alarm("a", inc="i", state="acknowledged")) == []
    assert run.after(HOUR) == []


@pytest.mark.parametrize("end", ["acknowledged", "shelved", "closed"])
def test_escalation_of_an_alarm_stops_with_each_end(end: str) -> None:
    run = Run()
    run.take(alarm("a"))
    assert told(run.after(GATHER)) == [("mail", ("a",), 0)]
    run.take(alarm("a", state=end))
    assert run.after(HOUR) == []


def test_what_returned_by_itself_is_still_unacknowledged() -> None:
    run = Run()
    run.take(alarm("a"))
    run.after(GATHER)
    run.take(alarm("a", state="returned"))
    assert len(run.after(10 * MINUTE)) == 2


def test_one_unacknowledged_alarm_keeps_an_incident_waiting_and_the_last_one_ends_it() -> None:
    run = Run()
    run.take(alarm("a", inc="i"), alarm("b", inc="i"), incident("i"))
    run.take(alarm("a", inc="i", state="closed"))
    assert run.policy.waits("i")
    run.take(alarm("b", inc="i", state="closed"))
    assert not run.policy.waits("i")  # open still, but all of it was acknowledged
    assert run.after(HOUR) == []


def test_a_rise_of_severity_is_told_again_and_a_fall_is_not() -> None:
    run = Run()
    run.take(alarm("a", inc="i"), incident("i", "high"))
    assert run.take(incident("i", "medium")) == []
    assert [due.rank for due in run.take(incident("i", "critical"))] == [CRITICAL]
    assert run.take(incident("i", "critical", revision=3)) == []


def test_a_notice_never_notifies_and_one_that_becomes_an_alarm_does() -> None:
    run = Run({**SHIFT, "severity": "info"})
    run.take(alarm("a", "low"))
    assert run.after(HOUR) == []
    run.take(alarm("a", "medium"))
    assert told(run.after(GATHER)) == [("mail", ("a",), 0)]


def test_an_acknowledged_one_that_comes_back_is_told_again_but_not_at_once() -> None:
    run = Run()
    run.take(alarm("a", "critical"))
    run.take(alarm("a", "critical", "acknowledged"))
    assert run.take(alarm("a", "critical")) == []
    assert told(run.after(AGAIN)) == [("mail", ("a",), 0)]


def test_an_incident_that_became_part_of_another_is_not_told_twice() -> None:
    run = Run()
    run.take(alarm("a", inc="i"), incident("i"))
    run.take(alarm("b", inc="j"), incident("j"))
    moved = [alarm("b", inc="i"), incident("j", superseded_by="i", revision=2), incident("i", revision=2)]
    assert run.take(*moved) == []
    assert not run.policy.waits("j")


def test_alarms_of_an_incident_that_was_withdrawn_are_not_told_again() -> None:
    run = Run()
    run.take(alarm("a", inc="i"), incident("i"))
    assert run.take(alarm("a"), incident("i", superseded_by="withdrawn", revision=2)) == []
    assert run.after(GATHER) == []
    assert run.policy.waits("a")


class TestHours:
    def test_quiet_hours_hold_back_all_but_critical_until_they_end(self) -> None:
        run = Run(quiet_hours="11:00-13:00")
        assert run.take(alarm("a", inc="i"), incident("i")) == []
        assert told(run.take(alarm("c", "critical"))) == [("mail", ("c",), 0)]
        assert ("mail", ("i",), 0) not in told(run.after(59 * MINUTE))
        assert ("mail", ("i",), 0) in told(run.after(MINUTE))

    def test_hours_choose_the_route_by_the_sites_clock(self) -> None:
        day = {**SHIFT, "name": "day", "hours": "06:00-22:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
        night = {"name": "night", "hours": "22:00-06:00", "steps": [{"channels": ["siren"]}]}
        run = Run(day, night)
        assert [due.channel for due in run.take(alarm("a", inc="i"), incident("i"))] == ["mail"]
        run.now += 11 * HOUR
        assert [due.channel for due in run.take(alarm("b", inc="j"), incident("j")) if due.subjects == ("j",)] == [
            "siren"
        ]

    def test_a_critical_one_that_no_route_takes_at_this_hour_goes_by_any(self) -> None:
        run = Run({**SHIFT, "hours": "22:00-06:00"})
        assert run.take(alarm("a", inc="i"), incident("i")) == []
        assert told(run.take(alarm("c", "critical"))) == [("mail", ("c",), 0)]


@pytest.mark.parametrize(
    ("more", "event", "goes"),
    [
        ({"zones": ["farm"]}, alarm("a", "critical", assets=("T-1",)), True),
        ({"zones": ["far"]}, alarm("a", "critical", assets=("T-1",)), False),
        ({"zones": ["far"]}, alarm("a", "critical", assets=(), zone="far"), True),
        ({"assets": ["T-9"]}, alarm("a", "critical", assets=("T-1", "T-9")), True),
        ({"assets": ["T-9"]}, alarm("a", "critical", assets=("T-1",)), False),
        ({"source_kinds": ["network"]}, alarm("a", "critical"), False),
        ({"kinds": ["incident"]}, alarm("a", "critical"), False),
        ({"severity": "critical"}, alarm("a", "high"), False),
    ],
)  # fmt: skip
def test_routes_choose(more: dict[str, Any], event: Any, goes: bool) -> None:
    run = Run({**SHIFT, **more})
    found = run.take(event) + run.after(GATHER)
    assert bool(found) is goes


class TestFloods:
    def test_ten_thousand_alarms_of_an_incident_are_one_message(self) -> None:
        run = Run()
        found = run.take(*(alarm(f"a{i}", "critical", inc="i") for i in range(10_000)), incident("i", "critical"))
        assert [(due.subjects, due.alarms) for due in found] == [(("i",), 10_000)]

    def test_ten_thousand_lone_alarms_share_messages(self) -> None:
        run = Run()
        found = run.take(*(alarm(f"a{i:05}", "critical") for i in range(10_000)))
        assert [(due.kind, len(due.subjects), due.alarms) for due in found] == [("alarm", 10_000, 10_000)]

    def test_beyond_the_hour_digests_tell_the_rest(self) -> None:
        run = Run()
        sent = []
        for i in range(500):  # an alarm every 6 s for 50 minutes
            sent += run.take(alarm(f"c{i:03}", "critical"))
            sent += run.after(6 * SECOND)
        mails = [due for due in sent if due.channel == "mail"]
        digests = [due for due in mails if due.kind == "digest"]
        assert len(mails) - len(digests) == 30
        assert 0 < len(digests) <= 50 * MINUTE // DIGEST + 1
        told = {key for due in mails for key in due.subjects}
        told |= {key for due in run.after(DIGEST) if due.channel == "mail" for key in due.subjects}
        assert told == {f"c{i:03}" for i in range(500)}

    def test_a_flood_of_lesser_ones_leaves_room_for_critical_ones(self) -> None:
        run = Run()
        for i in range(100):
            run.take(alarm(f"a{i}", inc=f"i{i}"), incident(f"i{i}", "medium"))
        assert told(run.take(alarm("c", "critical"))) == [("mail", ("c",), 0)]


def test_a_message_that_was_given_up_brings_the_next_step_at_once() -> None:
    run = Run()
    run.take(alarm("a", inc="i"), incident("i"))
    run.policy.failed("shift", ["i"], run.now)
    assert {due.channel for due in run.after(0)} == {"siren", "hook"}


NAMES = st.sampled_from(["a", "b", "c"])
SEVERITY = st.sampled_from(["low", "medium", "high", "critical"])
STATE = st.sampled_from(["unacknowledged", "acknowledged", "returned", "shelved", "closed"])
MOVES = st.one_of(
    st.tuples(st.just("alarm"), NAMES, SEVERITY, STATE, st.sampled_from(["", "i", "j"])),
    st.tuples(
        st.just("incident"), st.sampled_from(["i", "j"]), SEVERITY, st.sampled_from(["open", "closed"]),
        st.sampled_from(["", "", "i", "withdrawn"]),
    ),
    st.tuples(st.just("wait"), st.integers(0, 40), st.none(), st.none(), st.none()),
)  # fmt: skip


@profile(max_examples=150)
@given(st.lists(MOVES, max_size=40), st.integers(1, 3))
def test_whatever_happens(moves: list[Any], per_hour: int) -> None:
    channel = {"type": "command", "argv": ("/bin/true",), "per_hour": per_hour}
    channels = dict.fromkeys(("mail", "siren", "hook"), channel)
    run = Run(channels=channels)
    twin = Run(channels=channels)
    sent: list[tuple[int, Due]] = []
    alarms: dict[str, tuple[str, str, str]] = {}
    for kind, name, severity, state, other in moves:
        if kind == "wait":
            found = run.after(name * MINUTE)
            twin.now = run.now
        elif kind == "alarm":
            event = alarm(name, severity, state, other)
            alarms[name] = (severity, state, other)
            found = run.take(event)
            twin.policy.take(event)
        else:
            event = incident(name, severity, state, superseded_by="" if other == name else other)
            found = run.take(event)
            twin.policy.take(event)
        assert twin.policy.advance(run.now, run.now) == found  # nothing is remembered outside of the dump
        twin.policy.load(twin.policy.dump())
        for due in found:
            assert due.subjects
            assert all(run.policy.waits(key) for key in due.subjects)  # who was acknowledged is not told
            assert due.rank >= rank_of("medium")
            for key in due.subjects:
                if key in alarms:
                    severity_, state_, inc = alarms[key]
                    assert severity_ != "low" or inc  # notices never
                    assert state_ in ("unacknowledged", "returned")
        sent += [(run.now, due) for due in found]
        assert twin.policy.dump() == run.policy.dump()
    for channel in channels:
        times = [at for at, due in sent if due.channel == channel]
        for start in times:
            window = [at for at in times if start <= at < start + HOUR]
            assert len(window) <= 2 * (per_hour + HOUR // DIGEST + 1)
