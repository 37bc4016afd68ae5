"""BACnet/IP (ANSI/ASHRAE 135-2020, annex J): virtual link, network layer, services with objects, properties and values.

Function numbers: confirmed services as they are, unconfirmed ones from 0x100, functions of the virtual link from 0x200,
messages of the network layer from 0x300. A message in segments is named; its data aren't put together.
"""

from typing import ClassVar, Final, NamedTuple

from infrastress.connectors.pcap.protocols import bacnet_codes as codes
from infrastress.connectors.pcap.protocols.bacnet_tags import (
    Item,
    Tag,
    items_of,
    object_of,
    tags_of,
    text_of,
    value_of,
)
from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message
from infrastress.events.network_terms import Action, Protocol, Transport

__all__ = ["BacnetDissector"]

_READ, _READ_MULTIPLE, _WRITE, _WRITE_MULTIPLE, _CONTROL, _REINITIALIZE = 12, 14, 15, 16, 17, 20
_COV: Final = (1, 0x102)
_OBJECT_FIRST: Final = (6, 7, 8, 9, 11, 26)


class _Route(NamedTuple):
    """Where in the network behind the datagram: the station asked, the station that speaks."""

    target: int | None
    source: int | None


class BacnetDissector(Dissector):
    """The datagrams between two ports. Invoke identifier and station tie responses."""

    protocol: ClassVar[Protocol] = Protocol.BACNET
    transports = frozenset({Transport.UDP})
    ports: ClassVar[frozenset[int]] = frozenset({47808})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A virtual link header with the datagram's length, and a network layer of version 1 where there is one."""
        if len(data) < 4 or data[0] != 0x81 or data[1] > 12 or data[2] << 8 | data[3] != len(data):
            return False
        at = {4: 10, 9: 4, 10: 4, 11: 4}.get(data[1])
        return at is None or data[at : at + 1] == b"\x01"

    def size(self, data: bytes, at: int) -> int:
        """From the virtual link header."""
        if data[at] != 0x81:
            raise MalformedError("virtual link type is not 81")
        length = data[at + 2] << 8 | data[at + 3]
        if length < 4:
            raise MalformedError("virtual link length below 4")
        return length

    def read(self, pdu: bytes, client: bool) -> None:
        """One datagram."""
        function = pdu[1]
        if function not in (4, 9, 10, 11):
            name, action = codes.LINK.get(function, (f"BVLC {function}", Action.OTHER))
            message = Message(function=0x200 | function, function_name=name, action=action, size=len(pdu))
            if function == 0:
                code = int.from_bytes(pdu[4:6], "big")
                message.ok, message.exception = code == 0, code or None
            self.say(message, client)
            return
        at = 10 if function == 4 else 4
        control = pdu[at + 1]
        if pdu[at] != 1:
            raise MalformedError("network layer version is not 1")
        at += 2
        target = source = None
        if control & 0x20:
            target, at = _station(pdu, at)
        if control & 0x08:
            source, at = _station(pdu, at)
        at += bool(control & 0x20)  # hop count
        if control & 0x80:
            name, action = codes.NETWORK.get(pdu[at], (f"network message {pdu[at]}", Action.OTHER))
            message = Message(function=0x300 | pdu[at], function_name=name, action=action, size=len(pdu))
            self.say(message, client)
            return
        self._application(pdu[at:], _Route(target, source), client, len(pdu))

    def _application(self, apdu: bytes, route: _Route, client: bool, size: int) -> None:
        kind = apdu[0] >> 4
        if kind == 0:
            self._request(apdu, route, client, size)
        elif kind == 1:
            self._unconfirmed(apdu, route, client, size)
        elif kind in (2, 3, 5):
            self._answer(apdu, kind, route, client, size)
        elif kind == 4:
            self.say(Message(function_name="segment ack", action=Action.SESSION, size=size), client)
        elif kind in (6, 7):
            names = codes.REJECTS if kind == 6 else codes.ABORTS
            word, reason = ("rejected", "aborted")[kind - 6], apdu[2]
            reply = Message(ok=False, exception=reason, size=size)
            reply.error = f"{word}: {names[reason] if reason < len(names) else reason}"
            self._reply(apdu[1], route, client, [reply])
        else:
            raise MalformedError("an unknown kind of BACnet message")

    def _request(self, apdu: bytes, route: _Route, client: bool, size: int) -> None:
        segmented = bool(apdu[0] & 8)
        at = 5 if segmented else 3
        number, service = apdu[2], apdu[at]
        name, action = codes.CONFIRMED.get(service, (f"service {service}", Action.OTHER))
        base = Message(function=service, function_name=name, action=action)
        if segmented:
            base.function_name = f"{name}, segment {apdu[3]}"
            messages = [base]
        else:
            messages = _parameters(base, items_of(tags_of(apdu[at + 1 :])))
        for i, message in enumerate(messages):
            message.transaction, message.unit, message.size = number, route.target, 0 if i else size
            message.client_unit, message.from_client = route.source, client
            if segmented and apdu[0] & 4:  # more follow; the last one waits for the answer
                self.say(message, client)
            else:
                self.ask((client, number, route.target, i), message)

    def _unconfirmed(self, apdu: bytes, route: _Route, client: bool, size: int) -> None:
        service = apdu[1]
        name, action = codes.UNCONFIRMED.get(service, (f"unconfirmed service {service}", Action.OTHER))
        base = Message(function=0x100 | service, function_name=name, action=action)
        tags = list(tags_of(apdu[2:]))
        messages = [base]
        if service == 0 and len(tags) >= 4:
            base.object = object_of(tags[0].octets)
            vendor = int.from_bytes(tags[3].octets, "big")
            base.identity = f"{base.object}; vendor={vendor}; apdu={int.from_bytes(tags[1].octets, 'big')}"
        elif service == 8 and len(tags) == 2:
            low, high = (int.from_bytes(tag.octets, "big") for tag in tags)
            base.object, base.address, base.quantity = "device", low, max(high - low + 1, 0)
        elif service == 1 and len(tags) >= 3:
            base.object = object_of(tags[1].octets)
        elif base.function in _COV:
            messages = _parameters(base, items_of(tags))
        for message in messages:
            ends = (route.source, route.target) if client else (route.target, route.source)
            message.size, (message.client_unit, message.unit) = size, ends
            self.say(message, client)

    def _answer(self, apdu: bytes, kind: int, route: _Route, client: bool, size: int) -> None:
        """Simple ack, complex ack, error."""
        number = apdu[1]
        segmented = kind == 3 and bool(apdu[0] & 8)
        service = apdu[4 if segmented else 2]
        name, action = codes.CONFIRMED.get(service, (f"service {service}", Action.OTHER))
        reply = Message(function=service, function_name=name, action=action, ok=kind != 5, size=size)
        replies = [reply]
        if segmented and apdu[2]:
            reply.function_name, reply.transaction = f"{name} ack, segment {apdu[2]}", number
            self.say(reply, client)
            return
        if kind == 5:
            tags = [tag for tag in tags_of(apdu[3:]) if not tag.bracket]
            if len(tags) < 2:
                raise MalformedError("an error without class and code")
            reply.exception = int.from_bytes(tags[1].octets, "big")
            reply.error = codes.ERRORS.get(reply.exception, f"error {reply.exception}")
        elif kind == 3 and not segmented:
            replies = _parameters(reply, items_of(tags_of(apdu[3:])), ack=True)
        self._reply(number, route, client, replies)

    def _reply(self, number: int, route: _Route, client: bool, replies: list[Message]) -> None:
        key = (not client, number, route.source)
        waiting = 0
        while self.asked((*key, waiting)) is not None:
            waiting += 1
        for i in range(max(waiting, 1 if waiting else len(replies))):
            reply = replies[i] if i < len(replies) else Message(ok=replies[0].ok, exception=replies[0].exception)
            reply.error = reply.error or (replies[0].error if i >= len(replies) else None)
            reply.transaction, reply.unit, reply.from_client = number, route.source, not client
            self.answer((*key, i), reply)


