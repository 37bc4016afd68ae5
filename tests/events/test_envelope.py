"""The envelope: ids, both encodings, forwards-compatible reading."""

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError, InputError
from infrastress.core.ids import canonical_json
from infrastress.core.time import from_iso, to_iso
from infrastress.events import (
    AccessAttempt,
    Samples,
    Unknown,
    decode_event,
    encode_event,
    event_from_json,
    event_to_json,
    make_event,
)
from infrastress.events.envelope import body_as
from infrastress.events.kinds import Alarm, Tick


def badge(sequence: int = 1, person: str = "op-1"):
    return make_event(
        site="depot",
        source="badges",
        sequence=sequence,
        occurred=from_iso("2026-03-01T03:00:00.25Z"),
        body=AccessAttempt(person=person, door="D1", zone="tank-farm"),
        assets=("D1",),
    )


def test_both_encodings_read_back_the_same_event():
    event = badge()
    assert decode_event(encode_event(event)) == event
    assert event_from_json(event_to_json(event)) == event
    assert b"2026-03-01T03:00:00.25Z" in event_to_json(event)


def test_equal_reports_of_two_sequences_stay_two():
    assert badge(1).id != badge(2).id
    assert badge(1).id == badge(1).id


def test_a_field_and_a_kind_of_the_future_are_read():
    fields = msgspec.json.decode(encode_event(badge()))
    fields["tomorrow"] = 1
    fields["body"]["tomorrow"] = 2
    assert decode_event(canonical_json(fields)) == badge()
    fields["body"] = {"kind": "sonar", "range_m": 3.5}
    event = decode_event(canonical_json(fields))
    assert event.body == Unknown(kind_name="sonar", fields={"range_m": 3.5})
    assert decode_event(encode_event(event)) == event
    assert event.kind == "sonar"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"body":{"kind":"access"}}', b"{" * 10_000])
def test_what_is_no_event_is_refused(data):
    with pytest.raises(DecodeError):
        decode_event(data)
    with pytest.raises(DecodeError):
        event_from_json(data)


@given(st.integers(-(10**18), 4 * 10**18))
def test_times_survive_their_text(ns):
    assert from_iso(to_iso(ns)) == ns


def test_offsets_count_and_a_naive_time_is_refused():
    assert from_iso("2026-03-01T04:00:00+01:00") == from_iso("2026-03-01T03:00Z")
    with pytest.raises(InputError):
        from_iso("2026-03-01T04:00:00")
    with pytest.raises(InputError):
        from_iso("2026-02-30T04:00:00Z")
    with pytest.raises(InputError):
        from_iso("2026-02-28T04:00:00+99:00")


@given(
    st.lists(st.lists(st.floats(allow_infinity=False), min_size=3, max_size=3), max_size=20),
    st.integers(0, 2**40),
)
def test_samples_survive_arrow(rows, sequence):
    values = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    samples = Samples("depot", "scada", sequence, np.arange(len(rows), dtype=np.int64), ("a", "b", "c"), values)
    again = Samples.decode(samples.encode())
    assert again.id == samples.id or np.isnan(values).any()
    assert (again.site, again.source, again.sequence, again.tags) == ("depot", "scada", sequence, ("a", "b", "c"))
    np.testing.assert_array_equal(again.values, values)
    np.testing.assert_array_equal(again.times, samples.times)


@pytest.mark.parametrize("data", [b"", b"abc", b"\x00" * 100])
def test_bytes_that_are_no_samples_are_refused(data):
    with pytest.raises(DecodeError):
        Samples.decode(data)


def test_a_column_of_words_is_no_signal():
    samples = Samples("depot", "scada", 0, np.zeros(1, np.int64), ("a",), np.zeros((1, 1)))
    batch = samples.to_arrow().set_column(1, "a", pa.array(["open"]))
    with pytest.raises(DecodeError):
        Samples.from_arrow(batch)


def test_a_body_of_another_kind_is_refused() -> None:
    event = make_event(site="s", source="r", sequence=0, occurred=1, body=Tick(watermark=1))
    assert body_as(event, Tick).watermark == 1
    with pytest.raises(DecodeError, match="not Alarm"):
        body_as(event, Alarm)
