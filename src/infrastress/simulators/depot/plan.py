"""The plan of operations: receipts, transfers and lorry loading, one after another on each tank.

A tank does one thing at a time, so each operation's volume is settled when it is planned and no time step is needed.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.flow import Flow
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.randomness import Randomness
from infrastress.site.assets import Valve
from infrastress.site.process import Connection

__all__ = ["STOP_RAMP_S", "Interval", "Operation", "Plan", "Plant", "plan_days"]

Span = tuple[float, float]
Interval = tuple[str, float, float]
"""(state signal, from, to): the signal is 1 in between; seconds."""

STOP_RAMP_S = 60.0
WEEKDAY_SHARE = {"sat": 1 / 3, "sun": 0.0}


@dataclass(frozen=True)
class Operation:
    """Something that moves product.

    Attributes:
        kind: what it is.
        source, target: tanks or boundaries.
        flow: true flow.
        meter: the flow signal that measures it.
        states: when which state signal is 1.
        temperature: of what a boundary delivers, degC; None for what comes from a tank.
    """

    kind: Literal["receipt", "loading", "transfer"]
    source: str
    target: str
    flow: Flow
    meter: str
    states: tuple[Interval, ...]
    temperature: float | None = None


class Plant:
    """What is fixed for one run: true cross-sections, the weather, how long valves travel."""

    def __init__(self, layout: Layout, draws: Randomness) -> None:
        stream = draws.stream("area")
        self.layout = layout
        self.area = {
            tank: layout.area(tank) * (1 + RANGES.area_error * float(stream.normal())) for tank in layout.tanks
        }
        self.air_mean = draws.draw("air.mean", RANGES.air_mean_c)
        self.air_swing = draws.draw("air.swing", RANGES.air_swing_k)
        self.time_constant = draws.draw("liquid", RANGES.liquid_time_constant_d) * 86400.0

    def travel(self, valve: str) -> float:
        """Seconds a valve takes from open to closed; 25 where the site doesn't say."""
        asset = self.layout.site.asset_by_id[valve]
        return (asset.travel_s if isinstance(asset, Valve) else 0.0) or 25.0

    def intervals(self, spans: dict[str, Span]) -> tuple[Interval, ...]:
        """Intervals of the state signals of assets; a valve shows open until it is back on its seat."""
        found: list[Interval] = []
        for asset, (begin, end) in spans.items():
            signal = self.layout.state_of(asset)
            if signal is not None:
                closes = self.travel(asset) if isinstance(self.layout.site.asset_by_id[asset], Valve) else 0.0
                found.append((signal, begin, end + closes))
        return tuple(found)


@dataclass
class Plan:
    """Levels at the start and everything that moves product, by its begin."""

    initial_level: dict[str, float]
    operations: list[Operation] = field(default_factory=list)


