"""Payloads to readings and events: numbers, JSON in its forms, words on members, and what may be wrong with them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.base import Link, LiveContext
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mqtt import MqttConnector, MqttOptions
from infrastress.connectors.mqtt.desk import Desk, Seen
from infrastress.connectors.mqtt.message import Publish
from infrastress.core.errors import ConfigurationError, MappingError
from infrastress.core.time import from_iso
from infrastress.events import AccessAttempt, event_to_json, make_event
from infrastress.events.delivery import Delivery
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site

SOURCE = Source(id="historian", kind="telemetry")
NOW = from_iso("2026-01-01T00:00:00Z")


def connector(*topics: dict[str, Any], **more: Any) -> MqttConnector:
    options = MqttOptions.model_validate({"host": "h", "tls": False, "topics": topics, **more})
    return MqttConnector(small_site(), SOURCE, options, LiveContext())


class Table:
    """A connector without a broker."""

    def __init__(self, *topics: dict[str, Any]) -> None:
        self.connector = connector(*topics)
        self.links: list[Link] = []
        self.inbox = Inbox(small_site(), SOURCE, None)
        self.desk = Desk(self.inbox, self.links.append)

    def say(self, topic: str | bytes, payload: bytes | object, *, retained: bool = False) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        name = topic if isinstance(topic, bytes) else topic.encode()
        self.connector.handler(name)(self.desk, Publish(name, data, 0, False, retained, len(data)), NOW)

    def delivery(self) -> Delivery:
        delivery = self.inbox.delivery()
        assert delivery is not None
        assert delivery.balance.balances
        return delivery

    def cells(self) -> list[tuple[int, dict[str, float]]]:
        return [
            (int(time), dict(zip(samples.tags, map(float, row), strict=True)))
            for samples in self.delivery().samples
            for time, row in zip(samples.times, samples.values, strict=True)
        ]


def test_numbers_have_the_time_at_which_they_came() -> None:
    table = Table({"filter": "plant/+/+", "payload": "number", "name": "{1}.{2}", "columns": {"tank.level": "LT1"}})
    table.say("plant/tank/level", b" 3.25 ")
    table.say("plant/tank/other", b"1")
    table.say("plant/tank/level", b"high")
    table.say("plant/tank/level", b"")
    table.say("plant/tank/level", b"\xff")
    table.say("plant/tank/level", b"nan")
    table.say("plant/tank/level", b"4", retained=True)
    delivery = table.delivery()
    assert delivery.samples[0].times.tolist() == [NOW]
    assert delivery.samples[0].values.tolist() == [[3.25]]
    assert delivery.balance.quarantined == {"text-in-number": 1, "empty": 1, "encoding": 1, "nan": 1}
    assert delivery.balance.dropped == {"not-mapped": 1, "retained-without-time": 1}
    assert delivery.refusals[0] == ("text-in-number", "plant/tank/level", "high")


def test_values_of_one_signal_that_come_in_one_instant_have_times_of_their_own() -> None:
    """Else admission would see two different values of one time, and keep neither's right."""
    table = Table(
        {"filter": "plant/+", "payload": "number", "name": "{1}"},
        {"filter": "obj", "payload": "json", "columns": {"x": "LT1"}},
    )
    for payload in (b"1", b"2"):
        table.say("plant/LT1", payload)
        table.say("plant/FT1", payload)
    table.say("obj", [{"x": 3}, {"x": 4}])
    told = [(time - NOW, cells.get("LT1")) for time, cells in table.cells()]
    assert told == [(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)]


def test_without_columns_names_are_signals() -> None:
    table = Table({"filter": "plant/+", "payload": "number", "name": "{1}"})
    table.say("plant/LT1", b"3")
    table.say("plant/S1", b"1")
    assert table.cells() == [(NOW, {"LT1": 3.0, "S1": 1.0})]


MANY = {
    "filter": "plant/+/state",
    "payload": "json",
    "name": "{1}:{field}",
    "time": "at",
    "columns": {"t1:level.value": "LT1", "t1:flow": {"signal": "FT1", "unit": "l/s"}, "t1:a.b": "S1"},
}


