"""MQTT control packets of a subscriber, as bytes: versions 5.0 and 3.1.1 (OASIS); no socket here.

Written by ourselves because the message rate is decided here: the library in use elsewhere spends most of a core on
10,000 messages a second, this a twentieth of one (`benchmarks/mqtt_live.py`), and who acknowledges when stays in our
hands.
"""

from collections.abc import Sequence
from struct import Struct, pack
from typing import NamedTuple

__all__ = ["REASONS", "Ack", "Connack", "Disconnect", "Packet", "Packets", "Publish", "WireError", "connect", "publish"]
__all__ += ["DISCONNECT", "PING", "Suback", "puback", "subscribe"]

PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_SHORT = Struct(">H")
_LONGEST_LENGTH = 4
"""Bytes of a remaining length at most."""

REASONS = {
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "refused for a reason of the broker's own",
    0x84: "protocol version not supported",
    0x85: "client id not valid",
    0x86: "bad user name or password",
    0x87: "not authorised",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "the broker shuts down",
    0x8C: "bad authentication method",
    0x8D: "keep alive timeout",
    0x8E: "another client has taken the session over: is the client id used twice?",
    0x8F: "topic filter not valid",
    0x90: "topic name not valid",
    0x93: "receive maximum exceeded",
    0x94: "topic alias not valid",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format not valid",
    0x9A: "retain not supported",
    0x9B: "QoS not supported",
    0x9C: "use another server",
    0x9D: "the server has moved",
    0x9E: "shared subscriptions not supported",
    0x9F: "connection rate exceeded",
    0xA0: "maximum connect time",
    0xA1: "subscription identifiers not supported",
    0xA2: "wildcard subscriptions not supported",
}
"""Reason codes of MQTT 5.0, section 2.4, that tell of a failure."""
_OLD_REASONS = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""Return codes of a CONNACK in MQTT 3.1.1, table 3.1, in the words of 5.0."""

_INT, _WORD, _LONG, _VARIABLE, _TEXT, _PAIR = range(6)
_PROPERTIES = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), _INT),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), _WORD),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), _LONG),
    0x0B: _VARIABLE,
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), _TEXT),
    0x26: _PAIR,
}
"""Form of each property, MQTT 5.0, table 2-4."""
SESSION_EXPIRY, KEEP_ALIVE, REASON_TEXT, RECEIVE_MAXIMUM = 0x11, 0x13, 0x1F, 0x21


class WireError(ConnectionError):
    """The peer doesn't talk MQTT as it should; the connection is of no use any more."""


class Publish(NamedTuple):
    """A message of `size` bytes. `packet` is 0 with QoS 0; `payload` is empty where it was `too_long` to be kept."""

    topic: bytes
    payload: bytes
    packet: int
    again: bool
    retained: bool
    size: int
    too_long: bool = False


class Connack(NamedTuple):
    """Answer to a CONNECT: `code` as in `REASONS`, or 0."""

    code: int
    session: bool
    keep_alive_s: int | None
    text: str


class Suback(NamedTuple):
    """Answer to a SUBSCRIBE: a code a filter, below 0x80 where it was granted."""

    packet: int
    codes: bytes


class Disconnect(NamedTuple):
    """The broker ends the connection."""

    code: int
    text: str


class Ack(NamedTuple):
    """A PINGRESP, or another packet that asks for nothing."""

    kind: int


Packet = Publish | Connack | Suback | Disconnect | Ack


def _length(number: int) -> bytes:
    parts = bytearray()
    while True:
        number, part = divmod(number, 128)
        parts.append(part | (128 if number else 0))
        if not number:
            return bytes(parts)


