"""How a site hangs together, as the API tells it: what the site layer derives, with alarms and health on it."""

import pytest

from infrastress.client import ApiError
from infrastress.events.health import Health, Pulse
from infrastress.site.needs import Needs
from tests.app.api.running import copy_store, running, tell
from tests.app.service.serving import wait_for


@pytest.fixture(scope="module")
def client(api):
    with api.client() as client:
        yield client


@pytest.fixture
def told(site_folder, recorded, tmp_path):
    """An API whose detection is alive, and in whose store tests may write."""
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state", pulse_s=1e9) as api:
        now = api.clock.now()
        tell(api.store, Pulse(site="depot", clock=now, watermark=now))
        with api.client() as client:
            wait_for(lambda: client.health().pulse.fresh, 10)
            yield api, client


def test_graphs_carry_alarms_and_every_end_is_a_node(api, client):
    alarmed = {asset.id: asset for asset in client.assets(alarmed=True)}
    for kind in ("process", "dependency", "network"):
        graph = client.graph(kind)
        keys = {node.key for node in graph.nodes}
        assert len(keys) == len(graph.nodes) == graph.total
        assert {end for edge in graph.edges for end in (edge.source, edge.target)} <= keys
        assert len({edge.id for edge in graph.edges}) == len(graph.edges)
        for node in graph.nodes:
            if node.kind == "asset":
                known = alarmed.get(node.id)
                assert (node.open_alarms, node.worst) == ((known.open_alarms, known.worst) if known else (0, None))
    assert any(node.open_alarms for node in client.graph("process").nodes)


def test_a_graph_around_a_node_ends_after_so_many_hops(client):
    near = client.graph("process", around="T-103", hops=1)
    assert {node.id for node in near.nodes} == {"T-103", "XV-103J", "XV-103P", "XV-103L", "XV-103S", "XV-103R"}
    assert near.total > len(near.nodes)
    assert len(client.graph("process", around="T-103", hops=2).nodes) > len(near.nodes)
    with pytest.raises(ApiError, match="no 'HMI-1' in the process graph"):
        client.graph("process", around="HMI-1")


def test_relations_of_an_asset(api, client):
    relations = client.relations("T-103")
    joined = {one.asset: one.relation for one in relations.neighbours}
    assert (joined["LSHH-103"], joined["BUND-A"], joined["PLC-FARM-A"]) == ("switch", "bund", "control")
    assert [hazard.id for hazard in relations.hazards] == ["overfill-103"]
    assert set(relations.hazards[0].barriers) == {"b-gauge-103", "b-switch-103"}
    assert {barrier.id for barrier in relations.barriers} == {"b-gauge-103", "b-switch-103"}
    assert {lock.id for lock in relations.interlocks} >= {
        lock.id for lock in api.site.interlocks if lock.actuator.startswith("XV-103J")
    } & {lock.id for lock in api.site.interlocks if lock.when.signal in {s.id for s in api.site.signals_of["T-103"]}}
    assert [(one.id, one.after_h) for one in client.relations("P-201").lost_with] == [("petrol-supply", 0.0)]
    assert [need.id for need in client.relations("P-201").needs] == ["d-pumps-power"]
    with pytest.raises(ApiError, match="no asset"):
        client.relations("nothing")


def test_services_name_what_stops_them_alone(api, client):
    (petrol, _) = client.services()
    assert {one.id: one.after_h for one in petrol.single_points} == Needs(api.site).single_points("petrol-supply")
    assert {one.id for one in petrol.single_points} == {"P-201", "PLC-RACK"}
    assert "T-103" in petrol.alarmed
    assert set(petrol.alarmed) <= set(petrol.relies_on)


def test_security_zones_from_the_highest_level_down(api, client):
    zones = client.security_zones()
    assert [zone.level for zone in zones] == sorted((zone.level for zone in api.site.security_zones), reverse=True)
    sis = next(zone for zone in zones if zone.id == "sis")
    assert (sis.target, sis.networks) == (3, ["net-sis"])
    assert {"SIS-1", "LSHH-101"} <= set(sis.assets)
    assert [(one.begins, one.ends) for one in sis.conduits] == [("supervisory", "sis")]


def test_no_barrier_is_clear_while_nobody_watches(client):
    barriers = client.barriers()
    assert {barrier.state for barrier in barriers} <= {"alarmed", "unknown"}
    assert all(any(r.kind == "watch" for r in b.reasons) for b in barriers)
    assert {asset.health for asset in client.assets()} <= {None, "unknown"}


def test_a_barrier_is_clear_only_when_all_it_is_made_of_is_heard(told):
    api, client = told
    state = lambda name: next(b for b in client.barriers() if b.id == name)  # noqa: E731
    gauge = state("b-gauge-108")
    assert gauge.state == "unknown"
    assert {reason.kind for reason in gauge.reasons} == {"health"}
    signals = [signal.id for signal in api.site.signals_of["T-108"]]
    tell(api.store, *(Health(site="depot", source="scada", member=name, state="live") for name in signals))
    wait_for(lambda: state("b-gauge-108").state == "clear", 10, lambda: str(state("b-gauge-108")))
    assert client.asset("PLC-FARM-B").health == "live"  # nothing tells of it, but what is read from it comes
    assert client.asset("T-108").health == "live"
    tell(api.store, Health(site="depot", source="scada", member="PLC-FARM-B", state="down", detail="no answer"))
    wait_for(lambda: state("b-gauge-108").state == "unknown", 10)
    assert [r.text for r in state("b-gauge-108").reasons] == ["PLC-FARM-B is down"]
    untold = state("b-bund-b")
    assert [(reason.asset, reason.kind) for reason in untold.reasons] == [("BUND-B", "untold")]
    assert untold.state == "unknown"


def test_an_alarm_on_what_it_is_made_of_comes_first(told):
    _, client = told
    standing = {asset for alarm in client.alarms() if alarm.state != "closed" and not alarm.cleared
                for asset in alarm.assets}  # fmt: skip
    barriers = client.barriers()
    for barrier in barriers:
        assert (barrier.state == "alarmed") == bool(standing.intersection(barrier.assets)), barrier
    assert barriers[0].state == "alarmed"
    assert client.alarm(barriers[0].reasons[0].alarm).title == barriers[0].reasons[0].text
