"""Sparkplug B payloads: read as Google's library reads them, and no bytes whatever do harm."""

import math
from typing import Any

import pytest
from google.protobuf.message import DecodeError as Unreadable
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.mqtt.protobuf import fields
from infrastress.connectors.mqtt.sparkplug import decode, rebirth, value_of
from infrastress.core.errors import DecodeError
from tests.connectors.mqtt import tahu

U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
VALUES = st.one_of(
    st.tuples(st.just("int_value"), U32),
    st.tuples(st.just("long_value"), U64),
    st.tuples(st.just("float_value"), st.floats(width=32)),
    st.tuples(st.just("double_value"), st.floats()),
    st.tuples(st.just("boolean_value"), st.booleans()),
    st.tuples(st.just("string_value"), st.text(max_size=20)),
    st.tuples(st.just("bytes_value"), st.binary(max_size=20)),
)
METRICS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=12),
        "alias": U64,
        "timestamp": U64,
        "datatype": st.integers(0, 40),
        "is_historical": st.booleans(),
        "is_transient": st.booleans(),
        "is_null": st.booleans(),
        "metadata": st.just({"description": "x"}),
        "quality": st.sampled_from([0, 192, 500]),
        "value": VALUES,
    },
)


def built(drawn: dict[str, Any]) -> dict[str, Any]:
    rest = dict(drawn)
    if (value := rest.pop("value", None)) is not None:
        rest[value[0]] = value[1]
    return tahu.metric(**rest)


@given(st.lists(METRICS, max_size=4), st.none() | U64, st.none() | U64, st.binary(max_size=5))
def test_as_the_reference_library(drawn: list[dict[str, Any]], time: int | None, seq: int | None, body: bytes) -> None:
    told = {key: value for key, value in {"timestamp": time, "seq": seq}.items() if value is not None}
    read = decode(tahu.payload([built(one) for one in drawn], body=body, **told))
    assert (read.timestamp, read.seq, len(read.metrics)) == (time, seq, len(drawn))
    for one, metric in zip(drawn, read.metrics, strict=True):
        assert (metric.name, metric.alias, metric.timestamp) == (
            one.get("name"),
            one.get("alias"),
            one.get("timestamp"),
        )
        assert (metric.datatype, metric.quality) == (one.get("datatype"), one.get("quality"))
        assert (metric.historical, metric.null) == (one.get("is_historical", False), one.get("is_null", False))
        field, value = one.get("value", (None, None))
        if field in (None, "bytes_value"):
            assert metric.value is None
        elif isinstance(value, float) and math.isnan(value):
            assert isinstance(metric.value, float)
            assert math.isnan(metric.value)
        else:
            assert metric.value == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_as_the_reference_library_does(data: bytes) -> None:
    try:
        read = decode(data)
    except DecodeError:
        return
    try:
        theirs = tahu.Payload.FromString(data)
    except Unreadable:
        return  # it looks also into what we pass over
    assert [metric.alias or 0 for metric in read.metrics] == [metric.alias for metric in theirs.metrics]
    assert (read.seq or 0) == theirs.seq


@given(st.lists(METRICS, min_size=1, max_size=3), st.data())
def test_cut_and_garbled_payloads_do_no_harm(drawn: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = bytearray(tahu.payload([built(one) for one in drawn], timestamp=1, seq=2))
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        for metric in decode(bytes(whole[: data.draw(st.integers(0, len(whole)))])).metrics:
            value_of(metric, None)
    except DecodeError:
        pass


@pytest.mark.parametrize(
    ("encoded", "field", "value"),
    [
        (b"\x08\x96\x01", 1, 150),  # protobuf.dev, "Encoding": a simple message
        (b"\x08\x01", 1, 1),
        (b"\x18\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 3, 2**64 - 2),  # -2 as int64
    ],
)
def test_published_examples_of_numbers(encoded: bytes, field: int, value: int) -> None:
    assert [(number, content) for number, _, content, _ in fields(encoded)] == [(field, value)]


def test_published_example_of_text_and_groups() -> None:
    found = list(fields(b"\x12\x07testing\x1b\x08\x01\x1c\x08\x05"))
    assert found == [(2, 2, 2, 9), (1, 0, 5, 0)]  # the group (field 3) is passed over


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x08\x80", b"\x12\x05ab", b"\x00\x01", b"\x0f", b"\x1b", b"\x08" + b"\xff" * 11]
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(DecodeError):
        list(fields(data))


@pytest.mark.parametrize(
    ("told", "birth_type", "expected"),
    [
        ({"int_value": 2**32 - 1, "datatype": 1}, None, (-1, "")),
        ({"int_value": 0xFFFF}, 2, (-1, "")),
        ({"int_value": 0xFFFF, "datatype": 6}, None, (65535, "")),
        ({"int_value": 2**31}, 3, (-(2**31), "")),
        ({"long_value": 2**64 - 5}, 4, (-5, "")),
        ({"long_value": 2**64 - 5}, 8, (2**64 - 5, "")),
        ({"int_value": 7}, None, (None, "no-datatype")),
        ({"float_value": 1.5}, None, (1.5, "")),
        ({"double_value": 1.5, "is_null": True}, 10, (None, "")),
        ({"datatype": 10}, None, (None, "")),
        ({"dataset_value": {"num_of_columns": 1}}, None, (None, "dataset")),
        ({"template_value": {"version": "1"}, "datatype": 19}, None, (None, "template")),
        ({"bytes_value": b"x", "datatype": 22}, None, (None, "array")),
        ({"bytes_value": b"x"}, 17, (None, "bytes")),
    ],
)
def test_values_by_their_type(told: dict[str, Any], birth_type: int | None, expected: tuple[Any, str]) -> None:
    (metric,) = decode(tahu.payload([told])).metrics
    assert value_of(metric, birth_type) == expected


def test_rebirth_is_what_the_specification_asks_for() -> None:
    theirs = tahu.Payload.FromString(rebirth())
    (metric,) = theirs.metrics
    assert (metric.name, metric.datatype, metric.boolean_value) == ("Node Control/Rebirth", 11, True)
