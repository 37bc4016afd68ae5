"""Batch: events as columns and back; what the future adds is carried along."""

import json

import jsonschema
import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.events import AccessAttempt, Batch, GasReading, LoginAttempt, Unknown, encode_event, make_event
from infrastress.events.envelope import json_schema

logins = st.builds(
    LoginAttempt,
    account=st.text(max_size=8),
    host=st.text(max_size=8),
    origin=st.text(max_size=8),
    remote=st.booleans(),
    success=st.booleans(),
)


@given(st.lists(st.tuples(logins, st.integers(0, 2**60), st.lists(st.text(max_size=4), max_size=2)), min_size=1))
def test_events_survive_their_columns(rows):
    events = [
        make_event(site="s", source="x", sequence=i, occurred=time, body=body, assets=tuple(assets))
        for i, (body, time, assets) in enumerate(rows)
    ]
    batch = Batch.from_events(events)
    assert list(Batch.decode(batch.encode()).events()) == events
    assert Batch.decode(batch.encode()).id == batch.id


def test_no_field_of_the_envelope_is_lost_and_none_is_taken_for_one_of_the_body():
    event = make_event(
        site="s",
        source="x",
        sequence=1,
        occurred=5,
        observed=9,
        body=AccessAttempt(person="p", door="d", zone="inside"),
        zone="outside",
        uncertainty_ns=7,
        blobs=("ab", "cd"),
    )
    assert list(Batch.decode(Batch.from_events([event]).encode()).events()) == [event]


def test_fields_that_fit_no_column_are_refused():
    body = Unknown(kind_name="later", fields={"a": 1})
    other = Unknown(kind_name="later", fields={"a": "one"})
    events = [make_event(site="s", source="x", sequence=i, occurred=1, body=b) for i, b in enumerate((body, other))]
    with pytest.raises(DecodeError):
        Batch.from_events(events)


def test_several_kinds_or_bytes_of_another_sort_are_refused():
    one = make_event(site="s", source="x", sequence=1, occurred=1, body=GasReading(detector="G1", level_lel=0.1))
    two = make_event(site="s", source="y", sequence=1, occurred=1, body=GasReading(detector="G1", level_lel=0.1))
    for events in ([], [one, two]):
        with pytest.raises(DecodeError):
            Batch.from_events(events)
    for data in (b"", b"abc", b"\xff" * 50):
        with pytest.raises(DecodeError):
            Batch.decode(data)


def test_a_column_of_the_future_is_carried_and_skipped():
    event = make_event(site="s", source="x", sequence=1, occurred=1, body=GasReading(detector="G1", level_lel=0.1))
    batch = Batch.from_events([event])
    wider = Batch(batch.site, batch.source, batch.kind, batch.columns.append_column("tomorrow", pa.array([7])))
    again = Batch.decode(wider.encode())
    assert again.columns.column("tomorrow").to_pylist() == [7]
    assert list(again.events()) == [event]


def test_an_event_fits_the_published_schema():
    event = make_event(site="s", source="x", sequence=1, occurred=1, body=GasReading(detector="G1", level_lel=0.1))
    schema = json.loads(msgspec.json.encode(json_schema()))
    jsonschema.validate(json.loads(encode_event(event)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": 1}, schema)
