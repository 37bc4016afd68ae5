"""EPANET in memory: equal to WNTR's own runs, no water from nothing, curves and units right."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from infrastress.core.errors import InputError, SimulationError
from infrastress.hydraulics.toolkit import Code
from infrastress.simulators.water.hydraulics import Hydraulics, Settings
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.openloop import open_loop
from infrastress.site.load import load_site
from tests.simulators.water.networks import BAD, LIBRARY, NO_JUNCTION, TESTED, needs_wntr

pytestmark = needs_wntr

# Units, valves, curves, rules, leaks and pressure-driven demand; the two of 3,000 nodes take half a minute.
COMPARED = [
    LIBRARY / "Net1.inp",
    LIBRARY / "Net2.inp",
    LIBRARY / "Net3.inp",
    TESTED / "Anytown_multipointcurves.inp",
    TESTED / "conditional_controls_1.inp",
    TESTED / "epanet_leaks.inp",
    TESTED / "io.inp",
    TESTED / "latin1.inp",
    TESTED / "prv_open_no_upstream_sources.inp",
    TESTED / "tank_controls_2.inp",
    TESTED / "Todini_Fig2_optCost_CMH.inp",
]


@pytest.mark.parametrize("path", COMPARED, ids=lambda path: path.stem)
def test_open_loop_is_wntrs_own_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Equal to single precision, which EPANET's result file has; the same file for both, as WNTR writes it."""
    import wntr

    monkeypatch.chdir(tmp_path)
    network = wntr.network.WaterNetworkModel(str(path))
    theirs = wntr.sim.EpanetSimulator(network).run_sim(file_prefix="run")
    duration = int(network.options.time.duration)
    with Hydraulics(tmp_path / "run.inp", Settings(0, duration, controls=True, checked=False)) as engine:
        ours = open_loop(engine)
        again = open_loop(engine)
        names, links = list(engine.nodes), list(engine.links)
    assert ours.seconds.tolist() == [int(second) for second in theirs.node["head"].index]
    for name, mine, his in (
        ("head", ours.head, theirs.node["head"][names].to_numpy()),
        ("demand", ours.demand, theirs.node["demand"][names].to_numpy()),
        ("flow", ours.flow, theirs.link["flowrate"][links].to_numpy()),
    ):
        scale = np.abs(his).max()
        assert np.abs(mine - his).max() <= 2e-6 * scale, name
    shut = theirs.link["status"][links].to_numpy() == 0
    assert (ours.open == ~shut).all()
    assert (again.head == ours.head).all(), "a second run of the same project begins anew"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_networks_are_refused(path: Path, tmp_path: Path):
    """Before EPANET sees them: `bad_times` brings EPANET 2.2 down with the whole process."""
    (tmp_path / "network").mkdir()
    shutil.copyfile(path, tmp_path / "network" / "model.inp")
    (tmp_path / "site.yaml").write_text("schema_version: 1\nid: bad\n")
    with pytest.raises(InputError, match="the network can't be read"):
        Layout(load_site(tmp_path), lambda model: Hydraulics(model, Settings(60, 3600)))


def test_a_network_without_junctions_is_refused_as_epanet_does():
    with pytest.raises(InputError, match="not enough nodes"):
        Hydraulics(TESTED / f"{NO_JUNCTION}.inp", Settings(60, 3600))


def test_no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with Hydraulics(LIBRARY / "Net1.inp", Settings(600, 7200)) as engine:
        engine.begin()
        engine.solve(engine.model_demand(0))
        engine.advance()
        assert os.listdir(tmp_path) == []


def drain(path: Path, required: float | None, *, hours: int = 24, checked: bool = True, closed_at: int = 2):
    """Run with every reservoir shut off from an hour on."""
    settings = Settings(300, 3600 * hours, required_pressure_m=required, checked=checked)
    with Hydraulics(path, settings) as engine:
        engine.begin()
        second, served, asked, shut, drawn = 0, [], [], False, 0.0
        stored = float(engine.volume.sum())
        while True:
            if second >= 3600 * closed_at and not shut:
                shut = True
                at_source = np.isin(engine.start, engine.reservoirs) | np.isin(engine.end, engine.reservoirs)
                for link in np.flatnonzero(at_source).tolist():
                    engine.set_status(link, open_=False)
                stored, drawn = float(engine.volume.sum()), 0.0
            engine.solve(engine.model_demand(second))
            delivered = np.maximum(engine.delivered, 0.0).sum()
            served.append(delivered)
            asked.append(np.maximum(engine.requested, 0.0).sum())
            step = engine.advance()
            if not step:
                break
            drawn += float(delivered) * step
            second += step
        return np.array(served), np.array(asked), drawn, stored - float(engine.volume.sum())


def test_epanet_alone_delivers_water_from_nothing():
    """What the balance is for: the sources shut and the tanks empty, EPANET goes on delivering all of the demand."""
    served, asked, drawn, emptied = drain(LIBRARY / "Net3.inp", None, checked=False)
    assert served[-1] == pytest.approx(asked[-1], rel=1e-3)
    assert drawn > 1.5 * emptied


