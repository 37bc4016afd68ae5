"""What was written where, against what was while learning: new addresses, values out of their range, steps."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import inf, isnan
from statistics import median
from typing import NamedTuple

from infrastress.detectors.network.keys import Key, Written, writes_of
from infrastress.detectors.network.spread import FEWEST, Spread
from infrastress.detectors.network.view import Ints, Part
from infrastress.detectors.network.who import Who
from infrastress.events.kinds import Severity

__all__ = ["Values", "Verdict"]

_BLOCK = 5
"""Known addresses of a table from which on they are taken for a block."""


class Verdict(NamedTuple):
    """What a rule of the baseline says."""

    rule: str
    subject: str
    severity: Severity
    what: str
    techniques: tuple[str, ...]


class _Known(NamedTuple):
    """Of a point, whoever wrote it: how often, the least and the most, the spread."""

    times: int = 0
    low: float = inf
    high: float = -inf
    spread: Spread = Spread()


class Values:
    """Judges writes of known keys.

    * An address that was never written is an alarm, unless it belongs to a block of those that the client writes:
      between them, or no further from an end than they usually lie apart. Controllers have their commands in blocks,
      and a valve that needed no command while learning will need one. That is a notice.
    * A value beyond all known ones, and beyond their tolerance limits, is an alarm. The limits are far where few values
      are known or these differ much, so that a handful will do (`spread.FEWEST`) to tell what nobody would write. What
      lies within them, but outside of the range that `writes` values made, is a notice: the range of n values is left
      by 2 in n + 1 of those that follow (S. S. Wilks, Annals of Mathematical Statistics 12, 1941).
    * A step is an alarm if it is larger than all that were and beyond the tolerance limits of these.

    Args:
        who: who an address is.
        writes, margin: options of the detector.
    """

    def __init__(self, who: Who, *, writes: int, margin: float) -> None:
        self._who, self._least, self._margin = who, writes, margin
        self._writes: dict[Key, dict[tuple[str, int], Written]] = {}
        self._points: dict[tuple[str, str, int, str, int], _Known] = {}
        self.last: dict[str, float] = {}

    def know(self, key: Key, written: Written) -> None:
        """Take in what was learned."""
        self._writes.setdefault(key, {})[written.object, written.address] = written
        point = (*_point(key), written.object, written.address)
        if written.count:
            known = self._points.get(point, _Known())
            low, high = min(known.low, written.low), max(known.high, written.high)
            self._points[point] = _Known(known.times + written.count, low, high, known.spread.joined(written.values))

    def judge(self, part: Part, key: Key, rows: Ints) -> Iterator[tuple[int, Verdict]]:
        """Rows with what there is to say of them."""
        known = self._writes.get(key, {})
        pair = f"{key.client} > {key.server}" + (f" unit {key.unit}" if key.unit >= 0 else "")
        for row, name, address, quantity, value in writes_of(part, rows):
            new = next((at for at in range(address, address + min(quantity, 2048)) if (name, at) not in known), None)
            if new is not None:
                yield row, self._address(key, pair, name, new, known)
            elif not isnan(value):
                at = f"{pair} {_place(name, address)}"
                verdict = self._value(key, at, known[name, address], value)
                if verdict is not None:
                    yield row, verdict

    def _address(self, key: Key, pair: str, name: str, new: int, known: Mapping[tuple[str, int], Written]) -> Verdict:
        among = sorted(at for of, at in known if of == name)
        apart = median(b - a for a, b in pairwise(among)) if len(among) >= _BLOCK else 0
        within = len(among) >= _BLOCK and among[0] - apart <= new <= among[-1] + apart
        what = (
            f"{self._who.name(key.client)} wrote {_place(name, new)} of {self._who.name(key.server)}, "
            f"where it never did while learning{', though beside it' if within else ''}"
        )
        return Verdict("net.new_address", f"{pair} {_place(name, new)}", "low" if within else "high", what, ("T0836",))

    def _value(self, key: Key, at: str, one: Written, value: float) -> Verdict | None:
        known = self._points.get((*_point(key), one.object, one.address), _Known())
        limits = known.spread.limits()
        if known.times < (self._least if limits is None else min(self._least, FEWEST)):
            return None
        before = self.last.get(at)
        self.last[at] = value
        slack = self._margin * max(known.high - known.low, abs(known.high) * 1e-9)
        low, high = known.low - slack, known.high + slack
        where, techniques = f"{_place(one.object, one.address)} of {self._who.name(key.server)}", ("T0836", "T0831")
        if not low <= value <= high:
            bounds = limits or (low, high)
            within = bounds[0] <= value <= bounds[1]
            if within and known.times < self._least:
                return None
            what = (
                f"{self._who.name(key.client)} wrote {value:g} to {where}; in {known.times} writes while learning it "
                f"was {known.low:g} to {known.high:g}"
            )
            if limits is not None:
                what += f", from which {bounds[0]:.6g} to {bounds[1]:.6g} may be expected"
            return Verdict("net.value_range", at, "low" if within else "high", what, techniques)
        if before is None or one.count < self._least:
            return None
        step, usual = abs(value - before), one.steps.limits()
        if step <= max(one.step * (1 + self._margin), 0.0 if usual is None else usual[1]):
            return None
        what = (
            f"{self._who.name(key.client)} wrote {value:g} after {before:g} to {where}; while learning no step was "
            f"larger than {one.step:g}"
        )
        return Verdict("net.value_step", at, "medium", what, techniques)


def _point(key: Key) -> tuple[str, str, int]:
    """Where a write goes, whoever sends it."""
    return key.server, key.protocol, key.unit


def _place(name: str, address: int) -> str:
    return f"{name} {address}".strip()
