"""OPC UA over TCP (OPC 10000-6): hello, secure channels with their policy, services as far as they aren't encrypted."""

import struct
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.opcua_services import (
    FAULT,
    SERVICES,
    STATUS,
    request_of,
    response_of,
)
from infrastress.connectors.pcap.protocols.opcua_types import Cursor
from infrastress.events.network_terms import Action, Protocol

__all__ = ["OpcUaDissector"]

_TYPES: Final = (b"HEL", b"ACK", b"ERR", b"RHE", b"OPN", b"MSG", b"CLO")
_LARGEST: Final = 1 << 24
_HELD: Final = 1 << 20
"""Bytes of a message in chunks that are kept; of a longer one only the service is read."""
_REQUEST_OF: Final = {number + (1 if number >= 12000 else 3): number for number in SERVICES}


class OpcUaDissector(Dissector):
    """One connection; the request id ties responses. Whether a channel is encrypted shows by its messages."""

    protocol: ClassVar[Protocol] = Protocol.OPCUA
    ports: ClassVar[frozenset[int]] = frozenset({4840})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._parts: dict[tuple[bool, int], bytes] = {}
        self._items: dict[int, str] = {}
        self._secret = False

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A known type, a kind of chunk and a size that may be."""
        if len(data) < 8 or data[:3] not in _TYPES or data[3] not in b"FCA":
            return False
        return 8 <= int.from_bytes(data[4:8], "little") <= _LARGEST

    def size(self, data: bytes, at: int) -> int:
        """From the message header."""
        if data[at : at + 3] not in _TYPES and len(data) - at >= 3:
            raise MalformedError("an unknown type of message")
        if len(data) - at < 8:
            return 0
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if not 8 <= size <= _LARGEST or data[at + 3] not in b"FCA":
            raise MalformedError("a message of a size or chunk that can't be")
        return size

    def read(self, pdu: bytes, client: bool) -> None:
        """One chunk."""
        kind = pdu[:3]
        if kind == b"OPN":
            self._channel(pdu, client)
        elif kind in (b"MSG", b"CLO"):
            self._message(pdu, client)
        else:
            self._transport(pdu, kind, client)

    def gap(self, client: bool) -> None:
        """Half a message is of no use."""
        self._parts = {key: part for key, part in self._parts.items() if key[0] != client}

    def _transport(self, pdu: bytes, kind: bytes, client: bool) -> None:
        names = {b"HEL": "hello", b"ACK": "acknowledge", b"ERR": "error", b"RHE": "reverse hello"}
        message = Message(function_name=names[kind], action=Action.SESSION, size=len(pdu))
        cursor = Cursor(pdu, 8)
        if kind == b"HEL":
            cursor.skip(20)
            message.object = cursor.text() or None
            self.ask("hello", message)
        elif kind == b"ACK":
            message.ok = True
            self.answer("hello", message)
        elif kind == b"ERR":
            message.ok, message.exception = False, cursor.u32()
            message.error = STATUS.get(message.exception & 0xFFFF0000, f"status {message.exception:#010x}")
            self.say(message, client)
        else:
            message.identity, message.object = f"uri={cursor.text()}", cursor.text()
            self.say(message, client)

    def _channel(self, pdu: bytes, client: bool) -> None:
        """OPN: the policy is always in clear; the rest is where there is none."""
        cursor = Cursor(pdu, 12)
        policy = cursor.text().rsplit("#", 1)[-1]
        cursor.octets()
        cursor.octets()
        self._secret = policy not in ("None", "")
        message = Message(function=446, function_name="OpenSecureChannel", action=Action.SESSION, size=len(pdu))
        message.object, message.ok = f"policy {policy}", None if client else True
        if self._secret:  # its sequence numbers are encrypted: one renewal after the other
            key = ("channel", policy)
        else:
            cursor.skip(4)
            key = ("channel", str(cursor.u32()))
            node = cursor.node()
            if not client and node != "i=449":
                message.ok, message.error = False, "ServiceFault" if node == f"i={FAULT}" else node
        if client:
            self.ask(key, message)
        else:
            self.answer(key, message)

    def _message(self, pdu: bytes, client: bool) -> None:
        if len(pdu) < 24:
            raise MalformedError("a message without its headers")
        number = struct.unpack_from("<I", pdu, 20)[0]
        key, body = (client, number), pdu[24:]
        chunk = pdu[3]
        if key not in self._parts and not self._legible(body):
            name = "encrypted message" if pdu[:3] == b"MSG" else "encrypted CloseSecureChannel"
            self.say(Message(function_name=name, action=Action.OTHER, size=len(pdu)), client)
            return
        held = self._parts.pop(key, b"")
        if chunk == ord("A"):
            self.say(Message(function_name="abort", action=Action.OTHER, transaction=number, size=len(pdu)), client)
            return
        if chunk == ord("C"):
            if len(self._parts) > 16:
                self._parts.pop(next(iter(self._parts)))
            self._parts[key] = held + body if len(held) + len(body) <= _HELD else held
            return
        self._service(held + body, number, client, len(held) + len(pdu))

    def _legible(self, body: bytes) -> bool:
        """Whether a service's number is there to read: not so where the channel encrypts."""
        if body[:2] == b"\x01\0" and len(body) >= 4:
            return True
        if self._secret:
            return False
        raise MalformedError("a message without the number of its service")

    def _service(self, body: bytes, number: int, client: bool, size: int) -> None:
        kind, cursor = int.from_bytes(body[2:4], "little"), Cursor(body, 4)
        if kind == FAULT or kind in _REQUEST_OF:
            asked = self.asked((number, 0))
            service = asked.function if asked is not None else _REQUEST_OF.get(kind)
            whole, *each = response_of(0 if kind == FAULT else service or 0, cursor, self._items)
            self._responses(number, service, whole, each, size)
            return
        messages = request_of(kind, cursor, self._items)
        messages[0].size = size
        for i, message in enumerate(messages):
            message.transaction = number
            if kind == 452:
                self.say(message, client)
            else:
                self.ask((number, i), message)

    def _responses(self, number: int, service: int | None, whole: Message, each: list[Message], size: int) -> None:
        whole.size = size
        first = self.asked((number, 0))
        if first is None:
            name, action = SERVICES.get(service or 0, ("ServiceFault", Action.OTHER))
            whole.function, whole.function_name, whole.action, whole.transaction = service, name, action, number
            whole.values = whole.values or [value for message in each for value in message.values or ()] or None
            self.answer((number, 0), whole)
            return
        if whole.identity and first.identity:
            whole.identity = f"{whole.identity}; {first.identity}"
        many = first.quantity is not None or (self.asked((number, 1)) is None and len(each) != 1)
        i = 0
        while self.asked((number, i)) is not None:
            reply = each[i] if i < len(each) and not many else Message(ok=whole.ok)
            if i == 0:
                reply.size = size
                reply.identity, reply.object, reply.quantity = whole.identity, whole.object, whole.quantity
                reply.values = reply.values or whole.values
            if not whole.ok:
                reply.ok, reply.exception, reply.error = False, whole.exception, whole.error
            elif many and each:
                bad = next((message for message in each if not message.ok), None)
                reply.values = [value for message in each for value in message.values or ()] or None
                if bad is not None:
                    reply.ok, reply.exception, reply.error = False, bad.exception, bad.error
            self.answer((number, i), reply)
            i += 1