@pytest.mark.parametrize("required", [10.0, None])
@pytest.mark.parametrize("name", ["Net1", "Net3"])
def test_drained_networks_deliver_no_more_than_their_tanks_held(name: str, required: float | None):
    served, asked, drawn, emptied = drain(LIBRARY / f"{name}.inp", required)
    assert served[0] == pytest.approx(asked[0], rel=1e-3)
    assert served[-1] < 1e-3 * asked[-1], "nobody gets anything once the tanks are empty"
    assert drawn == pytest.approx(emptied, rel=2e-3, abs=1.0)


def test_a_broken_balance_stops_the_run(monkeypatch: pytest.MonkeyPatch):
    with Hydraulics(LIBRARY / "Net1.inp", Settings(600, 7200)) as engine:
        engine.begin()
        honest = engine._demand

        def lying():
            values = honest().copy()
            values[2] *= 1.01
            return values

        monkeypatch.setattr(engine, "_demand", lying)
        with pytest.raises(SimulationError, match=r"second 0: the balance of junction 1[0-9] doesn't close"):
            engine.solve(engine.model_demand(0))


def test_a_level_that_moves_by_itself_stops_the_run():
    with Hydraulics(LIBRARY / "Net1.inp", Settings(600, 7200)) as engine:
        engine.begin()
        engine.solve(engine.model_demand(0))
        engine.volume = engine.volume + 1.0
        with pytest.raises(SimulationError, match="balance of tank 2"):
            engine.advance()


CURVED = """\
[JUNCTIONS]
 J 0 {demand}
[TANKS]
 T 50 3 0.5 6 10 0 VOL
[PIPES]
 P T J 100 500 100 0 OPEN
[CURVES]
 VOL 0 0
 VOL 2 100
 VOL 4 500
 VOL 6 700
[OPTIONS]
 UNITS {units}
 HEADLOSS H-W
[END]
"""


@pytest.mark.parametrize(("units", "demand"), [("CMH", 60.0), ("LPS", 60 / 3.6), ("MLD", 1.44)])
def test_strapping_curve_by_hand(units: str, demand: float, tmp_path: Path):
    """60 m3/h out of a tank that holds 300 m3 at 3 m and 200 m3 per m there: 0.3 m an hour, then 50 m3 per m."""
    (tmp_path / "curved.inp").write_text(CURVED.format(units=units, demand=demand))
    with Hydraulics(tmp_path / "curved.inp", Settings(300, 6 * 3600)) as engine:
        engine.begin()
        assert engine.volume[0] == pytest.approx(300, rel=2e-4)
        levels = {0: float(engine.level[0])}
        second = 0
        while True:
            engine.solve(engine.model_demand(second))
            step = engine.advance()
            if not step:
                break
            second += step
            levels[second] = float(engine.level[0])
    assert levels[3600] == pytest.approx(2.7, abs=1e-3)
    assert levels[3 * 3600] == pytest.approx(2.1, abs=2e-3)
    assert levels[4 * 3600] == pytest.approx(1.2, abs=4e-3), "60 m3 of the lower, narrower part"


def test_leak_loses_what_it_is_told_at_its_pressure():
    with Hydraulics(LIBRARY / "Net3.inp", Settings(300, 3600, required_pressure_m=10.0)) as engine:
        engine.begin()
        engine.solve(engine.model_demand(0))
        at = engine.nodes.index("121")
        pressure = float(engine.state.head[at] - engine.elevation[at])
        engine.set_leak(at, 0.002, pressure)
        engine.solve(engine.model_demand(0))
        now = float(engine.state.head[at] - engine.elevation[at])
        assert engine.leak_at(at) == pytest.approx(0.002 * (now / pressure) ** 0.5, rel=1e-3)
        engine.set_leak(at, 0.0, 1.0)
        for _ in range(12):  # EPANET halves what is left of it at every solution
            engine.solve(engine.model_demand(0))
        assert engine.leak_at(at) < 1e-6


def test_pump_speed_and_status_act():
    with Hydraulics(LIBRARY / "Net1.inp", Settings(300, 3600)) as engine:
        engine.begin()
        pump = engine.links.index("9")
        full = engine.solve(engine.model_demand(0)).flow[pump]
        engine.set_setting(pump, 0.8)
        slow = engine.solve(engine.model_demand(0)).flow[pump]
        engine.set_status(pump, open_=False)
        off = engine.solve(engine.model_demand(0)).flow[pump]
        assert full > slow > off == 0
        assert engine.link_value(Code.STATUS, pump) == 0


def test_two_networks_at_once_and_other_processes_agree():
    code = (
        "from tests.simulators.water.test_hydraulics import drain\n"
        "from tests.simulators.water.networks import LIBRARY\n"
        "print(repr(drain(LIBRARY / 'Net1.inp', 10.0, hours=6)[2]))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    with Hydraulics(LIBRARY / "Net2.inp", Settings(300, 3600)) as other:
        other.begin()
        other.solve(other.model_demand(0))
        here = drain(LIBRARY / "Net1.inp", 10.0, hours=6)[2]
    assert repr(here) == there.stdout.strip()