def test_objects_with_many_values_nested_or_not() -> None:
    table = Table(MANY)
    table.say(
        "plant/t1/state", {"at": "2026-01-01T00:00:01+01:00", "level": {"value": 2}, "flow": 5.0, "a.b": True, "x": 1}
    )
    assert table.cells() == [(NOW - 3_599 * 10**9, {"LT1": 2.0, "FT1": pytest.approx(0.005), "S1": 1.0})]


def test_what_is_wrong_with_an_object_costs_only_itself() -> None:
    table = Table(MANY)
    table.say("plant/t1/state", {"at": "soon", "flow": 1})
    table.say("plant/t1/state", {"flow": 1})
    table.say("plant/t1/state", {"at": "2026-01-01T00:00:00Z", "unknown": 1})
    table.say("plant/t1/state", {"at": "2026-01-01T00:00:00Z", "flow": None, "level": {"value": "high"}})
    table.say("plant/t1/state", [1, {"at": "2026-01-01T00:00:00Z", "flow": 1}])
    table.say("plant/t1/state", b"{broken")
    table.say("plant/t1/state", b"[" * 100_000)
    table.say("plant/t1/state", b"[]")
    table.say("plant/t1/state", b'{"at": "2026-01-01T00:00:00Z", "flow": 1e999}')
    table.say("plant/t9/state", {"at": "soon"})
    delivery = table.delivery()
    assert delivery.balance.quarantined == {
        "time-unreadable": 1,
        "time-empty": 1,
        "no-known-field": 1,
        "no-object": 1,
        "no-json": 3,
        "no-records": 1,
    }
    assert delivery.balance.cells_refused["text-in-number"] == 1
    assert delivery.balance.cells_empty == 1
    assert delivery.balance.dropped == {"not-mapped": 1}
    assert delivery.balance.cells_accepted == 1


def test_arrays_with_one_value_each_and_the_time_outside() -> None:
    route = {
        "filter": "gw",
        "payload": "json",
        "items": "data.values",
        "tag": "id",
        "value": "v",
        "quality": "q",
        "time": "ts",
        "time_format": "epoch_ms",
    }
    table = Table({**route, "columns": {"level": "LT1", "flow": "FT1"}})
    items = [{"id": "level", "v": 1.5, "q": 192}, {"id": "flow", "v": 7.2, "q": 0}, {"id": "x", "v": 1, "q": 192}]
    table.say("gw", {"ts": 1000, "data": {"values": items}})
    delivery = table.delivery()
    assert [s.values.tolist() for s in delivery.samples] == [[[1.5]]]
    assert delivery.samples[0].times.tolist() == [10**9]
    assert delivery.balance.cells_refused == {"bad-quality": 1}
    assert delivery.balance.dropped == {"not-mapped": 1}


def test_retained_objects_count_with_a_time_of_their_own_alone() -> None:
    table = Table(MANY, {"filter": "now", "payload": "json", "columns": {"level": "LT1"}})
    table.say("plant/t1/state", {"at": "2026-01-01T00:00:01Z", "flow": 5.0}, retained=True)
    table.say("now", {"level": 5.0}, retained=True)
    delivery = table.delivery()
    assert delivery.balance.cells_accepted == 1
    assert delivery.balance.dropped == {"retained-without-time": 1}


def test_events_of_our_own_and_of_others() -> None:
    records = {
        "kind": "access",
        "time": "when",
        "fields": {"person": "card", "door": "gate"},
        "constants": {"zone": "z"},
    }
    table = Table(
        {"filter": "own", "payload": "events"}, {"filter": "doors/#", "payload": "events", "records": records}
    )
    body = AccessAttempt(person="p1", door="d1", zone="z1")
    own = make_event(site="plant", source="historian", sequence=5, occurred=NOW, body=body)
    table.say("own", event_to_json(own))
    table.say("own", b"{}")
    table.say("own", event_to_json(own), retained=True)
    record = {"when": "2026-01-01T00:00:01Z", "card": "p2", "gate": "d2"}
    table.say("doors/east", [record, record, {"when": "never", "card": "p", "gate": "d"}])
    table.say("doors/east", b"[nonsense")
    delivery = table.delivery()
    assert delivery.events[0] == own
    assert [event.body for event in delivery.events[1:]] == [AccessAttempt(person="p2", door="d2", zone="z")] * 2
    assert len({event.id for event in delivery.events}) == 3, "two equal records are two events"
    assert delivery.balance.quarantined == {"no-event": 2, "time-unreadable": 1}
    assert delivery.balance.dropped == {"retained-event": 1}


