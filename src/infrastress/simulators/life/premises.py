"""The lie of the land: which doors lead to a zone, how long the walk is, whose room is where."""

from math import hypot

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.simulators.life.ranges import RANGES
from infrastress.site import Site
from infrastress.site.assets import Door, Fence, GasDetector, Host, SafetyDevice
from infrastress.site.context import Person
from infrastress.site.geo import Georeference

__all__ = ["Premises"]

_HOP = 12


class Premises:
    """Doors, zones and devices of a site.

    A door whose `zone` is what it leads to is a gate: outside of it is the street.

    Args:
        site: the site model.

    Raises:
        SimulationError: the site has no doors or no staff.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.doors: dict[str, Door] = {one.id: one for one in site.assets if isinstance(one, Door)}
        self.door_to: dict[str, Door] = {one.leads_to: one for one in self.doors.values()}
        self.ways = {zone: self._way(zone) for zone in self.door_to}
        self.zones = {zone.id: zone for zone in site.zones}
        self.restricted = [z for z in self.ways if self.zones[z].access == "restricted"]
        self.staff = [one for one in site.people if one.role != "visitor" and self.way_of(one)]
        self.visitors = [one for one in site.people if one.role == "visitor" and self.way_of(one)]
        if not self.doors or not self.staff:
            raise SimulationError("life needs doors, and people with zones and shifts", where=site.id)
        self.heads = [one for one in site.assets if isinstance(one, GasDetector)]
        self.fences = [one for one in site.assets if isinstance(one, Fence)]
        self.fire = [one for one in site.assets if isinstance(one, SafetyDevice)]
        self.hosts: dict[str, Host] = {one.id: one for one in site.assets if isinstance(one, Host)}
        self.earth = Georeference(site.location)

    def _way(self, zone: str) -> tuple[str, ...]:
        """Doors from the street to a zone, in order."""
        way: list[str] = []
        here: str | None = zone
        while here in self.door_to and len(way) < _HOP:
            door = self.door_to[here]
            way.insert(0, door.id)
            here = None if door.zone == door.leads_to else door.zone
        return tuple(way)

    def way_of(self, person: Person) -> tuple[str, ...]:
        """The way to somebody's first zone; empty where there is none, or no shift."""
        return self.ways.get(person.zones[0], ()) if person.zones and person.shifts else ()

    def between(self, here: str | None, there: str | None) -> list[tuple[str, str]]:
        """Doors and directions from one zone to another; None is the street."""
        first = self.ways.get(here, ()) if here else ()
        second = self.ways.get(there, ()) if there else ()
        shared = 0
        while shared < min(len(first), len(second)) and first[shared] == second[shared]:
            shared += 1
        return [(door, "out") for door in reversed(first[shared:])] + [(door, "in") for door in second[shared:]]

    def walk_s(self, before: str | None, door: str, stream: np.random.Generator) -> float:
        """Seconds from one door to the next."""
        idle = float(stream.uniform(*RANGES.unhurried_s))
        if before is None:
            return idle
        if self._gate(before) != self._gate(door):
            return float(stream.uniform(*RANGES.drive_s))
        one, other = self.doors[before].position, self.doors[door].position
        if one is None or other is None or not self.earth.known:
            return float(stream.uniform(*RANGES.unmapped_walk_s))
        return idle + hypot(other[0] - one[0], other[1] - one[1]) / float(stream.uniform(*RANGES.walk_m_s))

    def _gate(self, door: str) -> str:
        way = self.ways[self.doors[door].leads_to]
        return way[0]

    def home(self, person: Person) -> str:
        """The room somebody works in: the first behind a door that is no gate and not explosive, or the first zone."""
        rooms = [zone for zone in person.zones if len(self.ways.get(zone, ())) > 1]
        gate = self.ways[person.zones[0]][0]
        fit = [z for z in rooms if self.zones[z].explosive == "none" and self.ways[z][0] == gate]
        return fit[0] if fit else person.zones[0]

    def fields(self, person: Person) -> list[str]:
        """Where else somebody's work is, behind doors."""
        home = self.home(person)
        return [zone for zone in person.zones if zone in self.ways and zone not in (home, person.zones[0])]

    def desk(self, zone: str) -> str | None:
        """A computer somebody sits at in a zone."""
        wanted = ("workstation", "hmi", "engineering")
        return next((one.id for one in self.hosts.values() if one.zone == zone and one.role in wanted), None)

    def jump(self, person: Person) -> str | None:
        """The computer in the demilitarised zone that somebody may come in by from outside."""
        return next((h for h in person.hosts if h in self.hosts and self.hosts[h].security_zone == "dmz"), None)

    def device_zone(self, device: str) -> str:
        """The zone a device stands in."""
        found = self.site.asset_by_id.get(device)
        return (found.zone or "") if found is not None else ""
