"""Graphs of a site: what flows where, what needs what, and which assets are neighbours."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import networkx as nx

from infrastress.site.control import comparisons
from infrastress.site.model import Site

__all__ = ["dependency_graph", "flow_graph", "neighbours", "network_graph", "process_graph"]

_WATCHING = ("gas_detector", "camera", "flame_detector", "smoke_detector", "call_point", "fence")


def process_graph(site: Site) -> Any:
    """What can flow where: a `networkx.MultiDiGraph` of assets.

    An edge runs along each connection, keyed by its id, with attributes `through` (asset ids), `flow` (signal id or
    None) and `two_way`. Assets outside the process aren't in it; those in `through` are nodes only where a connection
    also ends at them.
    """
    graph = nx.MultiDiGraph()
    for line in site.connections:
        graph.add_edge(line.from_, line.to, key=line.id, through=line.through, flow=line.flow, two_way=line.two_way)
    return graph


def flow_graph(site: Site) -> Any:
    """What flows where, step by step: a `networkx.DiGraph` of assets, pumps and valves on the way among them.

    An edge joins two assets that follow each other along connections; attributes `connections` (their ids), `flows`
    (signals that measure them) and `two_way` (whether one of them runs both ways).
    """
    graph = nx.DiGraph()
    for line in site.connections:
        for one, other in pairwise((line.from_, *line.through, line.to)):
            known = graph.edges[one, other] if graph.has_edge(one, other) else {}
            graph.add_edge(
                one,
                other,
                connections=(*known.get("connections", ()), line.id),
                flows=tuple(dict.fromkeys((*known.get("flows", ()), *((line.flow,) if line.flow else ())))),
                two_way=known.get("two_way", False) or line.two_way,
            )
    return graph


def network_graph(site: Site) -> Any:
    """What reaches what: a `networkx.MultiDiGraph` of security zones, networks, and what has an interface or a zone.

    Nodes are `zone:<id>`, `network:<id>` and asset ids, with attributes `kind` ("security_zone", "network", "asset")
    and `zone` (the security zone it lies in, None where none is said). Edges have a `relation`: `conduit` between
    zones, keyed by its id, with `protocols`; `interface` from an asset to a network, with `address`, `protocol` and
    `port`.
    """
    graph = nx.MultiDiGraph()
    for zone in site.security_zones:
        graph.add_node(f"zone:{zone.id}", kind="security_zone", zone=zone.id)
    within = {network.id: network.security_zone for network in site.networks}
    for name, lies_in in within.items():
        graph.add_node(f"network:{name}", kind="network", zone=lies_in)
    for link in site.conduits:
        ends = f"zone:{link.from_}", f"zone:{link.to}"
        graph.add_edge(*ends, key=link.id, relation="conduit", protocols=link.protocols)
    for asset in site.assets:
        lies_in = asset.security_zone or next((within.get(i.network) for i in asset.interfaces), None)
        if not asset.interfaces and lies_in is None:
            continue
        graph.add_node(asset.id, kind="asset", zone=lies_in)
        for interface in asset.interfaces:
            graph.add_edge(
                asset.id,
                f"network:{interface.network}",
                relation="interface",
                address=interface.address,
                protocol=interface.protocol,
                port=interface.port,
            )
    return graph


def dependency_graph(site: Site) -> Any:
    """What needs what: a `networkx.MultiDiGraph` of asset and service ids, from the one in need to what it needs.

    Edges are keyed by the dependency's id, with attributes `logic` ("all" or "any", over the edges of one key) and
    `buffer_h`.
    """
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(service.id for service in site.services)
    for need in site.dependencies:
        for on in need.on:
            graph.add_edge(need.of, on, key=need.id, logic=need.logic, buffer_h=need.buffer_h)
    return graph


def neighbours(site: Site) -> Any:
    """Which assets are neighbours: a `networkx.Graph` with every asset as node (attribute `type`).

    Each edge has a `relation`, the closest that joins the two:

    - `flow`: next to each other along a connection
    - `switch`: a level switch and its tank
    - `control`: an asset and the controller that reads or drives it, or what an interlock or control rule joins
    - `bund`: a tank and its bund
    - `door`: a door and what stands in the zones it joins
    - `area`: a gas head or camera and what stands in its zone
    - `network`: computers and controllers on one network
    """
    graph = nx.Graph()
    graph.add_nodes_from((asset.id, {"type": asset.type}) for asset in site.assets)

    def join(one: str | None, other: str | None, relation: str) -> None:
        if one is not None and other is not None and one != other and not graph.has_edge(one, other):
            graph.add_edge(one, other, relation=relation)

    for line in site.connections:
        way = (line.from_, *line.through, line.to)
        for one, other in pairwise(way):
            join(one, other, "flow")
    for asset in site.assets:
        if asset.type == "level_switch":
            join(asset.id, asset.tank, "switch")
    for asset in site.assets:
        join(asset.id, asset.controller, "control")
    asset_of = {signal.id: signal.asset for signal in site.signals}
    ruled = [(rule.when.signal, rule.actuator) for rule in site.interlocks]
    ruled += [(part.signal, rule.actuator) for rule in site.control_rules for part in comparisons(rule.when)]
    for condition, actuator in ruled:
        join(asset_of.get(condition), asset_of.get(actuator), "control")
    for asset in site.assets:
        if asset.type == "tank":
            join(asset.id, asset.bund, "bund")
    _by_place(site, join)
    _by_network(site, join)
    return graph


def _by_place(site: Site, join: Any) -> None:
    inside: dict[str, list[str]] = defaultdict(list)
    for asset in site.assets:
        if asset.zone is not None:
            inside[asset.zone].append(asset.id)
    for asset in site.assets:
        if asset.type == "door":
            for zone in (asset.zone, asset.leads_to):
                for other in inside.get(zone or "", ()):
                    join(asset.id, other, "door")
    for asset in site.assets:
        if asset.type in _WATCHING:
            for other in inside.get(asset.zone or "", ()):
                join(asset.id, other, "area")


def _by_network(site: Site, join: Any) -> None:
    members: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for asset in site.assets:
        if asset.type in ("controller", "host"):
            for interface in asset.interfaces:
                members[interface.network].append((asset.id, asset.type))
    for on_it in members.values():
        for one, kind in on_it:
            if kind == "host":
                for other, _ in on_it:
                    join(one, other, "network")
