"""The past: what is replayed at a moment is what the live projection showed at that moment."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.app.api.past import Thinned, past_of
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.settings import ApiSettings, InForce
from infrastress.client.past import Past
from infrastress.core.clock import EventClock
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import HOUR, SECOND, from_iso, to_iso
from infrastress.events import Alarm, Event, Incident, decode_event, encode_event
from infrastress.events.health import Health, Turn, encode_health
from infrastress.fusion.alarms import version_id
from infrastress.site import Site
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Output, read_all
from tests.app.api.running import commit, copy_store, running

BEGAN = 1_773_400_000 * SECOND


@dataclass(frozen=True)
class Stopped(EventClock):
    """A clock at which it is always `moment`."""

    moment: int = BEGAN + 24 * HOUR

    def now(self) -> int:
        return self.moment


class World:
    """A store written at chosen times, the plant over it, and what the projection showed after each record."""

    def __init__(self) -> None:
        self.wall = BEGAN
        self.clock = Stopped()
        self.store = MemoryStore(clock=lambda: self.wall)
        self.plant = Plant(self.store, lambda: InForce(Site(id="toy"), {}), ApiSettings(), self.clock)
        self.shown: list[tuple[int, dict[str, Any]]] = []
        self.numbers: dict[str, int] = {}
        self.states: dict[str, str] = {}
        self.taken: dict[str, int] = {}

    def write(self, *outputs: Output) -> None:
        commit(self.store, list(outputs))
        for partition in ("result/toy", "status/toy"):
            records = self.store.log.read(partition, self.taken.get(partition, 0), 10_000)
            self.plant.projection.apply(records)
            self.taken[partition] = records[-1].offset if records else self.taken.get(partition, 0)
        self.shown.append((self.wall, self.state()))

    def alarm(self, name: str, state: str, severity: str = "high", *, step: int = 1, incident: str = "") -> Output:
        number = self.numbers[name] = self.numbers.get(name, 0) + step
        body = Alarm(
            alarm=name, state=state, severity=severity, priority=2, title=name, sentence=f"{name} {number}",
            detection="0" * 32, rule="r", source_kind="telemetry", incident=incident, count=number,
        )  # fmt: skip
        return self._output(name, number, body)

    def incident(self, name: str, state: str, *, step: int = 1) -> Output:
        number = self.numbers[name] = self.numbers.get(name, 0) + step
        body = Incident(
            incident=name, revision=number, state=state, hypothesis="h", title=f"{name} {number}", severity="high",
            confidence=0.5, why="", began=BEGAN, updated=BEGAN, first_alarm=BEGAN, detections=(), source_kinds=(),
            timeline=(),
        )  # fmt: skip
        return self._output(name, number, body)

    def _output(self, name: str, number: int, body: Any) -> Output:
        moment = self.wall
        event = Event(
            id=version_id(name, number), site="toy", source="fusion", sequence=number, occurred=moment - HOUR,
            observed=moment, assets=("T-1",), body=body,
        )  # fmt: skip
        return Output(event.id, "result/toy:event", encode_event(event), f"toy/{name}", event.occurred)

    def stands(self, source: str, state: Any) -> list[Output]:
        """A source stands so from now on, as detection tells it."""
        moment, was = self.wall, self.states.get(source, "unknown")
        health = Health(site="toy", source=source, state=state, since=moment)
        turn = Turn(site="toy", source=source, state=state, was=was, at=moment)
        self.states[source] = state
        told = Output(content_hash(encode_health(health))[:32], "status/toy:health", encode_health(health), health.key)
        return [told, Output(content_hash(encode_health(turn))[:32], "standing/toy:turn", encode_health(turn))]

    def state(self) -> dict[str, Any]:
        """What the projection shows of what is open, and of health."""
        known = self.plant.projection
        open_alarms = {
            key: (entry.event.sequence, entry.alarm.state, entry.alarm.severity, entry.alarm.incident or None)
            for key, entry in known.alarms.items()
            if entry.alarm.state != "closed"
        }
        open_incidents = {
            key: (entry.event.sequence, entry.incident.title)
            for key, entry in known.incidents.items()
            if entry.incident.state != "closed"
        }
        health = {health.source: health.state for health in known.health.values() if health.state != "unknown"}
        return {"alarms": open_alarms, "incidents": open_incidents, "health": health}

    def past(self, begin: int, end: int, **limits: int) -> Past:
        return past_of(self.plant, begin, end, **limits)


def replayed(past: Past, moment: int) -> dict[str, Any]:
    """The state at a moment, as a screen works it out."""

    def at(versions: list[Any]) -> Any:
        return next((v for v in reversed(versions) if v.at_ms <= moment / 1e6), None)

    alarms = {one.id: at(one.versions) for one in past.alarms}
    incidents = {one.id: at(one.versions) for one in past.incidents}
    health = {one.source: at(one.versions) for one in past.health}
    return {
        "alarms": {
            key: (v.version, v.state, v.severity, v.incident) for key, v in alarms.items() if v and v.state != "closed"
        },
        "incidents": {key: (v.revision, v.title) for key, v in incidents.items() if v and v.state != "closed"},
        "health": {key: v.state for key, v in health.items() if v and v.state != "unknown"},
    }


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["alarm", "incident", "health"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["unacknowledged", "acknowledged", "returned", "closed"]),
        st.sampled_from(["low", "high"]),
        st.integers(1, 3),
        st.integers(0, 3000),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 20_000), st.integers(1, 40_000))
def test_what_is_replayed_is_what_was_shown(steps, begin_s, length_s):
    world = World()
    world.shown.append((BEGAN, world.state()))
    for kind, name, state, severity, step, pause in steps:
        world.wall += pause * SECOND
        if kind == "alarm":
            world.write(world.alarm(f"alm-{name}", state, severity))
        elif kind == "incident":
            world.write(world.incident(f"inc-{name}", "closed" if state == "closed" else "open", step=step))
        else:
            told = {"unacknowledged": "live", "acknowledged": "delayed", "returned": "stopped", "closed": "down"}[state]
            if world.states.get(name) != told:
                world.write(*world.stands(name, told))
    begin = BEGAN + begin_s * SECOND
    end = min(begin + length_s * SECOND, world.clock.now())
    past = world.past(begin, end)
    moments = {begin, end, *(at for at, _ in world.shown if begin <= at <= end)}
    for moment in moments | {at - SECOND // 100 for at in moments if at - SECOND // 100 >= begin}:
        shown = [state for at, state in world.shown if at <= moment]
        assert replayed(past, moment) == shown[-1], moment


def test_what_was_known_then_is_not_rewritten_by_what_came_later():
    world = World()
    world.write(world.alarm("alm-a", "unacknowledged", "low"))
    world.wall += HOUR
    world.write(world.alarm("alm-a", "unacknowledged", "critical", incident="inc-a"))
    (alarm,) = world.past(BEGAN - HOUR, BEGAN + 2 * HOUR).alarms
    assert [(v.severity, v.incident, v.sentence) for v in alarm.versions] == [
        ("low", None, "alm-a 1"), ("critical", "inc-a", "alm-a 2"),
    ]  # fmt: skip
    assert [v.at_ms for v in alarm.versions] == [BEGAN / 1e6, (BEGAN + HOUR) / 1e6]


def test_old_alarms_are_not_read_again(monkeypatch):
    world = World()
    outputs = [world.alarm(f"alm-{i}", "unacknowledged") for i in range(3000)]
    world.write(*outputs)
    world.wall += 2 * HOUR
    world.write(world.alarm("alm-7", "acknowledged"))
    read = []
    actual = world.store.log.read
    monkeypatch.setattr(world.store.log, "read", lambda *a, **k: read.extend(found := actual(*a, **k)) or found)
    past = world.past(BEGAN + HOUR, BEGAN + 3 * HOUR)
    assert len(read) < 400  # halving looks at some
    assert len(past.alarms) == 3000
    assert replayed(past, BEGAN + HOUR)["alarms"]["alm-7"][1] == "unacknowledged"
    assert replayed(past, BEGAN + 3 * HOUR)["alarms"]["alm-7"][1] == "acknowledged"


def test_where_retention_removed_the_beginning_the_answer_says_from_when_it_is_whole():
    world = World()
    world.write(world.alarm("alm-a", "unacknowledged"))
    world.wall += HOUR
    world.write(world.alarm("alm-b", "unacknowledged"))
    world.wall += HOUR
    world.write(world.alarm("alm-a", "acknowledged"))
    world.store.log.retire("result/toy", 1)
    past = world.past(BEGAN - HOUR, BEGAN + 3 * HOUR)
    assert from_iso(past.whole_from) == BEGAN + HOUR
    assert from_iso(world.past(BEGAN + HOUR, BEGAN + 3 * HOUR).whole_from) == BEGAN + HOUR
    assert {a.id: len(a.versions) for a in past.alarms} == {"alm-a": 1, "alm-b": 1}


def test_a_flood_is_thinned_and_says_so_and_hides_no_state():
    world = World()
    for i in range(400):
        world.wall += 10 * SECOND
        state = "acknowledged" if i == 200 else "unacknowledged"
        world.write(world.alarm("alm-a", state))
    past = world.past(BEGAN, BEGAN + 2 * HOUR, most=50)
    (alarm,) = past.alarms
    assert past.step_s > 0
    assert past.left_out == 400 - len(alarm.versions)
    assert len(alarm.versions) <= 120
    assert [v.version for v in alarm.versions if v.state == "acknowledged"] == [201]
    assert alarm.versions[0].version == 1
    assert alarm.versions[-1].version == 400
    with pytest.raises(ApiError, match="more than 30 changes"):
        world.past(BEGAN, BEGAN + 2 * HOUR, most=10, cap=30)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from("xyz"), st.integers(0, 2)), max_size=80))
def test_thinning_keeps_each_state_of_a_step_and_the_newest(raw):
    thinned = Thinned(480, 10)
    versions = sorted(raw)
    for number, (at, state, thing) in enumerate(versions):
        thinned.add(thing, at, state, number)
    held = {thing: [v[2] for v in kept] for thing, kept in thinned.things.items()}
    assert thinned.held == sum(map(len, held.values())) == len(versions) - thinned.left_out
    if thinned.step:
        wanted: dict[Any, list[int]] = {}
        for number, (at, _, thing) in enumerate(versions):
            wanted.setdefault((thing, at // thinned.step), []).append(number)
        for (thing, _), numbers in wanted.items():
            assert numbers[-1] in held[thing]
            assert {versions[n][1] for n in numbers} == {versions[n][1] for n in numbers if n in held[thing]}
    else:
        assert sum(map(len, held.values())) == len(versions)


def test_spans_in_which_nobody_watched_are_told():
    world = World()
    world.store.log.append("ingest/toy/main:tick", [("t1", b"")])
    world.wall += HOUR
    start = canonical_json({"decision": "start", "clock": world.wall})
    world.store.log.append("ingest/toy/main:decision", [("d1", start)])
    world.plant.projection.load(look_back=1)
    ((begin, end),) = world.past(BEGAN - HOUR, BEGAN + 2 * HOUR).unwatched
    assert (from_iso(begin), from_iso(end)) == (BEGAN, BEGAN + HOUR)
    assert world.past(BEGAN + HOUR, BEGAN + 2 * HOUR).unwatched == []


@pytest.mark.parametrize(("begin", "end"), [(1, 0), (-2, 23), (25, 26)])
def test_a_span_that_can_not_be_is_refused(begin, end):
    with pytest.raises(ApiError) as refused:
        World().past(BEGAN + begin * HOUR, BEGAN + end * HOUR)
    assert refused.value.status == 422


def test_the_depot_s_attack_is_replayed_over_http(site_folder, recorded, tmp_path):
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state", host="192.0.2.7") as api:
        events = [decode_event(record.data) for record in read_all(api.store.log, "result/depot")]
        begin, end = (to_iso(event.observed + SECOND * s) for event, s in ((events[0], -1), (events[-1], 1)))
        with api.client(api.token("operator")) as client:
            past = client.past(begin, end)
            known = {alarm.id: alarm.version for alarm in client.alarms() if alarm.state != "closed"}
            incidents = {one.id for one in client.incidents(state="open")}
        shown = replayed(past, from_iso(end))
        assert known == {key: version for key, (version, *_) in shown["alarms"].items()}
        assert incidents == set(shown["incidents"])
        assert past.step_s == 0
        assert sum(len(a.versions) for a in past.alarms) + sum(len(i.versions) for i in past.incidents) == len(events)
        url, asked = f"{api.address}/api/v1/past", {"from": begin, "to": end}
        assert httpx.get(url, params=asked, headers=_bearer(api, "reporter-liaison")).status_code == 200
        assert httpx.get(url, params=asked).status_code == 401


def _bearer(api: Any, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token(role)}"}
