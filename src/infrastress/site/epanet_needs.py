"""What each part of a network needs: every way by which water can come to it, and how long its tanks last.

The ways are laid out from the sources outwards, so that no two parts need each other: of two areas that can feed each
other the one nearer to a source (by the number of pumps, valves and mains between) feeds the other. A tank that only
floats on an area is one more way by which water comes to that area, and itself needs what else feeds the area.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum
from typing import Any

import networkx as nx

from infrastress.site.epanet_areas import Layout, Place

__all__ = ["Need", "Needs", "Tankful", "find_needs"]


@dataclass(frozen=True)
class Tankful:
    """How long tanks last together: usable `volume` in m3 over `demand` in m3/h, the mean of all that they feed."""

    tanks: tuple[str, ...]
    volume: float
    demand: float

    @property
    def hours(self) -> float:
        """Usable volume over average demand."""
        return self.volume / self.demand


@dataclass
class Need:
    """`of` needs any of `on`: places, or links of the model by name."""

    of: Place | str
    on: list[Place | str] = field(default_factory=list)
    tankful: Tankful | None = None


@dataclass
class Needs:
    """What needs what, and the places that no source reaches."""

    needs: list[Need]
    unreached: list[Place]


def find_needs(layout: Layout, sources: list[Place], tanks: Mapping[str, float], drawn: Mapping[Place, float]) -> Needs:
    """Find what each area, tank, point and link needs.

    Args:
        layout: areas and ways.
        sources: reservoirs and other places where water comes in.
        tanks: usable volume of each tank, m3.
        drawn: mean demand of places, m3/h.
    """
    ways = list(_directed(layout))
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from(sources)
    for start, end, through in ways:
        graph.add_edge(start, end, through=through)
    order = _order(graph, sources, [Place("node", name) for name in tanks])
    feeds = _feeds(graph, sources, order)
    places = sorted(order, key=order.__getitem__)
    floats = {place: on for place in places if place.key in tanks and (on := _floats_on(place, graph, feeds, tanks))}
    found = _Found()
    for place in places:
        for start, _, through in feeds.in_edges(place, data="through"):
            found.along((start, *through, place))
    for tank, areas in floats.items():
        ways_in = [one for area in areas for one in found.ways_into(area)]
        found.needs[tank].on = [one for one in dict.fromkeys(ways_in) if one not in floats]
    for tank, areas in floats.items():
        for area in areas:
            found.along((tank, area))
    for place in places:
        if place.key in tanks and place in found.needs:
            found.needs[place].tankful = _tankful(place, feeds, floats, tanks, drawn)
    for start, _, through in ways:  # links that only lead back still need what they draw from
        if start in order and through and through[0] not in found.needs:
            found.along((start, *through))
    return Needs(list(found.needs.values()), [place for place in graph if place not in order])


class _Found:
    """Needs by what is in need."""

    def __init__(self) -> None:
        self.needs: dict[Place | str, Need] = {}

    def along(self, chain: tuple[Place | str, ...]) -> None:
        """Each link or place of a chain needs the one before."""
        for before, behind in pairwise(chain):
            need = self.needs.setdefault(behind, Need(behind))
            if before not in need.on:
                need.on.append(before)

    def ways_into(self, place: Place) -> list[Place | str]:
        """What brings water to a place: a source is its own."""
        return self.needs[place].on if place in self.needs else [place]


def _feeds(graph: Any, sources: list[Place], order: Mapping[Place, int]) -> Any:
    """The edges that lead away from the sources: no two places feed each other."""
    parts = enumerate(nx.strongly_connected_components(graph))
    part = {place: number for number, places in parts for place in places}
    feeds: Any = nx.MultiDiGraph()
    feeds.add_nodes_from(graph)
    for start, end, through in graph.edges(data="through"):
        known = start in order and end in order and end not in sources
        if known and (part[start] != part[end] or order[start] < order[end]):
            feeds.add_edge(start, end, through=through)
    return feeds


def _directed(layout: Layout) -> Iterator[tuple[Place, Place, tuple[str, ...]]]:
    for way in layout.ways:
        if not set(way.through) & layout.shut:
            yield way.start, way.end, way.through
            if way.two_way:
                yield way.end, way.start, way.through[::-1]
    for name, place in layout.points.items():
        yield place, Place("node", name), ()
        yield Place("node", name), place, ()


def _order(graph: Any, sources: list[Place], tanks: list[Place]) -> dict[Place, int]:
    """Places in the order in which water reaches them from the sources; then from tanks that none reaches."""
    order: dict[Place, int] = {}
    for starts in (sources, *([tank] for tank in tanks)):
        queue = deque(place for place in starts if place in graph and place not in order)
        for place in queue:
            order[place] = len(order)
        while queue:
            for following in graph.successors(queue.popleft()):
                if following not in order:
                    order[following] = len(order)
                    queue.append(following)
    return order


def _floats_on(tank: Place, graph: Any, feeds: Any, tanks: Mapping[str, float]) -> list[Place]:
    """Areas that fill a tank by the same plain pipes by which it feeds them, where it feeds nothing but tanks."""
    if tank.kind != "node" or any(end.key not in tanks for end in feeds.successors(tank)):
        return []
    on = [start for start, _, through in feeds.in_edges(tank, data="through") if not through]
    back = {end for _, end, through in graph.out_edges(tank, data="through") if not through}
    return [area for area in on if area.kind == "area" and area in back] if len(on) == feeds.in_degree(tank) else []


def _tankful(
    place: Place,
    feeds: Any,
    floats: Mapping[Place, list[Place]],
    tanks: Mapping[str, float],
    drawn: Mapping[Place, float],
) -> Tankful | None:
    """Of all tanks that float beside this one, over what their areas feed; else of this one, over what it feeds."""
    starts, mine = [place], {place.key}
    if place in floats:
        starts = floats[place]
        mine = {tank.key for tank, areas in floats.items() if set(areas) & set(starts)}
    served = {one for start in starts for one in (start, *nx.descendants(feeds, start))}
    demand = fsum(drawn.get(one, 0.0) for one in served)
    names = tuple(name for name in tanks if name in mine)
    volume = fsum(tanks[name] for name in names)
    return Tankful(names, volume, demand) if volume > 0 and demand > 0 else None
