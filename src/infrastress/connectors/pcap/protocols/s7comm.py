"""S7comm over ISO on TCP (RFC 1006, COTP): memory read and written, blocks up and down, start, stop, system state.

S7comm-plus inside is named and not read.
"""

import struct
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.s7comm_codes import (
    AREAS,
    FUNCTIONS,
    ITEM_ERRORS,
    SERVICES,
    USERDATA,
    WIDTHS,
    numbers_of,
)
from infrastress.connectors.pcap.protocols.s7comm_szl import identity_of
from infrastress.events.network_terms import Action, Protocol

__all__ = ["S7Dissector"]

_JOB, _ACK, _ACK_DATA, _USERDATA = 1, 2, 3, 7
_LONGEST: Final = 65_536
_COTP: Final = {
    0xE0: "connect request",
    0xD0: "connect confirm",
    0x80: "disconnect request",
    0xC0: "disconnect confirm",
}


class S7Dissector(Dissector):
    """One ISO-on-TCP connection; the PDU reference ties responses."""

    protocol: Protocol = Protocol.COTP  # type: ignore[misc]  # until its data tell
    ports: ClassVar[frozenset[int]] = frozenset({102})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._parts = {True: b"", False: b""}
        self._szl = (0, b"")
        """A system state list that comes in pieces: its number, and what is there of it."""

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """TPKT of version 3 with a COTP header whose length fits."""
        if data[:2] != b"\x03\0" or len(data) < 7:
            return False
        length = data[2] << 8 | data[3]
        return length >= 7 and data[4] + 5 <= length and data[5] & 0xF0 in (0xE0, 0xD0, 0xF0, 0x80, 0xC0)

    def size(self, data: bytes, at: int) -> int:
        """From the TPKT header."""
        if data[at] != 3:
            raise MalformedError("TPKT version is not 3")
        if len(data) - at < 4:
            return 0
        length = data[at + 2] << 8 | data[at + 3]
        if length < 7:
            raise MalformedError("TPKT length below 7")
        return length

    def read(self, pdu: bytes, client: bool) -> None:
        """One TPKT."""
        length, kind = pdu[4], pdu[5] & 0xF0
        if length + 5 > len(pdu):
            raise MalformedError("COTP header beyond the packet")
        if kind != 0xF0:
            self._connect(pdu, kind, client)
            return
        data = self._parts[client] + pdu[5 + length :]
        if not pdu[6] & 0x80:  # more of it follows
            if len(data) > _LONGEST:
                raise MalformedError("COTP data that don't end")
            self._parts[client] = data
            return
        self._parts[client] = b""
        if not data:
            return
        if data[0] == 0x32:
            self.protocol = Protocol.S7COMM
            self._s7(data, client)
        elif self.protocol is Protocol.COTP:
            self.protocol = Protocol.S7COMM_PLUS if data[0] == 0x72 else Protocol.COTP

    def gap(self, client: bool) -> None:
        """Half a message is of no use."""
        self._parts[client], self._szl = b"", (0, b"")

    def _connect(self, pdu: bytes, kind: int, client: bool) -> None:
        message = Message(function=kind, function_name=f"COTP {_COTP.get(kind, kind)}", action=Action.SESSION)
        message.size = len(pdu)
        at = 11
        while at + 2 <= len(pdu):
            if pdu[at] == 0xC2 and pdu[at + 1] == 2:  # called TSAP: connection type, then rack and slot
                message.object = f"TSAP {pdu[at + 2]:02x}.{pdu[at + 3]:02x}"
            at += 2 + pdu[at + 1]
        if kind == 0xE0 and client:
            self.ask("cotp", message)
        elif kind == 0xD0 and not client:
            message.ok = True
            self.answer("cotp", message)
        else:
            self.say(message, client)

    def _s7(self, data: bytes, client: bool) -> None:
        if len(data) < 10:
            raise MalformedError("an S7 header cut short")
        kind, reference = data[1], struct.unpack_from(">H", data, 4)[0]
        parameters, size = struct.unpack_from(">HH", data, 6)
        head = 12 if kind in (_ACK, _ACK_DATA) else 10
        if head + parameters + size > len(data):
            raise MalformedError("S7 parameters and data reach beyond the message")
        parameter, payload = data[head : head + parameters], data[head + parameters : head + parameters + size]
        if kind == _JOB:
            for i, message in enumerate(_job(parameter, payload)):
                message.transaction, message.size = reference, len(data) if i == 0 else 0
                self.ask((reference, i), message)
        elif kind in (_ACK, _ACK_DATA):
            self._acknowledge(reference, data[10] << 8 | data[11], parameter, payload, len(data))
        elif kind == _USERDATA:
            self._userdata(reference, parameter, payload, len(data), client)
        else:
            raise MalformedError("an unknown kind of S7 message")

    def _acknowledge(self, reference: int, error: int, parameter: bytes, payload: bytes, size: int) -> None:
        function = parameter[0] if parameter else None
        if self.asked((reference, 0)) is None:
            name, action = FUNCTIONS.get(function or 0, (f"function {function}", Action.OTHER))
            reply = Message(function=function, function_name=name, action=action, transaction=reference)
            reply.ok, reply.exception, reply.size = error == 0, error or None, size
            self.answer((reference, 0), reply)
            return
        results = _results(function, parameter, payload) if not error else []
        i = 0
        while (request := self.asked((reference, i))) is not None:
            reply = Message(ok=error == 0, exception=error or None, size=size if i == 0 else 0)
            if error:
                reply.error = f"error {error:#06x}"
            elif i < len(results):
                code, octets = results[i]
                if function == 4 and code == 0xFF:
                    reply.values = numbers_of(request.object or "", octets) or None
                elif code != 0xFF:
                    reply.ok, reply.exception = False, code
                    reply.error = ITEM_ERRORS.get(code, f"item error {code:#04x}")
            self.answer((reference, i), reply)
            i += 1

    def _userdata(self, reference: int, parameter: bytes, payload: bytes, size: int, client: bool) -> None:
        if len(parameter) < 8:
            raise MalformedError("user data parameters cut short")
        kind, group, function = parameter[5] >> 4, parameter[5] & 15, parameter[6]
        name, action = USERDATA.get((group, function), (f"user data {group}.{function}", Action.OTHER))
        message = Message(function=group << 8 | function, function_name=name, action=action, transaction=reference)
        message.size = size
        szl = (group, function) == (4, 1)
        data = self._state_list(parameter, payload) if szl else b""
        if len(data) >= 4:
            message.address = int.from_bytes(data[:2], "big")
            message.object = "SZL"
        if kind == 4:
            self.ask(("u", reference), message)
        elif kind == 8:
            error = struct.unpack_from(">H", parameter, 10)[0] if len(parameter) >= 12 else 0
            message.ok, message.exception = error == 0, error or None
            message.identity = identity_of(data)
            self.answer(("u", reference), message)
        else:
            self.say(message, client)

    def _state_list(self, parameter: bytes, payload: bytes) -> bytes:
        """A system state list from its number on; an answer in pieces with the pieces before."""
        data, number = payload[4:], parameter[8] if len(parameter) >= 12 else 0
        if not number:
            return data
        before = self._szl[1] if self._szl[0] == number else b""
        data = (before + data)[:_LONGEST]
        self._szl = (number, data) if parameter[9] else (0, b"")
        return data


