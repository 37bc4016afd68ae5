"""The ground tracks move over: closed zones, what stands in them, how far and how long it is to them."""

import math
from dataclasses import dataclass
from typing import Any, Final

from infrastress.detectors.tracks.options import NATURE
from infrastress.detectors.tracks.smoothing import Smooth
from infrastress.detectors.tracks.track import Where
from infrastress.events import TrackPoint
from infrastress.events.kinds import TrackedObject
from infrastress.site import Site
from infrastress.site.context import Zone
from infrastress.site.geo import Georeference

__all__ = ["ClosedZone", "Ground"]

_NEAR_ASSET_M: Final = 150.0
"""How far an asset may be to be named as what is near."""


@dataclass(frozen=True)
class ClosedZone:
    """A zone that some tracks may not enter.

    Attributes:
        id, name: its.
        closed_to: kinds of object.
        grave: restricted or explosive, where being inside is danger by itself.
        shape: polygon in the site's metres.
    """

    id: str
    name: str
    closed_to: frozenset[str]
    grave: bool
    shape: Any

    def concerns(self, what: TrackedObject) -> bool:
        """Whether it is closed to such an object; what is unknown may be anything, animals may go anywhere."""
        return what in self.closed_to or (what == "unknown" and bool(self.closed_to))

    def depth(self, x: float, y: float) -> float:
        """How far inside of its border a point lies, m; negative outside."""
        import shapely

        away = float(shapely.distance(self.shape.exterior, shapely.Point(x, y)))
        return away if shapely.contains_xy(self.shape, x, y) else -away

    def reached(self, state: Smooth, within_s: float) -> float | None:
        """Seconds until the straight way on meets it; None where that is longer than `within_s`, or never."""
        import shapely

        speed = state.speed
        if speed <= 0:
            return None
        way = shapely.LineString([(state.x, state.y), (state.x + state.vx * within_s, state.y + state.vy * within_s)])
        if not way.intersects(self.shape):
            return None
        return float(shapely.distance(shapely.Point(state.x, state.y), way.intersection(self.shape))) / speed


class Ground:
    """Closed zones and assets of a site.

    Attributes:
        geo: from latitude and longitude to the site's metres.
        zones: closed ones with a polygon, in the site's order.
    """

    def __init__(self, site: Site) -> None:
        self.geo = Georeference(site.location)
        self.zones = [_closed(zone) for zone in site.zones if zone.closed_to and zone.polygon]
        worth = [asset for asset in site.assets if asset.position is not None and asset.criticality >= 3]
        self._assets = [(asset.id, asset.position, asset.criticality) for asset in worth if asset.position is not None]

    def where(self, point: TrackPoint, sigma_m: float) -> Where:
        """A point of a track in the site's metres; `sigma_m` where its sensor tells no accuracy."""
        x, y = self.geo.to_site(point.latitude, point.longitude)
        velocity = None
        speed, course = point.speed_m_s, point.course_deg
        if speed is not None and course is not None and 0 <= speed <= NATURE[point.what].fastest:
            velocity = self.geo.along(course, speed)
        return Where(x, y, point.accuracy_m or sigma_m, velocity)

    def nearest(self, x: float, y: float) -> tuple[str, float] | None:
        """The most critical asset near a point, of those the nearest; and how far it is, m."""
        best: tuple[int, float, str] | None = None
        for name, (ax, ay), critical in self._assets:
            away = math.hypot(ax - x, ay - y)
            if away <= _NEAR_ASSET_M and (best is None or (-critical, away, name) < best):
                best = (-critical, away, name)
        return None if best is None else (best[2], best[1])


def _closed(zone: Zone) -> ClosedZone:
    import shapely

    shape = shapely.Polygon(zone.polygon)
    shapely.prepare(shape)
    grave = zone.access == "restricted" or zone.explosive != "none"
    return ClosedZone(zone.id, zone.name or zone.id, frozenset(zone.closed_to), grave, shape)
