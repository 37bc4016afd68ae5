"""How fast a water network is stepped: 200 open-loop runs against WNTR's own, and a closed-loop step of C-Town.

Open loop the model runs by its own controls, each run with another demand multiplier; WNTR's `EpanetSimulator` does the
same through files, as it is meant to be used. Heads, flows and demands of all runs are compared: the largest difference
is in the table, and the run fails where it is more than single precision. WNTR's runs are made twice: with the water
quality that the model asks for, which its simulator always solves, and without. Ours are made twice too: everything
read, and only what the site's signals need. CPU seconds, as the machine may be shared.
"""

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, cpu_seconds, print_result, table

NETWORKS = ("Net1", "Net3", "ctown")
LIMIT = 2e-6  # of the largest value: EPANET's result file is single precision
DATA = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data"))


def network_file(name: str, folder: Path) -> Path | None:
    """The network's file; C-Town is unpacked from the public data, None where that isn't here."""
    import wntr

    from infrastress.site.epanet import read_network

    if name != "ctown":
        source = Path(wntr.__file__).parent / "library" / "networks" / f"{name}.inp"
    else:
        source = DATA / "batadal" / "ctown_map.inp.gz"
        if not source.is_file():
            return None
    network = read_network(source)
    file = folder / f"{name}.inp"
    wntr.network.write_inpfile(network, str(file), units=network.options.hydraulic.inpfile_units)
    return file


def theirs(file: Path, multipliers: Sequence[float], folder: Path, *, quality: bool) -> list[dict[str, np.ndarray]]:
    """WNTR's runs."""
    import wntr

    network = wntr.network.WaterNetworkModel(str(file))
    if not quality:
        network.options.quality.parameter = "NONE"
    found = []
    for multiplier in multipliers:
        network.options.hydraulic.demand_multiplier = multiplier
        result = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=str(folder / "wntr"))
        found.append(
            {
                "head": result.node["head"].to_numpy(),
                "demand": result.node["demand"].to_numpy(),
                "flow": result.link["flowrate"].to_numpy(),
            }
        )
    return found


def ours(file: Path, multipliers: Sequence[float], duration: int, few: bool = False) -> list[dict[str, np.ndarray]]:
    """Our runs: one project, opened once; `few` reads tanks and what isn't a pipe, as a site's signals do."""
    from infrastress.hydraulics.toolkit import Code
    from infrastress.simulators.water.hydraulics import Hydraulics, Settings
    from infrastress.simulators.water.openloop import open_loop

    found = []
    with Hydraulics(file, Settings(0, duration, controls=True, checked=False)) as engine:
        which = (engine.tanks, np.flatnonzero(engine.sort > Code.PIPE)) if few else (None, None)
        for multiplier in multipliers:
            engine.project.set_option(Code.DEMAND_MULTIPLIER, multiplier)
            series = open_loop(engine, *which)
            found.append({"head": series.head, "demand": series.demand, "flow": series.flow})
    return found


def open_loops(name: str, folder: Path, runs: int) -> tuple[Any, ...] | None:
    """One row of the table: network, runs, seconds of both, ratio, largest difference."""
    import wntr

    file = network_file(name, folder)
    if file is None:
        return None
    multipliers = np.linspace(0.8, 1.1, runs).round(6).tolist()
    duration = int(wntr.network.WaterNetworkModel(str(file)).options.time.duration)
    mine_cpu, _, mine = cpu_seconds(lambda: ours(file, multipliers, duration))
    few_cpu, _, _ = cpu_seconds(lambda: ours(file, multipliers, duration, few=True))
    full_cpu, _, full = cpu_seconds(lambda: theirs(file, multipliers, folder, quality=True))
    his_cpu, _, _ = cpu_seconds(lambda: theirs(file, multipliers, folder, quality=False))
    worst = 0.0
    for one, other in zip(mine, full, strict=True):
        for field in one:
            worst = max(worst, float(np.abs(one[field] - other[field]).max() / np.abs(other[field]).max()))
    assert worst <= LIMIT, f"{name}: a difference of {worst:.2g}"
    ratios = (full_cpu / mine_cpu, full_cpu / few_cpu, his_cpu / mine_cpu, his_cpu / few_cpu)
    return name, runs, duration // 3600, mine_cpu, few_cpu, full_cpu, his_cpu, *ratios, f"{worst:.1e}"


def closed_loop(name: str, folder: Path, hours: float) -> tuple[Any, ...] | None:
    """A site made by `init --from-inp` with its signals, run closed loop: ms of CPU a step, everything in it."""
    from infrastress.simulators.base import Scenario
    from infrastress.simulators.water import WaterSimulator
    from infrastress.site.epanet import create_site_from_inp
    from infrastress.site.load import load_site

    root = Path(__file__).resolve().parents[1]
    if name == "ctown":
        source, signals = DATA / "batadal" / "ctown_map.inp.gz", root / "examples" / "batadal" / "signals.yaml"
        if not source.is_file():
            return None
        create_site_from_inp(folder / "site", source, signals)
        site = load_site(folder / "site")
    else:
        site = load_site(root / "examples" / "water")
    case = Scenario(name=name, simulator="water", start="2026-03-02T00:00:00Z", duration_h=hours)
    simulator = WaterSimulator(site)
    simulator.run(case.model_copy(update={"duration_h": 1.0}), 1)  # the network is read once a simulator
    cpu, wall, realisation = cpu_seconds(lambda: simulator.run(case, 2))
    steps = sum(realisation.facts["warnings"].values())
    return name, steps, 1000 * cpu / steps, 1000 * wall / steps, f"{realisation.facts['worst_balance_m3s']:.1e}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    runs = 20 if options.quick else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loops = [row for network in NETWORKS if (row := open_loops(network, folder, runs)) is not None]
        steps = [row for network in ("Net3", "ctown") if (row := closed_loop(network, folder, 24.0)) is not None]
    heads = (
        "network, open loop", "runs", "hours each", "ours, all read, CPU s", "signals read", "WNTR, CPU s",
        "WNTR without quality", "WNTR / ours", "/ signals", "without quality / ours", "/ signals", "difference",
    )  # fmt: skip
    text = table(heads, loops)
    text += "\n\n" + table(("network, closed loop", "steps", "CPU ms a step", "wall ms a step", "worst m3/s"), steps)
    result = {
        "open_loop": loops,
        "closed_loop": steps,
        "seconds": time.perf_counter() - began,
        "circumstances": circumstances("wntr"),
    }
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
