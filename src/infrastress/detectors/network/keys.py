"""What is usual on a network, as keys: who asks whom for what in which protocol, and what is written where."""

from collections.abc import Iterator
from math import isnan
from typing import Any, NamedTuple

import msgspec
import numpy as np

from infrastress.core.time import to_iso
from infrastress.detectors.network.spread import Spread
from infrastress.detectors.network.view import Part
from infrastress.events.network_terms import ACTS_ON_PLANT, Kind

__all__ = ["CONNECTION", "Collector", "Key", "Learned", "Usual", "Written", "groups_of", "writes_of"]

CONNECTION = "connection"
"""The action of a key that says no more than that two nodes were connected."""
_SAID = (Kind.TRANSACTION, Kind.REQUEST, Kind.RESPONSE, Kind.MESSAGE)
_COLUMNS = ("kind", "client", "server", "protocol", "unit", "function", "action")
_MOST_KEYS, _MOST_ADDRESSES = 100_000, 10_000


class Key(NamedTuple):
    """Who asks whom for what. `unit` and `function` are -1 where the protocol has none."""

    client: str
    server: str
    protocol: str
    unit: int
    function: int
    action: str


class Usual(msgspec.Struct):
    """How often a key came, and when first and last (ISO 8601); `held` why it waits for somebody to look at it."""

    client: str
    server: str
    protocol: str
    unit: int
    function: int
    action: str
    name: str
    count: int
    first: str
    last: str
    held: str = ""

    @property
    def key(self) -> Key:
        """Who asks whom for what."""
        return Key(self.client, self.server, self.protocol, self.unit, self.function, self.action)

    def __str__(self) -> str:
        device = f" unit {self.unit}" if self.unit >= 0 else ""
        what = f"{self.protocol} {self.name or self.action}"
        return f"{self.client} > {self.server}{device}: {what}, {self.count} times"


class Written(msgspec.Struct):
    """What one key, by its number, wrote to one address: how often, the least and most, the largest step; spreads.

    Baselines from before there were spreads have none of them.
    """

    key: int
    object: str
    address: int
    count: int
    low: float
    high: float
    step: float = 0.0
    last: float = 0.0
    values: Spread = msgspec.field(default_factory=Spread)
    steps: Spread = msgspec.field(default_factory=Spread)


class Learned(msgspec.Struct):
    """What a network was heard to say in normal days."""

    format: int
    keys: list[Usual]
    writes: list[Written]


def groups_of(part: Part) -> Iterator[tuple[Key, np.ndarray[Any, np.dtype[np.int64]]]]:
    """Keys of what was said over TCP and UDP, each with its rows."""
    carried = part.is_any("transport", ("tcp", "udp"))
    said = carried & (
        part.is_any("kind", _SAID) | (part.is_any("kind", (Kind.CONNECTION,)) & (part.numbers("ok") != 0))
    )
    for rows in part.groups(_COLUMNS, said):
        row = int(rows[0])
        action = CONNECTION if part.text("kind", row) == Kind.CONNECTION else part.text("action", row)
        ends = part.text("client", row), part.text("server", row), part.text("protocol", row)
        numbers = (-1, -1) if action == CONNECTION else (part.number("unit", row), part.number("function", row))
        yield Key(*ends, *numbers, action), rows


def writes_of(part: Part, rows: Any) -> Iterator[tuple[int, str, int, int, float]]:
    """Of rows of one key that acts: (row, object, first address, how many, value); NaN where it isn't one value."""
    addresses, quantities, values = part.numbers("address"), part.numbers("quantity"), part.floats("value")
    for row in rows.tolist():
        address, quantity = int(addresses[row]), max(1, int(quantities[row]))
        if address >= 0:
            yield (
                row,
                part.text("object", row),
                address,
                quantity,
                float(values[row]) if quantity == 1 else float("nan"),
            )


class Collector:
    """Learns keys and writes, part by part."""

    def __init__(self) -> None:
        self._keys: dict[Key, tuple[int, int, int, str]] = {}
        self._writes: dict[Key, dict[tuple[str, int], Written]] = {}

    def take(self, part: Part) -> None:
        """Take what one source said in one frame."""
        times = part.numbers("time")
        for key, rows in groups_of(part):
            first, last = int(times[rows].min()), int(times[rows].max())
            known = self._keys.get(key)
            if known is not None:
                first, last = min(first, known[1]), max(last, known[2])
            elif len(self._keys) >= _MOST_KEYS:
                continue
            count = len(rows) + (known[0] if known is not None else 0)
            self._keys[key] = count, first, last, part.text("function_name", int(rows[0]))
            if key.action in ACTS_ON_PLANT:
                self._write(self._writes.setdefault(key, {}), part, rows)

    def _write(self, known: dict[tuple[str, int], Written], part: Part, rows: Any) -> None:
        for _, name, first, quantity, value in writes_of(part, rows):
            for address in range(first, first + min(quantity, 2048)):
                one = known.get((name, address))
                if one is None:
                    if len(known) >= _MOST_ADDRESSES:
                        break
                    one = known[name, address] = Written(0, name, address, 0, float("inf"), float("-inf"))
                if not isnan(value):
                    if one.count:
                        one.step = max(one.step, abs(value - one.last))
                        one.steps.add(abs(value - one.last))
                    one.values.add(value)
                    one.low, one.high, one.last = min(one.low, value), max(one.high, value), value
                    one.count += 1

    def learned(self, format_: int) -> Learned:
        """What was learned, in order of keys."""
        keys, writes = list[Usual](), list[Written]()
        for number, (key, (count, first, last, name)) in enumerate(sorted(self._keys.items())):
            keys.append(Usual(*key, name, count, to_iso(first), to_iso(last)))
            if key in self._writes:
                found = [self._writes[key][at] for at in sorted(self._writes[key])]
                for one in found:
                    one.key = number
                    one.low, one.high = (one.low, one.high) if one.count else (0.0, 0.0)
                writes += found
        return Learned(format_, keys, writes)
