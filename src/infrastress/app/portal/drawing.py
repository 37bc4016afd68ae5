"""A small map of the site and its surroundings as SVG, and what a touch on it means; shows what anybody may know."""

from markupsafe import escape

from infrastress.site import Site
from infrastress.site.base import Point
from infrastress.site.geo import Georeference

__all__ = ["HEIGHT", "WIDTH", "Drawing"]

WIDTH, HEIGHT = 300, 225
_MARGIN = 0.12


class Drawing:
    """The map of a site; north is up where the site's own axes point there.

    Args:
        site: the site model.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._earth = site, Georeference(site.location)
        points = [*(site.location.boundary or []), *(one.position for one in site.receptors)]
        self.possible = self._earth.known and len(points) > 1
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
        width, height = max(max(xs) - min(xs), 50.0), max(max(ys) - min(ys), 50.0)
        self._scale = min(WIDTH / width, HEIGHT / height) * (1 - 2 * _MARGIN)
        self._middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def touched(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude, degrees, of a pixel."""
        east = self._middle[0] + (x - WIDTH / 2) / self._scale
        north = self._middle[1] - (y - HEIGHT / 2) / self._scale
        latitude, longitude = self._earth.to_earth((east, north))
        return round(latitude, 5), round(longitude, 5)

    def svg(self, mark: tuple[float, float] | None) -> str:
        """The picture, with a mark at a latitude and longitude."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}"><rect width="100%" height="100%" fill="#eef2f5"/>'
        ]
        if self._site.location.boundary:
            corners = " ".join("{:.1f},{:.1f}".format(*self._pixel(corner)) for corner in self._site.location.boundary)
            parts.append(f'<polygon points="{corners}" fill="#c9ced6" stroke="#57606a"/>')
            x, y = self._pixel(_middle(self._site.location.boundary))
            parts.append(_text(x, y, self._site.name or self._site.id, bold=True))
        taken: list[tuple[float, float]] = []
        for receptor in self._site.receptors:
            x, y = self._pixel(receptor.position)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0b57a4"/>')
            if all(abs(y - b) > 11 or abs(x - a) > 90 for a, b in taken):
                taken.append((x, y))
                parts.append(_text(x, y - 6, receptor.name or receptor.id))
        if mark is not None:
            x, y = self._pixel(self._earth.to_site(*mark))
            parts.append(
                f'<path d="M{x:.1f} {y:.1f} l-7 -16 a7.5 7.5 0 1 1 14 0 z" fill="#a40e26" stroke="#fff" '
                'stroke-width="1.5"/>'
            )
        return "".join([*parts, "</svg>"])

    def _pixel(self, point: Point) -> tuple[float, float]:
        return (
            WIDTH / 2 + (point[0] - self._middle[0]) * self._scale,
            HEIGHT / 2 - (point[1] - self._middle[1]) * self._scale,
        )


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    anchor = "middle"
    if x > WIDTH - 45:
        anchor = "end"
    elif x < 45:
        anchor = "start"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="10" text-anchor="{anchor}"{weight} '
        f'fill="#1b1f24" paint-order="stroke" stroke="#eef2f5" stroke-width="2">{escape(text[:28])}</text>'
    )


def _middle(corners: list[Point]) -> Point:
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)
