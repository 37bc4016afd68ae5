"""One moment of a network: its levels, states and demands given, EPANET says every flow and head.

Demand is given by factors of a few groups of junctions: those that follow one pattern are one group (a district), a
junction with a meter of its own is another. A factor of 1 is the model's mean demand.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import SimulationError
from infrastress.hydraulics.meters import Meter, find_meters
from infrastress.hydraulics.toolkit import Code, Project
from infrastress.hydraulics.units import Units
from infrastress.site import Site

__all__ = ["Snapshot"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SWITCHED = (Code.PIPE, Code.PUMP, Code.TCV)
_MOST_GROUPS = 12
_LEAST_SHARE = 0.01
_ACCURACY = 1e-5
_DRAWN = 1e-4
"""m3/s of a metered junction that the model gives no demand."""
_OVER = 1e-3
"""A tank is full to EPANET when its level is this far, m, above its top."""


class Snapshot:
    """The network of a site, solved moment by moment. A context manager; not for several threads.

    Every solution depends on what is given alone, not on earlier ones.

    Attributes:
        measured: meters of flows, pressures and demands, whose values are predicted.
        levels: meters of tanks' levels, one a tank at most; actuators: of states of pumps, valves and pipes.
        flows_of: for each actuator the row in `measured` of its flow, or -1.
        groups: names of the demand groups; drawn: m3/s of each at factor 1.
        areas: m2 of each tank in `levels`, at mid-depth; tops, bottoms: its limits, m.
        blind: sentences on what the model needs and no signal tells.
        inflow: m3/s into each tank in `levels`, of the last solution.

    Raises:
        InputError: EPANET doesn't open the file.
    """

    def __init__(self, path: Path, site: Site, *, controlled: bool = False) -> None:
        self.project = Project(path)
        try:
            self._prepare(site, round(site.runtime.frame_s), controlled)
        except BaseException:
            self.project.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.project.close()

    def _prepare(self, site: Site, width_s: int, controlled: bool) -> None:
        p = self.project
        self._units = Units.of(p.flow_units())
        self._nodes, self._links = p.names("node"), p.names("link")
        meters, _ = find_meters(
            site, {name: at for at, name in enumerate(self._nodes)}, {name: at for at, name in enumerate(self._links)}
        )
        kinds = p.integers("EN_getnodetype", len(self._nodes))
        tanks = set(np.flatnonzero(kinds == Code.TANK).tolist())
        junctions = set(np.flatnonzero(kinds == Code.JUNCTION).tolist())
        self.levels = _first_of_each([m for m in meters if m.quantity == "level" and m.position in tanks])
        sorts = p.integers("EN_getlinktype", len(self._links))
        # A state of a valve that regulates by itself tells nothing that can be set
        self.actuators = _first_of_each(
            [m for m in meters if m.quantity == "status" and sorts[m.position] in _SWITCHED]
        )
        self.measured = tuple(
            m
            for m in meters
            if m.quantity == "flow"
            or (m.quantity == "pressure" and m.position in junctions)
            or (m.quantity == "demand" and m.position in junctions)
        )
        rows = {m.position: i for i, m in enumerate(self.measured) if m.quantity == "flow"}
        self.flows_of = tuple(rows.get(m.position, -1) for m in self.actuators)
        self._find_blind(tanks)
        self._elevation = p.reader("node", Code.ELEVATION, range(len(self._nodes)))() * self._units.length
        at = [m.position for m in self.levels]
        self.bottoms = p.reader("node", Code.MIN_LEVEL, at)() * self._units.length
        self.tops = p.reader("node", Code.MAX_LEVEL, at)() * self._units.length
        volume = p.reader("node", Code.MAX_VOLUME, at)() - p.reader("node", Code.MIN_VOLUME, at)()
        self.areas = volume * self._units.volume / np.maximum(self.tops - self.bottoms, 1e-9)
        self._group_demands()
        p.set_time(Code.DURATION, width_s)
        p.set_time(Code.HYDRAULIC_STEP, min(p.time(Code.HYDRAULIC_STEP), width_s))
        if not controlled:
            p.delete_controls()
        p.set_option(Code.UNBALANCED, 10)
        p.set_option(Code.ACCURACY, min(p.option(Code.ACCURACY), _ACCURACY))
        self._set_level = p.writer("node", Code.TANK_LEVEL, at)
        self._set_state = p.writer("link", Code.INIT_STATUS, [m.position for m in self.actuators])
        self._set_demand = p.writer("node", Code.BASE_DEMAND, self._drawers)
        flows = [m for m in self.measured if m.quantity == "flow"]
        nodes = [m for m in self.measured if m.quantity != "flow"]
        self._is_flow = np.array([m.quantity == "flow" for m in self.measured], dtype=bool)
        self._is_pressure = np.array([m.quantity == "pressure" for m in nodes], dtype=bool)
        self._of_nodes = [m.position for m in nodes]
        self._read_flow = p.reader("link", Code.FLOW, [m.position for m in flows])
        self._read_head = p.reader("node", Code.HEAD, self._of_nodes)
        self._read_demand = p.reader("node", Code.DEMAND, self._of_nodes)
        self._read_inflow = p.reader("node", Code.DEMAND, at)
        self._read_tanks = p.reader("node", Code.HEAD, at)
        self._read_state = p.reader("link", Code.STATUS, [m.position for m in self.actuators])
        p.begin()
        self.inflow = np.zeros(len(at))

    def _find_blind(self, tanks: set[int]) -> None:
        """Tanks without a level, pumps and controlled links without a state or flow."""
        p = self.project
        known = {m.position for m in self.levels}
        self.blind = [f"tank {self._nodes[at]} has no level signal" for at in sorted(tanks - known)]
        told = {m.position for m in self.actuators}
        sorts = p.integers("EN_getlinktype", len(self._links))
        self.blind += [
            f"pump {self._links[at]} has no state signal"
            for at in np.flatnonzero(sorts == Code.PUMP).tolist()
            if at not in told
        ]

    def _group_demands(self) -> None:
        """Junctions by pattern, metered ones apart; small groups join one another."""
        p, flow = self.project, self._units.flow * self.project.option(Code.DEMAND_MULTIPLIER)
        own = {m.position: m.signal.id for m in self.measured if m.quantity == "demand"}
        kinds = p.integers("EN_getnodetype", len(self._nodes))
        bases: dict[str, dict[int, float]] = {}
        for at in np.flatnonzero(kinds == Code.JUNCTION).tolist():
            demands = [(base, pattern) for base, pattern in p.demands(at + 1) if base]
            if at in own:
                mean = sum(base * float(p.pattern(pattern).mean()) for base, pattern in demands) * flow
                bases[own[at]] = {at: mean if mean > _DRAWN else _DRAWN}
                continue
            for base, pattern in demands:
                group = bases.setdefault(f"pattern {pattern}", {})
                group[at] = group.get(at, 0.0) + base * float(p.pattern(pattern).mean()) * flow
        total = sum(sum(group.values()) for group in bases.values()) or 1.0
        shared = sorted((g for g in bases if g not in own.values()), key=lambda g: (-sum(bases[g].values()), g))
        keep = max(1, _MOST_GROUPS - len(own))
        for place, name in enumerate(shared):
            if place >= keep or (place and sum(bases[name].values()) < _LEAST_SHARE * total):
                rest = bases[shared[min(keep, place) - 1 if place >= keep else 0]]
                for at, base in bases.pop(name).items():
                    rest[at] = rest.get(at, 0.0) + base
        self.groups = tuple(bases)
        self._drawers = sorted({at for group in bases.values() for at in group})
        place_of = {at: i for i, at in enumerate(self._drawers)}
        self._bases = np.zeros((len(self._drawers), len(self.groups)))
        for column, group in enumerate(bases.values()):
            for at, base in group.items():
                self._bases[place_of[at], column] = base
        self.drawn = self._bases.sum(axis=0)
        for at in self._drawers:
            p.clear_demands(at + 1)
        p.set_option(Code.DEMAND_MULTIPLIER, 1.0)

    def solve(self, factors: Array, levels: Array, open_: Flags, full: Flags) -> Array | None:
        """Values of `measured`, SI of the network (m3/s and m); None where EPANET finds no solution.

        Args:
            factors: float64 of each demand group.
            levels: m, of each tank.
            open_: of each actuator.
            full: tanks that take no more water.
        """
        if not self._begin(factors, levels, open_, full):
            return None
        units = self._units
        told = np.empty(len(self.measured))
        told[self._is_flow] = self._read_flow() * units.flow
        head = self._read_head() * units.length - self._elevation[self._of_nodes]
        told[~self._is_flow] = np.where(self._is_pressure, head, self._read_demand() * units.flow)
        self.inflow = self._read_inflow() * units.flow
        return told

    def follow(self, factors: Array, levels: Array, open_: Flags, full: Flags) -> tuple[Array, Flags] | None:
        """Levels in m and states of the actuators a frame later, by the model's own controls where it has kept them."""
        if not self._begin(factors, levels, open_, full):
            return None
        try:
            while self.project.advance():
                self.project.solve()
        except SimulationError:
            return None
        at = [m.position for m in self.levels]
        return self._read_tanks() * self._units.length - self._elevation[at], self._read_state() > 0

    def _begin(self, factors: Array, levels: Array, open_: Flags, full: Flags) -> bool:
        p, units = self.project, self._units
        inside = np.clip(levels, self.bottoms, self.tops - _OVER)
        self._set_level(np.where(full, self.tops, inside) / units.length)
        self._set_state(open_.astype(np.float64))
        self._set_demand(self._bases @ factors / units.flow)
        try:
            p.begin_again()
            p.solve()
        except SimulationError:
            return False
        return True


def _first_of_each(meters: Sequence[Meter]) -> tuple[Meter, ...]:
    found: dict[int, Meter] = {}
    for one in meters:
        found.setdefault(one.position, one)
    return tuple(found.values())
