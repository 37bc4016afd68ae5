"""CIP messages (CIP Networks Library, volume 1): services with their paths, tags and values, requests inside others."""

import struct
from collections.abc import Sequence
from typing import Final

from infrastress.connectors.pcap.protocols.base import MalformedError, Message
from infrastress.connectors.pcap.protocols.cip_codes import CLASSES, ERRORS, SERVICES, TYPES, service_of
from infrastress.connectors.pcap.protocols.pccc import answer_of, order_of

__all__ = ["identity_of", "reply_of", "requests_of"]

_MULTIPLE, _UNCONNECTED_SEND, _CONNECTION_MANAGER = 0x0A, 0x52, 6
_GET_LIST, _SET_LIST, _GET_SINGLE, _SET_SINGLE = 0x03, 0x04, 0x0E, 0x10
_EXECUTE_PCCC, _PCCC = 0x4B, 0x67
_DEEPEST: Final = 4
_IDENTITY_WIDTHS: Final = {1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 4, 8: 1, 9: 2, 10: 1}
_IDENTITY_NAMES: Final = {1: "vendor", 2: "type", 3: "product"}
"""Attributes of the identity object (CIP Networks Library, volume 1, section 5-2)."""
_MOST: Final = 64


def requests_of(data: bytes, depth: int = 0) -> list[Message]:
    """A request, or the requests inside a multiple service packet or an unconnected send."""
    service, words = data[0], data[1]
    if 2 + 2 * words > len(data):
        raise MalformedError("a path reaches beyond the message")
    message = Message(function=service, size=len(data))
    number = _path(message, data[2 : 2 + 2 * words])
    message.function_name, message.action = service_of(service, number)
    body = data[2 + 2 * words :]
    if depth < _DEEPEST and service == _UNCONNECTED_SEND and number == _CONNECTION_MANAGER and len(body) >= 6:
        size = int.from_bytes(body[2:4], "little")
        return requests_of(body[4 : 4 + size], depth + 1)
    if depth < _DEEPEST and service == _MULTIPLE and number == 2:
        return [request for part in _parts(body) for request in requests_of(part, depth + 1)]
    if service == _EXECUTE_PCCC and number == _PCCC:
        order_of(message, body)
    elif service in (0x4D, 0x53) and len(body) >= 4 and number is None:
        kind, message.quantity = struct.unpack_from("<HH", body)
        message.values = _numbers(kind, body[4 if service == 0x4D else 8 :])
    elif service in (0x4C, 0x52) and len(body) >= 2 and number is None:
        message.quantity = int.from_bytes(body[:2], "little")
    elif service in (_GET_LIST, _SET_LIST) and len(body) >= 4:
        message.quantity, message.address = struct.unpack_from("<HH", body)
        if service == _SET_LIST and message.quantity == 1:
            message.values = _number(body[4:])
    elif service == _SET_SINGLE:
        message.values = _number(body)
    return [message]


def reply_of(data: bytes, waiting: Sequence[Message]) -> list[Message]:
    """Replies, one for each request that waits (at least one)."""
    service = data[0] & 0x7F
    if len(data) < 4:
        raise MalformedError("a reply without its status")
    status, extra = data[2], data[3]
    body = data[4 + 2 * extra :]
    if service == _MULTIPLE and len(waiting) > 1 and len(body) >= 2:
        return [reply_of(part, waiting[i : i + 1])[0] for i, part in enumerate(_parts(body)) if i < len(waiting)]
    request = waiting[0] if waiting else None
    reply = Message(function=service, size=len(data), ok=status in (0, 6), exception=status or None)
    if request is None:
        name, action = SERVICES.get(service, (f"service {service:#04x}", service_of(service, None)[1]))
        reply.function_name, reply.action = name, action
    if not reply.ok:
        reply.error = ERRORS.get(status, f"status {status:#04x}")
    elif service == _EXECUTE_PCCC and request is not None and (request.function_name or "").startswith("PCCC "):
        answer_of(reply, request, body)
    elif service in (0x4C, 0x52) and len(body) >= 2:
        reply.values = _numbers(int.from_bytes(body[:2], "little"), body[2:])
    elif service == _GET_SINGLE:
        reply.values = _number(body)
    elif service == _GET_LIST and request is not None and request.quantity == 1 and body[4:6] == b"\0\0":
        reply.values = _number(body[6:])  # of more attributes than one the lengths aren't told
        reply.identity = _listed(request, body)
    elif service == _GET_LIST:
        reply.identity = _listed(request, body)
    elif service == 1 and request is not None and (request.object or "").startswith("identity"):
        reply.identity = identity_of(body)
    return [reply]