def _station(pdu: bytes, at: int) -> tuple[int | None, int]:
    """The address of a station on an MS/TP line (one octet), None for others and for broadcasts; the offset behind."""
    length = pdu[at + 2]
    if at + 3 + length > len(pdu):
        raise MalformedError("a station's address reaches beyond the datagram")
    return pdu[at + 3] if length == 1 else None, at + 3 + length


def _parameters(base: Message, items: list[Item], ack: bool = False) -> list[Message]:
    """Messages, one for each property, from a service's parameters."""
    service = base.function
    if service in (_READ, _WRITE) and items:
        return [_property(base, object_of(items[0].octets), items[1:], value=3)]
    if service in (_READ_MULTIPLE, _WRITE_MULTIPLE):
        return list(_properties(base, items, ack)) or [base]
    if service in _COV:
        where = next((object_of(item.octets) for item in items if item.number == 2 and not item.bracket), None)
        values = next((item.inside for item in items if item.number == 4 and item.bracket), [])
        return [_property(base, where, part, value=2) for part in _split(items_of(values), 0)] or [base]
    numbers = {item.number: int.from_bytes(item.octets, "big") for item in items if not item.bracket}
    if service == _CONTROL and not ack:
        state = numbers.get(1, 0)
        base.values = [float(state)]
        base.function_name = f"{base.function_name}: {('enable', 'disable', 'disable initiation')[min(state, 2)]}"
        base.action = Action.SILENCE if state else Action.CONFIGURE
    elif service == _REINITIALIZE and not ack:
        state = numbers.get(0, -1)
        name, base.action = codes.REINITIALIZE.get(state, (f"state {state}", Action.RESTART))
        base.function_name, base.values = f"{base.function_name}: {name}", [float(state)]
    elif items and len(items[0].octets) == 4 and service in _OBJECT_FIRST:
        base.object = object_of(items[0].octets)
    return [base]


