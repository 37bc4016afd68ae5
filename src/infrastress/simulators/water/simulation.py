"""One run: hydraulics, controllers and measurements scanned together until the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.hydraulics.toolkit import Code
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.channels import Channel
from infrastress.simulators.water.consequences import Consequences
from infrastress.simulators.water.demand import Demand
from infrastress.simulators.water.faults import PlantFault
from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.oddities import Oddities
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.plc import Clock, Controllers, inputs_of, shifted
from infrastress.simulators.water.ranges import RANGES
from infrastress.simulators.water.story import Held, Input, Story
from infrastress.site.epanet_controls import Action, Quantity

__all__ = ["Outcome", "Simulation"]

Array = npt.NDArray[np.float64]


@dataclass
class Outcome:
    """What a run gave; n rows of telemetry, m simulated signals, SI units of the network (pressures in m).

    Attributes:
        seconds: of the rows, n.
        true, told: what is, and what controllers (and honest operators) are told, n x m.
        consequences: what it did to customers and tanks.
        switched: (second, link, action) of every change of command.
        warnings: EPANET's, counted.
        held: links held against their controllers, with what they were held at.
    """

    seconds: Array
    true: Array
    told: Array
    consequences: Consequences
    switched: list[tuple[int, str, Action]]
    warnings: dict[int, int]
    held: dict[str, bool] = field(default_factory=dict)


class Simulation:
    """Everything of one run; `play` plays it once.

    Args:
        layout: of the site.
        engine: opened, controls taken out.
        calendar, draws, options: of the run.
        cadence: seconds between two rows; a multiple of the scan.
        story, fault, oddities: what happens; None for nothing.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        engine: Hydraulics,
        calendar: Calendar,
        draws: Randomness,
        options: WaterOptions,
        scan: int,
        cadence: int,
        story: Story | None,
        fault: PlantFault | None,
        oddities: Oddities,
    ) -> None:
        self.layout, self.engine, self.calendar, self.draws = layout, engine, calendar, draws
        self.options, self.scan, self.cadence = options, scan, cadence
        self.story, self.fault, self.oddities = story, fault, oddities
        self.demand = Demand(calendar, draws, len(engine.nodes), options.variation)
        self.demand.extras = [*oddities.extras, *([fault.extra] if fault is not None and fault.extra else [])]
        self.demand.hot = [*oddities.hot, *([story.hot] if story is not None and story.hot else [])]
        self.demand.repeated = story.repeated if story is not None else None
        self.plain = Controllers(layout.logic)
        self.altered = self.plain
        if story is not None and story.shift and story.target is not None:
            self.altered = Controllers(shifted(layout.logic, *story.target, story.shift))
        self.holds: list[Held] = [*oddities.held, *(story.held if story else ()), *(fault.held if fault else ())]
        self._leaking = False
        self._make_channels()

    def _make_channels(self) -> None:
        engine = self.engine
        mean = engine.mean_demand()
        largest = float(np.abs(mean).sum())
        self.inputs = sorted(inputs_of(self.layout.logic))
        self.channels: dict[Input, Channel] = {}
        for meter in self.layout.meters:
            key: Input = (meter.quantity, meter.element)
            if key in self.channels:
                continue
            period = self.scan if key in self.inputs else self.cadence
            channel = self._channel(key, period, largest)
            channel.noisy = self.oddities.noisy.get(key, [])
            channel.faults = [*self.oddities.stuck.get(key, []), *channel.faults]
            self.channels[key] = channel
        # A controller whose input no signal shows still reads it, and can be lied to
        for key in self.inputs:
            if key not in self.channels:
                self.channels[key] = self._channel(key, self.scan, largest)
        self.column_key = [(meter.quantity, meter.element) for meter in self.layout.meters]

    def _channel(self, key: Input, period: int, largest: float) -> Channel:
        varied = self.options.variation
        channel = Channel.make(key[0], period, ".".join(key), varied=varied, largest=largest, draws=self.draws)
        if self.story is not None:
            channel.faults += self.story.faults.get(key, [])
            channel.lies += self.story.lies.get(key, [])
        return channel

    # True values

    def _sensors(self) -> dict[tuple[Quantity, str, bool], Callable[[], float]]:
        """A function for every quantity that is measured or read, by quantity, element and whether it is a node."""
        found: dict[tuple[Quantity, str, bool], Callable[[], float]] = {}
        for meter in self.layout.meters:
            found[meter.quantity, meter.element, meter.node] = self._sensor(meter.quantity, meter.element, meter.node)
        for quantity, element in self.inputs:
            node = quantity in ("level", "pressure", "head", "demand")
            found.setdefault((quantity, element, node), self._sensor(quantity, element, node))
        return found

    def _sensor(self, quantity: Quantity, element: str, node: bool) -> Callable[[], float]:
        engine = self.engine
        if not node:
            link = self.layout.links[element]
            if quantity == "flow":
                return lambda: float(engine.state.flow[link])
            code = Code.STATUS if quantity == "status" else Code.SETTING
            return lambda: engine.link_value(code, link)
        at = self.layout.nodes[element]
        if quantity == "level" and element in self.layout.tanks:
            i = self.layout.tanks.index(element)
            return lambda: float(engine.level[i])
        height = float(engine.elevation[at])
        if quantity in ("level", "pressure"):
            return lambda: float(engine.state.head[at]) - height
        if quantity == "head":
            return lambda: float(engine.state.head[at])
        return lambda: float(engine.state.demand[at])  # a tank's is what flows in

    # The loop

    def play(self) -> Outcome:
        """Play the run.

        Raises:
            SimulationError: a balance doesn't close.
        """
        engine, layout, length = self.engine, self.layout, int(self.calendar.length)
        self._set_levels()
        engine.begin()
        sensors = self._sensors()
        nodes = {(q, e): node for q, e, node in sensors}
        meters = [sensors[one.quantity, one.element, one.node] for one in layout.meters]
        rows = length // self.cadence + 1
        true, told = np.full((2, rows, len(meters)), np.nan)
        seconds = self.cadence * np.arange(rows, dtype=float)
        outcome = Outcome(seconds, true, told, Consequences(engine, layout), [], {})
        self._commands: dict[str, Action] = {}
        self._applied: dict[str, Any] = {}
        late = self.draws.draw("clock.offset", RANGES.clock_offset_s) if self.options.variation else 0.0
        solved, second, shut = False, 0, False
        swap: dict[str, str] = {}
        rotations = sorted(self.oddities.rotations)
        latest: dict[Input, float] = {}
        while True:
            for key in self.inputs:
                ready = solved or (key[0] == "level" and key[1] in layout.tanks)
                if ready:
                    latest[key] = self.channels[key].ask(second, sensors[key[0], key[1], nodes[key]]())
            while rotations and rotations[0][0] <= second:
                _, one, other = rotations.pop(0)
                swap[one], swap[other] = swap.get(other, other), swap.get(one, one)
            clock = Clock(
                self._local(second) - late, self._local(second - self.scan) - late if second else -1.0,
                layout.start_clock, layout.cycle,
            )  # fmt: skip
            self._act(self._controllers(second).scan(clock, lambda q, e: latest.get((q, e))), swap, second, outcome)
            if (
                self.options.sources_closed_h is not None
                and not shut
                and second >= 3600 * self.options.sources_closed_h
            ):
                shut = True
                self._close_sources()
            self._leak(second)
            asked = self.demand.at(second, engine.model_demand(second + self.calendar.clock_change(second)))
            state = engine.solve(asked)
            solved = True
            outcome.warnings[state.warning] = outcome.warnings.get(state.warning, 0) + 1
            if second % self.cadence == 0:
                row = second // self.cadence
                for i, (key, sensor) in enumerate(zip(self.column_key, meters, strict=True)):
                    true[row, i] = value = sensor()
                    told[row, i] = latest[key] if key in latest else self._ask(key, second, value)
            until = second + self.scan
            while second < until:
                step = engine.advance()
                if not step:
                    return outcome
                outcome.consequences.add(second, step)
                second += step
                if second < until:
                    engine.solve(asked)

    def _ask(self, key: Input, second: int, value: float) -> float:
        channel = self.channels[key]
        if channel.period < self.cadence:  # an input that isn't known yet, at the very first scan
            return value
        return channel.ask(second, value)

    def _local(self, second: float) -> float:
        """Seconds since the model's beginning by the local clock, which controllers and customers go by."""
        return second + self.engine.settings.clock_shift_s + self.calendar.clock_change(second)

    def _set_levels(self) -> None:
        if not self.options.variation:
            return
        stream = self.draws.stream("initial.level")
        for at, (name, share) in enumerate(
            zip(self.layout.tanks, stream.uniform(*RANGES.initial_level, len(self.layout.tanks)), strict=True)
        ):
            low, high = self.layout.depths[name]
            self.engine.move_level(
                at, float(share) * (high - low), low + 0.02 * (high - low), high - 0.02 * (high - low)
            )

    def _controllers(self, second: int) -> Controllers:
        story = self.story
        return self.altered if story is not None and story.began <= second < story.ended else self.plain

    def _act(self, commands: dict[str, Action], swap: dict[str, str], second: int, outcome: Outcome) -> None:
        """Drive the links: commands, duty and standby changed where they are, then what is held against them."""
        for link, action in commands.items():
            self._commands[swap.get(link, link)] = action
        wanted: dict[str, Any] = {link: (action.quantity, action.value) for link, action in self._commands.items()}
        for held in self.holds:
            if not held.began <= second < held.ended:
                continue
            if held.speed is not None:
                on = wanted.get(held.link, ("status", self._applied.get(held.link, ("status", 1.0))[1]))[1] > 0
                wanted[held.link] = ("setting", held.speed) if on else ("status", 0.0)
                continue
            key = f"{held.link}.{held.began}"
            if key not in outcome.held:
                now = self.engine.link_value(Code.STATUS, self.layout.links[held.link]) > 0
                outcome.held[key] = now if held.as_is else (not now if held.open_ is None else held.open_)
            wanted[held.link] = ("status", float(outcome.held[key]))
        for link in {held.link for held in self.holds} - wanted.keys():
            if link in self._applied:  # the hold is over and no controller speaks of it: as the model has it
                wanted[link] = ("status", self.engine.initial_status(self.layout.links[link]))
        for link, want in wanted.items():
            if self._applied.get(link) != want:
                self._applied[link] = want
                at = self.layout.links[link]
                if want[0] == "status":
                    self.engine.set_status(at, open_=want[1] > 0)
                else:
                    self.engine.set_setting(at, want[1])
                outcome.switched.append((second, link, Action(link, want[0], want[1])))

    def _close_sources(self) -> None:
        engine = self.engine
        at_source = np.isin(engine.start, engine.reservoirs) | np.isin(engine.end, engine.reservoirs)
        for link in np.flatnonzero(at_source).tolist():
            self.holds.append(Held(engine.links[link], False, 0.0, float("inf")))
            engine.set_status(link, open_=False)

    def _leak(self, second: int) -> None:
        fault = self.fault
        if fault is None or fault.leak is None:
            return
        at, flow = fault.leak
        engine = self.engine
        if fault.began <= second < fault.ended and not self._leaking:
            self._leaking = True
            pressure = float(engine.state.head[at] - engine.elevation[at]) if second else 30.0
            engine.set_leak(at, flow, max(pressure, 5.0))
        elif second >= fault.ended and self._leaking:
            self._leaking = False
            engine.set_leak(at, 0.0, 1.0)
