"""Faults of the plant: leaks, bursts, surges of demand, pumps that trip, wear or lose power, valves that stick."""

from dataclasses import dataclass, field

from infrastress.core.errors import SimulationError
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.demand import Extra
from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.ranges import RANGES
from infrastress.simulators.water.story import Held, begins
from infrastress.site.epanet_controls import Quantity

__all__ = ["PlantFault", "plant_fault"]


@dataclass
class PlantFault:
    """What a fault does to a run; moments in seconds after the start.

    Attributes:
        leak: junction (position) and m3/s at the pressure when it begins.
        extra: demand on top.
        held: links out of their controller's hands.
        silent: inputs whose signals are empty, as their outstation has no power.
    """

    kind: str
    note: str
    began: float
    ended: float
    assets: tuple[str, ...]
    leak: tuple[int, float] | None = None
    extra: Extra | None = None
    held: list[Held] = field(default_factory=list)
    silent: tuple[tuple[Quantity, str], ...] = ()


def plant_fault(
    layout: Layout, engine: Hydraulics, calendar: Calendar, options: WaterOptions, draws: Randomness
) -> PlantFault | None:
    """The scenario's fault; None where it has none.

    Raises:
        SimulationError: there is nothing in the site that could have it, or the run is too short.
    """
    if options.fault == "none":
        return None
    r = RANGES
    began = begins(draws, "fault", options.fault_begins_h, calendar, said="the fault", option="fault_begins_h")
    lasts = draws.draw("fault.lasts", r.repair_h) if options.fault_lasts_h is None else options.fault_lasts_h
    fault = PlantFault(options.fault, "", began, min(began + 3600 * lasts, calendar.length), ())
    if options.fault in ("leak", "burst", "demand_surge"):
        _at_junction(fault, layout, engine, options, draws)
    else:
        _at_mover(fault, layout, options, draws)
    return fault


def _at_junction(
    fault: PlantFault, layout: Layout, engine: Hydraulics, options: WaterOptions, draws: Randomness
) -> None:
    r = RANGES
    if not len(engine.drawers):
        raise SimulationError("the network has no junction with a demand")
    at = int(engine.drawers[int(draws.stream("fault.target").integers(len(engine.drawers)))])
    if options.fault_target is not None:
        element, link = layout.assets.get(options.fault_target, ("", True))
        if link or element not in layout.nodes or engine.kind[layout.nodes[element]] != 0:
            raise SimulationError(f"{options.fault_target} is no junction of this site's network")
        at = layout.nodes[element]
    mean = engine.mean_demand()
    total = float(mean[mean > 0].sum())
    pair = {"leak": r.leak_share, "burst": r.burst_share, "demand_surge": r.surge_share}[fault.kind]
    flow = total * (draws.draw(f"fault.{fault.kind}", pair) if options.fault_size is None else options.fault_size)
    asset = layout.asset(engine.nodes[at], link=False)
    fault.assets = (asset,) if asset else ()
    where = f"at {engine.nodes[at]}, {flow * 3600:.1f} m3/h"
    if fault.kind == "demand_surge":
        fault.extra = Extra(at, flow, fault.began, fault.ended)
        fault.note = f"demand surges {where}"
    else:
        fault.leak = (at, flow)
        fault.note = f"a {fault.kind} {where} at the pressure before it"


def _at_mover(fault: PlantFault, layout: Layout, options: WaterOptions, draws: Randomness) -> None:
    stuck = fault.kind == "valve_stuck"
    driven = {action.link for control in layout.logic for action in (*control.then, *control.otherwise)}
    links = [name for name in layout.links if name not in layout.pumps and name in driven] if stuck else layout.pumps
    usable = {asset: name for name in links if (asset := layout.asset(name, link=True)) is not None}
    if not usable:
        raise SimulationError(f"the site has nothing that a fault {fault.kind!r} could hit")
    asset = sorted(usable)[int(draws.stream("fault.target").integers(len(usable)))]
    if options.fault_target is not None:
        asset = options.fault_target
        if asset not in usable:
            raise SimulationError(
                f"{asset} can't have a fault {fault.kind!r}", remedy=f"these can: {', '.join(sorted(usable))}"
            )
    link = usable[asset]
    fault.assets = (asset,)
    span = (fault.began, fault.ended)
    if stuck:
        fault.held = [Held(link, None, *span, as_is=True)]
        fault.note = "the valve stays where it is"
    elif fault.kind == "pump_wear":
        speed = draws.draw("fault.wear", RANGES.wear_speed) if options.fault_size is None else options.fault_size
        fault.held = [Held(link, None, *span, speed=speed)]
        fault.note = f"the pump does what a sound one would do at {speed:.0%} of its speed"
    elif fault.kind == "pump_trip":
        fault.held = [Held(link, False, *span)]
        fault.note = "the pump trips and stays off"
    else:
        station = layout.station(link)
        fault.held = [Held(one, False, *span) for one in station]
        fault.assets = tuple(dict.fromkeys(found for one in station if (found := layout.asset(one, link=True))))
        fault.note = "every pump of the station is off"
        if fault.kind == "power_loss":
            kinds: tuple[Quantity, ...] = ("flow", "status", "setting")
            fault.silent = tuple((kind, one) for one in station for kind in kinds)
            fault.note = "the station has no power: its pumps are off and its outstation is silent"
