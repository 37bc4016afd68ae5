"""EtherNet/IP encapsulation (CIP Networks Library, volume 2, chapter 2) over TCP and UDP, with CIP inside."""

import struct
from ipaddress import IPv4Address
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message
from infrastress.connectors.pcap.protocols.cip import identity_of, reply_of, requests_of
from infrastress.events.network_terms import Action, Protocol, Transport

__all__ = ["EnipDissector"]

_HEADER: Final = struct.Struct("<HHII8sI")
_COMMANDS: Final = {
    0x0000: ("NOP", Action.SESSION),
    0x0001: ("list targets", Action.BROWSE),
    0x0004: ("list services", Action.IDENTIFY),
    0x0063: ("list identity", Action.IDENTIFY),
    0x0064: ("list interfaces", Action.BROWSE),
    0x0065: ("register session", Action.SESSION),
    0x0066: ("unregister session", Action.SESSION),
    0x006F: ("send RR data", Action.OTHER),
    0x0070: ("send unit data", Action.OTHER),
    0x0072: ("indicate status", Action.OTHER),
    0x0073: ("cancel", Action.OTHER),
}
_STATUS: Final = {
    1: "unsupported command", 2: "insufficient memory", 3: "incorrect data", 100: "invalid session handle",
    101: "invalid length", 105: "unsupported protocol revision",
}  # fmt: skip


class EnipDissector(Dissector):
    """One conversation. Sender context ties unconnected responses, the sequence count connected ones."""

    protocol: ClassVar[Protocol] = Protocol.ENIP
    transports = frozenset({Transport.TCP, Transport.UDP})
    ports: ClassVar[frozenset[int]] = frozenset({44818})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A known command, a length that fits it, a known status and no options."""
        if len(data) < 24:
            return False
        command, length, session, status, _, options = _HEADER.unpack_from(data)
        fits = {0x65: length == 4, 0x66: length == 0, 0x6F: length >= 16, 0x70: length >= 16, 0: False}
        known = command in _COMMANDS and fits.get(command, True) and options == 0
        return known and (status == 0 or status in _STATUS) and (session != 0 or command not in (0x66, 0x6F, 0x70))

    def size(self, data: bytes, at: int) -> int:
        """From the encapsulation header."""
        if len(data) - at < 4:
            return 0
        command, length = struct.unpack_from("<HH", data, at)
        if command not in _COMMANDS:
            raise MalformedError("an unknown encapsulation command")
        return 24 + int(length)

    def read(self, pdu: bytes, client: bool) -> None:
        """One encapsulated message."""
        command, length, _, status, context, _ = _HEADER.unpack_from(pdu)
        name, action = _COMMANDS[command]
        if command in (0x6F, 0x70) and length:
            self._data(pdu, context, client)
            return
        message = Message(function=command, function_name=name, action=action, size=len(pdu))
        if command in (0x00, 0x66):
            self.say(message, client)
        elif client:
            self.ask((command, context), message)
        else:
            message.ok, message.exception = status == 0, status or None
            message.error = _STATUS.get(status)
            if command == 0x63 and length > 2:
                message.identity = _identity(pdu)
            self.answer((command, context), message)

    def _data(self, pdu: bytes, context: bytes, client: bool) -> None:
        """The common packet format: an address item and a data item."""
        count, at, connection = struct.unpack_from("<H", pdu, 30)[0], 32, 0
        for _ in range(count):
            kind, length = struct.unpack_from("<HH", pdu, at)
            body = pdu[at + 4 : at + 4 + length]
            if len(body) < length:
                raise MalformedError("an item reaches beyond the message")
            if kind == 0xA1 and length >= 4:
                connection = int.from_bytes(body[:4], "little")
            elif kind == 0xB2:
                self._cip(body, ("u", context), None, client)
            elif kind == 0xB1:
                sequence = int.from_bytes(body[:2], "little")
                self._cip(body[2:], ("c", sequence), connection, client)
            at += 4 + length

    def _cip(self, data: bytes, key: tuple[str, object], connection: int | None, client: bool) -> None:
        if not data:
            return
        if not data[0] & 0x80:
            for i, request in enumerate(requests_of(data)):
                request.protocol, request.transaction = Protocol.CIP, connection
                self.ask((*key, client, i), request)
            return
        i, side = 0, not client
        waiting = []
        while (request_ := self.asked((*key, side, i))) is not None:
            waiting.append(request_)
            i += 1
        for i, reply in enumerate(reply_of(data, waiting)):
            reply.protocol = Protocol.CIP
            self.answer((*key, side, i), reply)


def _identity(pdu: bytes) -> str | None:
    """The identity item: vendor, device type, product code, revision, serial number, name, address."""
    kind, length = struct.unpack_from("<HH", pdu, 26)
    if kind != 0x0C or length < 33:
        return None
    text = identity_of(pdu[48:])
    return f"{text}; address={IPv4Address(pdu[36:40])}" if text else None
