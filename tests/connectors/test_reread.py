"""Kept messages read again: what was refused reads with a mended mapping, and nothing that was taken comes twice."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.base import LiveContext
from infrastress.connectors.files.watch import FolderConnector, FolderOptions
from infrastress.connectors.http_push import HttpPushConnector, HttpPushOptions
from infrastress.connectors.inbox import LONGEST_RAW, Inbox
from infrastress.connectors.mqtt import MqttConnector
from infrastress.connectors.mqtt.desk import Desk
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import MqttOptions
from infrastress.connectors.syslog import SyslogConnector, SyslogOptions
from infrastress.core.time import SECOND
from infrastress.events.delivery import Delivery
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.test_inbox import cells

SITE, SOURCE = small_site(), Source(id="historian", kind="telemetry")
T = "1970-01-01T00:00:0{}Z"
NOW = 50 * SECOND


def pushed(body, form="json", **mapping):
    """What a body gives, and how its kept pieces read with a mapping."""
    first = HttpPushConnector(SITE, SOURCE, http(**mapping), LiveContext())
    inbox = Inbox(SITE, SOURCE, None)
    first._reader.read(form, body if isinstance(body, bytes) else json.dumps(body).encode(), inbox)
    return inbox.delivery()


def http(**mapping) -> HttpPushOptions:
    return HttpPushOptions.model_validate({"port": 0, "token_secret": None, "mapping": mapping})


def again(delivery: Delivery, connector) -> list[Delivery]:
    read = connector.rereader()
    found = [read(raw, number) for number, raw in enumerate(delivery.raw)]
    assert all(one.balance.balances and len(one.raw) <= 1 for one in found)
    return found


def values(deliveries) -> list[tuple[int, str, float]]:
    return sorted(cell for one in deliveries for cell in cells(one))


def test_an_item_keeps_its_bytes_and_gives_only_what_it_did_not_give_before() -> None:
    body = b'[{"time": "%s", "LT1": 1.0, "flow": "bad"}, {"time": "%s",  "LT1": 2.0}]' % (
        T.format(1).encode(),
        T.format(2).encode(),
    )
    delivery = pushed(body)
    (raw,) = delivery.raw
    assert raw.data == body[1 : body.index(b"}") + 1]
    assert (raw.refused, raw.about["where"]) == ({"unknown-tag": 1}, "item 1")
    columns = {"LT1": {"signal": "LT1"}, "flow": {"signal": "FT1", "values": {"bad": 5}}}
    mended = HttpPushConnector(SITE, SOURCE, http(columns=columns), LiveContext())
    (one,) = again(delivery, mended)
    assert [cell[:2] for cell in cells(one)] == [(SECOND, "FT1")]
    assert not one.raw
    (same,) = again(delivery, HttpPushConnector(SITE, SOURCE, http(), LiveContext()))
    assert not cells(same)
    assert same.raw[0].refused == raw.refused
    assert set(same.raw[0].taken) == set(raw.taken)


def test_half_mended_gives_half_and_keeps_the_rest_apart() -> None:
    delivery = pushed([{"time": T.format(1), "a": 1.0, "b": 2.0}])
    half = HttpPushConnector(SITE, SOURCE, http(columns={"a": {"signal": "LT1"}}), LiveContext())
    (one,) = again(delivery, half)
    assert values([one]) == [(SECOND, "LT1", 1.0)]
    assert one.raw[0].refused == {"unknown-tag": 1}
    whole = HttpPushConnector(
        SITE, SOURCE, http(columns={"a": {"signal": "LT1"}, "b": {"signal": "S1"}}), LiveContext()
    )
    (rest,) = again(one, whole)
    assert values([rest]) == [(SECOND, "S1", 2.0)]


def test_lines_of_a_table_are_kept_with_their_header() -> None:
    table = f"time,LT1,S1\n{T.format(1)},1.5,0\nnonsense,2,0\n{T.format(3)},x,1\n".encode()
    delivery = pushed(table, "csv")
    assert [(raw.about["where"], raw.refused) for raw in delivery.raw] == [
        ("line 3", {"time-unreadable": 1}),
        ("line 4", {"text-in-number": 1}),
    ]
    found = again(delivery, HttpPushConnector(SITE, SOURCE, http(), LiveContext()))
    assert not values(found)
    assert [one.raw[0].faults[0].where.partition(",")[0] for one in found] == ["line 3", "line 4"]
    words = {"LT1": {"signal": "LT1", "values": {"x": 9}}, "S1": {"signal": "S1"}}
    found = again(delivery, HttpPushConnector(SITE, SOURCE, http(columns=words), LiveContext()))
    assert values(found) == [(3 * SECOND, "LT1", 9.0)]


def test_a_body_with_the_wrong_columns_is_kept_whole() -> None:
    table = f"when,level\n{T.format(1)},1.5\n{T.format(2)},bad\n".encode()
    delivery = pushed(table, "csv")
    assert delivery.raw[0].data == table
    right = {"time": {"column": "when"}, "columns": {"level": {"signal": "LT1"}}}
    (one,) = again(delivery, HttpPushConnector(SITE, SOURCE, http(**right), LiveContext()))
    assert values([one]) == [(SECOND, "LT1", 1.5)]
    right["columns"]["level"]["values"] = {"bad": 7}
    (rest,) = again(one, HttpPushConnector(SITE, SOURCE, http(**right), LiveContext()))
    assert values([rest]) == [(2 * SECOND, "LT1", 7.0)]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["LT1", "FT1", "S1", "X"]), st.sampled_from([1.0, 2.0, "bad", None]), min_size=1
        ),
        max_size=6,
    ),
    st.lists(st.sampled_from(["time", "none", "yesterday"]), min_size=6, max_size=6),
)
def test_read_in_two_steps_a_body_gives_each_value_once(items, times) -> None:
    body = [
        {**item, **({} if times[i] == "none" else {"time": T.format(i) if times[i] == "time" else "yesterday"})}
        for i, item in enumerate(items)
    ]
    columns = {name: {"signal": name, "values": {"bad": -1}} for name in ("LT1", "FT1", "S1")}
    delivery = pushed(body)
    if delivery is None:
        return
    found = again(delivery, HttpPushConnector(SITE, SOURCE, http(columns=columns), LiveContext()))
    both = values([delivery, *found])
    at_once = pushed(body, columns=columns)
    assert both == values([at_once] if at_once else [])


def test_what_is_too_long_is_refused_and_not_kept() -> None:
    inbox = Inbox(SITE, SOURCE, None)
    for size in (LONGEST_RAW + 1, 10):
        inbox.begin()
        inbox.refuse("no-json", "body", "")
        inbox.keep(b"x" * size, NOW)
    delivery = inbox.delivery()
    assert delivery.balance.quarantined["no-json"] == 2
    assert [len(raw.data) for raw in delivery.raw] == [10]


def mqtt(*topics) -> MqttConnector:
    options = MqttOptions.model_validate({"host": "127.0.0.1", "tls": False, "topics": list(topics)})
    return MqttConnector(SITE, SOURCE, options, LiveContext())


def published(connector: MqttConnector, *messages: tuple[bytes, bytes]) -> Delivery:
    inbox = Inbox(SITE, SOURCE, None)
    desk = Desk(inbox, lambda link: None)
    for topic, payload in messages:
        inbox.begin()
        connector.handler(topic)(desk, Publish(topic, payload, 1, False, False, len(payload)), NOW)
        inbox.keep(payload, NOW, topic=topic.decode())
    return inbox.delivery()


def test_messages_without_a_time_have_the_one_at_which_they_came() -> None:
    wrong = mqtt({"filter": "plant/level", "payload": "number", "columns": {"plant/level": "LT1"}})
    delivery = published(wrong, (b"plant/level", b"1,5"), (b"plant/level", b"2.5"))
    assert [raw.data for raw in delivery.raw] == [b"1,5"]
    right = mqtt(
        {
            "filter": "plant/level",
            "payload": "number",
            "columns": {"plant/level": {"signal": "LT1", "values": {"1,5": 1.5}}},
        }
    )
    assert values(again(delivery, right)) == [(NOW, "LT1", 1.5)]


def test_of_a_message_without_a_time_what_was_taken_does_not_come_again() -> None:
    route = {"filter": "p", "payload": "json", "columns": {"level": "LT1", "state": "S1"}}
    delivery = published(mqtt(route), (b"p", b'{"level": 1, "state": "on"}'), (b"p", b'{"level": 2, "state": "on"}'))
    right = {**route, "columns": {"level": "LT1", "state": {"signal": "S1", "values": {"on": 1}}}}
    assert [cell[1:] for cell in values(again(delivery, mqtt(right)))] == [("S1", 1.0), ("S1", 1.0)]


def test_an_event_of_a_message_comes_once_whatever_number_it_has() -> None:
    def route(**values):
        fields = {"reporter": "who", "channel": "how", "category": "what", "text": "text"}
        return {
            "filter": "e",
            "payload": "events",
            "records": {"kind": "report", "time": "t", "fields": fields, **values},
        }

    good = {"t": T.format(1), "who": "a", "how": "app", "what": "smell", "text": "gas"}
    bad = {"t": T.format(2), "who": "b", "how": "app", "text": "gas"}
    delivery = published(mqtt(route()), (b"e", json.dumps([good, bad]).encode()))
    assert len(delivery.events) == 1
    (one,) = again(delivery, mqtt(route(constants={"category": "other"})))
    assert [event.body.reporter for event in one.events] == ["b"]


@pytest.mark.parametrize("line", [b"no priority", b"<34>1 2026-13-40T00:00:00Z h app - - - level 5"])
def test_syslog_lines(line) -> None:
    rules = [{"match": "level (?P<value>.*)", "event": "report", "fields": {"text": "text", "reporter": "host"},
              "constants": {"channel": "x", "category": "other"}}]  # fmt: skip
    connector = SyslogConnector(
        SITE, SOURCE, SyslogOptions.model_validate({"udp_port": 0, "rules": rules}), LiveContext()
    )
    inbox = Inbox(SITE, SOURCE, None)
    inbox.begin()
    connector.read(inbox, line, "10.0.0.9", NOW)
    delivery = inbox.delivery()
    assert (delivery.raw[0].data, delivery.raw[0].about) == (line, {"sender": "10.0.0.9"})
    (one,) = again(delivery, connector)
    assert one.raw[0].refused == delivery.raw[0].refused


def test_lines_of_files_are_read_again_with_the_mapping_of_their_file(tmp_path) -> None:
    from infrastress.connectors.files import FilesConnector, FilesOptions
    from infrastress.connectors.files.keeping import Keeper

    file = tmp_path / "shift.csv"
    file.write_text(f"time,LT1\n{T.format(1)},1.5\n{T.format(2)},low\n")
    files = FilesConnector(SITE, SOURCE, FilesOptions(path=file))
    files.keeper = Keeper(NOW, file.name)
    (delivery,) = files.deliveries()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shift.mapping.yaml").write_text("columns: {LT1: {signal: LT1, values: {low: 0.5}}}\n")
    watch = FolderConnector(SITE, SOURCE, FolderOptions(path=tmp_path / "in"), LiveContext(folder=tmp_path))
    assert values(again(delivery, watch)) == [(2 * SECOND, "LT1", 0.5)]
