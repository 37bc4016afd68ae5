"""Tagged data of BACnet (ANSI/ASHRAE 135-2020, clause 20.2): tags, numbers, object identifiers, values in brackets."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from infrastress.connectors.pcap.protocols.bacnet_codes import OBJECTS
from infrastress.connectors.pcap.protocols.base import MalformedError

__all__ = ["OPEN", "Item", "Tag", "items_of", "object_of", "tags_of", "text_of", "value_of"]

OPEN, CLOSE = "open", "close"
_MOST: Final = 4096
_DEEPEST: Final = 16


class Tag(NamedTuple):
    """One tag: its number, whether it is context-specific, OPEN or CLOSE of a bracket, else its octets."""

    number: int
    context: bool
    bracket: str | None
    octets: bytes


class Item(NamedTuple):
    """A context tag, or a bracket with what is in it."""

    number: int
    octets: bytes
    inside: list[Tag]
    bracket: bool


def tags_of(data: bytes) -> Iterator[Tag]:
    """Tags one behind the other.

    Raises:
        MalformedError: one reaches beyond the data.
    """
    at, stop = 0, len(data)
    while at < stop:
        head = data[at]
        number, context, size = head >> 4, bool(head & 8), head & 7
        at += 1
        if number == 15:
            number = data[at]
            at += 1
        if context and size >= 6:
            yield Tag(number, True, OPEN if size == 6 else CLOSE, b"")
            continue
        if number == 1 and not context:  # a boolean's value stands in the tag
            yield Tag(1, False, None, bytes([size]))
            continue
        if size == 5:
            size = data[at]
            at += 1
            if size >= 254:
                width = 2 if size == 254 else 4
                size = int.from_bytes(data[at : at + width], "big")
                at += width
        if at + size > stop:
            raise MalformedError("a tag reaches beyond the message")
        yield Tag(number, context, None, data[at : at + size])
        at += size


def items_of(tags: Iterator[Tag] | list[Tag]) -> list[Item]:
    """Context tags in order; what stands in a bracket goes with its opening.

    Raises:
        MalformedError: a bracket isn't closed, or more tags than any message needs.
    """
    items, depth, inside, outer = list[Item](), 0, list[Tag](), 0
    for n, tag in enumerate(tags):
        if n > _MOST or depth > _DEEPEST:
            raise MalformedError("more tags than a message has")
        if tag.bracket == CLOSE:
            depth -= 1
            if depth == 0:
                items.append(Item(outer, b"", inside, True))
                inside = []
                continue
            if depth < 0:
                raise MalformedError("a bracket closed that wasn't opened")
        if depth:
            inside.append(tag)
        elif tag.bracket == OPEN:
            outer = tag.number
        else:
            items.append(Item(tag.number, tag.octets, [tag], False))
        depth += tag.bracket == OPEN
    if depth:
        raise MalformedError("a bracket that isn't closed")
    return items


def object_of(octets: bytes) -> str:
    """An object identifier as text, such as "analog-output 3"."""
    if len(octets) != 4:
        raise MalformedError("an object identifier isn't 4 bytes long")
    word = int.from_bytes(octets, "big")
    kind, instance = word >> 22, word & 0x3F_FFFF
    return f"{OBJECTS[kind] if kind < len(OBJECTS) else f'object type {kind}'} {instance}"


def value_of(tag: Tag) -> float | None:
    """The number of an application tag: boolean, unsigned, signed, real, double, enumerated; None for the others."""
    octets = tag.octets
    if tag.context or tag.bracket or not 1 <= len(octets) <= 8:
        return None
    if tag.number in (1, 2, 9):
        return float(int.from_bytes(octets, "big"))
    if tag.number == 3:
        return float(int.from_bytes(octets, "big", signed=True))
    if tag.number in (4, 5):
        return float(struct.unpack(">f" if tag.number == 4 else ">d", octets)[0])
    return None


def text_of(tag: Tag) -> str | None:
    """The text of a character string (UTF-8, else as Latin 1)."""
    if tag.number != 7 or tag.context or not tag.octets:
        return None
    return tag.octets[1:].decode("utf-8" if tag.octets[0] == 0 else "latin-1", "replace")
