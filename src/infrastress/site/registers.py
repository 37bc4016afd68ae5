"""Registers to numbers: types, order of words and bytes, bits."""

import struct
from collections.abc import Sequence

from infrastress.site.process import Register

__all__ = ["faults_of", "is_bit_table", "number_of", "sentinels", "width_of"]

_FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
_WORDS = {
    "bool": 1,
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "int64": 4,
    "uint64": 4,
    "float64": 4,
}
_LAST_ADDRESS = 65535


def is_bit_table(register: Register) -> bool:
    """True for coils and discrete inputs."""
    return register.table in ("coil", "discrete")


def width_of(register: Register) -> int:
    """How many addresses it takes: registers, or one bit."""
    return 1 if is_bit_table(register) else _WORDS[register.data_type]


def faults_of(register: Register) -> list[str]:
    """What of a register can't be."""
    faults = []
    if is_bit_table(register) and register.data_type != "bool":
        faults.append(f"a {register.table} is one bit: data_type must be bool, not {register.data_type}")
    if register.bit is not None and (is_bit_table(register) or register.data_type != "bool"):
        faults.append("bit is for a bool in a holding or input register")
    if register.address + width_of(register) - 1 > _LAST_ADDRESS:
        faults.append(f"a {register.data_type} at {register.address} ends behind address {_LAST_ADDRESS}")
    return faults


def number_of(register: Register, words: Sequence[int]) -> int | float:
    """The number in `width_of(register)` words of 0..65535, or in one bit; factor and offset are not yet applied.

    A bool in a register without `bit` is 1 when the register isn't 0.
    """
    if register.data_type == "bool":
        word = _swapped(words[0]) if register.byte_order == "little" and not is_bit_table(register) else words[0]
        return int(word != 0) if register.bit is None else word >> register.bit & 1
    ordered = words if register.word_order == "big" else words[::-1]
    data = struct.pack(f"{'>' if register.byte_order == 'big' else '<'}{len(ordered)}H", *ordered)
    number: int | float = struct.unpack(f">{_FORMATS[register.data_type]}", data)[0]
    return number


def sentinels(register: Register) -> tuple[float, ...]:
    """`bad_values` as numbers of the register's type: 0x8000 of an int16 is -32768."""
    if not register.data_type.startswith("int"):
        return register.bad_values
    bits = 16 * _WORDS[register.data_type]
    return tuple(bad - 2**bits if bad >= 2 ** (bits - 1) else bad for bad in register.bad_values)


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8
