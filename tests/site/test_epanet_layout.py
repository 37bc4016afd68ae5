"""Every network becomes a sound site that loses nothing a plant is run by: WNTR's own, and made-up small ones."""

import json
import string
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infrastress.core.errors import InfrastressError
from infrastress.site.check import check_site
from infrastress.site.epanet import read_network, site_from_inp
from infrastress.site.graphs import dependency_graph
from infrastress.site.model import Site
from tests.site.test_epanet import EVERY, SHIPPED, TESTED

_NODES, _LINKS = ("tank", "boundary", "junction"), ("pump", "valve", "pipe")


def kept(network: Any) -> tuple[set[str], set[str]]:
    """Nodes and links that a plant is run by."""
    switched = {a.target()[0].name for _, c in network.controls() for a in [*c.actions(), *(c._else_actions or [])]}
    closed = {name for name, pipe in network.pipes() if str(pipe.initial_status) == "Closed"}
    links = {*network.pump_name_list, *network.valve_name_list, *(switched - set(network.node_name_list)), *closed}
    return {*network.tank_name_list, *network.reservoir_name_list}, links


def assert_nothing_is_lost(network: Any, site: Site, *, links_too: bool = True) -> None:
    """Whatever hangs together in the model does in the site, and nothing else.

    A link that leads both ways and lies behind a one-way one is drawn the way through both, so from its far end it can
    be reached in the model alone: nothing flows there. `links_too` leaves such cases out.
    """
    nodes, links = kept(network)
    elements = {("node" if a.type in _NODES else "link", a.element or a.id): a.id for a in site.assets
                if a.type in (*_NODES, *_LINKS)}  # fmt: skip
    assert {("node", name) for name in nodes} | {("link", name) for name in links} <= elements.keys()
    for name in ("assets", "signals", "connections", "control_rules", "services", "dependencies"):
        ids = Counter(entry.id for entry in getattr(site, name))
        assert not ids or max(ids.values()) == 1, name
    assert all(signal.asset in site.asset_by_id for signal in site.signals)
    assert nx.is_directed_acyclic_graph(nx.DiGraph(dependency_graph(site)))
    for tank in (asset for asset in site.assets if asset.type == "tank"):
        assert tank.height_m > tank.minimum_level_m

    model, drawn = nx.DiGraph(), nx.DiGraph()
    for name, link in network.links():
        one, other = ("node", link.start_node_name), ("node", link.end_node_name)
        if one == other:
            continue
        way = [one, ("link", name), other] if name in links else [one, other]
        nx.add_path(model, way)
        one_way = link.link_type == "Pump" or (link.link_type == "Pipe" and link.check_valve)
        if not one_way and not (link.link_type == "Valve" and link.valve_type in ("PRV", "PSV", "FCV")):
            nx.add_path(model, way[::-1])
    for line in site.connections:
        drawn_way = [line.from_, *line.through, line.to]
        nx.add_path(drawn, drawn_way)
        if line.two_way:
            nx.add_path(drawn, drawn_way[::-1])
    ends = [("node", name) for name in nodes] + [("link", name) for name in links]
    for end in ends:
        real = nx.descendants(model, end) if end in model else set()
        seen = nx.descendants(drawn, elements[end]) if elements[end] in drawn else set()
        reached = {other for other in ends if elements[other] in seen}
        assert reached <= real, f"what {end} reaches"
        missed = real & set(ends) - reached
        if not links_too:  # between tanks and reservoirs
            missed = {other for other in missed if end[0] == other[0] == "node"}
        assert not missed, f"{end} doesn't reach"


@pytest.mark.parametrize("path", [*SHIPPED, *TESTED], ids=lambda path: path.stem)
def test_shipped_network_is_a_sound_site_and_loses_nothing(path: Path, tmp_path: Path) -> None:
    text, notes = site_from_inp(path)
    (tmp_path / "site.yaml").write_text(text)
    result = check_site(tmp_path)
    assert result.faults == ()
    assert result.site is not None
    assert notes == ()
    assert_nothing_is_lost(read_network(path), result.site)


@pytest.mark.parametrize("path", [file for file in EVERY if file.stem.startswith("bad_")], ids=lambda path: path.stem)
def test_broken_network_is_refused_in_epanets_words(path: Path) -> None:
    with pytest.raises(InfrastressError, match=r"Error 2\d\d"):
        site_from_inp(path)


_NAMES = st.one_of(
    st.sampled_from(["1", "2", "10", "on", "null", "T1", "district", "R/1", "~@P", "Ä", "水", "a.b:c", "-", "é" * 9]),
    st.text(string.ascii_letters + string.digits + "_-.:/@~#!%&äß水", min_size=1, max_size=12),
)  # fmt: skip
_VALUES = st.one_of(st.integers(0, 50), st.sampled_from([0.001, 12.5, 1e6, 1e12]))


