"""The ground: zones, the doors between them, and how far it is from one door to another."""

from heapq import heappop, heappush
from itertools import pairwise
from math import dist, hypot

from infrastress.detectors.observations.notices import raised_by
from infrastress.events.kinds import Severity
from infrastress.site import Site
from infrastress.site.assets import Door
from infrastress.site.base import Point
from infrastress.site.context import Zone

__all__ = ["OFF_SITE", "Ground", "from_line"]

OFF_SITE = ""
"""Where somebody is who left by an outer door."""


class Ground:
    """Zones and doors of a site.

    A door leads from its `zone` to `leads_to`; one whose two sides are the same zone, or that names no zone, is an
    outer door: its other side is off the site.
    """

    def __init__(self, site: Site) -> None:
        self.zones: dict[str, Zone] = {zone.id: zone for zone in site.zones}
        self.doors: dict[str, Door] = {asset.id: asset for asset in site.assets if isinstance(asset, Door)}
        self.sealed = all(door.reads_out for door in self.doors.values() if self.outside(door) == OFF_SITE)
        """Whether every gate reads who leaves: nobody is off the site of whom no read says so."""
        self.behind_doors = frozenset(door.leads_to for door in self.doors.values())
        self._spots = {door.id: spot for door in self.doors.values() if (spot := self._spot(door)) is not None}
        self._by_zone: dict[str, list[str]] = {}
        for door in self.doors.values():
            for zone in {self.outside(door), door.leads_to} - {OFF_SITE}:
                self._by_zone.setdefault(zone, []).append(door.id)
        self._ways: dict[str, dict[str, float]] = {}

    @staticmethod
    def outside(door: Door) -> str:
        """The zone outside of a door, `OFF_SITE` at an outer one."""
        return OFF_SITE if door.zone is None or door.zone == door.leads_to else door.zone

    def grave(self, zone: str) -> bool:
        """Whether a zone is restricted or explosive: what happens there weighs more."""
        known = self.zones.get(zone)
        return known is not None and (known.access == "restricted" or known.explosive != "none")

    def public(self, zone: str) -> bool:
        """Whether anybody may be there."""
        known = self.zones.get(zone)
        return known is not None and known.access == "public"

    def weighed(self, severity: Severity, zone: str) -> Severity:
        """A severity, a step higher in a restricted or explosive zone."""
        return raised_by(severity, 1) if self.grave(zone) else severity

    def where(self, zone: str) -> str:
        """A zone in words."""
        if zone == OFF_SITE:
            return "off the site"
        known = self.zones.get(zone)
        return f"{known.name or known.id} ({known.access})" if known is not None else zone

    def doors_of(self, zone: str) -> list[str]:
        """Doors with a zone on one of their sides."""
        return self._by_zone.get(zone, [])

    def walk(self, one: str, other: str) -> float | None:
        """Metres of the shortest way from one door to another through the zones; None where no way is known.

        Within a zone the way is taken as straight: it is never shorter than that, so nobody is wronged.
        """
        if one not in self._spots or other not in self._spots:
            return None
        ways = self._ways.get(one)
        if ways is None:
            ways = self._ways[one] = self._from(one)
        straight = _apart(self._spots[one], self._spots[other])
        return ways.get(other, straight)

    def spot(self, door: str) -> Point | None:
        """Where a door stands."""
        known = self._spots.get(door)
        return known[0] if known is not None else None

    def _from(self, start: str) -> dict[str, float]:
        found: dict[str, float] = {}
        heap = [(0.0, start)]
        while heap:
            length, door = heappop(heap)
            if door in found:
                continue
            found[door] = length
            for zone in {self.outside(self.doors[door]), self.doors[door].leads_to} - {OFF_SITE}:
                for other in self._by_zone[zone]:
                    if other not in found and other in self._spots:
                        heappush(heap, (length + _apart(self._spots[door], self._spots[other]), other))
        return found

    def _spot(self, door: Door) -> tuple[Point, float] | None:
        """Where a door stands and how well that is known, m: without a position, anywhere on its zone's edge."""
        if door.position is not None:
            return door.position, 0.0
        zone = self.zones.get(door.leads_to)
        if zone is None or zone.polygon is None:
            return None
        corners = zone.polygon
        middle = (sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners))
        return middle, max(dist(middle, corner) for corner in corners)


def _apart(one: tuple[Point, float], other: tuple[Point, float]) -> float:
    return max(0.0, dist(one[0], other[0]) - one[1] - other[1])


def from_line(point: Point, line: list[Point]) -> float:
    """Metres from a point to the nearest of a line."""
    best = dist(point, line[0])
    for (x1, y1), (x2, y2) in pairwise(line):
        dx, dy = x2 - x1, y2 - y1
        length = dx * dx + dy * dy
        share = 0.0 if length == 0 else max(0.0, min(1.0, ((point[0] - x1) * dx + (point[1] - y1) * dy) / length))
        best = min(best, hypot(point[0] - x1 - share * dx, point[1] - y1 - share * dy))
    return best
