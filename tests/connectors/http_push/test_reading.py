"""Bodies: each value and event of them ends in the inbox or is refused with its reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.http_push.reading import BodyReader
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mapping import Mapping, RecordMap, TimeMap
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import SECOND
from infrastress.events import AccessAttempt, event_to_json, make_event
from infrastress.events.delivery import Delivery
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.test_inbox import cells

T0 = "1970-01-01T00:00:0{}Z"


def read(form, data, mapping=None, clock=None, source="historian") -> Delivery:
    site = small_site()
    origin = Source.model_validate({"id": source, "kind": "telemetry"})
    inbox = Inbox(site, origin, None)
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    BodyReader(site, origin, mapping, clock).read(form, body, inbox)
    delivery = inbox.delivery()
    assert delivery is not None
    assert delivery.balance.balances
    return delivery


WANTED = [(0, "FT1", 7.2 / 3600), (0, "LT1", 3.2), (SECOND, "LT1", 3.3)]


WIDE = [{"time": T0.format(0), "LT1": 3.2, "FT1": 7.2}, {"time": T0.format(1), "LT1": "3.3", "FT1": None}]
LONG = [
    {"time": T0.format(0), "tag": "LT1", "value": 3.2},
    {"time": T0.format(0), "tag": "FT1", "value": 7.2},
    {"time": T0.format(1), "tag": "LT1", "value": 3.3},
]
NAMED = [
    {"at": 0, "point": "level", "val": 320},
    {"at": 0, "point": "flow", "val": 2, "q": "Good"},
    {"at": 1.0, "point": "level", "val": 330},
]
NAMES = Mapping(
    layout="long",
    time=TimeMap(column="at", format="epoch_s"),
    tag_column="point",
    value_column="val",
    quality_column="q",
    columns={"level": {"signal": "LT1", "unit": "cm"}, "flow": {"signal": "FT1", "unit": "l/s"}},
)
LOCAL = Mapping(
    delimiter=";",
    decimal=",",
    time=TimeMap(column="when", format="%d.%m.%Y %H:%M:%S"),
    time_zone="Europe/Rome",
)


@pytest.mark.parametrize(
    ("form", "body", "mapping"),
    [
        ("json", WIDE, None),
        ("lines", b"\n\n".join(json.dumps(one).encode() for one in WIDE), None),
        ("json", LONG, None),
        ("json", NAMED, NAMES),
        ("csv", b"time,LT1,FT1\n1970-01-01T00:00:00Z,3.2,7.2\n1970-01-01T00:00:01Z,3.3,\n", None),
        ("csv", b"when;LT1;FT1\n1.1.1970 01:00:00;3,2;7,2\n1.1.1970 01:00:01;3,3;\n", LOCAL),
    ],
)
def test_the_same_in_each_form(form, body, mapping) -> None:
    found = sorted(cells(read(form, body, mapping)))
    assert [(time, tag) for time, tag, _ in found] == [(time, tag) for time, tag, _ in WANTED]
    assert [value for *_, value in found] == pytest.approx([value for *_, value in WANTED])


def test_reasons() -> None:
    body = [
        {"time": T0.format(0), "LT1": 3.2, "XX": 1, "FT1": "wet", "S1": [1]},
        {"time": "yesterday", "LT1": 1},
        {"LT1": 1},
        {"time": T0.format(1)},
        7,
    ]
    delivery = read("json", body)
    assert delivery.balance.quarantined == {
        "time-unreadable": 1, "time-empty": 1, "empty": 1, "no-object": 1,
    }  # fmt: skip
    assert delivery.balance.cells_refused == {"unknown-tag": 1, "text-in-number": 2}
    assert delivery.balance.accepted == 1
    assert read("lines", b'{"time"\n{"time":"1970-01-01T00:00:01Z","LT1":3.3}').balance.quarantined == {"no-json": 1}
    assert read("csv", b"a,b\n1,2\n").balance.quarantined == {"unreadable": 1}
    table = read("csv", b"time,LT1\nnonsense,1\n1970-01-01T00:00:01Z,2\n1970-01-01T00:00:02Z,x\n")
    assert table.balance.quarantined == {"time-unreadable": 1}
    assert table.balance.cells_refused == {"text-in-number": 1}
    assert "line 2" in {refusal.where for refusal in table.refusals}


def test_stamped_on_arrival() -> None:
    clock = EventClock(origin=5 * SECOND, wall=0, speed=1e-12)
    assert cells(read("json", {"LT1": 1.5}, clock=clock)) == [(clock.now(), "LT1", 1.5)]


def test_own_events_speak_for_their_own_source_alone() -> None:
    body = AccessAttempt(person="p1", door="d1", zone="z1")
    events = [
        make_event(site=site, source=source, sequence=i, occurred=i, body=body)
        for i, (site, source) in enumerate([("plant", "doors"), ("plant", "historian"), ("elsewhere", "doors")])
    ]
    delivery = read("lines", b"\n".join(map(event_to_json, events)), source="doors")
    assert delivery.events == (events[0],)
    assert delivery.balance.quarantined == {"other-source": 1, "other-site": 1}


def test_records_by_a_mapping() -> None:
    fields = {"person": "card", "door": "gate"}
    mapping = Mapping(records=RecordMap(kind="access", time="when", fields=fields, constants={"zone": "z1"}))
    record = {"when": "2026-01-01T00:00:00Z", "card": "c1", "gate": "d1"}
    delivery = read("json", [record, record, {"when": "2026-01-01T00:00:00Z"}], mapping, source="doors")
    assert [event.sequence for event in delivery.events] == [0, 1]
    assert delivery.events[0].body == AccessAttempt(person="c1", door="d1", zone="z1")
    assert delivery.balance.quarantined == {"wrong-fields": 1}


def test_what_only_makes_sense_for_files_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        read("csv", b"", Mapping(transposed=True))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["time", "LT1", "FT1", "tag", "value", "body", "XX"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(JSON | st.binary(max_size=80), st.sampled_from(["json", "lines", "csv"]))
def test_no_body_stops_it_and_all_balance(body, form) -> None:
    site = small_site()
    origin = Source(id="historian", kind="telemetry")
    inbox = Inbox(site, origin, None)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    BodyReader(site, origin, None, None).read(form, data, inbox)
    delivery = inbox.delivery()
    assert delivery is None or delivery.balance.balances
