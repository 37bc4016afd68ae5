"""Graphs of the example depot."""

from pathlib import Path

import pytest

from infrastress.site.graphs import dependency_graph, neighbours, process_graph
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
