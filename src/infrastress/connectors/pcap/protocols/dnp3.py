"""DNP3 (IEEE 1815): link frames with their CRCs, transport reassembly, application requests, responses and objects."""

import struct
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.dnp3_objects import FUNCTIONS, REFUSALS, SIZES, STATUS, value_of
from infrastress.events.network_terms import Action, Protocol, Transport

__all__ = ["Dnp3Dissector", "crc"]

_LONGEST: Final = 65_536
_FRAGMENTS: Final = 64
_LINK: Final = {0: "reset link", 2: "test link", 9: "request link status", 11: "link status", 15: "not used"}


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ 0xA6BC if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC: Final = _table()


def crc(data: bytes) -> int:
    """CRC-16/DNP of some bytes."""
    value = 0
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFF


class Dnp3Dissector(Dissector):
    """One connection, which may carry several masters and outstations; addresses and sequence number tie responses."""

    protocol: ClassVar[Protocol] = Protocol.DNP3
    transports = frozenset({Transport.TCP, Transport.UDP})
    ports: ClassVar[frozenset[int]] = frozenset({20000})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._parts: dict[tuple[int, int], tuple[int, bytes]] = {}

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """Start bytes, length and a right CRC of the header."""
        head = data[:10]
        return head[:2] == b"\x05\x64" and head[2] >= 5 and len(head) == 10 and crc(head[:8]) == _u16(head, 8)

    def size(self, data: bytes, at: int) -> int:
        """A header of 10 bytes and blocks of 16 with 2 of CRC."""
        if data[at : at + 2] != b"\x05\x64"[: len(data) - at]:
            raise MalformedError("no start bytes 05 64")
        if len(data) - at < 10:
            return 0
        if data[at + 2] < 5:
            raise MalformedError("link length below 5")
        user = data[at + 2] - 5
        return 10 + user + (user + 15) // 16 * 2

    def read(self, pdu: bytes, client: bool) -> None:
        """One link frame."""
        if crc(pdu[:8]) != _u16(pdu, 8):
            raise MalformedError("CRC of the link header is wrong")
        user = b""
        for at in range(10, len(pdu), 18):
            block = pdu[at : at + 18]
            if crc(block[:-2]) != _u16(block, len(block) - 2):
                raise MalformedError("CRC of a data block is wrong")
            user += block[:-2]
        control, target, source = pdu[3], _u16(pdu, 4), _u16(pdu, 6)
        if not user:
            self._link(control, source, target)
            return
        payload = self._transport(user, source, target)
        if payload is not None:
            master = bool(control & 0x80)
            self._application(payload, master, *((source, target) if master else (target, source)))

    def gap(self, client: bool) -> None:
        """Half a fragment is of no use."""
        self._parts.clear()

    def _link(self, control: int, source: int, target: int) -> None:
        master, name = bool(control & 0x80), _LINK.get(control & 15, f"link function {control & 15}")
        pair = (source, target) if master else (target, source)
        self.say(Message(function_name=name, action=Action.SESSION, client_unit=pair[0], unit=pair[1], size=10), master)

    def _transport(self, user: bytes, source: int, target: int) -> bytes | None:
        """A whole application fragment once its last segment is there."""
        head, key = user[0], (source, target)
        first, final, sequence = head & 0x40, head & 0x80, head & 0x3F
        if first:
            held = b""
            self._parts.pop(key, None)
        else:
            expected, held = self._parts.pop(key, (-1, b""))
            if expected != sequence:
                raise MalformedError("a transport segment out of sequence")
        held += user[1:]
        if final:
            return held
        if len(held) > _LONGEST:
            raise MalformedError("an application fragment that doesn't end")
        if len(self._parts) >= _FRAGMENTS:
            self._parts.pop(next(iter(self._parts)))
        self._parts[key] = ((sequence + 1) & 0x3F, held)
        return None

    def _application(self, data: bytes, from_master: bool, master: int, outstation: int) -> None:
        if len(data) < 2:
            raise MalformedError("an application fragment without function code")
        control, function = data[0], data[1]
        name, action = FUNCTIONS.get(function, (f"function {function}", Action.OTHER))
        responds = function >= 129
        if responds and len(data) < 4:
            raise MalformedError("a response without internal indications")
        base: dict[str, Any] = {"function": function, "function_name": name, "unit": outstation, "client_unit": master}
        messages = [
            Message(action=action, transaction=control & 15, **base, **fields)
            for fields in _objects(data, 4 if responds else 2, with_data=function != 1)
        ] or [Message(action=action, transaction=control & 15, **base)]
        messages[0].size = len(data)
        if function == 2:
            for message in messages:
                message.action = Action.CLOCK if (message.object or "").startswith("g50v") else message.action
        if not responds:
            for i, message in enumerate(messages):
                if function in (0, 6, 8, 10, 12):  # confirm, and what is sent without wanting an answer
                    self.say(message, from_master)
                else:
                    self.ask((master, outstation, control & 15, i), message)
            return
        self._responses(messages, data, master, outstation)

    def _responses(self, messages: list[Message], data: bytes, master: int, outstation: int) -> None:
        """Every object asked for is answered by the indications; objects that carry data are reports of their own."""
        indications, sequence = data[3], data[0] & 15
        refusal = next((text for bit, text in REFUSALS.items() if indications & bit), None)
        echoes = {(m.object, m.address): m for m in messages}
        i, solicited = 0, data[1] != 130 and not data[0] & 0x10
        while solicited and (request := self.asked((master, outstation, sequence, i))) is not None:
            echo = echoes.get((request.object, request.address)) if request.action in _ECHOED else None
            failed = echo is not None and echo.ok is False
            reply = Message(ok=refusal is None and not failed, error=refusal, size=len(data) if i == 0 else 0)
            reply.exception = indications if refusal else None
            if failed and echo is not None:
                reply.exception, reply.error = echo.exception, echo.error
            if echo is not None:
                messages.remove(echo)
            self.answer((master, outstation, sequence, i), reply)
            i += 1
        for message in messages:
            message.action = Action.REPORT
            if message.object is not None:
                self.say(message, False)
            elif i == 0 and solicited:
                message.ok = refusal is None
                message.error = refusal
                self.answer(None, message)
            elif not solicited:
                self.say(message, False)


