"""The wind as the site's own mast tells it, and what lies upwind of those who report."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from infrastress.core.time import MINUTE
from infrastress.events.frames import Frames
from infrastress.site import Site
from infrastress.site.base import Point
from infrastress.site.geo import Georeference

__all__ = ["Mast", "Place", "Surroundings", "Wind", "sector_of", "within"]

_MEAN = 10 * MINUTE
_KEPT = 130 * MINUTE
_CALM_M_S = 0.5
"""Below, a wind vane tells no direction."""
_LIGHT_M_S, _LIGHT_FACTOR = 1.5, 2.0
"""In a lighter wind directions wander: the sector is wider."""
_FULL = 360.0
_NAMED_M = 2.0
"""Five decimals of a degree are a metre."""


class Wind(NamedTuple):
    """From where (degrees from true north over east) and how fast, m/s."""

    from_deg: float
    speed_m_s: float


class Place(NamedTuple):
    """An area of the site: its name, its corners and middle, and how many hazards lie in it."""

    name: str
    points: tuple[Point, ...]
    hazards: int


class Mast:
    """The last two hours of wind, frame by frame: (end, sine and cosine of the direction, speed)."""

    def __init__(self, site: Site) -> None:
        self.directions = tuple(signal.id for signal in site.signals if signal.kind == "wind_direction")
        self.speeds = tuple(signal.id for signal in site.signals if signal.kind == "wind_speed")
        self.kept: list[tuple[int, float, float, float]] = []

    def take(self, frames: Frames, number: int) -> None:
        """One frame, by its number."""
        # Directions come in rad as all angles do.
        angle, speed = (_last(frames, number, tags) for tags in (self.directions, self.speeds))
        if angle is None:
            return
        end = int(frames.ends[number])
        self.kept.append((end, math.sin(angle), math.cos(angle), -1.0 if speed is None else speed))
        while self.kept[0][0] < end - _KEPT:
            del self.kept[0]

    def at(self, moment: int) -> Wind | None:
        """The mean of the ten minutes before a moment: of vectors of length 1, and of speeds.

        None where nothing was told, or the air stood still.
        """
        rows = [row for row in self.kept if moment - _MEAN < row[0] <= moment]
        if not rows:
            return None
        east, north = sum(row[1] for row in rows), sum(row[2] for row in rows)
        speeds = [row[3] for row in rows if row[3] >= 0]
        speed = sum(speeds) / len(speeds) if speeds else _LIGHT_M_S
        if speed < _CALM_M_S or math.hypot(east, north) < 1e-9:
            return None
        return Wind(math.degrees(math.atan2(east, north)) % _FULL, speed)


def _last(frames: Frames, number: int, tags: Sequence[str]) -> float | None:
    for tag in tags:
        if tag in frames.tags:
            value = float(frames.last[number, frames.tags.index(tag)])
            if math.isfinite(value):
                return value
    return None


def sector_of(wind: Wind, half_deg: float) -> tuple[float, float]:
    """Bearings between which the source lies, seen from whoever smells it; wider in a light wind."""
    half = half_deg * (_LIGHT_FACTOR if wind.speed_m_s < _LIGHT_M_S else 1.0)
    return (wind.from_deg - half) % _FULL, (wind.from_deg + half) % _FULL


def within(bearing: float, sector: tuple[float, float]) -> bool:
    """Whether a bearing lies in a sector that runs clockwise from its first to its second."""
    return (bearing - sector[0]) % _FULL <= (sector[1] - sector[0]) % _FULL


class Surroundings:
    """Where the site's areas lie, seen from outside."""

    def __init__(self, site: Site) -> None:
        self.earth = Georeference(site.location)
        self._positions = {asset.id: asset.position for asset in site.assets if asset.position is not None}
        self._names = [receptor.position for receptor in site.receptors]
        hazardous = {hazard.asset for hazard in site.hazards}
        where = {asset.id: asset.zone for asset in site.assets}
        self.places = tuple(
            Place(
                zone.name or zone.id,
                (*zone.polygon, _middle(zone.polygon)),
                sum(where.get(asset) == zone.id for asset in hazardous),
            )
            for zone in site.zones
            if zone.polygon is not None and zone.access != "public"
        )

    def position(self, latitude: float | None, longitude: float | None, assets: Sequence[str]) -> Point | None:
        """In the site's metres, of a report or a sensor; None where it doesn't say, or can't be."""
        if latitude is not None and longitude is not None and self.earth.known:
            if math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180:
                return self.earth.to_site(latitude, longitude)
            return None
        return next((self._positions[asset] for asset in assets if asset in self._positions), None)

    def is_named(self, point: Point) -> bool:
        """Whether a point is that of a receptor, as somebody gives it who chooses one by its name."""
        return any(math.dist(point, one) <= _NAMED_M for one in self._names)

    def distance(self, point: Point) -> float:
        """To the nearest corner or middle of an area, m; 0 where the site has none."""
        return min((math.dist(point, one) for place in self.places for one in place.points), default=0.0)

    def upwind(self, point: Point, sector: tuple[float, float]) -> tuple[Place, ...]:
        """Areas of which a corner or the middle lies in the sector, seen from a point."""
        return tuple(
            place
            for place in self.places
            if any(one == point or within(self.earth.bearing(point, one), sector) for one in place.points)
        )


def _middle(corners: Sequence[Point]) -> Point:
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)