class _Planner:
    def __init__(self, plant: Plant, calendar: Calendar, draws: Randomness) -> None:
        self.plant, self.layout, self.calendar, self.draws = plant, plant.layout, calendar, draws
        low, high = RANGES.initial_level_m
        levels = draws.stream("initial").uniform(low, high, len(self.layout.tanks))
        self.plan = Plan({tank: float(level) for tank, level in zip(self.layout.tanks, levels, strict=True)})
        self.free = dict.fromkeys(self.layout.tanks, 0.0)
        self.line_free = dict.fromkeys(self.layout.receipts, 0.0)
        self.line_reserved: dict[str, Span] = {}
        self.transfer_free = dict.fromkeys(self.layout.products(), 0.0)
        self.volume = {tank: level * plant.area[tank] for tank, level in self.plan.initial_level.items()}

    def reserve(self, tank: str, level: float, boundary: str, span: Span, operation: Operation) -> None:
        self.plan.initial_level[tank] = level
        self.free[tank] = float("inf")
        self.line_reserved[boundary] = span
        self.plan.operations.append(operation)

    def requests(self) -> list[tuple[float, str, int, str]]:
        """(time, kind, running number, subject) of everything wanted, by time."""
        found: list[tuple[float, str, int, str]] = []
        for i, boundary in enumerate(self.layout.receipts):
            every = RANGES.ship_interval_h if i == 0 else RANGES.batch_interval_h
            found += [(at, "receipt", n, boundary) for n, at in enumerate(self._every(f"receipt.{boundary}", every))]
        for product in self.layout.products():
            every = RANGES.transfer_interval_h
            found += [(at, "transfer", n, product) for n, at in enumerate(self._every(f"transfer.{product}", every))]
            for day in self.calendar.days:
                begins = self.draws.stream(f"loading-begins.{product}", day.number).uniform(*RANGES.loading_begins_h)
                found.append((day.midnight + begins * 3600.0, "loading", day.number, product))
        return sorted(request for request in found if 0 <= request[0] < self.calendar.length)

    def _every(self, name: str, hours: Span) -> list[float]:
        stream = self.draws.stream(name)
        at = float(stream.uniform(0.0, hours[1] * 3600.0))
        moments = []
        while at < self.calendar.length:
            moments.append(at)
            at += float(stream.uniform(*hours)) * 3600.0
        return moments

    def receive(self, at: float, number: int, boundary: str) -> None:
        """A ship or a pipeline batch: one or more tanks in turn, each filled by its gauge or until the cargo ends."""
        stream = self.draws.stream(f"cargo.{boundary}", number)
        connections = self.layout.receipts[boundary]
        products = sorted({self.layout.product(tank) for tank in connections})
        is_ship = len(products) > 1
        petrol_first = sorted(products, key=lambda product: product != "petrol")
        second = stream.uniform() >= RANGES.ship_petrol
        product = petrol_first[int(second) * (len(petrol_first) - 1)] if is_ship else products[0]
        cargo = float(stream.uniform(*(RANGES.ship_cargo_m3 if is_ship else RANGES.batch_m3)))
        rate = float(stream.uniform(*RANGES.receipt_m3h)) / 3600.0
        temperature = self.plant.air_mean + float(stream.uniform(*RANGES.receipt_temperature_k))
        reserved = self.line_reserved.get(boundary, (float("inf"), float("-inf")))
        if at < self.line_free[boundary] or (at < reserved[1] and at + 2 * 86400.0 > reserved[0]):
            return
        begin, legs = at, []
        settle = float(stream.uniform(*RANGES.settle_s))
        while cargo > 150.0:
            fill = float(stream.uniform(*RANGES.fill_level_m))
            room = {
                tank: fill * self.plant.area[tank] - self.volume[tank]
                for tank in connections
                if self.layout.product(tank) == product and self.free[tank] <= at
            }
            if not room or max(room.values()) < 400.0:
                break
            tank = max(room, key=lambda name: room[name])
            amount = min(cargo, room[tank])
            flow = Flow.steady(
                begin + settle,
                rate,
                amount,
                ramp=float(stream.uniform(*RANGES.ramp_s)),
                wander=RANGES.receipt_wander,
                stream=stream,
            )
            if stream.uniform() < RANGES.receipt_pauses_per_receipt:
                moment = flow.when(amount * float(stream.uniform(0.2, 0.8)))
                flow = flow.paused(moment, float(stream.uniform(*RANGES.receipt_pause_s)), STOP_RAMP_S)
            flow = flow.stopped_after(amount, STOP_RAMP_S)
            legs.append((tank, connections[tank], begin, flow))
            cargo -= flow.total
            self.volume[tank] += flow.total
            self.free[tank] = flow.ended + 1800.0
            settle = float(stream.uniform(*RANGES.changeover_s))
            begin = flow.ended + 30.0
        self._add_legs(boundary, legs, temperature)

    def _add_legs(self, boundary: str, legs: list[tuple[str, Connection, float, Flow]], temperature: float) -> None:
        for n, (tank, connection, begin, flow) in enumerate(legs):
            spans = {connection.through[-1]: (begin, flow.ended)}
            if n == 0:
                spans |= dict.fromkeys(connection.through[:-1], (begin, legs[-1][3].ended + 60.0))
            states = self.plant.intervals(spans)
            meter = connection.flow or ""
            self.plan.operations.append(Operation("receipt", boundary, tank, flow, meter, states, temperature))
            self.line_free[boundary] = legs[-1][3].ended + 3600.0

    def transfer(self, at: float, number: int, product: str) -> None:
        """From the fullest free tank to the emptiest."""
        stream = self.draws.stream(f"move.{product}", number)
        volume = float(stream.uniform(*RANGES.transfer_m3))
        rate = float(stream.uniform(*RANGES.transfer_m3h)) / 3600.0
        free = [tank for tank in self.layout.tanks_of(product) if self.free[tank] <= at]
        if len(free) < 2 or at < self.transfer_free[product]:
            return
        a, b = max(free, key=lambda name: self.volume[name]), min(free, key=lambda name: self.volume[name])
        heel, fill = RANGES.heel_level_m[1], RANGES.fill_level_m[0]
        volume = min(volume, self.volume[a] - heel * self.plant.area[a], fill * self.plant.area[b] - self.volume[b])
        connection = self.layout.transfers.get((a, b))
        if volume < 150.0 or connection is None or self.volume[a] - self.volume[b] < 300.0:
            return
        flow = Flow.batch(at + 60.0, rate, volume, 30.0)
        pumps = {asset: self._pump_span(asset, at, flow) for asset in connection.through}
        states = self.plant.intervals(pumps)
        self.plan.operations.append(Operation("transfer", a, b, flow, connection.flow or "", states))
        self.volume[a] -= flow.total
        self.volume[b] += flow.total
        self.free[a] = self.free[b] = self.transfer_free[product] = flow.ended + 900.0

    def _pump_span(self, asset: str, at: float, flow: Flow) -> Span:
        if isinstance(self.layout.site.asset_by_id[asset], Valve):
            return at, flow.ended + 20.0
        return flow.began - 5.0, flow.ended + 5.0

    def load(self, at: float, number: int, product: str) -> None:
        """A day of lorries: stop-start flow from one tank, or a second one when the first is down to its heel."""
        stream = self.draws.stream(f"lorries.{product}", number)
        day = self.calendar.days[number]
        count = int(stream.uniform(*RANGES.lorries_per_day) * WEEKDAY_SHARE.get(day.weekday, 1.0))
        ends = day.midnight + float(stream.uniform(*RANGES.loading_ends_h)) * 3600.0
        heel = float(stream.uniform(*RANGES.heel_level_m))
        arrivals = np.sort(stream.uniform(at, ends - 1800.0, count))
        sizes = stream.uniform(*RANGES.lorry_m3, count)
        rates = stream.uniform(*RANGES.arm_m3h, count) / 3600.0
        arms = [at] * RANGES.arms
        queue: list[tuple[float, float, float]] = []
        for arrival, size, rate in zip(arrivals, sizes, rates, strict=True):
            arm = int(np.argmin(arms))
            begin = max(float(arrival), arms[arm])
            arms[arm] = begin + size / rate + 300.0
            queue.append((begin, float(size), float(rate)))
        not_before = at
        while queue:
            free = [tank for tank in self.layout.tanks_of(product) if self.free[tank] <= not_before]
            stock = {tank: self.volume[tank] - heel * self.plant.area[tank] for tank in free}
            if not stock or max(stock.values()) < 100.0:
                return
            tank = max(stock, key=lambda name: stock[name])
            parts: list[Flow] = []
            while queue and stock[tank] > queue[0][1]:
                begin, size, rate = queue.pop(0)
                parts.append(Flow.batch(max(begin, not_before + 120.0), rate, size, 15.0))
                stock[tank] -= size
            if not parts:
                return
            not_before = self._add_loading(tank, parts)

    def _add_loading(self, tank: str, parts: list[Flow]) -> float:
        connection = self.layout.loading[tank]
        flow = Flow.total_of(parts)
        runs: list[list[float]] = []
        for part in sorted(parts, key=lambda one: one.began):
            end = part.ended + RANGES.pump_run_on_s
            if runs and part.began - 10.0 <= runs[-1][1]:
                runs[-1][1] = max(runs[-1][1], end)
            else:
                runs.append([part.began - 5.0, end])
        end = runs[-1][1] + 20.0
        states: list[Interval] = []
        for asset in connection.through:
            if isinstance(self.layout.site.asset_by_id[asset], Valve):
                states += self.plant.intervals({asset: (runs[0][0] - 30.0, end)})
            else:
                states += [one for run in runs for one in self.plant.intervals({asset: (run[0], run[1])})]
        meter = connection.flow or ""
        self.plan.operations.append(Operation("loading", tank, connection.to, flow, meter, tuple(states)))
        self.volume[tank] -= flow.total
        self.free[tank] = end + 600.0
        return end


def plan_days(
    plant: Plant,
    calendar: Calendar,
    draws: Randomness,
    reserved: tuple[str, float, str, Span, Operation] | None,
) -> Plan:
    """Plan a run.

    Args:
        plant: what is fixed for the run.
        calendar: its days.
        draws: random numbers.
        reserved: tank, its level, receipt line, the line's span and the operation of a story told on top.
    """
    planner = _Planner(plant, calendar, draws)
    if reserved is not None:
        planner.reserve(*reserved)
    actions = {"receipt": planner.receive, "transfer": planner.transfer, "loading": planner.load}
    for at, kind, number, subject in planner.requests():
        actions[kind](at, number, subject)
    planner.plan.operations.sort(key=lambda operation: operation.flow.began)
    return planner.plan
