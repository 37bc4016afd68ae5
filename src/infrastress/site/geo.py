"""Between the site's metres and latitude and longitude (WGS 84)."""

import math

from infrastress.site.base import Point
from infrastress.site.model import Location

__all__ = ["Georeference"]

_A, _E2 = 6_378_137.0, 6.694379990141e-3  # WGS 84: semi-major axis, square of the first eccentricity


class Georeference:
    """A local plane at the site's zero: good to a metre within some tens of kilometres.

    Lengths of a degree are those of the radii of curvature at that latitude (meridian a (1 - e2) / (1 - e2 sin2)^1.5,
    normal a / (1 - e2 sin2)^0.5; J. P. Snyder, Map Projections: A Working Manual, 1987, eqs. 4-18 and 4-20).

    Args:
        where: the site's location.

    Attributes:
        known: whether the site says where on earth it lies, as a local plane.
    """

    def __init__(self, where: Location) -> None:
        self.known = where.crs == "local" and where.latitude is not None and where.longitude is not None
        self._latitude, self._longitude = where.latitude or 0.0, where.longitude or 0.0
        turn = math.radians(where.rotation_deg)
        self._cos, self._sin = math.cos(turn), math.sin(turn)
        sine = math.sin(math.radians(self._latitude))
        curve = 1 - _E2 * sine * sine
        self._north_m = math.radians(1) * _A * (1 - _E2) / curve**1.5
        self._east_m = max(math.radians(1) * _A / math.sqrt(curve) * math.cos(math.radians(self._latitude)), 1e-9)

    def to_earth(self, point: Point) -> tuple[float, float]:
        """Latitude and longitude in degrees of a point in the site's metres.

        Raises:
            ValueError: the site doesn't say where it lies.
        """
        self._needed()
        east = point[0] * self._cos - point[1] * self._sin
        north = point[0] * self._sin + point[1] * self._cos
        return self._latitude + north / self._north_m, self._longitude + east / self._east_m

    def to_site(self, latitude: float, longitude: float) -> Point:
        """The point in the site's metres of a latitude and longitude in degrees; the inverse of `to_earth`.

        Raises:
            ValueError: the site doesn't say where it lies.
        """
        self._needed()
        degrees = (longitude - self._longitude + 180.0) % 360.0 - 180.0
        east, north = degrees * self._east_m, (latitude - self._latitude) * self._north_m
        return east * self._cos + north * self._sin, north * self._cos - east * self._sin

    def along(self, bearing_deg: float, length: float) -> Point:
        """In the site's axes, what goes `length` towards a bearing: the inverse of `bearing`."""
        angle = math.radians(bearing_deg)
        east, north = length * math.sin(angle), length * math.cos(angle)
        return east * self._cos + north * self._sin, north * self._cos - east * self._sin

    def bearing(self, start: Point, end: Point) -> float:
        """Degrees clockwise from true north, 0..360, from one point of the site to another."""
        x, y = end[0] - start[0], end[1] - start[1]
        east, north = x * self._cos - y * self._sin, x * self._sin + y * self._cos
        return math.degrees(math.atan2(east, north)) % 360.0

    def _needed(self) -> None:
        if not self.known:
            raise ValueError("the site doesn't say where on earth it lies (location.latitude, location.longitude)")
