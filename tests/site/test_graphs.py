"""Graphs of the example depot."""

from pathlib import Path

import pytest

from infrastress.site.graphs import dependency_graph, flow_graph, neighbours, network_graph, process_graph
from infrastress.site.load import load_site
from infrastress.site.model import Site


@pytest.fixture(scope="module")
def site(depot_folder: Path) -> Site:
    return load_site(depot_folder)


def test_process_graph_has_every_connection(site: Site) -> None:
    graph = process_graph(site)
    assert graph.number_of_edges() == len(site.connections)
    assert graph.edges["SHIP", "T-101", "jetty-101"]["through"] == ("XV-J", "XV-101J")


def test_dependency_graph_runs_from_need_to_needed(site: Site) -> None:
    graph = dependency_graph(site)
    for need in site.dependencies:
        for on in need.on:
            assert graph.edges[need.of, on, need.id]["logic"] == need.logic


def test_neighbours_have_relations(site: Site) -> None:
    graph = neighbours(site)
    assert set(graph) == {asset.id for asset in site.assets}
    assert graph.edges["T-101", "XV-101J"]["relation"] == "flow"
    assert graph.edges["T-101", "LSHH-101"]["relation"] == "switch"
    assert graph.edges["T-101", "PLC-FARM-A"]["relation"] == "control"
    assert graph.edges["T-101", "BUND-A"]["relation"] == "bund"
    assert graph.edges["LSHH-101", "XV-101J"]["relation"] == "control"
    assert graph.edges["GD-01", "T-101"]["relation"] == "area"
    assert graph.edges["D-FARM-A", "T-101"]["relation"] == "door"
    assert not graph.has_edge("T-101", "T-105")
    assert all("relation" in data for *_, data in graph.edges(data=True))


def test_flow_graph_goes_over_pumps_and_valves_step_by_step(site: Site) -> None:
    graph = flow_graph(site)
    assert "jetty-101" in graph.edges["SHIP", "XV-J"]["connections"]
    assert len(graph.edges["SHIP", "XV-J"]["connections"]) == sum(c.from_ == "SHIP" for c in site.connections)
    assert graph.edges["XV-101J", "T-101"] == {"connections": ("jetty-101",), "flows": ("FT-J",), "two_way": False}
    assert set(graph) == {asset for c in site.connections for asset in (c.from_, *c.through, c.to)}


def test_network_graph_has_every_conduit_and_interface(site: Site) -> None:
    graph = network_graph(site)
    relations = [data["relation"] for *_, data in graph.edges(data=True)]
    assert relations.count("conduit") == len(site.conduits)
    assert relations.count("interface") == sum(len(asset.interfaces) for asset in site.assets)
    assert graph.nodes["SIS-1"]["zone"] == "sis"
    assert graph.nodes["LSHH-101"]["zone"] == "sis"
    assert graph.nodes["network:net-dmz"] == {"kind": "network", "zone": "dmz"}
    assert "T-101" not in graph