def _properties(base: Message, items: list[Item], ack: bool) -> list[Message]:
    """Of read and write property multiple: an object, then its properties in brackets."""
    messages, where = list[Message](), None
    for item in items:
        if not item.bracket:
            where = object_of(item.octets)
            continue
        for part in _split(items_of(item.inside), 2 if ack else 0):
            messages.append(_property(base, where, part, value=4 if ack else 2))
    return messages


def _split(items: list[Item], first: int) -> list[list[Item]]:
    """Runs of items, each beginning with a number."""
    parts = list[list[Item]]()
    for item in items:
        if item.number == first and not item.bracket:
            parts.append([])
        if parts:
            parts[-1].append(item)
    return parts


def _property(base: Message, where: str | None, items: list[Item], *, value: int) -> Message:
    """A property: its number, maybe an index, its value in a bracket, or the error in its place."""
    message = Message(function=base.function, function_name=base.function_name, action=base.action, ok=base.ok)
    message.size, message.object = base.size, where
    message.address = int.from_bytes(items[0].octets, "big") if items and not items[0].bracket else None
    for item in items[1:]:
        if not item.bracket:
            continue
        if item.number == value:
            message.values = [n for n in map(value_of, item.inside) if n is not None] or None
            message.identity = _identity(message, item.inside)
        elif item.number == value + 1 and len(item.inside) >= 2:
            message.ok, message.exception = False, int.from_bytes(item.inside[1].octets, "big")
            message.error = codes.ERRORS.get(message.exception, f"error {message.exception}")
    return message


def _identity(message: Message, tags: list[Tag]) -> str | None:
    name = codes.IDENTITY.get(message.address or -1)
    if name is None or not (message.object or "").startswith("device") or message.ok is None or not tags:
        return None
    text, number = text_of(tags[0]), value_of(tags[0])
    if text is None and number is not None:
        text = f"{number:.0f}"
    return f"{name}={text}" if text else None