@st.composite
def networks(draw: Any) -> str:
    """Text of a small network: weird names, nodes and links of one name, parts that hang together with nothing."""
    names = draw(st.lists(_NAMES, min_size=2, max_size=8, unique=True))
    kinds = [draw(st.sampled_from("JJJJTTR")) for _ in names]
    rows: dict[str, list[str]] = {
        name: [] for name in ("J", "T", "R", "PIPES", "PUMPS", "VALVES", "CONTROLS", "CURVES")
    }
    for name, kind in zip(names, kinds, strict=True):
        if kind == "J":
            rows["J"].append(f"{name} {draw(_VALUES)} {draw(st.sampled_from([0, 0, 1, 2.5, -3]))}")
        elif kind == "T":
            low, deep = draw(st.integers(0, 3)), draw(st.integers(0, 9))
            rows["T"].append(f"{name} 5 {low} {low} {low + deep} {draw(st.integers(0, 20))} 0")
        else:
            rows["R"].append(f"{name} 20")
    links = draw(st.lists(_NAMES, min_size=1, max_size=9, unique=True))
    for link in links:
        start, end = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        assume(start != end)
        kind = draw(st.sampled_from(["PIPE", "PIPE", "PIPE", "CV", "CLOSED", "PUMP", "PRV", "TCV", "FCV", "GPV"]))
        if kind in ("PIPE", "CV", "CLOSED"):
            rows["PIPES"].append(f"{link} {start} {end} 100 300 100 0 {'OPEN' if kind == 'PIPE' else kind}")
        elif kind == "PUMP":
            rows["PUMPS"].append(f"{link} {start} {end} " + draw(st.sampled_from(["POWER 5", "HEAD C1"])))
        else:
            rows["VALVES"].append(f"{link} {start} {end} 100 {kind} {'C1' if kind == 'GPV' else 20} 0")
        if draw(st.booleans()) and kind != "CV":
            deed = draw(st.sampled_from(["OPEN", "CLOSED"]))
            when = draw(
                st.sampled_from(["AT TIME 5", "AT CLOCKTIME 6 PM", f"IF NODE {draw(st.sampled_from(names))} BELOW 2"])
            )
            rows["CONTROLS"].append(f"LINK {link} {deed} {when}")
    rows["CURVES"] = ["C1 50 40", "UNUSED 1 1"]
    titles = {"J": "JUNCTIONS", "T": "TANKS", "R": "RESERVOIRS"}
    body = "".join(
        f"[{titles.get(name, name)}]\n" + "".join(f" {row}\n" for row in lines) for name, lines in rows.items()
    )
    units = draw(st.sampled_from(["LPS", "GPM", "CMH", "MGD"]))
    return body + f"[OPTIONS]\n UNITS {units}\n HEADLOSS H-W\n[END]\n"


_METERS = [
    ("nodes", "flow", "m3/h"),
    ("nodes", "pressure", "m"),
    ("nodes", "level", "m"),
    ("links", "flow", "l/s"),
    ("links", "state", ""),
    ("links", "setpoint", "m"),
]


_INSIDE_ONE_AREA = """[JUNCTIONS]
 1 0 0
 2 0 0
[PIPES]
 1 1 2 100 300 100 0 OPEN
 0 1 2 100 300 100 0 OPEN
[PUMPS]
 00 2 1 POWER 5
[CONTROLS]
 LINK 0 OPEN AT TIME 5
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
[END]
"""


@pytest.mark.parametrize("customers", [["1"], ["2"], ["1", "2"]])
def test_links_within_one_area_end_at_no_customer(tmp_path: Path, customers: list[str]) -> None:
    (tmp_path / "net.inp").write_text(_INSIDE_ONE_AREA)
    meters = [{"elements": customers, "are": "nodes", "kind": "flow", "unit": "m3/h", "tag": "F{element}"}]
    (tmp_path / "signals.yaml").write_text(json.dumps({"signals": meters}))
    made, _ = site_from_inp(tmp_path / "net.inp", tmp_path / "signals.yaml")
    (tmp_path / "site.yaml").write_text(made)
    site = check_site(tmp_path).site
    assert site is not None
    assert_nothing_is_lost(read_network(tmp_path / "net.inp"), site)


@settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
@given(text=networks(), chosen=st.lists(st.tuples(st.sampled_from(_METERS), st.integers(0, 20)), max_size=6))
def test_made_up_network_is_refused_or_loses_nothing(
    tmp_path: Path, text: str, chosen: list[tuple[tuple[str, str, str], int]]
) -> None:
    (tmp_path / "net.inp").write_text(text)
    try:
        network = read_network(tmp_path / "net.inp")
    except InfrastressError:
        return
    names = {"nodes": network.node_name_list, "links": network.link_name_list}
    meters = [
        {"elements": [names[are][which % len(names[are])]], "are": are, "kind": kind, "unit": unit, "tag": f"S{number}"}
        for number, ((are, kind, unit), which) in enumerate(chosen)
        if names[are]
    ]
    signals = tmp_path / "signals.yaml"
    signals.write_text(json.dumps({"signals": meters}))
    made, _ = site_from_inp(tmp_path / "net.inp", signals if chosen else None)
    (tmp_path / "site.yaml").write_text(made)
    result = check_site(tmp_path)
    assert [str(fault) for fault in result.faults if fault.severity == "error"] == []
    assert result.site is not None
    assert_nothing_is_lost(network, result.site, links_too=False)