def _text(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return _SHORT.pack(len(data)) + data


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + _length(len(body)) + body


def connect(
    client_id: str,
    *,
    version: int = 5,
    keep_alive_s: int,
    session_s: int,
    receive_maximum: int,
    username: str | None = None,
    password: str | None = None,
) -> bytes:
    """A CONNECT that goes on with a session kept by the broker; the last three apply to version 5 alone."""
    flags = (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    body = _text("MQTT") + bytes([version, flags]) + _SHORT.pack(keep_alive_s)
    if version == 5:
        properties = pack(">BI", SESSION_EXPIRY, session_s) + pack(">BH", RECEIVE_MAXIMUM, receive_maximum)
        body += _length(len(properties)) + properties
    body += _text(client_id)
    body += b"".join(_text(part) for part in (username, password) if part is not None)
    return _packet(0x10, body)


def subscribe(packet: int, filters: Sequence[str], *, version: int = 5) -> bytes:
    """A SUBSCRIBE with QoS 1 at most; retained messages come only where the subscription is new (version 5)."""
    options = bytes([0x11 if version == 5 else 0x01])
    body = _SHORT.pack(packet) + (b"\0" if version == 5 else b"")
    return _packet(0x82, body + b"".join(_text(one) + options for one in filters))


def puback(packets: Sequence[int]) -> bytes:
    """PUBACKs of some packet ids, in one piece."""
    return b"".join([b"\x40\x02" + _SHORT.pack(packet) for packet in packets])


def publish(topic: str, payload: bytes, *, version: int = 5) -> bytes:
    """A PUBLISH with QoS 0."""
    return _packet(0x30, _text(topic) + (b"\0" if version == 5 else b"") + payload)


class Packets:
    """Cuts what a broker sends into packets, however it was cut on the way.

    Args:
        version: 5 or 4 (3.1.1).
        longest: bytes of a packet at most. Of a longer message the topic is told and the rest passed over.
    """

    def __init__(self, version: int, longest: int) -> None:
        self._version, self._longest = version, longest
        self._rest = b""
        self._skip = 0

    def feed(self, data: bytes) -> list[Packet]:
        """Packets that are whole now.

        Raises:
            WireError: this is no MQTT.
        """
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        data = self._rest + data if self._rest else data
        found: list[Packet] = []
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 128:
                told = _number(data, at + 1, end)
                if told is None:
                    break
                size, start = told
            head = data[at]
            if start + size > end:
                if size > self._longest:
                    long = self._too_long(head, data, start, size)
                    if long is not None:
                        self._skip = start + size - end
                        found.append(long)
                        at = end
                break
            at = start + size
            if head & 0xF0 == 0x30:
                found.append(self._publish(head, data, start, at))
            else:
                found.append(self._other(head, data[start:at]))
        self._rest = data[at:]
        return found

    def _publish(self, head: int, data: bytes, start: int, end: int) -> Publish:
        try:
            topic_end = start + 2 + (data[start] << 8 | data[start + 1])
            topic, at, packet = data[start + 2 : topic_end], topic_end, 0
            if head & 0x06:
                packet, at = data[at] << 8 | data[at + 1], at + 2
                if head & 0x06 != 0x02 or not packet:
                    raise WireError("a message of QoS 2 or without a packet id, which was never subscribed to")
            if self._version == 5:
                properties = data[at]
                if properties >= 128:
                    told = _number(data, at, end)
                    properties, at = told if told is not None else (end, at)
                else:
                    at += 1
                at += properties
        except IndexError:
            at = end + 1
        if at > end or not topic:
            raise WireError("a message that is too short for what it says")
        size = end - at
        if end - start > self._longest:
            return Publish(topic, b"", packet, bool(head & 0x08), bool(head & 0x01), size, True)
        return Publish(topic, data[at:end], packet, bool(head & 0x08), bool(head & 0x01), size)

    def _too_long(self, head: int, data: bytes, start: int, size: int) -> Publish | None:
        """Topic and packet id of a message longer than allowed, as soon as they are here."""
        if head & 0xF0 != 0x30:
            raise WireError(f"a packet of {size} bytes that is no message")
        if len(data) - start < 4:
            return None
        at = start + 2 + (data[start] << 8 | data[start + 1])
        if at + 2 - start > size:
            raise WireError("a message that is too short for what it says")
        if len(data) < at + 2:
            return None
        packet = data[at] << 8 | data[at + 1] if head & 0x06 else 0
        return Publish(data[start + 2 : at], b"", packet, bool(head & 0x08), bool(head & 0x01), size, True)

    def _other(self, head: int, body: bytes) -> Packet:
        kind = head & 0xF0
        try:
            if kind == 0x20:
                return self._connack(body)
            if kind == 0x90:
                at = 2
                if self._version == 5:
                    _, at = _properties(body, 2)
                return Suback(_SHORT.unpack_from(body)[0], body[at:])
            if kind == 0xE0:
                code = body[0] if body else 0
                properties = _properties(body, 1)[0] if len(body) > 1 else {}
                return Disconnect(code, str(properties.get(REASON_TEXT, "")))
        except (IndexError, ValueError):
            raise WireError(f"a packet of type {kind >> 4} that can't be read") from None
        except Exception as error:  # struct.error has no base of its own
            raise WireError(f"a packet of type {kind >> 4} that can't be read: {error}") from None
        if head in (0xD0, 0xB0, 0x40):
            return Ack(kind)
        raise WireError(f"a packet of type {kind >> 4}, which no broker sends to a subscriber")

    def _connack(self, body: bytes) -> Connack:
        flags, code = body[0], body[1]
        properties: dict[int, int | str] = {}
        if self._version == 5:
            if len(body) > 2:
                properties, _ = _properties(body, 2)
        else:
            code = _OLD_REASONS.get(code, code and 0x80)
        keep_alive = properties.get(KEEP_ALIVE)
        return Connack(
            code,
            bool(flags & 1),
            keep_alive if isinstance(keep_alive, int) else None,
            str(properties.get(REASON_TEXT, "")),
        )


def _number(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None while it isn't whole."""
    number = 0
    for i in range(_LONGEST_LENGTH):
        if at + i >= end:
            return None
        number |= (data[at + i] & 0x7F) << 7 * i
        if data[at + i] < 128:
            return number, at + i + 1
    raise WireError("a length of more than four bytes: this is no MQTT")


def _properties(body: bytes, at: int) -> tuple[dict[int, int | str], int]:
    """Properties by id, the last of each, and where they end; IndexError or ValueError where they can't be read."""
    told = _number(body, at, len(body))
    if told is None:
        raise ValueError("no length")
    length, at = told
    end = at + length
    if end > len(body):
        raise ValueError("too short")
    found: dict[int, int | str] = {}
    while at < end:
        kind, form = body[at], _PROPERTIES.get(body[at])
        at += 1
        if form is None:
            raise ValueError(f"unknown property {kind}")
        if form in (_INT, _WORD, _LONG):
            size = (1, 2, 4)[form]
            found[kind] = int.from_bytes(body[at : at + size])
            at += size
        elif form == _VARIABLE:
            number = _number(body, at, end)
            if number is None:
                raise ValueError("too short")
            found[kind], at = number
        else:
            for _ in range(2 if form == _PAIR else 1):
                size = body[at] << 8 | body[at + 1]
                found[kind] = body[at + 2 : at + 2 + size].decode("utf-8", "replace")
                at += 2 + size
    if at != end:
        raise ValueError("properties longer than they say")
    return found, end
