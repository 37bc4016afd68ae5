"""A network stepped by EPANET in SI units, its demands and actuators in our hands, its balance checked at every step.

EPANET's hydraulics: heads and flows by the global gradient algorithm (Todini and Pilati 1988), pressure-driven demand
by Wagner et al. (1988): q = D ((p - p0) / (p1 - p0))^0.5 between 0 and p1, tanks by explicit Euler steps that end where
a tank becomes full or empty (Rossman et al. 2020, EPANET 2.2 User Manual, appendix "Analysis Algorithms").
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from infrastress.hydraulics.toolkit import Code, Project
from infrastress.hydraulics.units import Units
from infrastress.simulators.water.balance import (
    LEAST_FLOW_M3S,
    LEVEL_TOLERANCE_M,
    TANK_SECONDS,
    Balance,
    TankStep,
    reached,
)

__all__ = ["Hydraulics", "Settings", "State"]

Array = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

ATTEMPTS = 6
PLUGGED = 1e-6  # emitter coefficient of a leak that is none: at 0 EPANET would keep the flow it last had
ACCURACY = 1e-4  # pressure-driven demand leaves errors of 0.02 l/s at the usual 0.001 to 0.01


@dataclass(frozen=True)
class Settings:
    """How a network is run.

    Attributes:
        step_s: longest hydraulic step.
        duration_s: of the run.
        controls: whether EPANET keeps the model's own controls and demands (an open-loop run).
        required_pressure_m: pressure head at which customers get all they ask for; None leaves the model's own way.
        overflow: names of the tanks that run over when full, the others shut their inlet; None leaves what the model
            says.
        clock_shift_s: the run begins so many seconds after the model's own beginning.
        checked: whether the balance is checked.
    """

    step_s: int
    duration_s: int
    controls: bool = False
    required_pressure_m: float | None = None
    overflow: frozenset[str] | None = None
    clock_shift_s: int = 0
    checked: bool = True


@dataclass
class State:
    """What was solved last; arrays are those of the engine and change with the next step.

    Attributes:
        second: when.
        flow: m3/s, by link.
        demand: m3/s that leave each node: demand and leak of junctions, net inflow of tanks and reservoirs.
        head: m, by node.
        warning: EPANET's.
    """

    second: int
    flow: Array
    demand: Array
    head: Array
    warning: int


class Hydraulics:
    """One network under way.

    Attributes:
        nodes, links: names.
        kind, sort: types of nodes and links, EPANET's codes.
        junctions, tanks, reservoirs: positions of nodes.
        elevation: m, by node.
        state: what was solved last.
        requested: demand asked for, m3/s, by node.
        volume, level: of the tanks, at the present time.
        spilled: m3 that each tank has spilled over so far.
        dry: nodes that no source reaches.

    Raises:
        InputError: EPANET doesn't open the file.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.settings = settings
        self.project = Project(path)
        try:
            self._prepare()
        except BaseException:
            self.project.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.project.close()

    def _prepare(self) -> None:
        p, settings = self.project, self.settings
        self.units = Units.of(p.flow_units())
        self.nodes, self.links = p.names("node"), p.names("link")
        self.kind = p.integers("EN_getnodetype", len(self.nodes))
        self.sort = p.integers("EN_getlinktype", len(self.links))
        self.start, self.end = p.ends()
        self._both_ways = ~np.isin(self.sort, (Code.CHECK_VALVE, Code.PUMP))
        self.junctions, self.reservoirs, self.tanks = (np.flatnonzero(self.kind == code) for code in (0, 1, 2))
        every, tanks = range(len(self.nodes)), self.tanks.tolist()
        length, volume = self.units.length, self.units.volume
        self.elevation = p.reader("node", Code.ELEVATION, every)() * length
        self.limits = (
            p.reader("node", Code.MIN_VOLUME, tanks)() * volume,
            p.reader("node", Code.MAX_VOLUME, tanks)() * volume,
        )
        self.level_limits = (
            p.reader("node", Code.MIN_LEVEL, tanks)() * length,
            p.reader("node", Code.MAX_LEVEL, tanks)() * length,
        )
        span = self.level_limits[1] - self.level_limits[0]
        diameter = p.reader("node", Code.TANK_DIAMETER, tanks)() * length
        # A tank with a volume curve has no one cross-section: the mean over its height
        mean = (self.limits[1] - self.limits[0]) / np.where(span > 0, span, 1.0)
        self.areas = np.maximum(np.pi / 4 * diameter**2, mean)
        self._flow = p.reader("link", Code.FLOW, range(len(self.links)))
        self._status = p.reader("link", Code.STATUS, range(len(self.links)))
        self._demand, self._head = p.reader("node", Code.DEMAND, every), p.reader("node", Code.HEAD, every)
        self._volume = p.reader("node", Code.TANK_VOLUME, tanks)
        self._tank_head = p.reader("node", Code.HEAD, tanks)
        self.balance = Balance(self.start, self.end, self.junctions, self.tanks, self.nodes)
        self.requested = np.zeros(len(self.nodes))
        self.dry = np.zeros(len(self.nodes), dtype=bool)
        self.emitters: dict[int, float] = {}
        self._commands: dict[int, tuple[int, float]] = {}
        self._held: set[int] = set()
        self._plugged: set[int] = set()
        self._read_demands()
        self._spills = self._set_overflow()
        p.set_time(Code.DURATION, settings.duration_s)
        if not settings.controls:
            self._take_over()
        if settings.required_pressure_m is not None:
            self._depend_on_pressure(settings.required_pressure_m)

    def _read_demands(self) -> None:
        """Base demands and patterns, and where water leaves by emitters."""
        p = self.project
        multiplier = p.option(Code.DEMAND_MULTIPLIER)
        self.pattern_step = max(p.time(Code.PATTERN_STEP), 1)
        self.pattern_start = p.time(Code.PATTERN_START)
        self.categories: list[tuple[int, float, int]] = []
        for at in self.junctions.tolist():
            for base, pattern in p.demands(at + 1):
                if base:
                    self.categories.append((at, base * multiplier * self.units.flow, pattern))
            coefficient = p.get("node", Code.EMITTER, at)
            if coefficient > 0:
                self.emitters[at] = coefficient
        self.patterns = {index: p.pattern(index) for index in {one[2] for one in self.categories}}
        self.drawers = np.array(sorted({one[0] for one in self.categories}), dtype=np.int64)
        by_pattern: dict[int, Array] = {}
        for at, base, pattern in self.categories:
            by_pattern.setdefault(pattern, np.zeros(len(self.nodes)))[at] += base
        self._by_pattern = by_pattern

    def _set_overflow(self) -> npt.NDArray[np.bool_]:
        p, tanks = self.project, self.tanks.tolist()
        if self.settings.overflow is not None:
            for at in tanks:
                p.put("node", Code.CAN_OVERFLOW, at, float(self.nodes[at] in self.settings.overflow))
        return p.reader("node", Code.CAN_OVERFLOW, tanks)() > 0

    def _take_over(self) -> None:
        """Controls and demands are ours from here on; EPANET's own are taken out."""
        p, settings = self.project, self.settings
        p.delete_controls()
        for code in (Code.HYDRAULIC_STEP, Code.REPORT_STEP):
            p.set_time(code, settings.step_s)
        p.set_time(Code.PATTERN_START, self.pattern_start + settings.clock_shift_s)
        p.set_option(Code.UNBALANCED, 10)  # go on with ten more trials: what is wrong then, the balance tells
        p.set_option(Code.DEMAND_MULTIPLIER, 1.0)
        p.set_option(Code.ACCURACY, min(p.option(Code.ACCURACY), ACCURACY))
        for at in self.drawers.tolist():
            p.clear_demands(at + 1)
        self._write = p.writer("node", Code.BASE_DEMAND, self.drawers.tolist())

    def _depend_on_pressure(self, required: float) -> None:
        p = self.project
        p.begin()
        p.solve()
        head = self._head() * self.units.length - self.elevation
        pressure = p.reader("node", Code.PRESSURE, range(len(self.nodes)))()
        at = int(np.abs(head[self.junctions]).argmax()) if len(self.junctions) else 0
        at = int(self.junctions[at]) if len(self.junctions) else 0
        if abs(head[at]) > 1e-3:
            self.units = Units(self.units.flow, self.units.length, self.units.volume, float(pressure[at] / head[at]))
        p.set_demand_model(pressure=True, low=0.0, required=required * self.units.pressure, exponent=0.5)

    # What the model asks for

    def model_demand(self, second: int) -> Array:
        """Demand by the model's base demands and patterns, m3/s, by node."""
        period = (second + self.pattern_start + self.settings.clock_shift_s) // self.pattern_step
        total = np.zeros(len(self.nodes))
        for index, bases in self._by_pattern.items():
            factors = self.patterns[index]
            total += bases * factors[period % len(factors)]
        return total

    def mean_demand(self) -> Array:
        """Mean of the model's demand over its patterns, m3/s, by node."""
        total = np.zeros(len(self.nodes))
        for index, bases in self._by_pattern.items():
            total += bases * float(self.patterns[index].mean())
        return total

    # Actuators

    def set_status(self, link: int, *, open_: bool) -> None:
        """Open or shut a link, switch a pump on or off; a check valve is left alone."""
        self._commands[link] = (Code.STATUS, float(open_))
        self._command(link)

    def set_setting(self, link: int, value: float) -> None:
        """A pump's relative speed, or what a valve regulates: pressure in m, flow in m3/s, loss coefficient."""
        sort = int(self.sort[link])
        if sort in (Code.PRV, Code.PSV, Code.PBV):
            value *= self.units.pressure
        elif sort == Code.FCV:
            value /= self.units.flow
        self._commands[link] = (Code.SETTING, value)
        self._command(link)

    def _command(self, link: int) -> None:
        code, value = self._commands[link]
        if int(self.sort[link]) != Code.CHECK_VALVE:
            self.project.put("link", code, link, value)

    def set_leak(self, junction: int, flow: float, pressure: float) -> None:
        """A leak that loses `flow` m3/s at a pressure head of `pressure` m, through EPANET's emitter; 0 mends it."""
        exponent = self._emitter_exponent()
        coefficient = max(flow / self.units.flow / (pressure * self.units.pressure) ** exponent, PLUGGED)
        self.emitters[junction] = coefficient
        self.project.put("node", Code.EMITTER, junction, coefficient)

    def _emitter_exponent(self) -> float:
        return self.project.option(Code.EMITTER_EXPONENT)

    def link_value(self, code: int, link: int) -> float:
        """Status or setting of a link at present; SI where it is a setting of a valve."""
        value = self.project.get("link", code, link)
        sort = int(self.sort[link])
        if code == Code.SETTING and sort in (Code.PRV, Code.PSV, Code.PBV):
            return value / self.units.pressure
        return value * self.units.flow if code == Code.SETTING and sort == Code.FCV else value

    def open_links(self) -> npt.NDArray[np.bool_]:
        """Which links are open at present (a pump that can't deliver its head isn't)."""
        found: npt.NDArray[np.bool_] = self._status() > 0
        return found

    def initial_status(self, link: int) -> float:
        """A link's status as the model has it at the start."""
        return self.project.get("link", Code.INIT_STATUS, link)

    def move_level(self, tank: int, by: float, least: float, most: float) -> None:
        """Begin with another level in a tank (its number among the tanks), m, kept between `least` and `most`."""
        node = int(self.tanks[tank])
        level = self.project.get("node", Code.TANK_LEVEL, node) * self.units.length
        moved = max(min(level + by, most), least) if least <= most else level
        self.project.put("node", Code.TANK_LEVEL, node, moved / self.units.length)

    # Stepping

    def begin(self) -> None:
        """Go to second 0."""
        self.project.begin()
        self.spilled = np.zeros(len(self.tanks))
        self._read_tanks()

    def _read_tanks(self) -> None:
        self.volume = self._volume() * self.units.volume
        self.level = self._tank_head() * self.units.length - self.elevation[self.tanks]

    def solve(self, demand: Array | None = None) -> State:
        """Solve at the present time for a demand, m3/s by node (None: as EPANET has it).

        EPANET lets water out of an empty tank whose pipe loses next to no head, and delivers to junctions that no
        source reaches; both are put right here: such a pipe is shut while the tank is empty, such a junction gets
        nothing.

        Raises:
            SimulationError: a balance doesn't close, whatever is tried.
        """
        if demand is not None:
            self.requested = demand
            if self.dry.any():
                self.dry = self._unreached()
            self._release()
            self._push()
        state = self._read(*self.project.solve())
        if not self.settings.checked or demand is None:
            return state
        for _ in range(ATTEMPTS):
            if not self._put_right(state):
                break
            state = self._read(*self.project.solve())
        self.balance.check_junctions(state.second, state.flow, self.inflow, state.demand)
        return state

    def _put_right(self, state: State) -> bool:
        """Shut what gives water that isn't there; False where nothing was to be done."""
        acted = False
        error, allowed, _ = self.balance.junction_error(state.flow, self.inflow, state.demand)
        if not error <= allowed:
            acted = True
            dry = self._unreached()
            if (dry != self.dry).any():
                self.dry = dry
                self._push()
            # A pump whose suction no source reaches would draw water from nothing at any head
            for link in np.flatnonzero((self.sort == Code.PUMP) & dry[self.start]).tolist():
                self._hold(link)
        for at, coefficient in self.emitters.items():
            # Under negative pressure EPANET would let water in through a leak
            if coefficient > 0 and at not in self._plugged and state.head[at] < self.elevation[at]:
                self.project.put("node", Code.EMITTER, at, PLUGGED)
                self._plugged.add(at)
                acted = True
        rate = self.inflow[self.tanks]
        margin = LEVEL_TOLERANCE_M * self.areas + np.abs(rate) * TANK_SECONDS
        empty = (self.volume <= self.limits[0] + margin) & (rate < -LEAST_FLOW_M3S)
        full = (self.volume >= self.limits[1] - margin) & (rate > LEAST_FLOW_M3S) & ~self._spills
        for i in np.flatnonzero(empty | full).tolist():
            acted |= self._shut_off(int(self.tanks[i]), outward=bool(empty[i]))
        return acted

    def _shut_off(self, tank: int, *, outward: bool) -> bool:
        """Shut the links through which a tank gives (or takes) water that it can't."""
        away = np.where(self.start == tank, self.state.flow, np.where(self.end == tank, -self.state.flow, 0.0))
        found = np.flatnonzero(away > LEAST_FLOW_M3S / 10 if outward else away < -LEAST_FLOW_M3S / 10)
        return sum(self._hold(link) for link in found.tolist()) > 0

    def _hold(self, link: int) -> bool:
        """Shut a link for this step; False where it is shut already, or a check valve."""
        if link in self._held or int(self.sort[link]) == Code.CHECK_VALVE:
            return False
        if link not in self._commands:
            active = int(self.sort[link]) not in (Code.PIPE, Code.PUMP)
            setting = self.project.get("link", Code.SETTING, link) if active else 1.0
            self._commands[link] = (Code.SETTING, setting) if active else (Code.STATUS, 1.0)
        self._held.add(link)
        self.project.put("link", Code.STATUS, link, 0.0)
        return True

    def _release(self) -> None:
        """What was shut in the step before is as its controller wants it again."""
        for link in self._held:
            self._command(link)
        self._held.clear()
        for at in self._plugged:
            self.project.put("node", Code.EMITTER, at, self.emitters[at])
        self._plugged.clear()

    def _push(self) -> None:
        served = np.where(self.dry, 0.0, self.requested)
        self._write(served[self.drawers] / self.units.flow)

    def _read(self, second: int, warning: int) -> State:
        units = self.units
        self.state = State(
            second, self._flow() * units.flow, self._demand() * units.flow, self._head() * units.length, warning
        )
        if (
            self.dry.any()
        ):  # where no source reaches nothing flows: what EPANET shows there are trickles through shut links
            self.state.flow[self.dry[self.start] & self.dry[self.end]] = 0.0
            self.state.demand[self.dry] = 0.0
        self.inflow = self.balance.inflow(self.state.flow)
        return self.state

    def _unreached(self) -> npt.NDArray[np.bool_]:
        """Nodes that no water can come to: from reservoirs, tanks with water, and junctions that models feed by."""
        wet = self.tanks[self.volume > self.limits[0] * (1 + 1e-9) + 1e-9]
        sources = np.concatenate([self.reservoirs, wet, np.flatnonzero(self.requested < 0)])
        return ~reached(sources, (self.start, self.end), self.open_links(), self._both_ways, len(self.nodes))

    def advance(self) -> int:
        """Go to the next hydraulic time, and check the tanks.

        Returns:
            Seconds gone; 0 at the end.

        Raises:
            SimulationError: a tank's volume changed by something else than its inflow.
        """
        before = self.volume
        step = self.project.advance()
        if step:
            self._read_tanks()
            if self.settings.checked:
                inflow = self.inflow[self.tanks]
                self.spilled += self.balance.check_tanks(
                    TankStep(
                        self.state.second, step, inflow, before, self.volume, self.limits, self.areas, self._spills
                    )
                )
        return step

    @property
    def delivered(self) -> Array:
        """Demand that customers get, m3/s by node (leaks are no demand)."""
        got = self.state.demand.copy()
        for at in self.emitters:
            got[at] -= self.leak_at(at)
        got[self.tanks] = got[self.reservoirs] = 0.0
        return got

    def leak_at(self, junction: int) -> float:
        """What leaves through a junction's emitter, m3/s."""
        if junction not in self.emitters:
            return 0.0
        short = self.project.get("node", Code.DEFICIT, junction) * self.units.flow
        asked = 0.0 if self.dry[junction] else self.requested[junction]
        return float(self.state.demand[junction] - (asked - short))