def _job(parameter: bytes, payload: bytes) -> list[Message]:
    if not parameter:
        raise MalformedError("a job without a function")
    function = parameter[0]
    name, action = FUNCTIONS.get(function, (f"function {function:#04x}", Action.OTHER))
    base = Message(function=function, function_name=name, action=action)
    if function in (4, 5):
        items = _items(parameter, function, name, action)
        for message, (_, octets) in zip(items, _data_items(payload, len(items)) if function == 5 else (), strict=False):
            message.values = numbers_of(message.object or "", octets) or None
        return items or [base]
    if function == 0x28:  # PI service: its name ends the parameters
        block = struct.unpack_from(">H", parameter, 8)[0]
        length = parameter[10 + block]
        service = parameter[11 + block : 11 + block + length]
        base.object = service.decode("ascii", "replace").strip("\0 ")
        base.function_name, base.action = SERVICES.get(base.object, (f"PI service {base.object}", Action.OTHER))
    elif function in (0x1A, 0x1B, 0x1C, 0x1D) and len(parameter) >= 18:
        base.object = parameter[9:18].decode("ascii", "replace").strip("\0 _")
    return [base]


def _items(parameter: bytes, function: int, name: str, action: Action) -> list[Message]:
    at, items = 2, list[Message]()
    for _ in range(parameter[1]):
        if parameter[at] != 0x12:
            raise MalformedError("a variable specification that isn't one")
        length, syntax = parameter[at + 1], parameter[at + 2]
        message = Message(function=function, function_name=name, action=action)
        if syntax == 0x10 and length == 10:
            size, count, block, area = struct.unpack_from(">BHHB", parameter, at + 3)
            place = int.from_bytes(parameter[at + 9 : at + 12], "big")
            where = f"DB{block}" if area in (0x84, 0x85) else AREAS.get(area, f"area {area:#04x}")
            message.object = f"{where} {WIDTHS.get(size, size)}"
            message.address = place if size == 1 or area in (0x1C, 0x1D) else place >> 3
            message.quantity = count
        else:
            message.object = f"syntax {syntax:#04x}"
        items.append(message)
        at += 2 + length
    return items


def _data_items(payload: bytes, count: int) -> list[tuple[int, bytes]]:
    """(return code, octets) of data items; each but the last is padded to an even length."""
    at, items = 0, list[tuple[int, bytes]]()
    while at + 4 <= len(payload) and len(items) < count:
        code, size, length = struct.unpack_from(">BBH", payload, at)
        length = (length + 7) // 8 if size in (3, 4, 5) else length
        if at + 4 + length > len(payload):
            raise MalformedError("a data item reaches beyond the message")
        items.append((code, payload[at + 4 : at + 4 + length]))
        at += 4 + length + length % 2
    return items


def _results(function: int | None, parameter: bytes, payload: bytes) -> list[tuple[int, bytes]]:
    count = parameter[1] if len(parameter) > 1 else 0
    if function == 4:
        return _data_items(payload, count)
    return [(code, b"") for code in payload[:count]] if function == 5 else []
