"""What a run did to customers and tanks: undelivered demand, low pressure, overflow, empty tanks, leaks."""

from typing import Any, NamedTuple

import numpy as np

from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.layout import Layout

__all__ = ["HOUR", "Consequences", "Overflow"]

HOUR = 3600.0
NEAR_EMPTY = 0.005  # of usable depth


class Overflow(NamedTuple):
    """A tank runs over: from second to second, m3."""

    began: int
    ended: int
    volume: float


class Consequences:
    """Counts up, step by step.

    Attributes:
        requested, delivered: m3, of all customers.
        undelivered: m3 by node; by_hour: m3 by hour since the start.
        leaked, supplied: m3.
        lowest_pressure: m head, at a customer; lowest_at: node and second of it.
        empty_s: seconds that each tank was empty.
        overflows: when a tank (by its number) ran over; spells less than an hour apart are one.
    """

    def __init__(self, engine: Hydraulics, layout: Layout) -> None:
        self.engine, self.layout = engine, layout
        self.requested = self.delivered = self.leaked = self.supplied = 0.0
        self.undelivered = np.zeros(len(engine.nodes))
        self.by_hour: dict[int, float] = {}
        self._asked_by_hour: dict[int, float] = {}
        self.lowest_pressure, self.lowest_at = float("inf"), ("", 0)
        self.empty_s = np.zeros(len(engine.tanks))
        self.overflows: dict[int, list[Overflow]] = {}
        self._spilled = np.zeros(len(engine.tanks))

    def add(self, second: int, step: int) -> None:
        """Count what the step just gone did; `second` is when it began."""
        engine = self.engine
        delivered, drawers = engine.delivered, engine.drawers
        asked = np.maximum(engine.requested, 0.0)
        short = np.maximum(asked - np.maximum(delivered, 0.0), 0.0)
        short[short < 1e-3 * asked + 1e-9] = 0.0  # the solver's own accuracy
        self.requested += float(asked.sum()) * step
        now = int(second // HOUR)
        self._asked_by_hour[now] = self._asked_by_hour.get(now, 0.0) + float(asked.sum()) * step
        self.delivered += float(asked.sum() - short.sum()) * step
        lost = float(short.sum()) * step
        if lost:
            self.undelivered += short * step
            self.by_hour[now] = self.by_hour.get(now, 0.0) + lost
        self.leaked += sum(engine.leak_at(at) for at in engine.emitters) * step
        self.supplied -= float(engine.state.demand[engine.reservoirs].sum()) * step
        if len(drawers):
            pressure = engine.state.head[drawers] - engine.elevation[drawers]
            pressure = np.where(asked[drawers] > 0, np.where(engine.dry[drawers], 0.0, pressure), np.inf)
            at = int(pressure.argmin())
            if pressure[at] < self.lowest_pressure:
                self.lowest_pressure = float(pressure[at])
                self.lowest_at = (engine.nodes[int(drawers[at])], second)
        low, high = engine.level_limits
        self.empty_s += (engine.level <= low + NEAR_EMPTY * (high - low)) * step
        for i in np.flatnonzero(engine.spilled > self._spilled).tolist():
            spells, volume = self.overflows.setdefault(i, []), float(engine.spilled[i] - self._spilled[i])
            if spells and second - spells[-1].ended <= HOUR:
                before = spells.pop()
                spells.append(Overflow(before.began, second + step, before.volume + volume))
            else:
                spells.append(Overflow(second, second + step, volume))
        self._spilled = engine.spilled.copy()

    def requested_by_hour(self, hour: int) -> float:
        """M3 that customers asked for in an hour since the start."""
        return self._asked_by_hour.get(hour, 0.0)

    def facts(self) -> dict[str, Any]:
        """As JSON-able numbers."""
        tanks = self.layout.tanks
        names = [self.layout.asset(name, link=False) or name for name in tanks]
        lowest = None if not np.isfinite(self.lowest_pressure) else round(self.lowest_pressure, 3)
        return {
            "requested_m3": round(self.requested, 3),
            "undelivered_m3": round(self.requested - self.delivered, 3),
            "undelivered_by_hour_m3": {str(hour): round(lost, 3) for hour, lost in sorted(self.by_hour.items())},
            "undelivered_by_service_m3": self._by_service(),
            "supplied_m3": round(self.supplied, 3),
            "leaked_m3": round(self.leaked, 3),
            "overflow_m3": {
                name: round(float(v), 3) for name, v in zip(names, self.engine.spilled, strict=True) if v > 0
            },
            "empty_h": {name: round(float(v) / HOUR, 3) for name, v in zip(names, self.empty_s, strict=True) if v > 0},
            "lowest_pressure_m": lowest,
            "lowest_pressure_where": self.lowest_at[0] or None,
            "tank_rounding_m3": round(float(self.engine.balance.rounding_m3.sum()), 6),
        }

    def _by_service(self) -> dict[str, float]:
        """Of each service at the junctions that it depends on; of the only one, everywhere."""
        site, found = self.layout.site, {}
        drawers = set(self.engine.drawers.tolist())
        for service in site.services:
            needs = {need for one in site.dependencies if one.of == service.id for need in one.on}
            elements = {self.layout.assets[need][0] for need in needs if need in self.layout.assets}
            nodes = [self.layout.nodes[name] for name in elements if name in self.layout.nodes]
            served = [at for at in nodes if at in drawers]
            if served or len(site.services) == 1:
                lost = self.undelivered[served].sum() if served else self.undelivered.sum()
                found[service.id] = round(float(lost), 3)
        return found
