"""The site's plan as GeoJSON: zones, assets, what cameras see, roads, receptors."""

from collections.abc import Callable, Sequence
from typing import Any

from infrastress.site import Site
from infrastress.site.geo import Georeference

__all__ = ["plan_of"]

Point = tuple[float, float]


def plan_of(site: Site) -> dict[str, Any]:
    """A FeatureCollection; in longitude and latitude where the site says where it lies, else in its own metres.

    `crs` says which: "WGS84", an EPSG code, or "local" (metres east and north of the site's own zero).
    """
    place, crs = _placing(site)
    features: list[dict[str, Any]] = []

    def add(kind: str, id_: str, geometry: dict[str, Any], **properties: Any) -> None:
        features.append(
            {
                "type": "Feature",
                "id": f"{kind}/{id_}",
                "geometry": geometry,
                "properties": {"kind": kind, "id": id_, **properties},
            }
        )

    def ring(corners: Sequence[Point]) -> dict[str, Any]:
        points = [place(point) for point in corners]
        return {"type": "Polygon", "coordinates": [[*points, points[0]]]}

    if site.location.boundary:
        add("boundary", site.id, ring(site.location.boundary), name=site.name)
    for zone in site.zones:
        if zone.polygon:
            add("zone", zone.id, ring(zone.polygon), name=zone.name, access=zone.access, explosive=zone.explosive)
    for asset in site.assets:
        told = {"name": asset.name, "type": asset.type, "zone": asset.zone, "criticality": asset.criticality}
        if asset.outline:
            add("asset", asset.id, ring(asset.outline), **told)
        elif asset.position:
            add("asset", asset.id, {"type": "Point", "coordinates": place(asset.position)}, **told)
        if asset.type == "camera" and asset.sees:
            add("view", asset.id, ring(asset.sees), camera=asset.id)
        if asset.type == "fence":
            add(
                "fence", asset.id, {"type": "LineString", "coordinates": [place(point) for point in asset.line]}, **told
            )
    for road in site.roads:
        line = {"type": "LineString", "coordinates": [place(point) for point in road.line]}
        add("road", road.id, line, name=road.name, type=road.kind)
    for receptor in site.receptors:
        point = {"type": "Point", "coordinates": place(receptor.position)}
        add("receptor", receptor.id, point, name=receptor.name, type=receptor.kind, population=receptor.population)
    return {"type": "FeatureCollection", "crs": crs, "features": features}


def _placing(site: Site) -> tuple[Callable[[Point], list[float]], str]:
    geo = Georeference(site.location)
    if not geo.known:
        return (lambda point: [float(point[0]), float(point[1])]), site.location.crs

    def place(point: Point) -> list[float]:
        latitude, longitude = geo.to_earth(point)
        return [round(longitude, 8), round(latitude, 8)]

    return place, "WGS84"
