"""Tanks as balances: volume from level, what its connections bring, what temperature does, and how sure each is."""

from dataclasses import dataclass
from math import fsum, pi, sqrt

import numpy as np

from infrastress.detectors.process.flows import FlowNet
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.assets import District, Junction, Tank

__all__ = ["Balance", "ControlVolume", "Gauge", "TankFarm"]

_UNKNOWN_WARMING = 0.5 / 3600.0
"""K/s that a tank without a thermometer may warm or cool: a big tank follows the weather by a few kelvin a day."""


@dataclass(frozen=True)
class Gauge:
    """A tank with its level gauge and thermometer."""

    tank: Tank
    level: str
    temperature: str | None
    sigma: float
    resolution: float

    def volume(self, level: Floats) -> Floats:
        """Volume in m3 of levels in m."""
        if self.tank.strapping:
            table = np.array(self.tank.strapping)
            return np.where(np.isnan(level), np.nan, np.interp(level, table[:, 0], table[:, 1]))
        return level * self.area

    def full(self, level: float) -> bool:
        """Whether a level, m, is at the height at which the tank runs over, by three standard deviations or steps."""
        return level >= self.tank.height_m - 3.0 * max(self.sigma, self.resolution)

    @property
    def area(self) -> float:
        """Mean horizontal area, m2."""
        if self.tank.strapping:
            (low, empty), (high, full) = self.tank.strapping[0], self.tank.strapping[-1]
            return float((full - empty) / (high - low))
        diameter = self.tank.diameter_m or 0.0
        return pi / 4.0 * diameter * diameter


@dataclass(frozen=True)
class ControlVolume:
    """What is balanced as one: tanks that nothing metered or bounded parts, with branch numbers in and out.

    Most often one tank. In a network it is the tanks of an area together with the pipes between them; `demand` says
    that somebody may draw there unmetered, so that its balance closes only up to a learned band. A district all of
    whose ways are metered is one without a tank: what goes in and doesn't come out is what its customers draw.
    """

    gauges: tuple[Gauge, ...]
    inward: tuple[int, ...]
    outward: tuple[int, ...]
    demand: bool
    district: str = ""

    @property
    def id(self) -> str:
        """Ids of its tanks: "T1" or "T1+T2"; the district's where it has none."""
        return "+".join(gauge.tank.id for gauge in self.gauges) or self.district

    @property
    def area(self) -> float:
        """Area of all its tanks, m2."""
        return fsum(gauge.area for gauge in self.gauges)

    @property
    def tolerance(self) -> float:
        """Six standard deviations of the difference of two readings of its volume, m3."""
        return 6.0 * sqrt(2.0) * sqrt(fsum((gauge.area * gauge.sigma) ** 2 for gauge in self.gauges))

    @property
    def floor(self) -> float:
        """No limit may be tighter than two steps of the gauges' last digits, m3."""
        return 2.0 * fsum(gauge.area * gauge.resolution for gauge in self.gauges)


@dataclass(frozen=True)
class Balance:
    """Of n control volumes over the view's columns, in m3 per step from the column before.

    Attributes:
        volume: m3 by the gauge. step: its change.
        low, high: what metered and bounded connections and the temperature explain.
        metered: what the meters alone bring, for sentences. flow_sigma: uncertainty of the meters.
        moving: 1 where any connection may be open, else 0.
        warmth: what an unmeasured temperature may add per step, m3. thermal: what the measured one adds.
    """

    volume: Floats
    step: Floats
    low: Floats
    high: Floats
    metered: Floats
    flow_sigma: Floats
    moving: Floats
    warmth: Floats
    thermal: Floats


