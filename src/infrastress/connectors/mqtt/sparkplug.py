"""Sparkplug B payloads (Eclipse Tahu, `sparkplug_b.proto`): the metrics in them as plain values."""

from struct import Struct
from typing import Final, NamedTuple

from infrastress.connectors.mqtt.protobuf import BYTES, FIXED32, FIXED64, VARINT, fields
from infrastress.core.errors import DecodeError

__all__ = ["GOOD", "UNREADABLE", "Metric", "Payload", "decode", "rebirth", "value_of"]

GOOD: Final = 192
UNREADABLE = {16: "dataset", 17: "bytes", 18: "bytes", 19: "template"}
"""Reasons why a metric of a type (section 6.4.16 of Sparkplug 3.0) is no single value."""
_ARRAYS = range(22, 35)
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_INT_FIELD, _LONG_FIELD, _FLOAT_FIELD, _DOUBLE_FIELD, _BOOL_FIELD, _STRING_FIELD = range(10, 16)
_BYTES_FIELD, _DATASET_FIELD, _TEMPLATE_FIELD, _EXTENSION_FIELD = range(16, 20)
_OTHERS = {_BYTES_FIELD: "bytes", _DATASET_FIELD: "dataset", _TEMPLATE_FIELD: "template", _EXTENSION_FIELD: "extension"}
_FLOAT, _DOUBLE = Struct("<f"), Struct("<d")


class Metric(NamedTuple):
    """One metric as told; what wasn't told is None (name, alias, timestamp, datatype) or False.

    Attributes:
        name: may be missing where an alias stands for it.
        alias: number that a birth has bound to a name.
        timestamp: ms since 1970, UTC.
        datatype: index of its type.
        historical: told later than it was measured.
        null: there is no value.
        quality: of the property `Quality`: 192 good, 0 bad, 500 stale; None where it isn't told.
        field: number of the field that holds the value; 0 without one.
        value: as in that field, before the type is considered.
    """

    name: str | None
    alias: int | None
    timestamp: int | None
    datatype: int | None
    historical: bool
    null: bool
    quality: int | None
    field: int
    value: int | float | str | None


class Payload(NamedTuple):
    """A payload: timestamp in ms since 1970, metrics in order, sequence number."""

    timestamp: int | None
    metrics: list[Metric]
    seq: int | None


def decode(data: bytes) -> Payload:
    """Read a payload; what its schema doesn't know is passed over.

    Raises:
        DecodeError: the bytes are no payload.
    """
    timestamp: int | None = None
    seq: int | None = None
    metrics: list[Metric] = []
    for number, kind, first, end in fields(data):
        if number == 2 and kind == BYTES:
            metrics.append(_metric(data, first, end))
        elif number == 1 and kind == VARINT:
            timestamp = first
        elif number == 3 and kind == VARINT:
            seq = first
        elif number in (1, 2, 3):
            raise DecodeError(f"field {number} of a payload has another type")
    return Payload(timestamp, metrics, seq)


def _metric(data: bytes, at: int, stop: int) -> Metric:  # noqa: PLR0912 - a branch a field of the schema
    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    quality: int | None = None
    historical = null = False
    field = 0
    value: int | float | str | None = None
    for number, kind, first, end in fields(data, at, stop):
        if kind == VARINT:
            if number == 2:
                alias = first
            elif number == 3:
                timestamp = first
            elif number == 4:
                datatype = first & 0xFFFFFFFF
            elif number == 5:
                historical = first != 0
            elif number == 7:
                null = first != 0
            elif number == _INT_FIELD:
                field, value = number, first & 0xFFFFFFFF
            elif number == _LONG_FIELD:
                field, value = number, first
            elif number == _BOOL_FIELD:
                field, value = number, first != 0
        elif kind == FIXED64 and number == _DOUBLE_FIELD:
            field, value = number, _DOUBLE.unpack_from(data, first)[0]
        elif kind == FIXED32 and number == _FLOAT_FIELD:
            field, value = number, _FLOAT.unpack_from(data, first)[0]
        elif kind == BYTES:
            if number == 1:
                name = _utf8(data, first, end)
            elif number == 9:
                told = _quality(data, first, end)
                quality = told if told is not None else quality
            elif number == _STRING_FIELD:
                field, value = number, _utf8(data, first, end)
            elif number in _OTHERS:
                field, value = number, None
    return Metric(name, alias, timestamp, datatype, historical, null, quality, field, value)


def _utf8(data: bytes, at: int, end: int) -> str:
    try:
        return data[at:end].decode()
    except UnicodeDecodeError:
        raise DecodeError("text that is no UTF-8") from None


def _quality(data: bytes, at: int, stop: int) -> int | None:
    """The property `Quality` of a set: keys and values stand in the same order."""
    keys: list[str] = []
    values: list[int | None] = []
    for number, kind, first, end in fields(data, at, stop):
        if number == 1 and kind == BYTES:
            keys.append(_utf8(data, first, end))
        elif number == 2 and kind == BYTES:
            told: int | None = None
            for inner, inner_kind, content, _ in fields(data, first, end):
                if inner in (3, 4) and inner_kind == VARINT:
                    told = content & 0xFFFFFFFF
            values.append(told)
    return next((told for key, told in zip(keys, values, strict=False) if key.lower() == "quality"), None)


def value_of(metric: Metric, datatype: int | None) -> tuple[int | float | str | None, str]:
    """A metric's value by its type, and the reason why there is none where it can't be read.

    Args:
        metric: as decoded.
        datatype: as the birth told it; a type in the metric itself comes first.
    """
    kind = metric.datatype if metric.datatype is not None else datatype
    reason = UNREADABLE.get(kind or 0, "") or ("array" if kind in _ARRAYS else "") or _OTHERS.get(metric.field, "")
    if reason or metric.null or metric.field == 0:
        return None, reason
    value = metric.value
    if metric.field in (_INT_FIELD, _LONG_FIELD):
        if kind is None:
            return None, "no-datatype"  # -1 and 4294967295 look the same
        bits = _SIGNED.get(kind)
        if bits is not None and isinstance(value, int):
            value &= (1 << bits) - 1
            value -= (value >> (bits - 1)) << bits
    return value, ""


def rebirth() -> bytes:
    """The payload of an NCMD that asks an edge node for its birth."""
    name = b"Node Control/Rebirth"
    metric = b"\x0a" + bytes([len(name)]) + name + b"\x20\x0b" + b"\x70\x01"  # name, datatype Boolean, boolean_value
    return b"\x12" + bytes([len(metric)]) + metric
