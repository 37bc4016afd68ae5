"""PCCC inside CIP (service 0x4B, execute PCCC, of object 0x67): the commands of PLC-5, SLC 500 and MicroLogix.

DF1 Protocol and Command Set reference manual (Rockwell 1770-6.5.16). A row's `function` is CMD and FNC as one number,
such as 0x0FA2; of commands without an FNC byte CMD alone, shifted likewise. Its `object` is the file as the program
writes it, such as N7 or T4.ACC, its `address` the element.
"""

import re
import struct
from typing import Final, NamedTuple

from infrastress.connectors.pcap.protocols.base import MalformedError, Message
from infrastress.connectors.pcap.protocols.pccc_codes import (
    COMMANDS,
    EXTENDED,
    FILES,
    MODES,
    STATUS,
    WIDTHS,
    WITH_FUNCTION,
)
from infrastress.events.network_terms import Action

__all__ = ["answer_of", "order_of"]

_CHANGE_MODE, _SET_MODE, _DIAGNOSTIC = 0x0F80, 0x0F3A, 0x0603
_LOGICAL: Final = {0xA1: False, 0xA2: True, 0xA9: False, 0xAA: True, 0xAB: True}
"""FNC -> whether the address has a sub-element."""
_MASKED, _WRITES = 0xAB, (0xA9, 0xAA)
_PLC5: Final = (0x00, 0x01, 0x67, 0x68)
_PROGRAM: Final = ("ladder ", "online edit ")
_FORCES: Final = ("output force ", "input force ")
_PARTS: Final = {"T": ("", ".PRE", ".ACC"), "C": ("", ".PRE", ".ACC"), "R": ("", ".LEN", ".POS")}
_SYMBOLIC: Final = re.compile(rb"\0\$([ -~]{1,40})\0")
_ADDRESS: Final = re.compile(r"([A-Z]{1,2}\d{1,3}):(\d{1,5})")
_FILE: Final = re.compile(r"([A-Z]{1,2})\d+")
_EXTENDED: Final = 0xF0
_BULLETIN: Final = slice(5, 16)
"""Of the answer to diagnostic status, where SLC 500 and MicroLogix tell their bulletin number (chapter 10)."""


class _Head(NamedTuple):
    command: int
    status: int
    body: bytes


def order_of(message: Message, data: bytes) -> None:
    """Fill in a request's command, address and values.

    Raises:
        MalformedError: it ends within its fields.
    """
    head = _head(data)
    function, body = 0, head.body
    if head.command in WITH_FUNCTION:
        if not body:
            raise MalformedError("a PCCC command without its function")
        function, body = body[0], body[1:]
    message.function = head.command << 8 | function
    name, action = COMMANDS.get(
        (head.command, function), (f"command {head.command:#04x} {function:#04x}", Action.OTHER)
    )
    message.action = action
    if head.command == 0x0F and function in _LOGICAL:
        message.action = _logical(message, function, body, action)
    elif head.command == 0x0F and function in _PLC5:
        _plc5(message, body)
    elif head.command in (0x00, 0x01, 0x08):
        _words(message, head.command, body)
    elif message.function in (_CHANGE_MODE, _SET_MODE) and body:
        message.values = (float(body[0]),)
        if message.function == _CHANGE_MODE and body[0] in MODES:
            mode, message.action = MODES[body[0]]
            name = f"{name} to {mode}"
    message.function_name = f"PCCC {name}"


def answer_of(reply: Message, request: Message, data: bytes) -> None:
    """Fill in a reply's outcome and values; `request` is what it answers.

    Raises:
        MalformedError: it ends within its fields.
    """
    head = _head(data)
    asked = (request.function or 0) >> 8
    if head.command != asked | 0x40:
        raise MalformedError("a PCCC reply to another command")
    if head.status:
        extended = head.status == _EXTENDED and bool(head.body)
        code = head.status << 8 | head.body[0] if extended else head.status
        names = EXTENDED if extended else STATUS
        reply.ok, reply.exception = False, code
        reply.error = names.get(code & 0xFF, f"status {code:#04x}")
    elif request.action in (Action.READ, Action.UPLOAD) and request.object is not None:
        reply.values = _values(request.object, head.body)
    elif request.function == _DIAGNOSTIC and head.body[1:2] == b"\xee":
        reply.identity = head.body[_BULLETIN].decode("latin-1").strip("\0 ") or None


def _head(data: bytes) -> _Head:
    """Behind the requestor's id: CMD, STS, transaction number."""
    start = data[0] if data else 0
    if start < 1 or len(data) < start + 4:
        raise MalformedError("a PCCC message without its header")
    return _Head(data[start], data[start + 1], data[start + 4 :])


def _logical(message: Message, function: int, body: bytes, action: Action) -> Action:
    """File, element, and of three address fields sub-element; each one byte, or 0xFF and two."""
    size, at = body[0], 1
    file, at = _field(body, at)
    kind, at = body[at], at + 1
    element, at = _field(body, at)
    part, at = _field(body, at) if _LOGICAL[function] else (0, at)
    letter = FILES.get(kind, f"type {kind:#04x} ")
    parts = _PARTS.get(letter, ())
    inner = parts[part] if part < len(parts) else f".{part}" if part else ""
    message.object, message.address = f"{letter}{file}{inner}", element
    width = WIDTHS.get(letter)
    message.quantity = size // struct.calcsize(f"<{width}") if width else size
    if function == _MASKED:
        at += 2
    if action is Action.WRITE:
        message.values = _values(message.object, body[at : at + size])
    if letter in _PROGRAM:
        return Action.DOWNLOAD if action is Action.WRITE else Action.UPLOAD
    return Action.OPERATE if letter in _FORCES and action is Action.WRITE else action


def _field(body: bytes, at: int) -> tuple[int, int]:
    if body[at] != 0xFF:
        return body[at], at + 1
    return int.from_bytes(body[at + 1 : at + 3], "little"), at + 3


def _plc5(message: Message, body: bytes) -> None:
    """Offset and total in elements, then an address in letters, or in levels that a mask names."""
    message.quantity = int.from_bytes(body[2:4], "little")
    if said := _SYMBOLIC.match(body, 4):
        text = said[1].decode()
        known = _ADDRESS.match(text)
        message.object, message.address = (known[1], int(known[2])) if known else (text, None)
        return
    mask, at, levels = body[4], 5, dict[int, int]()
    for level in range(4):
        if mask >> level & 1:
            levels[level], at = _field(body, at)
    message.object, message.address = f"file {levels.get(1, 0)}", levels.get(2, 0)


def _words(message: Message, command: int, body: bytes) -> None:
    """PLC-2: an address of bytes, then how many, or the words."""
    if len(body) < 3:
        raise MalformedError("a PCCC command without its address")
    message.object, message.address = "PLC-2 data", int.from_bytes(body[:2], "little")
    if command == 0x01:
        message.quantity = body[2] // 2
    else:
        message.values = _values("N0", body[2:])
        message.quantity = len(body[2:]) // 2


def _values(name: str, data: bytes) -> tuple[float, ...] | None:
    """Numbers of a file whose type is told by its letter, or of PLC-2 words."""
    known = _FILE.match("N0" if name == "PLC-2 data" else name)
    width = WIDTHS.get(known[1]) if known else None
    if width is None:
        return None
    count = len(data) // struct.calcsize(f"<{width}")
    return tuple(map(float, struct.unpack_from(f"<{count}{width}", data))) or None
