"""The story told on top of ordinary days: an overfill attack, its fault twin, its benign twins.

Every twin of a seed has the same tank, receipt and moments; only what the story changes differs.
"""

from dataclasses import dataclass

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.flow import Flow
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.options import DepotOptions, GaugeFault
from infrastress.simulators.depot.plan import STOP_RAMP_S, Operation, Plant
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.randomness import Randomness

__all__ = ["StoryLine", "tell"]

NEVER = float("inf")
RESERVED_S = 26 * 3600.0
PAUSE_RAMP_S = 60.0
TRIP_S = 2.0


@dataclass(frozen=True)
class StoryLine:
    """What the story does and when; moments in seconds after the start, `inf` where it never happens.

    Attributes:
        tank, boundary: where the receipt goes and where it comes from.
        area: true cross-section, m2.
        start_level: of the tank before the receipt, m.
        operation: the receipt.
        line_reserved: the span in which ordinary plans leave the receipt line alone.
        gauge: how the gauge lies from `freeze_at` on; `share` is what a drifting one still shows of a rise.
        freeze_level: true level at `freeze_at`, m.
        bypass_at, login_at, badge_at: the attacker's steps.
        high_high_at: the true level reaches the switch; trip_at: the switch acts.
        overflow_at: the true level reaches the brim; spill: what runs over.
        gas_low_at, gas_high_at, shutdown_at: the answer to the spill.
        stopped_at, resumed_at: a real stop of the transfer.
    """

    tank: str
    boundary: str
    area: float
    start_level: float
    operation: Operation
    line_reserved: tuple[float, float]
    gauge: GaugeFault | None
    share: float
    freeze_at: float
    freeze_level: float
    bypass_at: float
    login_at: float
    badge_at: float
    high_high_at: float
    trip_at: float
    overflow_at: float
    spill: Flow | None
    gas_low_at: float
    gas_high_at: float
    shutdown_at: float
    stopped_at: float
    resumed_at: float


@dataclass(frozen=True)
class _Receipt:
    """The story's receipt before anything stops it."""

    start_level: float
    area: float
    begin: float
    flow: Flow
    stopped_at: float
    resumed_at: float

    def level(self, at: float) -> float:
        """The true level at a moment, m."""
        return self.start_level + float(self.flow.volume(np.array([at]))[0]) / self.area

    def reaches(self, level: float) -> float:
        """When the true level reaches `level`, m; never where the flow ends before."""
        volume = (level - self.start_level) * self.area
        return self.flow.when(volume) if volume < self.flow.total else NEVER


@dataclass(frozen=True)
class _Outcome:
    """What ends the receipt, and what happens on the way."""

    flow: Flow
    trip_at: float
    overflow_at: float
    high_high_at: float
    gas_low_at: float
    gas_high_at: float
    shutdown_at: float


def tell(layout: Layout, plant: Plant, calendar: Calendar, options: DepotOptions, draws: Randomness) -> StoryLine:
    """Work the story out in closed form.

    Raises:
        SimulationError: the tank can't play it, or the run is too short for it.
    """
    r = RANGES
    tank, boundary = _stage(layout, options, draws)
    connection = layout.receipts[boundary][tank]
    line_valve, tank_valve = connection.through[0], connection.through[-1]
    receipt = _receipt(layout.tanks[tank].height_m, plant.area[tank], options, draws)
    freeze_level = draws.draw("story.freeze-level", r.story_freeze_level_m)
    if options.freezes_h is not None:
        freeze_level = receipt.level(options.freezes_h * 3600.0)
    share = draws.draw("story.share", r.drift_share)
    fill = draws.draw("story.fill", r.high_fill_level_m if options.attack == "high_fill" else r.fill_level_m)
    # Operators stop by the gauge: a frozen one never gets there, a drifting one late.
    stop_level = {None: fill, "drift": freeze_level + (fill - freeze_level) / share}.get(options.gauge_fault, NEVER)
    travel = (plant.travel(line_valve), plant.travel(tank_valve))
    switch_level = layout.switches[tank].level_m if tank in layout.switches else NEVER
    working = options.switch_condition == "working"
    ending = _ending(receipt, (stop_level, switch_level, layout.tanks[tank].height_m), working, travel, draws)
    flow = ending.flow
    freeze_at = receipt.reaches(freeze_level) if options.gauge_fault else NEVER
    if flow.ended > receipt.begin + RESERVED_S - 3600:
        raise SimulationError("the story's receipt lasts longer than a day", remedy="raise receipt_m3h")
    if min(freeze_at, flow.ended) >= calendar.length:
        raise SimulationError(
            "the scenario ends before its story does",
            where="duration_h",
            remedy=f"make it at least {flow.ended / 3600 + 2:.0f} hours long",
        )
    bypass_at = NEVER
    if options.attack == "overfill":
        bypass_at = freeze_at - draws.draw("story.bypass", r.story_bypass_before_s)
    login_at = bypass_at - draws.draw("story.login", r.story_login_before_s)
    line_off = flow.began_closing if ending.shutdown_at < NEVER else flow.ended + 120.0
    tank_off = flow.began_closing if ending.trip_at < NEVER else flow.ended + 60.0
    return StoryLine(
        tank=tank,
        boundary=boundary,
        area=receipt.area,
        start_level=receipt.start_level,
        operation=Operation(
            kind="receipt",
            source=boundary,
            target=tank,
            flow=flow,
            meter=connection.flow or "",
            states=plant.intervals({line_valve: (receipt.begin, line_off), tank_valve: (receipt.begin, tank_off)}),
            temperature=plant.air_mean + draws.draw("story.temperature", r.receipt_temperature_k),
        ),
        line_reserved=(receipt.begin - 2 * 3600.0, receipt.begin + RESERVED_S),
        gauge=options.gauge_fault,
        share=share,
        freeze_at=freeze_at,
        freeze_level=freeze_level,
        bypass_at=bypass_at,
        login_at=login_at,
        badge_at=login_at - draws.draw("story.badge", r.story_badge_before_s),
        high_high_at=ending.high_high_at,
        trip_at=ending.trip_at,
        overflow_at=ending.overflow_at,
        spill=flow.since(ending.overflow_at) if ending.overflow_at < NEVER else None,
        gas_low_at=ending.gas_low_at,
        gas_high_at=ending.gas_high_at,
        shutdown_at=ending.shutdown_at,
        stopped_at=receipt.stopped_at,
        resumed_at=receipt.resumed_at,
    )