def _parts(body: bytes) -> list[bytes]:
    count = int.from_bytes(body[:2], "little")
    if 2 + 2 * count > len(body) or count > _MOST:
        raise MalformedError("more services than the message holds")
    starts = list(struct.unpack_from(f"<{count}H", body, 2))
    if any(stop <= start for start, stop in zip(starts, [*starts[1:], len(body)], strict=True)):
        raise MalformedError("services that overlap or lie beyond the message")
    return [body[start:stop] for start, stop in zip(starts, [*starts[1:], len(body)], strict=True)]


def _path(message: Message, path: bytes) -> int | None:
    """Fills in object and address; the class number, None for a tag."""
    at, number, names = 0, None, list[str]()
    found: dict[str, int] = {}
    outer = list[str]()
    while at < len(path):
        segment = path[at]
        if segment == 0x91:
            size = path[at + 1]
            names.append(path[at + 2 : at + 2 + size].decode("ascii", "replace"))
            at += 2 + size + size % 2
        elif segment & 0xE0 == 0x20:
            width = (1, 2, 4, 0)[segment & 3]
            start = at + (1 if width == 1 else 2)
            word = ("class", "instance", "element", "point", "attribute", "special", "service", "")[segment >> 2 & 7]
            if word == "class" and "class" in found:  # an object within another
                outer.append(_object(found))
                found = {}
            found[word] = int.from_bytes(path[start : start + width], "little")
            at = start + max(width, 1)
        elif segment & 0xE0 == 0:  # a port on the way
            at += 2
        else:
            break
    if names:
        message.object, message.address = ".".join(names), found.get("element")
        return None
    number = found.get("class")
    if number is not None:
        message.object = " / ".join([*outer, _object(found)])
        message.address = found.get("attribute")
    return number


def _object(found: dict[str, int]) -> str:
    name = CLASSES.get(found["class"], f"class {found['class']:#04x}")
    return f"{name} {found['instance']}" if "instance" in found else name


def _numbers(kind: int, data: bytes) -> tuple[float, ...] | None:
    code = TYPES.get(kind)
    if code is None:
        return None
    count = len(data) // struct.calcsize("<" + code)
    values = struct.unpack_from(f"<{count}{code}", data)
    return tuple(map(float, values)) or None  # a 64-bit number needn't fit a float as it is


def _number(data: bytes) -> tuple[float] | None:
    """An attribute whose type isn't told, as an unsigned number where its length is one of a number."""
    return (float(int.from_bytes(data, "little")),) if len(data) in (1, 2, 4, 8) else None


def _listed(request: Message | None, body: bytes) -> str | None:
    """An identity object's attributes out of a list: number, status, value; what widths aren't known ends it."""
    if request is None or not (request.object or "").startswith("identity") or len(body) < 2:
        return None
    at, said = 2, dict[str, str]()
    for _ in range(int.from_bytes(body[:2], "little")):
        number, status = struct.unpack_from("<HH", body, at) if at + 4 <= len(body) else (0, 1)
        at += 4
        if status:
            continue
        if number == 7 and at < len(body):
            said["name"] = body[at + 1 : at + 1 + body[at]].decode("latin-1")
            at += 1 + body[at]
            continue
        width = _IDENTITY_WIDTHS.get(number)
        octets = body[at : at + (width or 0)]
        if width is None or len(octets) < width:
            break
        at += width
        if number in _IDENTITY_NAMES:
            said[_IDENTITY_NAMES[number]] = str(int.from_bytes(octets, "little"))
        elif number == 4:
            said["revision"] = f"{octets[0]}.{octets[1]:03}"
        elif number == 6:
            said["serial"] = octets[::-1].hex()
    if not said.keys() & {"name", "vendor", "serial"}:
        return None
    name = said.pop("name", "")
    return "; ".join(filter(None, [name, *(f"{key}={value}" for key, value in said.items())])) or None


def identity_of(body: bytes) -> str | None:
    """Attributes 1 to 7 of an identity object as text."""
    if len(body) < 15:
        return None
    vendor, device, product, major, minor, _, serial, size = struct.unpack_from("<HHHBBHIB", body)
    name = body[15 : 15 + size].decode("latin-1")
    return (
        f"{name}; vendor={vendor}; type={device}; product={product}; revision={major}.{minor:03}; serial={serial:08x}"
    )
