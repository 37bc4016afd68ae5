"""Which signal of the site model a register on the network is, and what a written value means for it."""

from math import isnan
from typing import NamedTuple

from infrastress.detectors.network.view import Part
from infrastress.events.network_terms import Protocol
from infrastress.site import Site
from infrastress.site.process import Register, Signal
from infrastress.site.registers import number_of, width_of

__all__ = ["Meant", "Points"]

_TABLES = {"coil": "coil", "holding": "holding-register"}


class Meant(NamedTuple):
    """A value in the signal's own unit."""

    signal: Signal
    value: float

    def __str__(self) -> str:
        return f"{self.signal.id} = {self.value:.6g} {self.signal.unit}".rstrip()

    @property
    def excess(self) -> str:
        """What limit of the site model the value breaks: the instrument's range, or the outer alarm limits."""
        low, high = self.signal.range or (None, None)
        limits = self.signal.limits
        for bound, name in ((high, "the end of its range"), (limits.high_high, "its limit high-high")):
            if bound is not None and self.value > bound:
                return f"above {name}, {bound:g}"
        for bound, name in ((low, "the begin of its range"), (limits.low_low, "its limit low-low")):
            if bound is not None and self.value < bound:
                return f"below {name}, {bound:g}"
        return "no number" if isnan(self.value) else ""


class Points:
    """Signals by the address of their controller, for registers that can be written."""

    def __init__(self, site: Site) -> None:
        self._places: dict[tuple[str, str], list[tuple[int | None, Signal, Register]]] = {}
        for signal in site.signals:
            register = signal.register_
            controller = site.asset_by_id.get(register.controller) if register is not None else None
            if register is None or controller is None or register.table not in _TABLES:
                continue
            for interface in controller.interfaces:
                place = (interface.address or "", _TABLES[register.table])
                self._places.setdefault(place, []).append((interface.unit_id, signal, register))

    def written(self, part: Part, row: int) -> list[Meant]:
        """What a row writes, as far as the site model knows the registers and all of a number is written at once."""
        if part.text("protocol", row) != Protocol.MODBUS:
            return []
        known = self._places.get((part.text("server", row), part.text("object", row)))
        values = [] if known is None else part.values(row)
        if known is None or not values or any(not 0 <= value <= 0xFFFF for value in values):
            return []
        first, unit, found = part.number("address", row), part.number("unit", row), list[Meant]()
        for of_unit, signal, register in known:
            begin = register.address - first
            words = values[max(0, begin) : begin + width_of(register)]
            if begin >= 0 and len(words) == width_of(register) and of_unit in (None, unit):
                number = number_of(register, [int(word) for word in words])
                found.append(Meant(signal, number * register.factor + register.offset))
        return found
