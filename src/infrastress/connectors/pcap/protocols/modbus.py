"""Modbus/TCP: MODBUS Application Protocol 1.1b3 and Messaging on TCP/IP 1.0b, every public function code."""

import struct
from collections.abc import Sequence
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message
from infrastress.connectors.pcap.protocols.modbus_codes import (
    DIAGNOSTICS,
    EXCEPTIONS,
    FUNCTIONS,
    IDENTITY_OBJECTS,
    TABLES,
    UNITY,
)
from infrastress.events.network_terms import Action, Protocol

__all__ = ["ModbusDissector"]

_HEADER: Final = struct.Struct(">HHHBB")
_TWO: Final = struct.Struct(">HH")
_LONGEST: Final = 254
_UNITY_REFUSES: Final = 0xFD


class ModbusDissector(Dissector):
    """One Modbus/TCP connection. Responses are tied by transaction identifier and unit."""

    protocol: ClassVar[Protocol] = Protocol.MODBUS
    ports: ClassVar[frozenset[int]] = frozenset({502})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A header with protocol identifier 0 and a length that fits the function code."""
        if len(data) < 8:
            return False
        _, protocol, length, _, function = _HEADER.unpack_from(data)
        if protocol or not 2 <= length <= _LONGEST:
            return False
        more = len(data) > 8
        if function & 0x80:
            return bool(more and length == 3 and function & 0x7F in FUNCTIONS and 0 < data[8] < 16)
        sizes: tuple[int, ...] = (length,)
        if function in (1, 2, 3, 4):
            sizes = (6, 3 + data[8] if more else 6)
        elif function in (5, 6):
            sizes = (6,)
        elif function in (15, 16):
            sizes = (6, 7 + data[12] if len(data) > 12 else 6)
        return function in FUNCTIONS and length in sizes

    def size(self, data: bytes, at: int) -> int:
        """From the MBAP header."""
        if len(data) - at < 6:
            return 0
        protocol, length = _TWO.unpack_from(data, at + 2)
        if protocol:
            raise MalformedError("protocol identifier is not 0")
        if not 2 <= length <= _LONGEST:
            raise MalformedError("length is not 2 to 254")
        return 6 + int(length)

    def read(self, pdu: bytes, client: bool) -> None:
        """A request of the client, or a response of the server."""
        transaction, _, _, unit, function = _HEADER.unpack_from(pdu)
        message = Message(
            transaction=transaction, unit=unit, size=len(pdu), function=function & 0x7F if not client else function
        )
        name, action = FUNCTIONS.get(function & 0x7F, (f"function {function & 0x7F}", Action.OTHER))
        message.function_name, message.action, message.object = name, action, TABLES.get(function & 0x7F)
        key = (transaction, unit)
        if client:
            if function & 0x80:
                raise MalformedError("a request with an exception's function code")
            if function == 90:
                name, message.action = UNITY.get(pdu[9], (f"code {pdu[9]:#04x}", Action.OTHER))
                message.function_name = f"Unity: {name}"
            _request(message, pdu)
            self.ask(key, message)
            if function == 23:
                self.ask((*key, "read"), _read_half(message, pdu))
        else:
            self._response(key, message, pdu, function)

    def _response(self, key: tuple[int, ...], message: Message, pdu: bytes, function: int) -> None:
        request = self.asked(key)
        if request is not None and request.function != message.function:
            request = None
            key = (*key, function)  # another function: no answer to what waits
        if function & 0x80:
            message.ok, message.exception = False, pdu[8]
            message.error = EXCEPTIONS.get(pdu[8], f"exception {pdu[8]}")
        else:
            message.ok = function != 90 or pdu[9] != _UNITY_REFUSES
            _answer(message, pdu, request)
        if message.function == 23 and self.asked((*key, "read")) is not None:
            read = Message(values=message.values, ok=message.ok, exception=message.exception, error=message.error)
            message.values = None
            self.answer(key, message)
            self.answer((*key, "read"), read)
        else:
            self.answer(key, message)


def _expect(condition: bool, rule: str) -> None:
    if not condition:
        raise MalformedError(rule)


def _words(data: bytes) -> Sequence[float]:
    return struct.unpack(f">{len(data) // 2}H", data)


def _bits(data: bytes, n: int) -> Sequence[float]:
    _expect(n <= len(data) * 8, "fewer bits than the quantity says")
    return [data[i >> 3] >> (i & 7) & 1 for i in range(n)]


def _request(m: Message, pdu: bytes) -> None:
    function, body = pdu[7], len(pdu) - 8
    if function in (1, 2, 3, 4):
        _expect(body == 4, "a read request is not 5 bytes long")
        m.address, m.quantity = _TWO.unpack_from(pdu, 8)
    elif function in (5, 6):
        _single(m, pdu, body)
    elif function in (15, 16):
        _expect(body >= 5 and pdu[12] == body - 5, "byte count does not fit the length")
        m.address, m.quantity = _TWO.unpack_from(pdu, 8)
        if function == 15:
            m.values = _bits(pdu[13:], m.quantity)
        else:
            _expect(m.quantity * 2 == body - 5, "byte count does not fit the quantity")
            m.values = _words(pdu[13:])
    elif function == 8:
        _diagnostics(m, pdu, body)
    elif function in (20, 21):
        _expect(body >= 1 and pdu[8] == body - 1, "byte count does not fit the length")
        _records(m, pdu, function)
    elif function == 22:
        _expect(body == 6, "a mask write is not 7 bytes long")
        m.address, m.quantity, m.values = *struct.unpack_from(">H", pdu, 8), 1, _words(pdu[10:14])
    elif function == 23:
        _expect(body >= 9 and pdu[16] == body - 9, "byte count does not fit the length")
        m.address, m.quantity = _TWO.unpack_from(pdu, 12)
        _expect(m.quantity * 2 == pdu[16], "byte count does not fit the quantity")
        m.values = _words(pdu[17:])
    elif function == 24:
        _expect(body == 2, "a read request of a queue is not 3 bytes long")
        m.address = int.from_bytes(pdu[8:10], "big")
    elif function == 43:
        _interface(m, pdu, body)
    elif function in (7, 11, 12, 17):
        _expect(body == 0, "a request without fields has some")


def _single(m: Message, pdu: bytes, body: int) -> None:
    _expect(body == 4, "a single write is not 5 bytes long")
    m.address, value = _TWO.unpack_from(pdu, 8)
    if pdu[7] == 5:
        _expect(value in (0, 0xFF00), "a coil is neither on nor off")
        value = int(value == 0xFF00)
    m.quantity, m.values = 1, [value]


def _diagnostics(m: Message, pdu: bytes, body: int) -> None:
    _expect(body >= 2 and body % 2 == 0, "diagnostics without a sub-function or with half a word")
    m.address = int.from_bytes(pdu[8:10], "big")
    name, m.action = DIAGNOSTICS.get(m.address, (f"sub-function {m.address}", Action.DIAGNOSE))
    m.function_name, m.values = f"diagnostics: {name}", _words(pdu[10:])


def _records(m: Message, pdu: bytes, function: int) -> None:
    """The first of a request's file records; the words of all that are written."""
    at, words = 9, list[float]()
    while at < len(pdu):
        _expect(pdu[at] == 6, "a file record's reference type is not 6")
        file, record, length = struct.unpack_from(">HHH", pdu, at + 1)
        if m.address is None:
            m.object, m.address, m.quantity = f"file {file}", record, length
        at += 7
        if function == 21:
            _expect(at + 2 * length <= len(pdu), "a file record reaches beyond the PDU")
            words += _words(pdu[at : at + 2 * length])
            at += 2 * length
    m.values = words or None