def _receipt(brim: float, area: float, options: DepotOptions, draws: Randomness) -> _Receipt:
    """The receipt as it would run on past the brim, with its real stop where the story has one."""
    r = RANGES
    drawn = draws.draw("story.begin", r.story_receipt_after_h)
    begin = (drawn if options.begins_h is None else options.begins_h) * 3600.0
    drawn = draws.draw("story.rate", r.receipt_m3h)
    rate = (drawn if options.receipt_m3h is None else options.receipt_m3h) / 3600.0
    drawn = draws.draw("story.start-level", r.story_start_level_m)
    start_level = drawn if options.start_level_m is None else options.start_level_m
    flow = Flow.steady(
        begin + draws.draw("story.settle", r.settle_s),
        rate,
        (brim - start_level) * area + 3 * 3600 * rate,
        ramp=draws.draw("story.ramp", r.ramp_s),
        wander=r.receipt_wander,
        stream=draws.stream("story.wander"),
    )
    stopped_at = resumed_at = NEVER
    if options.attack == "transfer_stopped":
        stopped_at = flow.when((draws.draw("story.stop-level", r.stop_level_m) - start_level) * area)
        length = draws.draw("story.stop", r.stop_s)
        flow = flow.paused(stopped_at, length, PAUSE_RAMP_S)
        resumed_at = stopped_at + length + PAUSE_RAMP_S
    return _Receipt(start_level, area, begin, flow, stopped_at, resumed_at)


def _ending(
    receipt: _Receipt, levels: tuple[float, float, float], working: bool, travel: tuple[float, float], draws: Randomness
) -> _Outcome:
    """Whatever comes first: the operators' stop by the gauge, the switch's trip, or the answer to a spill.

    Args:
        receipt: unstopped.
        levels: true level at which operators stop, at which the switch trips, and the brim, m.
        working: whether the switch works.
        travel: seconds that the line valve and the tank's valve take to close.
        draws: random numbers.
    """
    r = RANGES
    stop_at, high_high_at, overflow_at = (receipt.reaches(level) for level in levels)
    trip_at = high_high_at if working and high_high_at < stop_at else NEVER
    if min(trip_at, stop_at) <= overflow_at:
        overflow_at = NEVER
    if high_high_at > stop_at:
        high_high_at = NEVER
    gas_low_at = overflow_at + draws.draw("story.vapour", r.vapour_delay_s)
    gas_high_at = gas_low_at + draws.draw("story.vapour-high", r.vapour_rise_s)
    shutdown_at = gas_high_at + draws.draw("story.shutdown", r.shutdown_after_s)
    if overflow_at < NEVER:
        flow = receipt.flow.stopped(shutdown_at, travel[0])
    elif trip_at < NEVER:
        flow = receipt.flow.stopped(trip_at + TRIP_S, travel[1])
    elif stop_at < NEVER:
        flow = receipt.flow.stopped(stop_at, STOP_RAMP_S)
    else:
        raise SimulationError("nothing ends the story's receipt", remedy="choose another gauge fault")
    return _Outcome(flow, trip_at, overflow_at, high_high_at, gas_low_at, gas_high_at, shutdown_at)


def true_level(story: StoryLine, times: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
    """True level of the story's tank at times (seconds), without thermal expansion, m."""
    volume = story.operation.flow.volume(times)
    if story.spill is not None:
        volume = volume - story.spill.volume(times)
    level: np.typing.NDArray[np.float64] = story.start_level + volume / story.area
    return level


def _stage(layout: Layout, options: DepotOptions, draws: Randomness) -> tuple[str, str]:
    choices = [
        (tank, boundary)
        for boundary in layout.receipts
        for tank in layout.receipts[boundary]
        if layout.volatile(tank) or (options.tank == tank and options.attack != "overfill")
    ]
    if options.tank is not None:
        choices = [choice for choice in choices if choice[0] == options.tank]
        if not choices:
            raise SimulationError(
                f"tank {options.tank!r} can't play {options.attack!r}",
                where="options.tank",
                remedy="name a tank of a volatile product that a ship or pipeline fills",
            )
    if not choices:
        raise SimulationError("no tank of this site can play the story", remedy="it needs a tank of a volatile product")
    # The last boundary that fills the tank is the pipeline where there is one: it pumps for days on end.
    tanks = sorted({tank for tank, _ in choices})
    tank = tanks[int(draws.stream("story.tank").integers(len(tanks)))]
    return tank, [boundary for known, boundary in choices if known == tank][-1]
