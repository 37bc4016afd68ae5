"""Scenarios: the stories a site's simulator can play, as YAML files in `SITE/scenarios/`."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from infrastress.core.errors import ConfigurationError, InputError
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.site import Site

__all__ = ["load_scenario", "play", "scenario_names"]


def scenario_names(folder: Path) -> tuple[str, ...]:
    """Names of the scenarios in a site folder, sorted."""
    return tuple(sorted(file.stem for file in (folder / "scenarios").glob("*.yaml")))


def load_scenario(folder: Path, name: str, **changes: Any) -> Scenario:
    """A scenario of a site folder by name, or any scenario file by path.

    Args:
        folder: the site folder.
        name: a name such as "normal", or a path ending in .yaml.
        changes: fields to be replaced, such as `duration_h`; None leaves a field as it is.

    Raises:
        InputError: no such scenario, or the file is none.
    """
    from infrastress.simulators.scenario import load_scenario as read

    file = Path(name) if name.endswith((".yaml", ".yml")) else folder / "scenarios" / f"{name}.yaml"
    if not file.is_file():
        known = scenario_names(folder)
        close = get_close_matches(name, known, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise InputError(
            f"no scenario {name!r}", where=str(file), remedy=f"{meant}there are: {', '.join(known) or 'none'}"
        )
    return read(file, **{key: value for key, value in changes.items() if value is not None})


def play(site: Site, scenario: Scenario, seed: int) -> Realisation:
    """Play a scenario with the simulator it names, or those that play its parts.

    Raises:
        PluginError: no such simulator.
        ConfigurationError: its options don't fit.
        SimulationError: the scenario doesn't fit the site.
    """
    from pydantic import ValidationError

    from infrastress.core.plugins import load_plugin
    from infrastress.simulators.parts import PartsSimulator

    member = PartsSimulator if scenario.parts else load_plugin("simulators", scenario.simulator)
    simulator: Simulator = member(site)
    try:
        return simulator.run(scenario, seed)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"options of scenario {scenario.name!r}: {faults}") from None