_ECHOED: Final = frozenset({Action.SELECT, Action.OPERATE})


def _u16(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _objects(data: bytes, at: int, with_data: bool) -> Iterator[dict[str, Any]]:
    """Object headers with what follows them; ends quietly at an object whose size isn't known."""
    while at < len(data):
        group, variation, qualifier = data[at], data[at + 1], data[at + 2]
        prefix, ranged = qualifier >> 4 & 7, qualifier & 15
        at, start, count = _range(data, at + 3, ranged)
        fields: dict[str, Any] = {"object": f"g{group}v{variation}", "address": start, "quantity": count}
        width = {0: 0, 1: 1, 2: 2, 3: 4}.get(prefix)
        if count is None or (not with_data and prefix == 0):
            yield fields
            continue
        size = SIZES.get((group, variation)) if with_data else 0
        if group in (110, 111, 112, 113):
            size = variation
        if with_data and (variation in SIZES_PACKED.get(group, ()) and prefix == 0):
            yield fields | {"values": _packed(data, at, count, 2 if (group, variation) == (3, 1) else 1)}
            at += (count * (2 if (group, variation) == (3, 1) else 1) + 7) // 8
            continue
        if size is None or width is None:
            yield fields
            return
        if count * (size + width) > len(data) - at:
            raise MalformedError("objects reach beyond the fragment")
        indices, values = list[int](), list[float]()
        for _ in range(count):
            if width:
                indices.append(int.from_bytes(data[at : at + width], "little"))
            value = value_of(group, variation, data, at + width) if with_data else None
            if value is not None:
                values.append(value)
            at += width + size
        if (group, variation) in STATUS and count:
            status = data[at - 1] & 0x7F
            fields |= {"ok": status == 0, "exception": status or None}
            fields["error"] = STATUS[group, variation].get(status, f"status {status}") if status else None
        yield from _runs(fields, indices, values)


SIZES_PACKED: Final = {1: (1,), 3: (1,), 10: (1,), 12: (3,), 80: (1,)}


def _packed(data: bytes, at: int, count: int, bits: int) -> list[float]:
    if (count * bits + 7) // 8 > len(data) - at:
        raise MalformedError("objects reach beyond the fragment")
    mask, per = (1 << bits) - 1, 8 // bits
    return [data[at + i // per] >> i % per * bits & mask for i in range(count)]


def _runs(fields: dict[str, Any], indices: list[int], values: list[float]) -> Iterator[dict[str, Any]]:
    """One message for each run of consecutive indices."""
    if not indices:
        yield fields | {"values": values or None}
        return
    begin = 0
    for i in range(1, len(indices) + 1):
        if i == len(indices) or indices[i] != indices[i - 1] + 1:
            part = values[begin:i] if values else None
            yield fields | {"address": indices[begin], "quantity": i - begin, "values": part}
            begin = i


def _range(data: bytes, at: int, ranged: int) -> tuple[int, int | None, int | None]:
    """(offset behind, first index, count) of a range field."""
    if ranged in (0, 1, 2):
        width = 1 << ranged
        start, stop = struct.unpack_from({1: "<BB", 2: "<HH", 4: "<II"}[width], data, at)
        if stop < start:
            raise MalformedError("a range that ends before it starts")
        return at + 2 * width, start, stop - start + 1
    if ranged == 6:
        return at, None, None
    if ranged in (7, 8, 9, 11):
        width = {7: 1, 8: 2, 9: 4, 11: 1}[ranged]
        return at + width, None, int.from_bytes(data[at : at + width], "little")
    raise MalformedError("an unknown range specifier")
