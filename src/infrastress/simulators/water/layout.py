"""The site's assets and signals found in its network model, and what each signal measures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.hydraulics.meters import MODEL, Meter, elements_of, find_meters
from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.plc import band
from infrastress.site import Site
from infrastress.site.epanet import read_network
from infrastress.site.epanet_controls import Quantity, read_control_logic

__all__ = ["Layout"]

FREEBOARD_M = 0.1


class Layout:
    """What the simulator needs to know of a site.

    Attributes:
        path: the network model's file.
        logic: the model's controls and rules; notes: sentences on those that can't be read.
        meters: what is simulated, in the site's order; unsimulated: signals that can't be.
        start_clock: time of day, s, at which the model begins; cycle: after which its timed controls begin anew.

    Raises:
        SimulationError: the site has no network model, or no signal on it.
        InputError: the network model can't be read.
    """

    def __init__(self, site: Site, hydraulics: Callable[[Path], Hydraulics]) -> None:
        self.site = site
        if site.folder is None or not (site.folder / MODEL).is_file():
            raise SimulationError(
                f"the site has no network model {MODEL}",
                where=str(site.folder or site.id),
                remedy="make a site with `infrastress init DIR --from-inp FILE`",
            )
        self.path = site.folder / MODEL
        network: Any = read_network(self.path)
        self.logic, self.notes = read_control_logic(network)
        self.start_clock = float(network.options.time.start_clocktime)
        duration = float(network.options.time.duration)
        self.cycle = duration if duration >= 86400 and duration % 86400 == 0 else 0.0
        with hydraulics(self.path) as engine:
            self.nodes = {name: at for at, name in enumerate(engine.nodes)}
            self.links = {name: at for at, name in enumerate(engine.links)}
            self.ends = {
                name: (engine.nodes[engine.start[at]], engine.nodes[engine.end[at]]) for name, at in self.links.items()
            }
            self.tanks = tuple(engine.nodes[at] for at in engine.tanks)
            self.pumps = tuple(engine.links[at] for at in np.flatnonzero(engine.sort == 2))
            low, high = engine.level_limits
            self.depths = {name: (float(low[i]), float(high[i])) for i, name in enumerate(self.tanks)}
        self.assets = elements_of(site)
        self.asset_of = {found: asset for asset, found in self.assets.items()}
        self.meters, self.unsimulated = find_meters(site, self.nodes, self.links)
        if not self.meters:
            raise SimulationError("no signal of the site is on an element of its network model", where=str(self.path))

    def on(self, quantity: Quantity, element: str) -> tuple[Meter, ...]:
        """Signals that measure a quantity of an element."""
        return tuple(one for one in self.meters if (one.quantity, one.element) == (quantity, element))

    def asset(self, element: str, *, link: bool) -> str | None:
        """The asset of an element."""
        return self.asset_of.get((element, link))

    def parallel(self, pump: str) -> tuple[str, ...]:
        """Pumps between the same two nodes, itself among them."""
        return tuple(one for one in self.pumps if self.ends[one] == self.ends[pump])

    def station(self, pump: str) -> tuple[str, ...]:
        """Pumps under the same controller, or where the site names none, fed from the same node."""
        assets = self.site.asset_by_id
        mine = assets.get(self.asset(pump, link=True) or "")
        if mine is not None and mine.controller:
            return tuple(
                one
                for one in self.pumps
                if (found := assets.get(self.asset(one, link=True) or "")) is not None
                and found.controller == mine.controller
            )
        return tuple(one for one in self.pumps if self.ends[one][0] == self.ends[pump][0])

    def overflowing(self) -> frozenset[str]:
        """Tanks that run over when full: those that controllers keep below a level clearly under the top.

        Every other tank must have a float valve, or it would run over on ordinary days; EPANET has it so too.
        """
        found = set()
        for name, (_, top) in self.depths.items():
            points = band(self.logic, "level", name)
            if points is not None and points[1] <= top - FREEBOARD_M:
                found.add(name)
        return frozenset(found)
