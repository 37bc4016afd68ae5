"""Tanks as balances: volume from level, what its connections bring, what temperature does, and how sure each is."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from infrastress.detectors.process.flows import FlowNet
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.assets import Tank

__all__ = ["Balance", "BalancedTank", "TankFarm"]

_UNKNOWN_WARMING = 0.5 / 3600.0
"""K/s that a tank without a thermometer may warm or cool: a big tank follows the weather by a few kelvin a day."""


@dataclass(frozen=True)
class BalancedTank:
    """A tank with a level gauge and connections: branch numbers in and out."""

    tank: Tank
    level: str
    temperature: str | None
    inward: tuple[int, ...]
    outward: tuple[int, ...]
    unbounded: tuple[int, ...]
    level_sigma: float
    level_resolution: float

    def volume(self, level: Floats) -> Floats:
        """Volume in m3 of levels in m."""
        if self.tank.strapping:
            table = np.array(self.tank.strapping)
            return np.where(np.isnan(level), np.nan, np.interp(level, table[:, 0], table[:, 1]))
        return level * self.area

    @property
    def area(self) -> float:
        """Mean horizontal area, m2."""
        if self.tank.strapping:
            (low, empty), (high, full) = self.tank.strapping[0], self.tank.strapping[-1]
            return float((full - empty) / (high - low))
        diameter = self.tank.diameter_m or 0.0
        return pi / 4.0 * diameter * diameter


@dataclass(frozen=True)
class Balance:
    """Of n tanks over the view's columns, in m3 per step from the column before.

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
    """All tanks of a site that can be balanced."""

    def __init__(self, site: Site, table: SignalTable, net: FlowNet) -> None:
        self.table = table
        self.net = net
        found = []
        for asset in site.assets:
            if not isinstance(asset, Tank) or not (asset.diameter_m or asset.strapping):
                continue
            level = table.of_kind(asset.id, "level")
            inward = tuple(i for i, b in enumerate(net.branches) if b.connection.to == asset.id)
            outward = tuple(i for i, b in enumerate(net.branches) if b.connection.from_ == asset.id)
            if level is None or not inward + outward:
                continue
            branches = net.branches
            unbounded = tuple(i for i in inward + outward if branches[i].meter is None and branches[i].capacity is None)
            resolution = table.resolution(level)
            # An unstated gauge is taken for one of a thousandth of the tank's height, a poor one in service.
            sigma = table.accuracy(level) or (resolution or asset.height_m * 1e-3)
            found.append(
                BalancedTank(
                    asset, level, table.of_kind(asset.id, "temperature"), inward, outward, unbounded, sigma, resolution
                )
            )
        self.tanks: tuple[BalancedTank, ...] = tuple(found)

    def level_tolerance(self, tank: BalancedTank) -> float:
        """Six standard deviations of the difference of two readings, in m3."""
        return 6.0 * sqrt(2.0) * tank.area * tank.level_sigma

    def floor(self, tank: BalancedTank) -> float:
        """No limit may be tighter than two steps of the gauge's last digit, in m3."""
        return 2.0 * tank.area * tank.level_resolution

    def over(self, view: View) -> Balance:
        """Balances over the view's columns; computed once a view."""
        if (known := view.cache.get("balance")) is not None:
            found: Balance = known
            return found
        flows = self.net.over(view)
        n, columns, dt = len(self.tanks), view.mean.shape[1], view.seconds
        empty = [np.zeros((n, columns)) for _ in range(9)]
        volume, step, low, high, metered, sigma, moving, warmth, thermal = empty
        for i, tank in enumerate(self.tanks):
            volume[i] = tank.volume(view.mean[self.table.row[tank.level]])
            step[i] = volume[i] - earlier(volume[i], 1)
            for sign, branches in ((1.0, tank.inward), (-1.0, tank.outward)):
                for b in branches:
                    moving[i] = np.maximum(moving[i], flows.maybe[b])
                    if b in tank.unbounded:
                        continue
                    least, most = flows.low[b] * dt, flows.high[b] * dt
                    low[i] += least if sign > 0 else -most
                    high[i] += most if sign > 0 else -least
                    sigma[i] += flows.sigma[b] * dt
                    if self.net.branches[b].meter is not None:
                        metered[i] += sign * 0.5 * (least + most)
            expansion = tank.tank.expansion_per_k
            if expansion == 0.0:
                continue
            if tank.temperature is not None:
                kelvin = view.mean[self.table.row[tank.temperature]]
                growth = earlier(volume[i], 1) * expansion * (kelvin - earlier(kelvin, 1))
                unknown = np.isnan(growth)
                growth = np.where(unknown, 0.0, growth)
            else:
                growth, unknown = np.zeros(columns), np.ones(columns, bool)
            thermal[i] = growth
            low[i] += growth
            high[i] += growth
            warmth[i] = np.where(unknown, volume[i] * expansion * _UNKNOWN_WARMING * dt, 0.0)
        view.cache["balance"] = balance = Balance(volume, step, low, high, metered, sigma, moving, warmth, thermal)
        return balance

    def unexplained(self, view: View) -> Floats:
        """Step beyond its interval, signed, m3 per frame: float64[n, c + k]."""
        balance = self.over(view)
        return np.minimum(balance.step - balance.low, 0.0) + np.maximum(balance.step - balance.high, 0.0)
