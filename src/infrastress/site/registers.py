"""Registers of controllers: which a signal is in, as the site model says or in order; values to words and back."""

import struct
from collections import defaultdict
from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from infrastress.site.assets import Controller
from infrastress.site.model import Site
from infrastress.site.process import Register, Signal

__all__ = [
    "BITS",
    "FORMATS",
    "FUNCTIONS",
    "Cell",
    "Memory",
    "cells_of",
    "faults_of",
    "is_bit_table",
    "number_of",
    "sentinels",
    "width_of",
    "with_registers",
    "words_of",
]

SPARE = "SIM-PLC"
"""Holds what the site model gives no controller."""
BITS = ("coil", "discrete")
FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""Modbus function codes that read a table."""
_LAST_ADDRESS = 65535
FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip


class Cell(NamedTuple):
    """A signal and where it is."""

    signal: str
    register: Register


def cells_of(site: Site) -> dict[str, list[Cell]]:
    """Cells by controller; every signal of the site has one.

    A signal without a register comes behind those that have one, in the order of the site file: one bit where it is a
    switch, else a 32-bit float, in the controller of its asset.
    """
    cells: dict[str, list[Cell]] = defaultdict(list)
    free: dict[tuple[str, str], int] = defaultdict(int)
    for signal in site.signals:
        if signal.register_ is not None:
            register = signal.register_
            cells[register.controller].append(Cell(signal.id, register))
            place = (register.controller, register.table)
            free[place] = max(free[place], register.address + width_of(register))
    for signal in site.signals:
        if signal.register_ is None:
            controller = _controller(site, signal)
            bit = signal.kind == "switch"
            table = "discrete" if bit else "input"
            address = free[controller, table]
            register = Register(
                controller=controller, table="discrete" if bit else "input", address=address,
                data_type="bool" if bit else "float32",
            )  # fmt: skip
            free[controller, table] += width_of(register)
            cells[controller].append(Cell(signal.id, register))
    return dict(cells)


def with_registers(site: Site) -> Site:
    """The site with every register written out, for a platform that is to read them."""
    places = {cell.signal: cell.register for cells in cells_of(site).values() for cell in cells}
    signals = tuple(signal.model_copy(update={"register_": places[signal.id]}) for signal in site.signals)
    spare = SPARE not in site.asset_by_id and any(place.controller == SPARE for place in places.values())
    extra = (Controller(id=SPARE, type="controller", name="Simulated controller"),) if spare else ()
    fields = site.model_dump(mode="python", by_alias=True, exclude_defaults=True)
    fields["signals"] = [one.model_dump(mode="python", by_alias=True, exclude_defaults=True) for one in signals]
    fields["assets"] = [*fields.get("assets", ()), *(one.model_dump(exclude_defaults=True) for one in extra)]
    return Site.model_validate(fields)


def words_of(register: Register, own: float) -> list[int] | None:
    """Words (or one bit) of a value in the signal's own unit; None where the type has no way to say that it is none."""
    number = (own - register.offset) / register.factor
    if register.data_type == "bool":
        if isnan(number):
            return None
        on = int(number != 0)
        return [on if register.bit is None or register.table in BITS else on << register.bit]
    code = FORMATS[register.data_type]
    if code not in "fd":
        if isnan(number):
            if not register.bad_values:
                return None
            number = register.bad_values[0]
        bits = 8 * struct.calcsize(code)
        low, high = (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        whole = round(number)
        data = struct.pack(f">{code}", min(high, max(low, whole if whole <= high else whole - 2**bits)))
    else:
        data = struct.pack(f">{code}", number)
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    if register.byte_order == "little":
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    return words if register.word_order == "big" else words[::-1]


def is_bit_table(register: Register) -> bool:
    """True for coils and discrete inputs."""
    return register.table in BITS


def width_of(register: Register) -> int:
    """How many addresses it takes: registers, or one bit."""
    return (
        1
        if is_bit_table(register) or register.data_type == "bool"
        else struct.calcsize(FORMATS[register.data_type]) // 2
    )


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
    number: int | float = struct.unpack(f">{FORMATS[register.data_type]}", data)[0]
    return number


def sentinels(register: Register) -> tuple[float, ...]:
    """`bad_values` as numbers of the register's type: 0x8000 of an int16 is -32768."""
    if not register.data_type.startswith("int"):
        return register.bad_values
    bits = 16 * width_of(register)
    return tuple(bad - 2**bits if bad >= 2 ** (bits - 1) else bad for bad in register.bad_values)


class Memory:
    """What a controller holds by table: words of 0..65535, or bits.

    Args:
        cells: what lies where.
        tags: signals in the order in which their values are shown.
        spare: addresses of tables beyond those of the cells.
    """

    def __init__(self, cells: Sequence[Cell], tags: Sequence[str], spare: dict[str, int] | None = None) -> None:
        columns = {tag: column for column, tag in enumerate(tags)}
        self._cells = [(columns[cell.signal], cell.register) for cell in cells if cell.signal in columns]
        self.tables: dict[str, list[int]] = {}
        for table in FUNCTIONS:
            ends = [one.address + 4 for _, one in self._cells if one.table == table]
            size = max([*ends, (spare or {}).get(table, 1)])
            self.tables[table] = [0] * (-(-size // 16) * 16)

    def show(self, own: Sequence[float]) -> None:
        """Take values in the signals' own units; a NaN where a type can't say so leaves what was there."""
        flags: dict[tuple[str, int], int] = {}
        for column, register in self._cells:
            words = words_of(register, own[column])
            if words is None:
                continue
            if register.bit is not None and register.table not in BITS:
                place = (register.table, register.address)
                flags[place] = words[0] = flags.get(place, 0) | words[0]
            self.tables[register.table][register.address : register.address + len(words)] = words

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """Words or bits from an address on; None where the table ends before."""
        held = self.tables[table]
        return held[address : address + count] if 0 < count <= len(held) - address else None


def _controller(site: Site, signal: Signal) -> str:
    asset = site.asset_by_id.get(signal.asset)
    found = asset.controller if asset is not None else None
    return found if found is not None and isinstance(site.asset_by_id.get(found), Controller) else SPARE


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8
