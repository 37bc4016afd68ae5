"""Modbus/TCP messages as clients and servers write them: requests, and what a controller's memory answers."""

import struct
from collections.abc import Sequence
from typing import Final

from infrastress.site.registers import BITS, FUNCTIONS, Memory

__all__ = ["framed", "identify", "identity", "read", "refusal", "respond", "write_coil", "write_register"]

_TABLES: Final = {function: table for table, function in FUNCTIONS.items()}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
_ECHOED: Final = (8, 22)


def framed(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A message with its MBAP header."""
    return struct.pack(">HHHB", transaction & 0xFFFF, 0, len(pdu) + 1, unit) + pdu


def read(function: int, address: int, count: int) -> bytes:
    """A request for bits or registers."""
    return struct.pack(">BHH", function, address, count)


def write_coil(address: int, on: bool) -> bytes:
    """Function 5."""
    return struct.pack(">BHH", 5, address, 0xFF00 if on else 0)


def write_register(address: int, value: int) -> bytes:
    """Function 6."""
    return struct.pack(">BHH", 6, address, value & 0xFFFF)


def write_registers(address: int, values: Sequence[int]) -> bytes:
    """Function 16."""
    return struct.pack(f">BHHB{len(values)}H", 16, address, len(values), 2 * len(values), *values)


def identify(code: int = 1) -> bytes:
    """Function 43/14: identification, basic, regular or extended by `code`."""
    return bytes((43, 14, code, 0))


def identity(code: int, name: str) -> bytes:
    """What a controller says it is."""
    parts = ("Reference", name, "2.4")
    listed = b"".join(bytes((i, len(part))) + part.encode() for i, part in enumerate(parts))
    return bytes((43, 14, code, 1, 0, 0, len(parts))) + listed


def refusal(function: int, code: int) -> bytes:
    """An exception response."""
    return bytes((function | 0x80, code))


def respond(memory: Memory, request: bytes, name: str = "") -> bytes:
    """What a controller answers; a write it does changes its memory."""
    function = request[0]
    if function in _TABLES:
        return _answered(memory, request)
    if function == 43 and request[1:2] == b"\x0e":
        return identity(request[2], name)
    if function in (5, 6, 16):
        return _written(memory, request)
    if function in _ECHOED:
        return request
    return bytes((function, 0, 0xFE)) if function == 90 else refusal(function, ILLEGAL_FUNCTION)


def _answered(memory: Memory, request: bytes) -> bytes:
    function, address, count = struct.unpack(">BHH", request)
    held = memory.read(_TABLES[function], address, count)
    if held is None:
        return refusal(function, ILLEGAL_ADDRESS)
    if _TABLES[function] in BITS:
        packed = sum(bit << i for i, bit in enumerate(held)).to_bytes((count + 7) // 8, "little")
        return bytes((function, len(packed))) + packed
    return bytes((function, 2 * count)) + struct.pack(f">{count}H", *held)


def _written(memory: Memory, request: bytes) -> bytes:
    function, address, value = struct.unpack_from(">BHH", request)
    table = memory.tables["coil" if function == 5 else "holding"]
    values = [int(value == 0xFF00)] if function == 5 else [value]
    if function == 16:
        values = list(struct.unpack(f">{value}H", request[6:]))
    if address + len(values) > len(table):
        return refusal(function, ILLEGAL_ADDRESS)
    table[address : address + len(values)] = values
    return request[:5]
