"""Plans reads: what lies together in a table is read by one request, and what a device refuses is split."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from infrastress.site.process import Register, Signal
from infrastress.site.registers import is_bit_table, width_of

__all__ = ["Item", "Limits", "Span", "items_of", "plan", "split"]


class Item(NamedTuple):
    """One signal in a table: `width` addresses from `address`."""

    table: str
    address: int
    width: int
    signal: str
    register: Register

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.address + self.width


class Span(NamedTuple):
    """One request: `length` addresses from `address`, and the items in it, by address."""

    table: str
    address: int
    length: int
    items: tuple[Item, ...]


class Limits(NamedTuple):
    """What one request may ask: registers, bits, and how many unwanted registers (of 16 bits) in one place."""

    registers: int = 125
    bits: int = 2000
    gap: int = 8


def items_of(signals: Iterable[Signal]) -> list[Item]:
    """Items of signals that have a register."""
    return [
        Item(s.register_.table, s.register_.address, width_of(s.register_), s.id, s.register_)
        for s in signals
        if s.register_ is not None
    ]


def plan(items: Iterable[Item], limits: Limits) -> list[Span]:
    """As few requests as the limits allow; each item is whole in exactly one."""
    spans: list[Span] = []
    run: list[Item] = []
    for item in sorted(items, key=lambda item: (item.table, item.address, item.width, item.signal)):
        if run and not _joins(run, item, limits):
            spans.append(_span(run))
            run = []
        run.append(item)
    if run:
        spans.append(_span(run))
    return spans


def _joins(run: Sequence[Item], item: Item, limits: Limits) -> bool:
    bits = is_bit_table(item.register)
    most, gap = (limits.bits, limits.gap * 16) if bits else (limits.registers, limits.gap)
    end = max(one.end for one in run)
    return item.table == run[0].table and item.address - end <= gap and max(end, item.end) - run[0].address <= most


def _span(run: Sequence[Item]) -> Span:
    first = run[0].address
    return Span(run[0].table, first, max(item.end for item in run) - first, tuple(run))


def split(span: Span, limits: Limits) -> list[Span]:
    """Smaller requests for a span that a device refused: without its gaps, else in halves; none when it can't be."""
    tight = plan(span.items, limits._replace(gap=0))
    if len(tight) > 1:
        return tight
    starts = sorted({item.address for item in span.items})
    if len(starts) == 1:
        return []
    middle = starts[len(starts) // 2]
    lower = [item for item in span.items if item.address < middle]
    upper = [item for item in span.items if item.address >= middle]
    return [_span(lower), _span(upper)]