class TankFarm:
    """All control volumes of a site that can be balanced."""

    def __init__(self, site: Site, table: SignalTable, net: FlowNet) -> None:
        self.table = table
        self.net = net
        area_of = net.area_of
        gauges: dict[str, list[Gauge]] = {}
        for asset in site.assets:
            if not isinstance(asset, Tank) or not (asset.diameter_m or asset.strapping):
                continue
            level = table.of_kind(asset.id, "level")
            resolution = table.resolution(level) if level is not None else 0.0
            if level is None:
                gauges.setdefault(area_of[asset.id], []).append(Gauge(asset, "", None, 0.0, 0.0))
                continue
            # An unstated gauge is taken for one of a thousandth of the tank's height, a poor one in service.
            sigma = table.accuracy(level) or (resolution or asset.height_m * 1e-3)
            gauge = Gauge(asset, level, table.of_kind(asset.id, "temperature"), sigma, resolution)
            gauges.setdefault(area_of[asset.id], []).append(gauge)
        drawn = {area_of[a.id] for a in site.assets if isinstance(a, Junction) and a.demand}
        drawn |= {area_of[a.id] for a in site.assets if isinstance(a, District) and a.demand_m3h > 0}
        found = []
        for area, members in gauges.items():
            # A tank without a gauge hides volume: nothing can be said of its area.
            if any(not gauge.level for gauge in members):
                continue
            ends = [(area_of[b.connection.from_], area_of[b.connection.to]) for b in net.branches]
            inward = tuple(i for i, (start, end) in enumerate(ends) if end == area != start)
            outward = tuple(i for i, (start, end) in enumerate(ends) if start == area != end)
            if not inward + outward:
                continue
            loose = any(net.branches[i].meter is None and net.branches[i].capacity is None for i in inward + outward)
            found.append(ControlVolume(tuple(members), inward, outward, area in drawn or loose))
        found += self._districts(site, {area_of[a.id] for a in site.assets if isinstance(a, Tank)})
        self.volumes: tuple[ControlVolume, ...] = tuple(found)

    def _districts(self, site: Site, tanked: set[str]) -> list[ControlVolume]:
        """Districts without a tank, all of whose ways are metered by more than one meter."""
        found = []
        for asset in site.assets:
            if not isinstance(asset, District) or asset.demand_m3h <= 0:
                continue
            area = self.net.area_of[asset.id]
            ends = [
                (self.net.area_of[b.connection.from_], self.net.area_of[b.connection.to]) for b in self.net.branches
            ]
            inward = tuple(i for i, (start, end) in enumerate(ends) if end == area != start)
            outward = tuple(i for i, (start, end) in enumerate(ends) if start == area != end)
            meters = {self.net.branches[i].meter for i in inward + outward}
            if area not in tanked and inward and None not in meters and len(meters) > 1:
                tanked = tanked | {area}
                found.append(ControlVolume((), inward, outward, demand=True, district=asset.id))
        return found

    def over(self, view: View) -> Balance:
        """Balances over the view's columns; computed once a view."""
        if (known := view.cache.get("balance")) is not None:
            found: Balance = known
            return found
        flows = self.net.over(view)
        n, columns, dt = len(self.volumes), view.mean.shape[1], view.seconds
        empty = [np.zeros((n, columns)) for _ in range(9)]
        volume, step, low, high, metered, sigma, moving, warmth, thermal = empty
        for i, area in enumerate(self.volumes):
            for sign, branches in ((1.0, area.inward), (-1.0, area.outward)):
                for b in branches:
                    moving[i] = np.maximum(moving[i], flows.maybe[b])
                    branch = self.net.branches[b]
                    if branch.meter is None and branch.capacity is None:
                        continue
                    # A learned band already holds what flows between two readings.
                    ends = (flows.least[b], flows.most[b]) if area.demand else (flows.low[b], flows.high[b])
                    least, most = ends[0] * dt, ends[1] * dt
                    seen = 0.5 * (flows.least[b] + flows.most[b]) * dt
                    low[i] += least if sign > 0 else -most
                    high[i] += most if sign > 0 else -least
                    sigma[i] += flows.sigma[b] * dt
                    if branch.meter is not None:
                        metered[i] += sign * seen
            for gauge in area.gauges:
                held = gauge.volume(view.mean[self.table.row[gauge.level]])
                volume[i] += held
                expansion = gauge.tank.expansion_per_k
                if expansion == 0.0:
                    continue
                growth, unknown = np.zeros(columns), np.ones(columns, bool)
                if gauge.temperature is not None:
                    kelvin = view.mean[self.table.row[gauge.temperature]]
                    growth = earlier(held, 1) * expansion * (kelvin - earlier(kelvin, 1))
                    unknown = np.isnan(growth)
                    growth = np.where(unknown, 0.0, growth)
                thermal[i] += growth
                warmth[i] += np.where(unknown, held * expansion * _UNKNOWN_WARMING * dt, 0.0)
            step[i] = volume[i] - earlier(volume[i], 1)
            low[i] += thermal[i]
            high[i] += thermal[i]
        view.cache["balance"] = balance = Balance(volume, step, low, high, metered, sigma, moving, warmth, thermal)
        return balance

    def unexplained(self, view: View) -> Floats:
        """Step beyond its interval, signed, m3 per frame: float64[n, c + k]."""
        balance = self.over(view)
        return np.minimum(balance.step - balance.low, 0.0) + np.maximum(balance.step - balance.high, 0.0)
