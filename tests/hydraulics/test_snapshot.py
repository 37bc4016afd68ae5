"""One moment of a network against EPANET's own run of it."""

from pathlib import Path

import numpy as np
import pytest

from infrastress.hydraulics.snapshot import Snapshot
from infrastress.simulators.water.hydraulics import Hydraulics, Settings
from infrastress.simulators.water.openloop import open_loop
from tests.simulators.water.networks import LIBRARY, needs_wntr, site_of

pytestmark = needs_wntr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("net1")
    site = site_of(LIBRARY / "Net1.inp", folder)
    return site, folder / "site" / "network" / "model.inp"


def test_it_is_epanets_solution_at_the_same_levels_states_and_demands(made):
    site, path = made
    with Hydraulics(path, Settings(step_s=3600, duration_s=86400, controls=True)) as engine:
        series = open_loop(engine)
        nodes, links, elevation = list(engine.nodes), list(engine.links), engine.elevation
    with Snapshot(path, site) as now:
        assert now.blind == []
        assert now.groups == ("pattern 1",)
        for t in (0, 5, 13, 22):
            drawn = sum(series.demand[t][nodes.index(name)] for name in nodes if name not in ("2", "9"))
            level = np.array([series.head[t][nodes.index(m.element)] - elevation[m.position] for m in now.levels])
            open_ = np.array([series.open[t][links.index(m.element)] for m in now.actuators])
            told = now.solve(np.array([drawn / now.drawn[0]]), level, open_, np.array([False]))
            for value, meter in zip(told, now.measured, strict=True):
                if meter.quantity == "flow":
                    assert value == pytest.approx(series.flow[t][meter.position], abs=2e-4)
                else:
                    head = series.head[t][meter.position] - elevation[meter.position]
                    assert value == pytest.approx(head, abs=0.05)


def test_a_frame_later_by_the_models_own_controls(made):
    site, path = made
    with Snapshot(path, site, controlled=True) as now:
        top = now.tops - 1e-3
        on = np.array([True])
        level, states = now.follow(np.ones(1), np.array([now.bottoms[0] + 1.0]), on, np.array([False]))
        assert level[0] > now.bottoms[0] + 1.0
        assert states.all()
        _, states = now.follow(np.ones(1), top, on, np.array([False]))
        assert not states.any()


def test_a_solution_does_not_depend_on_the_ones_before(made):
    site, path = made
    given = np.array([1.2]), np.array([36.0]), np.array([True]), np.array([False])
    with Snapshot(path, site) as fresh:
        first = fresh.solve(*given)
    with Snapshot(path, site) as used:
        used.solve(np.array([0.3]), np.array([40.0]), np.array([False]), np.array([False]))
        used.solve(np.array([3.0]), np.array([31.0]), np.array([True]), np.array([False]))
        np.testing.assert_array_equal(used.solve(*given), first)


def test_what_no_signal_tells_is_named(tmp_path: Path):
    metered = "cadence_s: 300\nsignals:\n  - {elements: pumps, kind: flow, tag: 'FT-{element}', unit: m3/h}\n"
    site = site_of(LIBRARY / "Net1.inp", tmp_path, metered)
    with Snapshot(tmp_path / "site" / "network" / "model.inp", site) as now:
        assert now.blind == ["tank 2 has no level signal", "pump 9 has no state signal"]
