"""Places: where on the asset graph a piece of evidence lies, and which places touch.

Two pieces of evidence are related when a place of one is a place of the other or its neighbour. Places are assets,
`zone:<id>` for a physical zone, and `site:` for what can't be placed more closely.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infrastress.events import Detection
from infrastress.events.kinds import SourceKind
from infrastress.site import Site
from infrastress.site.assets import Controller, Door, GasDetector, LevelSwitch, Tank
from infrastress.site.control import comparisons

if TYPE_CHECKING:  # imported where a graph is made: of the processes that import this, one makes any
    import networkx as nx

__all__ = ["NOWHERE", "REACH_CONDUITS", "SITE_PLACE", "Places", "place_graph", "taking_part"]

SITE_PLACE = "site:"
NOWHERE = "nowhere:"
"""Of what names no asset and is no report, such as a detector that failed: it touches nothing else."""
REACH_CONDUITS = 3
"""Over how many conduits a login is taken to reach controllers: from a jump host in the DMZ, not from an office."""


def place_graph(site: Site) -> "nx.Graph[str]":
    """Places that touch.

    Edges: along each process connection, one step after the other; controller - what it drives; level switch - its
    tank; tank - its bund; condition - actuator of interlocks and control rules; dependant - what it needs; asset - its
    zone; what carries a hazard, its zone and its bund - the site as a whole.
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    graph.add_node(SITE_PLACE)
    assets, signals = site.asset_by_id, site.signal_by_id
    graph.add_nodes_from(assets)
    graph.add_nodes_from(f"zone:{zone.id}" for zone in site.zones)
    for connection in site.connections:
        nx.add_path(graph, (connection.from_, *connection.through, connection.to))
    for asset in site.assets:
        if asset.controller:
            graph.add_edge(asset.id, asset.controller)
        if asset.zone:
            graph.add_edge(asset.id, f"zone:{asset.zone}")
        if isinstance(asset, LevelSwitch):
            graph.add_edge(asset.id, asset.tank)
        if isinstance(asset, Tank) and asset.bund:
            graph.add_edge(asset.id, asset.bund)
    driven = [(rule.when.signal, rule.actuator) for rule in site.interlocks]
    driven += [(part.signal, rule.actuator) for rule in site.control_rules for part in comparisons(rule.when)]
    for condition, actuator in driven:
        if condition in signals and actuator in signals:
            graph.add_edge(signals[condition].asset, signals[actuator].asset)
    for dependency in site.dependencies:
        graph.add_edges_from(
            (dependency.of, other) for other in dependency.on if dependency.of in assets and other in assets
        )
    for hazard in site.hazards:
        graph.add_edge(SITE_PLACE, hazard.asset)
        asset_of = assets.get(hazard.asset)
        if asset_of is not None and asset_of.zone:
            graph.add_edge(SITE_PLACE, f"zone:{asset_of.zone}")
    return graph


def taking_part(body: Detection, site: Site) -> frozenset[str]:
    """Assets whose signals take part in a detection that doesn't say what is wrong: it lies at all of them."""
    if body.suspicion != "unknown" or body.source_kind != "telemetry":
        return frozenset()
    known = site.signal_by_id
    return frozenset(known[part.signal].asset for part in body.contributions if part.signal in known)


class Places:
    """Places of evidence on one site, worked out once and looked up afterwards."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._graph = place_graph(site)
        self._reached = _reached_controllers(site)
        self._in_zone: dict[str, list[str]] = {}
        for asset in site.assets:
            if isinstance(asset, Controller) and asset.zone:
                self._in_zone.setdefault(asset.zone, []).append(asset.id)
        self._of: dict[tuple[tuple[str, ...], str, str], frozenset[str]] = {}
        self._near: dict[frozenset[str], frozenset[str]] = {}

    def of(self, assets: tuple[str, ...], zone: str, source_kind: SourceKind) -> frozenset[str]:
        """Where evidence lies: its assets; for acts also their zone and the controllers within reach.

        A badge lies in the zone it opens and at the controllers that stand there, a login at its host and at the
        controllers that can be reached from it, a gas head in its zone, a report where it says or at the whole site.
        """
        key = (assets, zone, source_kind)
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = self._work_out(assets, zone, source_kind)
        return found

    def near(self, places: frozenset[str]) -> frozenset[str]:
        """These places and all that touch one of them."""
        found = self._near.get(places)
        if found is None:
            touching = set(places)
            for place in places:
                if place in self._graph:
                    touching.update(self._graph[place])
            found = self._near[places] = frozenset(touching)
        return found

    def _work_out(self, assets: tuple[str, ...], zone: str, source_kind: SourceKind) -> frozenset[str]:
        places = set(assets)
        zones: set[str] = set()
        if zone and source_kind != "telemetry":
            zones.add(zone)
        for asset in (self._site.asset_by_id.get(name) for name in assets):
            if isinstance(asset, Door) and not zone:
                zones.add(asset.leads_to)
            elif isinstance(asset, GasDetector) and asset.zone:
                zones.add(asset.zone)
            if asset is not None and source_kind == "network":
                places.update(self._reached.get(asset.security_zone or "", ()))
        places.update(f"zone:{name}" for name in zones)
        if source_kind == "access":
            for name in zones:
                places.update(self._in_zone.get(name, ()))
        return frozenset(places or {SITE_PLACE if source_kind == "reports" else NOWHERE})


def _reached_controllers(site: Site) -> dict[str, list[str]]:
    """Controllers that can be reached from each security zone over at most `REACH_CONDUITS` conduits."""
    import networkx as nx

    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(zone.id for zone in site.security_zones)
    links.add_edges_from((conduit.from_, conduit.to) for conduit in site.conduits)
    inside: dict[str, list[str]] = {}
    for asset in site.assets:
        if isinstance(asset, Controller) and asset.security_zone:
            inside.setdefault(asset.security_zone, []).append(asset.id)

    def within(zone: str) -> Iterable[str]:
        for other in nx.single_source_shortest_path_length(links, zone, cutoff=REACH_CONDUITS):
            yield from inside.get(other, ())

    return {zone: sorted(within(zone)) for zone in links}
