"""The layout of a network as its operators see it: areas of open pipes, and what lies between them.

A network model draws every pipe; a plant is run by its tanks, pumps, valves, sources and districts. Junctions that
plain open pipes join become one area. Tanks, reservoirs, pumps, valves, check valves and pipes that are metered,
switched or shut bound it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import networkx as nx

__all__ = ["Area", "Layout", "Place", "Way", "lay_out", "mean_demand"]

_ONE_WAY_VALVES = ("PRV", "PSV", "FCV")
_STATION_M = 300.0
"""Pumps side by side are one station when their suctions lie within this length of pipe."""


class Place(NamedTuple):
    """An end of a way: a node of the model by its name, or an area by its number."""

    kind: str
    key: str | int


@dataclass
class Area:
    """Junctions that plain open pipes join.

    Attributes:
        nodes: names of its junctions, in the model's order.
        demand: what its customers draw on average, m3/s; metered customers are not counted.
        ground: lowest and highest elevation, m.
    """

    nodes: tuple[str, ...]
    demand: float
    ground: tuple[float, float]


@dataclass
class Way:
    """What can flow from one place to another, through which links of the model (none: plain pipes)."""

    start: Place
    end: Place
    through: tuple[str, ...] = ()
    two_way: bool = False


@dataclass
class Layout:
    """What is kept of a network.

    Attributes:
        areas: by number; those taken up by what bounds them are gone.
        ways: between tanks, reservoirs, areas and points.
        points: junctions that stand for themselves, with the place they lie in: metered, with customers or sources of
            their own, or the end of a link that lies within one area.
        movers: pumps, valves and pipes that are metered, switched or shut, in the model's order.
        stations: pumps side by side, two or more.
        shut: pipes closed in the model that no control opens.
        dropped: sentences on what was left out.
    """

    areas: dict[int, Area] = field(default_factory=dict)
    ways: list[Way] = field(default_factory=list)
    points: dict[str, Place] = field(default_factory=dict)
    movers: list[str] = field(default_factory=list)
    stations: list[tuple[str, ...]] = field(default_factory=list)
    shut: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)


def mean_demand(network: Any, node: Any) -> float:
    """What is drawn at a junction on average over its patterns, m3/s; below zero where water comes in."""
    total = 0.0
    for demand in node.demand_timeseries_list:
        pattern = demand.pattern
        factors = pattern.multipliers if pattern is not None else ()
        mean = float(sum(factors)) / len(factors) if len(factors) else 1.0
        total += float(demand.base_value) * mean
    return total * float(network.options.hydraulic.demand_multiplier)


def lay_out(
    network: Any,
    *,
    switched: Collection[str],
    metered_links: Collection[str],
    metered_nodes: Collection[str],
    points: Collection[str],
) -> Layout:
    """Find areas and what lies between them.

    Args:
        network: a `wntr.network.WaterNetworkModel`.
        switched: links that a control acts on.
        metered_links: links with a meter: they bound areas.
        metered_nodes: nodes with a meter of what they draw or give: a junction with one is a customer of its own.
        points: junctions that must stay by themselves, such as those with a pressure gauge.
    """
    return _Layouter(network, switched, metered_links, metered_nodes, points).layout


class _Layouter:
    def __init__(
        self,
        network: Any,
        switched: Collection[str],
        metered_links: Collection[str],
        metered_nodes: Collection[str],
        points: Collection[str],
    ) -> None:
        self.nodes, self.links = dict(network.nodes()), dict(network.links())
        self.layout = Layout()
        self.demand = {name: mean_demand(network, self.nodes[name]) for name in network.junction_name_list}
        # A junction where water comes in is a source that the model doesn't draw: a well, a neighbour's main.
        own = {name for name, drawn in self.demand.items() if drawn < 0 or name in metered_nodes}
        self.kept = {*network.tank_name_list, *network.reservoir_name_list}
        self.metered_links, self.metered_nodes = metered_links, metered_nodes
        self.place: dict[str, Place] = {name: Place("node", name) for name in self.kept}
        self._choose(network, switched)
        self._find_areas(own)
        self._find_ways(own)
        for name in network.junction_name_list:
            if name in own or name in points:
                self.layout.points.setdefault(name, self.place[name])
        self._simplify()
        self._find_stations(network)

    def _choose(self, network: Any, switched: Collection[str]) -> None:
        """Pumps, valves, and the pipes that are more than pipes."""
        for name in network.pipe_name_list:
            closed = str(self.links[name].initial_status) == "Closed"
            if closed and name not in switched:
                self.layout.shut.add(name)
            if closed or name in switched or name in self.metered_links:
                self.layout.movers.append(name)
        self.layout.movers[:0] = [*network.pump_name_list, *network.valve_name_list]
        moving = set(self.layout.movers)
        self.pipes = [link for name, link in self.links.items() if name not in moving]

    def _find_areas(self, own: Collection[str]) -> None:
        graph: Any = nx.Graph()
        graph.add_nodes_from(name for name in self.nodes if name not in self.kept)
        # A check valve parts what lies before it from what lies behind, as a pump does.
        ends = [(pipe.start_node_name, pipe.end_node_name) for pipe in self.pipes if not pipe.check_valve]
        graph.add_edges_from(pair for pair in ends if not set(pair) & self.kept)
        order = {name: number for number, name in enumerate(self.nodes)}
        for number, members in enumerate(nx.connected_components(graph)):
            nodes = tuple(sorted(members, key=order.__getitem__))
            ground = [float(self.nodes[name].elevation) for name in nodes]
            drawn = sum(self.demand[name] for name in nodes if name not in own)
            self.layout.areas[number] = Area(nodes, drawn, (min(ground), max(ground)))
            self.place.update(dict.fromkeys(nodes, Place("area", number)))

    def _find_ways(self, own: Collection[str]) -> None:
        plain: dict[frozenset[Place], set[tuple[Place, Place]]] = defaultdict(set)
        for pipe in self.pipes:
            start, end = self.place[pipe.start_node_name], self.place[pipe.end_node_name]
            if start != end:
                plain[frozenset((start, end))] |= {(start, end)} if pipe.check_valve else {(start, end), (end, start)}
        for directions in plain.values():
            start, end = min(directions, key=str)
            self.layout.ways.append(Way(start, end, (), len(directions) == 2))
        for name in self.layout.movers:
            link = self.links[name]
            start, end = self.place[link.start_node_name], self.place[link.end_node_name]
            if start == end and link.start_node_name == link.end_node_name:
                self.layout.dropped.append(f"link {name}, which ends where it begins")
                continue
            if start == end:  # it lies within one area: an end stands for itself, or it would join nothing
                # A customer or source is where water leaves or comes in, and nothing flows through it.
                if link.end_node_name not in own:
                    end = self._alone(link.end_node_name)
                elif link.start_node_name not in own:
                    start = self._alone(link.start_node_name)
                else:
                    end = self._beside(start, link.end_node_name)
            self.layout.ways.append(Way(start, end, (name,), not _one_way(link)))

    def _alone(self, node: str) -> Place:
        """The place of a junction that stands for itself."""
        self.layout.points.setdefault(node, self.place[node])
        return Place("node", node)

    def _beside(self, area: Place, node: str) -> Place:
        """An area of its own for the pipes at a customer's junction, joined to the one it lies in."""
        ground = float(self.nodes[node].elevation)
        place = Place("area", max(self.layout.areas) + 1)
        self.layout.areas[max(self.layout.areas) + 1] = Area((node,), 0.0, (ground, ground))
        self.layout.ways.append(Way(area, place, (), True))
        return place

    def _simplify(self) -> None:
        """Areas without customers of their own are the pipes of what they join, where that changes nothing."""
        changed = True
        while changed:
            changed = False
            for number in list(self.layout.areas):
                changed |= self._taken_up(number)

    def _taken_up(self, number: int) -> bool:
        area, here = self.layout.areas[number], Place("area", number)
        if area.demand > 0:
            return False
        ways = [way for way in self.layout.ways if here in (way.start, way.end)]
        points = [name for name, place in self.layout.points.items() if place == here]
        joined = [way for way in ways if not way.through and way.two_way]
        if not ways and not points:
            del self.layout.areas[number]
            self.layout.dropped.append(f"{_counted(area.nodes)} that nothing joins to the network")
            return True
        if len(joined) == 1 and len(ways) + len(points) > 1:
            return self._merged(number, joined[0], [way for way in ways if way is not joined[0]])
        if len(ways) == 2 and not points and all(way.through for way in ways):
            return self._in_series(number, ways)
        return False

    def _merged(self, number: int, plain: Way, others: list[Way]) -> bool:
        """Into the tank or reservoir that a plain pipe joins it to."""
        here = Place("area", number)
        other = plain.end if plain.start == here else plain.start
        if other.key in self.metered_nodes or any(other in (way.start, way.end) for way in others):
            return False
        for way in others:
            way.start, way.end = (other if end == here else end for end in (way.start, way.end))
        for name, place in self.layout.points.items():
            if place == here:
                self.layout.points[name] = other
        self.layout.ways.remove(plain)
        del self.layout.areas[number]
        return True

    def _in_series(self, number: int, moving: list[Way]) -> bool:
        """Two links one behind the other become one way through both."""
        here = Place("area", number)
        inward = [way for way in moving if way.end == here] or [way for way in moving if way.two_way]
        if not inward:
            return False
        first = inward[0]
        second = moving[1 - moving.index(first)]
        start, led = (first.start, first.through) if first.end == here else (first.end, first.through[::-1])
        if second.start == here:
            end, on = second.end, second.through
        elif second.two_way:
            end, on = second.start, second.through[::-1]
        else:
            return False
        metered = [name for name in (*led, *on) if name in self.metered_links]
        turned = (*(led if first.end != here else ()), *(on if second.start != here else ()))
        if start == end or len(metered) > 1 or set(metered) & set(turned):  # a meter keeps its own way and direction
            return False
        self.layout.ways[self.layout.ways.index(first)] = Way(start, end, (*led, *on), first.two_way and second.two_way)
        self.layout.ways.remove(second)
        del self.layout.areas[number]
        return True

    def _find_stations(self, network: Any) -> None:
        """Pumps between the same two places whose suctions or deliveries lie close together."""
        pumps = set(network.pump_name_list)
        beside: dict[tuple[Place, Place], list[str]] = defaultdict(list)
        for way in self.layout.ways:
            for name in way.through:
                if name in pumps:
                    beside[way.start, way.end].append(name)
        graph: Any = nx.Graph()
        for pipe in self.pipes:
            graph.add_edge(pipe.start_node_name, pipe.end_node_name, weight=float(pipe.length))
        for group in beside.values():
            left = list(group)
            while left:
                station = [left.pop(0)]
                for name in station:
                    near = self._near(graph, name) if left else set()
                    joined = [other for other in left if near & set(self._ends(other))]
                    station += joined
                    left = [other for other in left if other not in joined]
                if len(station) > 1:
                    self.layout.stations.append(tuple(name for name in group if name in station))

    def _ends(self, name: str) -> tuple[str, str]:
        return self.links[name].start_node_name, self.links[name].end_node_name

    def _near(self, graph: Any, name: str) -> set[str]:
        near = set(self._ends(name))
        suction = self.links[name].start_node_name
        if suction in graph:
            near |= set(nx.single_source_dijkstra_path_length(graph, suction, cutoff=_STATION_M))
        return near


def _one_way(link: Any) -> bool:
    if link.link_type == "Valve":
        return link.valve_type in _ONE_WAY_VALVES
    return link.link_type == "Pump" or bool(link.check_valve)


def _counted(nodes: Collection[str]) -> str:
    return f"junction {next(iter(nodes))}" if len(nodes) == 1 else f"{len(nodes)} junctions, {next(iter(nodes))} first,"
