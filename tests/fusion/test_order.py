"""The final incidents are a function of the set of detections, whatever order they came in."""

from itertools import combinations
from types import SimpleNamespace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.time import MINUTE
from infrastress.events.kinds import Contribution
from infrastress.fusion.alarms import FOREVER, HOLD, HOLD_ACT, HOLD_NOTICE, alarm_key
from infrastress.fusion.kinship import akin, matter_of
from infrastress.fusion.places import SITE_PLACE, Places, taking_part

from .plant import SITE, T0, Feed, action, cleared, detection, intrusion, login, smell

END = 20 * 60
RULES = ("mass_balance", "frozen", "limit")
SEVERITIES = ("info", "low", "medium", "high")


@st.composite
def detections(draw, clears=True, notices=True):
    """Detections of some hours at a few places, each minute and rule at most once, some of them cleared."""
    kinds = ("telemetry", "telemetry", "gas", "badge", "login", "report")
    found = {}
    for _ in range(draw(st.integers(1, 9))):
        minute = draw(st.integers(0, END // 10)) * 10
        severity = draw(st.sampled_from(SEVERITIES if notices else SEVERITIES[2:]))
        kind = draw(st.sampled_from(kinds if notices else kinds[:-1]))
        if kind == "telemetry":
            asset = draw(st.sampled_from(("T-1", "T-2", "T-9", "PLC-1")))
            suspicion = draw(st.sampled_from(("sensor_fault", "sensor_falsified", "process_fault", "unknown")))
            rule = draw(st.sampled_from(RULES))
            onset = T0 + max(minute - draw(st.sampled_from((0, 0, 30, 200))), 0) * MINUTE
            text = f"{rule} at {minute}"
            parts = draw(st.lists(st.sampled_from(("LT-1", "LT-2", "LT-9", "LT-gone")), max_size=2, unique=True))
            made = detection(
                minute, rule, (asset,), severity=severity, suspicion=suspicion, began=onset, sentence=text,
                contributions=tuple(Contribution(signal=part, share=1 / len(parts)) for part in parts),
            )  # fmt: skip
        elif kind == "gas":
            made = detection(minute, "gas", ("GD-1",), severity=severity, source_kind="access")
        elif kind == "badge":
            made = intrusion(minute, draw(st.sampled_from(("D-FARM", "D-FAR"))), severity)
        elif kind == "login":
            made = login(minute, draw(st.sampled_from(("ENG-1", "PC-1"))), severity)
        else:
            made = smell(minute)
        found[made.body.episode] = made
    events = list(found.values())
    if clears:
        for made in list(events):
            if draw(st.booleans()):
                events.append(cleared(made, (made.occurred - T0) / MINUTE + draw(st.integers(1, 300))))
    return events


def content(feed, *, revision=False):
    """Final incidents without their names, which depend on what was announced first."""
    left_out = {"incident", "aliases"} | (set() if revision else {"revision"})
    found = []
    for event in feed.newest("incident").values():
        fields = {name: getattr(event.body, name) for name in event.body.__struct_fields__ if name not in left_out}
        found.append((event.occurred, event.assets, fields))
    return sorted(found, key=repr)


def delivered(events, ticks, end):
    """Feed events in the given order with a tick before the events whose index is named."""
    feed, watermark = Feed(), 0
    for i, event in enumerate(events):
        for minute in ticks.get(i, ()):
            watermark = max(watermark, minute)
            feed.tick(watermark)
        feed.event(event)
    feed.tick(end, final=True)
    return feed


def agree(data):
    """One set, in order and in some other order with ticks in between: the same final incidents."""
    events = data.draw(detections())
    end = 45 * 60 if data.draw(st.booleans()) else END + 301
    straight = delivered(sorted(events, key=lambda event: (event.occurred, event.id)), {}, end)
    order = data.draw(st.permutations(events))
    ticks = data.draw(st.dictionaries(st.integers(0, len(events)), st.lists(st.integers(0, END + 300), max_size=2)))
    assert content(delivered(order, ticks, end)) == content(straight)


@settings(max_examples=120)
@given(st.data())
def test_final_incidents_agree_over_every_order(data):
    agree(data)


@pytest.mark.prove
@settings(max_examples=20_000)
@given(st.data())
def test_final_incidents_agree_over_thousands_of_orders(data):
    agree(data)


@settings(max_examples=60)
@given(st.data())
def test_without_parting_and_notices_that_move_the_revision_agrees_too(data):
    events = data.draw(detections(clears=False, notices=data.draw(st.booleans())))
    end = END + 1
    straight = delivered(sorted(events, key=lambda event: (event.occurred, event.id)), {}, end)
    ticks = data.draw(st.dictionaries(st.integers(0, len(events)), st.lists(st.integers(0, END), max_size=2)))
    other = delivered(data.draw(st.permutations(events)), ticks, end)
    assert [entry[:2] for entry in content(other)] == [entry[:2] for entry in content(straight)]
    calling = all(event.body.calls for event in events)
    if calling and not any(e.body.superseded_by for feed in (straight, other) for e in feed.all("incident")):
        assert content(other, revision=True) == content(straight, revision=True)


@settings(max_examples=80)
@given(st.data())
def test_in_order_the_bytes_do_not_depend_on_how_often_the_watermark_moves(data):
    events = sorted(data.draw(detections()), key=lambda event: (event.occurred, event.id))
    few, many = Feed(), Feed()
    few.event(*data.draw(st.permutations(events)))
    few.tick(END + 600)
    at = 0
    for minute in sorted(data.draw(st.sets(st.integers(0, END + 600), max_size=12)) | {END + 600}):
        while at < len(events) and events[at].occurred <= T0 + minute * MINUTE:
            many.event(events[at])
            at += 1
        many.tick(minute)
    assert many.outputs == few.outputs


def _weight(event):
    """Which detection of an alarm speaks for it: the most severe, the earliest of these."""
    return SEVERITIES.index(event.body.severity), -event.occurred, [-ord(letter) for letter in event.id]


@settings(max_examples=100)
@given(st.data())
def test_groups_are_the_connected_components_worked_out_by_hand(data):
    events = data.draw(detections())
    end = END + 301
    feed = delivered(data.draw(st.permutations(events)), {}, end)
    places = Places(SITE)
    graph: nx.Graph[str] = nx.Graph()
    ends = {event.body.episode: event.occurred for event in events if event.body.phase == "cleared"}
    raised = [event for event in events if event.body.phase == "raised"]
    where, spans, calls = {}, {}, {}
    keys = {}
    alarm = {e.id: f"{e.body.rule}/{e.assets}/{e.body.began // (24 * 60 * MINUTE)}" for e in raised}
    beside: dict[str, set[str]] = {}
    for event in raised:
        beside.setdefault(alarm[event.id], set()).update(taking_part(event.body, SITE))
        keys[alarm[event.id]] = alarm_key(event, event.body, belated=False)
        calls[alarm[event.id]] = calls.get(alarm[event.id], False) or event.body.calls
    first: dict[str, int] = {}
    ties: dict[str, bool] = {}
    matter = {}
    for event in raised:
        body, name = event.body, alarm[event.id]
        first[name] = min(event.occurred, first.get(name, event.occurred))
        stands = body.source_kind == "telemetry" or "GD-1" in event.assets
        done = ends.get(body.episode)
        wide = HOLD if stands else HOLD_ACT
        hold = wide if calls[name] else HOLD_NOTICE
        stop = FOREVER if stands and done is None else max(event.occurred, done or 0)
        graph.add_node(event.id)
        assets = (*event.assets, *sorted(beside[name]))
        where[event.id] = places.of(assets, "", body.source_kind)
        spans[event.id] = event.body.began, stop + hold, stop + wide
        ties[event.id] = calls[name] and where[event.id] != {SITE_PLACE}
        worst = max((e for e in raised if alarm[e.id] == name), key=_weight).body
        record = SimpleNamespace(assets=event.assets, source_kind=body.source_kind, suspicion=worst.suspicion)
        matter[event.id] = matter_of(record, SITE)

    def touch(one, other, end):
        close = places.near(where[one]) & where[other] and akin(matter[one], matter[other])
        return close and spans[one][0] <= spans[other][end] and spans[other][0] <= spans[one][end]

    for one, other in combinations(where, 2):
        alike = ties[one] == ties[other] and touch(one, other, 1)
        if alarm[one] == alarm[other] or alike:
            graph.add_edge(one, other)
    groups = list(nx.connected_components(graph))
    for group in groups:
        reached = [
            (abs(first[alarm[one]] - first[alarm[other]]), keys[alarm[other]], one, other)
            for one in group for other in where
            if not ties[one] and ties[other] and touch(one, other, 2)
        ]  # fmt: skip
        if reached:
            graph.add_edge(*min(reached)[2:])
    expected = {frozenset(component) for component in nx.connected_components(graph)}
    for event in feed.newest("incident").values():
        assert frozenset(event.body.detections) in expected
    for component in expected:
        bodies = [event.body for event in raised if event.id in component]
        serious = any(body.severity in ("medium", "high") for body in bodies)
        kinds = {body.source_kind for body in bodies if body.severity != "info"}
        named = [e for e in feed.newest("incident").values() if frozenset(e.body.detections) == component]
        assert len(named) == (1 if serious or len(kinds) > 1 else 0)


@settings(max_examples=40)
@given(st.data())
def test_places_that_touch_touch_both_ways(data):
    places = Places(SITE)
    kinds = st.sampled_from(("telemetry", "network", "access", "reports"))
    assets = st.sampled_from([(), *((asset.id,) for asset in SITE.assets)])
    one = places.of(data.draw(assets), data.draw(st.sampled_from(("", "farm", "far"))), data.draw(kinds))
    other = places.of(data.draw(assets), "", data.draw(kinds))
    assert bool(places.near(one) & other) == bool(places.near(other) & one)


@settings(max_examples=60)
@given(st.data())
def test_dumped_states_go_on_as_if_nothing_had_happened(data):
    from infrastress.fusion import FusionUnit

    events = data.draw(st.permutations(data.draw(detections())))
    one, other = Feed(), Feed()
    for i, event in enumerate(events):
        minute = data.draw(st.integers(i * 100, (i + 1) * 100))
        for feed in (one, other):
            feed.event(event)
            feed.tick(minute)
        state = other.unit.dump()
        other.unit = FusionUnit(SITE)
        other.unit.load(state)
        assert other.unit.dump() == state
    for feed in (one, other):
        feed.event(action(3000, "alm-none", "acknowledge"))
        feed.tick(9000)
    assert one.outputs == other.outputs
    assert one.unit.dump() == other.unit.dump()
