"""What is written to the process: values beyond the site model's limits, points switched again and again."""

from collections.abc import Iterator

import msgspec
import numpy as np

from infrastress.core.time import MINUTE
from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule, NetworkRuleOptions, Recent, Seen
from infrastress.detectors.network.points import Meant, Points
from infrastress.detectors.network.view import Part
from infrastress.detectors.network.who import Who
from infrastress.events.network_terms import ACTS_ON_PLANT, Kind

__all__ = ["WriteRules"]

_LASTING = 10 * MINUTE
_MOST = 16_384


class _Point(msgspec.Struct):
    """A point that one client writes: its value, since when it changes without a pause, whether it always does."""

    value: float
    since: int
    last: int
    cyclic: bool = False


class _Memory(msgspec.Struct):
    heard: dict[str, int] = {}
    points: dict[str, _Point] = {}
    changes: Recent = msgspec.field(default_factory=Recent)
    walks: Seen = msgspec.field(default_factory=Seen)


class WriteRules(NetworkRule):
    """Looks at what was done, not at what was refused.

    A heartbeat, or a controller that sends another its values, changes a point for ever: what has changed for ten
    minutes without a pause is left alone from then on, and so are the first ten minutes of a source, in which nobody
    can tell, unless a stranger writes.
    """

    Memory = _Memory
    memory: _Memory

    def __init__(self, who: Who, options: NetworkRuleOptions, points: Points) -> None:
        super().__init__(who, options)
        self._points = points

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        self.memory.heard.setdefault(part.source, part.begin)
        acts = part.is_any("action", map(str, ACTS_ON_PLANT)) & part.is_any("kind", (Kind.TRANSACTION, Kind.REQUEST))
        acts &= part.numbers("ok") != 0
        addresses, quantities, values = part.numbers("address"), part.numbers("quantity"), part.floats("value")
        single = (addresses >= 0) & (quantities <= 1) & ~np.isnan(values)
        for row in acts.nonzero()[0].tolist():
            yield from self._beyond(part, row)
            if single[row]:
                yield from self._again(part, row, float(values[row]))
        self._forget(part.end)

    def _beyond(self, part: Part, row: int) -> Iterator[Notice]:
        for meant in self._points.written(part, row):
            if meant.excess:
                said = f"wrote {meant} to {self._who.last(part.text('server', row))}, {meant.excess}"
                yield self._notice(part, row, said, meant)

    def _again(self, part: Part, row: int, value: float) -> Iterator[Notice]:
        client, server = part.text("client", row), part.text("server", row)
        at, packet = int(part.known[row]), part.packet(row)
        where = f"{part.text('object', row)} {part.number('address', row)}"
        if part.number("unit", row) >= 0:
            where += f" of unit {part.number('unit', row)}"
        pair, window = f"{client} > {server}", self._options.window
        key = f"{pair} {where}"
        known = self.memory.points.get(key)
        if known is None or known.value != value:
            if known is None or at - known.last > window:
                self.memory.points[key] = known = _Point(value, at, at, known is not None and known.cyclic)
            known.value, known.last = value, at
            known.cyclic = known.cyclic or at - known.since > _LASTING
            told = self.memory.changes.add(key, at, packet, most=self._options.changes, window=window)
            if told is not None and not known.cyclic and self._may_tell(part, client, known.since):
                took = (told[-1].at - told[0].at) / 1e9
                said = f"changed {where} of {self._who.name(server)} {len(told)} times within {took:.0f} s"
                yield self._notice(part, row, said)
        walk = self.memory.walks.add(pair, where, at, packet, most=self._options.points, window=window)
        begun = min(one.at for one in walk.values()) if walk is not None else at
        if walk is not None and not known.cyclic and self._may_tell(part, client, begun):
            said = f"wrote to {len(walk)} points of {self._who.name(server)} one after the other within a minute"
            yield self._notice(part, row, said)

    def _may_tell(self, part: Part, client: str, since: int) -> bool:
        return self._who.stranger(client) or since - self.memory.heard[part.source] >= _LASTING

    def _forget(self, now: int) -> None:
        before = now - self._options.window
        self.memory.changes.forget(before)
        self.memory.walks.forget(before)
        while len(self.memory.points) > _MOST:
            del self.memory.points[next(iter(self.memory.points))]

    def _notice(self, part: Part, row: int, did: str, of: Meant | None = None) -> Notice:
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        return Notice(
            rule="net.brute_force" if of is None else "net.write_limit",
            subject=f"{client} > {server if of is None else of.signal.id}",
            at=int(part.known[row]),
            began=part.number("time", row),
            severity="high",
            sentence=f"{who.name(client)} {did}",
            assets=tuple(dict.fromkeys([*([of.signal.asset] if of else []), *who.assets(server, client)])),
            zone=who.place(server),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0806",) if of is None else ("T0836",),
            confidence=0.7,
        )
