"""The wire format of Protocol Buffers: fields of a message, one after the other (protobuf.dev, "Encoding")."""

from collections.abc import Iterator

from infrastress.core.errors import DecodeError

__all__ = ["BYTES", "FIXED32", "FIXED64", "VARINT", "fields"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_GROUP, _GROUP_END = 3, 4
_DEEPEST = 100


def fields(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """Field number, wire type and content of each field between two places.

    The content of VARINT is its number (below 2**64) and 0; of the others where it begins and ends. Groups, which no
    schema of ours has, are passed over.

    Raises:
        DecodeError: the bytes are no message.
    """
    end = len(data) if end is None else end
    while at < end:
        key = data[at]
        at += 1
        if key >= 128:
            key, at = _varint(data, at - 1, end)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise DecodeError("a field of an impossible number")
        if kind == VARINT:
            if at < end and data[at] < 128:
                value, at = data[at], at + 1
            else:
                value, at = _varint(data, at, end)
            yield number, kind, value, 0
            continue
        start, at = _content(data, kind, number, at, end)
        if start >= 0:
            yield number, kind, start, at


def _content(data: bytes, kind: int, number: int, at: int, end: int) -> tuple[int, int]:
    """Where a field's content begins and ends; -1 for a group."""
    if kind == BYTES:
        size, start = _varint(data, at, end)
    elif kind in (FIXED64, FIXED32):
        size, start = (8 if kind == FIXED64 else 4), at
    elif kind == _GROUP:
        return -1, _group_end(data, number, at, end)
    else:
        raise DecodeError(f"a field of wire type {kind}")
    if start + size > end:
        raise DecodeError("a field longer than its message")
    return start, start + size


def _group_end(data: bytes, number: int, at: int, end: int) -> int:
    open_groups = [number]
    while open_groups:
        key, at = _varint(data, at, end)
        if key & 7 == _GROUP_END:
            if key >> 3 != open_groups.pop():
                raise DecodeError("a group that another one ends")
        elif key & 7 == _GROUP:
            open_groups.append(key >> 3)
            if len(open_groups) > _DEEPEST:
                raise DecodeError("groups nested too deeply")
        elif key & 7 == VARINT:
            _, at = _varint(data, at, end)
        else:
            _, at = _content(data, key & 7, key >> 3, at, end)
    return at


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise DecodeError("a number that doesn't end")
        part = data[at]
        at += 1
        value |= (part & 0x7F) << shift
        if part < 128:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
