"""What a site model says of ways in: zones by their distance from outside, security zones from the office, barriers.

Zone graphs have cycles, a Bayesian network may not. Arrows therefore run from zones nearer to the entry to those
farther from it, and between zones equally far from the first by id to the second: who comes back was there before, and
a detour adds little to a shorter way. At most `MOST_WAYS` ways into a zone are told apart, the nearest, then the first
by id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from infrastress.site import Site
from infrastress.site.assets import Asset, Controller, Door, Host
from infrastress.site.context import Barrier, Hazard

__all__ = ["Ground", "Ways"]

MOST_WAYS = 3
MOST_ROOMS = 2
_OFFICE = 4.0


class Ways(NamedTuple):
    """How a zone is come into: from outside, from zones that lie before it; `hops` is how far from outside it is."""

    entry: bool
    nearer: tuple[str, ...]
    hops: int


class Ground:
    """A site's ways, worked out once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.zones = {zone.id: zone for zone in site.zones}
        self.security = {zone.id: zone for zone in site.security_zones}
        self._network_zone = {network.id: network.security_zone for network in site.networks}
        self.ways = self._physical()
        self.cyber = self._conduits()
        self.rooms = self._rooms()
        self.hazards = {hazard.id: hazard for hazard in site.hazards}
        self.barriers = {barrier.id: barrier for barrier in site.barriers}
        self.against: dict[str, list[Barrier]] = defaultdict(list)
        self.made_of: dict[str, list[str]] = defaultdict(list)
        for barrier in site.barriers:
            for prevented in barrier.prevents:
                self.against[prevented].append(barrier)
            for asset in barrier.assets:
                self.made_of[asset].append(barrier.id)
        self.hazards_of: dict[str, list[Hazard]] = defaultdict(list)
        for hazard in site.hazards:
            self.hazards_of[hazard.asset].append(hazard)

    def security_zone(self, asset: Asset) -> str | None:
        """The security zone an asset lies in."""
        found = asset.security_zone or next((self._network_zone.get(i.network) for i in asset.interfaces), None)
        return found if found in self.security else None

    def controllers_of(self, asset: Asset) -> tuple[str, ...]:
        """The controller that reads or drives an asset, itself where it is one."""
        if isinstance(asset, Controller):
            return (asset.id,)
        return (asset.controller,) if asset.controller in self.site.asset_by_id else ()

    def _physical(self) -> dict[str, Ways]:
        leads: dict[str, set[str]] = {name: set() for name in self.zones}
        outside = {name for name, zone in self.zones.items() if zone.access == "public"}
        for asset in self.site.assets:
            if isinstance(asset, Door) and asset.leads_to in leads:
                if asset.zone in leads and asset.zone != asset.leads_to:
                    leads[asset.zone].add(asset.leads_to)
                    leads[asset.leads_to].add(asset.zone)
                else:
                    outside.add(asset.leads_to)
        return _ways(leads, outside)

    def _conduits(self) -> dict[str, Ways]:
        leads: dict[str, set[str]] = {name: set() for name in self.security}
        for link in self.site.conduits:
            if link.from_ in leads and link.to in leads and link.from_ != link.to:
                leads[link.from_].add(link.to)
        return _ways(leads, {name for name, zone in self.security.items() if zone.level >= _OFFICE})

    def _rooms(self) -> Mapping[str, tuple[str, ...]]:
        """Physical zones in which computers of a security zone stand."""
        found: dict[str, set[str]] = defaultdict(set)
        for asset in self.site.assets:
            zone = self.security_zone(asset)
            if isinstance(asset, Controller | Host) and zone and asset.zone in self.zones:
                found[zone].add(asset.zone)
        return {zone: tuple(sorted(rooms)[:MOST_ROOMS]) for zone, rooms in found.items()}


def _ways(leads: Mapping[str, Iterable[str]], outside: set[str]) -> dict[str, Ways]:
    """Ways by breadth-first distance from outside; a zone that nothing leads to is entered from outside."""
    far: dict[str, int] = {}
    entries = sorted(outside)
    waiting = sorted(leads)
    into = {other for others in leads.values() for other in others}
    if not entries:
        entries = [name for name in waiting if name not in into] or waiting[:1]
    order = list(entries)
    far.update(dict.fromkeys(entries, 0))
    while True:
        for name in order:  # grows as it is gone through
            for other in sorted(leads.get(name, ())):
                if other not in far:
                    far[other] = far[name] + 1
                    order.append(other)
        left = [name for name in waiting if name not in far]
        if not left:
            break
        start = next((name for name in left if name not in into), left[0])
        far[start] = 0
        order.append(start)
    found = {}
    for name in leads:
        comes = sorted((far[other], other) for other in leads if name in leads[other])
        nearer = tuple(other for hops, other in comes if (hops, other) < (far[name], name))[:MOST_WAYS]
        found[name] = Ways(far[name] == 0, nearer, far[name])
    return found
