"""IEC 60870-5-104: APCI, and ASDUs of 60870-5-101/-104 with their information objects."""

from collections.abc import Iterator
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message
from infrastress.connectors.pcap.protocols.iec104_types import CAUSES, REFUSALS, TYPES, Element
from infrastress.events.network_terms import Action, Protocol

__all__ = ["Iec104Dissector"]

_U: Final = {
    0x07: ("STARTDT act", True), 0x0B: ("STARTDT con", False), 0x13: ("STOPDT act", True),
    0x23: ("STOPDT con", False), 0x43: ("TESTFR act", True), 0x83: ("TESTFR con", False),
}  # fmt: skip
_ACTIVATION, _DEACTIVATION = 6, 8
_CONFIRMATIONS: Final = {7, 9}


class Iec104Dissector(Dissector):
    """One connection. The controlling station is the client; type and address tie a command to its confirmation."""

    protocol: ClassVar[Protocol] = Protocol.IEC104
    ports: ClassVar[frozenset[int]] = frozenset({2404})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """Start byte, length and a control field that fit each other; of an ASDU a known type."""
        if data[0] != 0x68 or not 4 <= data[1] <= 253:
            return False
        first = data[2]
        if first & 1 == 0:
            return data[1] >= 10 and data[4] & 1 == 0 and data[6] in TYPES
        if first & 3 == 1:
            return data[1] == 4 and first == 1 and data[4] & 1 == 0
        return data[1] == 4 and first in _U and data[3:6] == b"\0\0\0"

    def size(self, data: bytes, at: int) -> int:
        """From the APCI's length."""
        if data[at] != 0x68:
            raise MalformedError("no start byte 68")
        if len(data) - at < 2:
            return 0
        if not 4 <= data[at + 1] <= 253:
            raise MalformedError("length is not 4 to 253")
        return data[at + 1] + 2

    def read(self, pdu: bytes, client: bool) -> None:
        """One APDU. S format only acknowledges and makes no row."""
        if pdu[2] & 1 == 0:
            for message in _asdu(pdu):
                self._take(message, client, pdu[8] & 0x3F, bool(pdu[8] & 0x40))
        elif pdu[2] & 3 == 3:
            if pdu[2] not in _U:
                raise MalformedError("an unnumbered function that isn't one")
            name, asks = _U[pdu[2]]
            message = Message(function=pdu[2], function_name=name, action=Action.SESSION, size=len(pdu))
            if asks and client:
                self.ask(("u", name[:6]), message)
            elif not asks and not client:
                message.ok = True
                self.answer(("u", name[:6]), message)
            else:
                self.say(message, client)

    def _take(self, message: Message, client: bool, cause: int, negative: bool) -> None:
        key = (message.function, message.unit, message.address)
        if client and (cause in (_ACTIVATION, _DEACTIVATION) or message.function == 102):
            self.ask(key, message)
        elif not client and (cause in _CONFIRMATIONS or cause in REFUSALS):
            message.ok = not negative and cause not in REFUSALS
            if not message.ok:
                message.exception, message.error = cause, REFUSALS.get(cause, "negative confirmation")
            self.answer(key, message)
        else:
            self.say(message, client)


def _asdu(pdu: bytes) -> Iterator[Message]:
    """A message for each run of objects with consecutive addresses."""
    if len(pdu) < 12:
        raise MalformedError("an ASDU shorter than its header")
    kind, qualifier, cause, originator = pdu[6:10]
    if kind not in TYPES:
        raise MalformedError("an unknown type identification")
    name, element, action = TYPES[kind]
    count, sequence, station = qualifier & 0x7F, bool(qualifier & 0x80), int.from_bytes(pdu[10:12], "little")
    step, body = (0 if sequence else 3) + element.size, len(pdu) - 12 - (3 if sequence else 0)
    if element.size >= 0 and step * count != body:
        raise MalformedError("information objects do not fit the length")
    open_message: Message | None = None
    at, address, values = 12, 0, list[float]()
    for i in range(count):
        if i == 0 or not sequence:
            address = int.from_bytes(pdu[at : at + 3], "little")
            at += 3
        else:
            address += 1
        value = element.value(pdu, at)
        if open_message is None or address != (open_message.address or 0) + len(values):
            if open_message is not None:
                yield _closed(open_message, values)
            values = []
            open_message = Message(
                function=kind,
                function_name=f"{name} {CAUSES.get(cause & 0x3F, cause & 0x3F)}",
                action=_action(action, element, pdu, at),
                object=name,
                address=address,
                unit=station,
                client_unit=originator,
                size=len(pdu) if i == 0 else 0,
            )
        values.append(value)
        at += max(element.size, 0)
    if open_message is not None:
        yield _closed(open_message, values)


def _closed(message: Message, values: list[float]) -> Message:
    message.quantity = len(values)
    message.values = values if values[0] == values[0] else None  # NaN: the type carries no number
    return message


def _action(action: Action, element: Element, pdu: bytes, at: int) -> Action:
    """A command's S/E bit says whether it only selects."""
    if action is Action.OPERATE and element.qualifier is not None and pdu[at + element.qualifier] & 0x80:
        return Action.SELECT
    return action