def _interface(m: Message, pdu: bytes, body: int) -> None:
    """Encapsulated interface transport: 13 CANopen, 14 device identification."""
    _expect(body >= 1, "no MEI type")
    if pdu[8] == 14:
        _expect(body == 3, "a request for identification is not 4 bytes long")
        m.function_name, m.action, m.address = "read device identification", Action.IDENTIFY, pdu[10]
    elif pdu[8] == 13:
        m.function_name = "CANopen general reference"


def _read_half(request: Message, pdu: bytes) -> Message:
    """The reading half of read/write multiple registers."""
    address, quantity = _TWO.unpack_from(pdu, 8)
    return Message(
        function=23,
        function_name=request.function_name,
        action=Action.READ,
        object=request.object,
        address=address,
        quantity=quantity,
        unit=request.unit,
        transaction=request.transaction,
    )


def _answer(m: Message, pdu: bytes, request: Message | None) -> None:
    function, body = pdu[7], len(pdu) - 8
    if function in (1, 2, 3, 4, 23):
        _expect(body >= 1 and pdu[8] == body - 1, "byte count does not fit the length")
        if function > 2:
            _expect(body % 2 == 1, "half a register")
            m.values = _words(pdu[9:])
        else:
            n = request.quantity if request and request.quantity else 0
            m.values = _bits(pdu[9:], n if (n + 7) // 8 == body - 1 else 8 * (body - 1))
    elif function in (5, 6):
        _single(m, pdu, body)
    elif function in (15, 16):
        _expect(body == 4, "a multiple write's response is not 5 bytes long")
        m.address, m.quantity = _TWO.unpack_from(pdu, 8)
    elif function == 8:
        _diagnostics(m, pdu, body)
    elif function == 22:
        _request(m, pdu)
    elif function in (7, 11):
        _expect(body == (1 if function == 7 else 4), "a status of another length")
        m.values = [pdu[8]] if function == 7 else _words(pdu[8:])
    elif function in (12, 17, 20, 21):
        _expect(body >= 1 and pdu[8] == body - 1, "byte count does not fit the length")
        if function == 17:
            m.identity = pdu[9:].decode("ascii", "replace").replace("\ufffd", "").strip("\0 ") or None
    elif function == 24:
        _expect(body >= 4 and int.from_bytes(pdu[8:10], "big") == body - 2, "byte count does not fit the length")
        m.values = _words(pdu[12 : 12 + (body - 4) // 2 * 2])
    elif function == 43 and body and pdu[8] == 14:
        m.function_name, m.action, m.identity = "read device identification", Action.IDENTIFY, _identity(pdu)


def _identity(pdu: bytes) -> str | None:
    """Objects of a device identification: "VendorName=...; ProductCode=..."."""
    _expect(len(pdu) >= 14, "identification without its header")
    at, parts = 14, []
    for _ in range(pdu[13]):
        code, length = pdu[at], pdu[at + 1]
        _expect(at + 2 + length <= len(pdu), "an identification object reaches beyond the PDU")
        name = IDENTITY_OBJECTS.get(code, f"object {code}")
        parts.append(f"{name}={pdu[at + 2 : at + 2 + length].decode('utf-8', 'replace')}")
        at += 2 + length
    return "; ".join(parts) or None
