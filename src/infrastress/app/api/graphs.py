"""Graphs of the site as the API tells them, whole or around a node."""

from typing import Any

import networkx as nx

from infrastress.app.api.problems import ApiError
from infrastress.app.api.standing import Standing
from infrastress.app.api.wire import link
from infrastress.client import site as wire
from infrastress.site.graphs import dependency_graph, flow_graph, network_graph

__all__ = ["graph_of"]


def graph_of(standing: Standing, kind: wire.GraphKind, around: str | None, hops: int) -> wire.Graph:
    """A graph; with `around` only nodes at most `hops` edges from that one, whichever way they run.

    Raises:
        ApiError: there is no such node in it (404).
    """
    site = standing.site
    whole: Any = {"process": flow_graph, "dependency": dependency_graph, "network": network_graph}[kind](site)
    graph = whole
    if around is not None:
        if around not in whole:
            raise ApiError(404, f"there is no {around!r} in the {kind} graph")
        near = nx.single_source_shortest_path_length(whole.to_undirected(as_view=True), around, cutoff=hops)
        graph = whole.subgraph(near)
    edges = {"process": _flows, "dependency": _needs, "network": _links}[kind](graph)
    nodes = [_node(standing, key, fields) for key, fields in graph.nodes(data=True)]
    return wire.Graph(kind=kind, version=site.version, nodes=nodes, edges=edges, total=whole.number_of_nodes())


def _node(standing: Standing, key: str, fields: dict[str, Any]) -> wire.GraphNode:
    site = standing.site
    asset = site.asset_by_id.get(key)
    if asset is not None:
        return wire.GraphNode(
            key=key,
            kind="asset",
            id=key,
            name=asset.name,
            type=asset.type,
            group=fields.get("zone", asset.zone),
            open_alarms=len(standing.open.get(key, ())),
            worst=standing.worst(key),
            health=standing.health(key),
            links={"self": link("assets", key)},
        )
    kind = fields.get("kind", "service")
    id_ = key if kind == "service" else key.partition(":")[2]
    listed: Any = {"service": site.services, "security_zone": site.security_zones, "network": site.networks}[kind]
    own = next(one for one in listed if one.id == id_)
    return wire.GraphNode(
        key=key,
        kind=kind,
        id=id_,
        name=getattr(own, "cidr" if kind == "network" else "name"),
        type=kind,
        group=fields.get("zone"),
        level=getattr(own, "level", None),
    )


def _flows(graph: Any) -> list[wire.GraphEdge]:
    return [
        wire.GraphEdge(
            id=f"{one}>{other}",
            source=one,
            target=other,
            kind="flow",
            names=list(fields["connections"]),
            signals=list(fields["flows"]),
            two_way=fields["two_way"],
        )
        for one, other, fields in graph.edges(data=True)
    ]


def _needs(graph: Any) -> list[wire.GraphEdge]:
    return [
        wire.GraphEdge(
            id=f"{key}>{other}",
            source=one,
            target=other,
            kind="need",
            names=[key],
            logic=fields["logic"],
            buffer_h=fields["buffer_h"],
        )
        for one, other, key, fields in graph.edges(keys=True, data=True)
    ]


def _links(graph: Any) -> list[wire.GraphEdge]:
    return [
        wire.GraphEdge(
            id=f"{one}>{other}>{key}",
            source=one,
            target=other,
            kind=fields["relation"],
            names=[key] if fields["relation"] == "conduit" else [],
            protocols=list(fields.get("protocols", ())) or [p for p in (fields.get("protocol"),) if p],
            address=fields.get("address", ""),
        )
        for one, other, key, fields in graph.edges(keys=True, data=True)
    ]