def test_words_on_members() -> None:
    table = Table({"filter": "plant/+/status", "payload": "status", "name": "{1}", "up": ["born"], "down": ["dead"]})
    for word in (b"born", b"dead", b"dead", b"maybe", b"born"):
        table.say("plant/gateway/status", word, retained=True)
    assert [(link.state, link.member) for link in table.links] == [
        ("up", "gateway"),
        ("down", "gateway"),
        ("up", "gateway"),
    ]
    balance = table.delivery().balance
    assert (balance.dropped, balance.quarantined) == ({"status": 4}, {"no-status": 1})


def test_topics_that_nobody_maps_or_that_are_none() -> None:
    table = Table({"filter": "a", "payload": "number", "columns": {"a": "LT1"}})
    table.say("b", b"1")
    table.say(b"\xff", b"1")
    balance = table.delivery().balance
    assert (balance.dropped, balance.quarantined) == ({"not-mapped": 1}, {"topic": 1})


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ([{"filter": "a/+", "payload": "number", "columns": {"b/c": "LT1"}}], "doesn't match the topic"),
        ([{"filter": "a", "payload": "json", "columns": {"x": "LT2"}}], "did you mean 'LT1'"),
        ([{"filter": "a", "payload": "json", "columns": {"x": {"signal": "LT1", "unit": "bar"}}}], "can't be turned"),
        ([{"filter": "a", "payload": "json", "time": "t", "time_format": "%Q"}], "%Q"),
        ([{"filter": "spBv1.0/#", "payload": "sparkplug", "columns": {"G/E/x": "nope"}}], "no signal"),
    ],
)
def test_mappings_are_checked_at_the_start(topics: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(MappingError) as error:
        connector(*topics)
    assert words in str(error.value)


def test_a_secret_or_certificate_that_is_missing_is_found_at_the_start() -> None:
    topic = {"filter": "a", "payload": "number", "columns": {"a": "LT1"}}
    for more in ({"password_secret": "broker"}, {"tls": True, "ca_file": "nowhere.pem"}):
        with pytest.raises(ConfigurationError):
            connector(topic, **more)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["at", "flow", "level", "value"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.lists(st.one_of(st.binary(max_size=40), JSON.map(lambda value: json.dumps(value).encode())), max_size=6),
    st.booleans(),
)
def test_whatever_comes_it_balances(payloads: list[bytes], retained: bool) -> None:
    long = {"filter": "long", "payload": "json", "tag": "flow", "value": "level", "items": "value"}
    table = Table(MANY, long, {"filter": "n", "payload": "number", "name": "LT1"}, {"filter": "e", "payload": "events"})
    for payload in payloads:
        for topic in ("plant/t1/state", "long", "n", "e"):
            table.say(topic, payload, retained=retained)
    delivery = table.inbox.delivery()
    assert delivery is None or delivery.balance.balances


def test_a_message_that_comes_again_is_known_over_a_restart() -> None:
    def message(packet: int, payload: bytes) -> Publish:
        return Publish(b"a", payload, packet, True, False, len(payload))

    seen = Seen(3)
    for packet in range(1, 6):
        seen.add(message(packet, b"x"))
    seen.trim(0)
    again = Seen(3, seen.dump())
    assert [message(packet, b"x") in again for packet in range(1, 6)] == [False, False, True, True, True]
    assert message(5, b"y") not in again
    again.clear()
    assert message(5, b"x") not in again
