"""What is told on top of ordinary days: an attack, its fault twin or its benign twin, and faults of the plant.

Twins of a seed share target, moments and sizes; only what the twin changes differs.
"""

from dataclasses import dataclass, field
from typing import Any

from infrastress.core.errors import SimulationError
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.channels import Lie
from infrastress.simulators.water.demand import HotSpell
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.plc import band, inputs_of
from infrastress.simulators.water.ranges import RANGES
from infrastress.site.epanet_controls import Quantity

__all__ = ["Held", "Story", "tell"]

Input = tuple[Quantity, str]


@dataclass(frozen=True)
class Held:
    """A link held against its controller: open or shut (None: opposite of what it is at `began`), or at a speed."""

    link: str
    open_: bool | None
    began: float
    ended: float
    as_is: bool = False
    speed: float | None = None


@dataclass
class Story:
    """What a story does to a run; moments in seconds after the start.

    Attributes:
        kind: its name in the truth; malicious or not.
        note: one sentence.
        began, ended: of it.
        assets: it is about.
        target: the input it is about, where it is about one.
        lies: on what controllers are told, by input; faults: of instruments, by input.
        shift: of the switching points on the target, SI.
        held: links.
        hidden: inputs and links whose signals the operator sees falsified, in the way of `concealment`.
        stale: inputs whose signals the historian shows a day late.
        silent: inputs whose signals are empty.
        hot, repeated: of demand.
    """

    kind: str
    malicious: bool
    note: str
    began: float
    ended: float
    assets: tuple[str, ...]
    target: Input | None = None
    lies: dict[Input, list[Lie]] = field(default_factory=dict)
    faults: dict[Input, list[Lie]] = field(default_factory=dict)
    shift: float = 0.0
    held: list[Held] = field(default_factory=list)
    hidden: tuple[Input, ...] = ()
    stale: tuple[Input, ...] = ()
    silent: tuple[Input, ...] = ()
    hot: HotSpell | None = None
    repeated: tuple[float, float] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def tell(layout: Layout, calendar: Calendar, options: WaterOptions, draws: Randomness) -> Story | None:
    """The scenario's story; None where it has none.

    Raises:
        SimulationError: the target can't play it, or the run is too short for it.
    """
    if options.story == "none":
        return None
    r = RANGES
    began = 3600 * (draws.draw("story.begins", r.story_begins_h) if options.begins_h is None else options.begins_h)
    lasts = 3600 * (draws.draw("story.lasts", r.story_lasts_h) if options.lasts_h is None else options.lasts_h)
    if began >= calendar.length:
        raise SimulationError(
            f"the story begins after {began / 3600:.1f} h, the run ends after {calendar.length / 3600:.1f} h",
            remedy="give the scenario a longer duration_h, or the option begins_h",
        )
    span = (began, min(began + lasts, calendar.length))
    if options.story == "actuator":
        story = _actuator(layout, options, draws, span)
    else:
        story = _measurement(layout, options, draws, span)
    if options.twin == "attack" and options.concealment != "none":
        story.hidden = _hung(layout, story)
    story.facts = {"story": options.story, "twin": options.twin, "concealment": options.concealment} | story.facts
    return story


def _hung(layout: Layout, story: Story) -> tuple[Input, ...]:
    """What an attacker has to hide: the target, and what the links do that hang on it or are held."""
    hidden: list[Input] = []
    links = {held.link for held in story.held}
    if story.target is not None:
        hidden += [story.target, ("demand", story.target[1])]
        links |= inputs_of(layout.logic).get(story.target, set())
    else:
        for (quantity, element), driven in inputs_of(layout.logic).items():
            if driven & links:
                hidden += [(quantity, element), ("demand", element)]
    for link in sorted(links):
        hidden += [("flow", link), ("status", link), ("setting", link)]
    return tuple(dict.fromkeys(hidden))


def _choose(candidates: list[tuple[str, Any]], options: WaterOptions, draws: Randomness, what: str) -> tuple[str, Any]:
    if options.target is not None:
        for asset, found in candidates:
            if asset == options.target:
                return asset, found
        known = ", ".join(asset for asset, _ in candidates) or "none"
        raise SimulationError(f"{options.target} is no {what} of this site", remedy=f"there is: {known}")
    if not candidates:
        raise SimulationError(f"the site has no {what} for the story {options.story!r}")
    return candidates[int(draws.stream("story.target").integers(len(candidates)))]


def _measurement(layout: Layout, options: WaterOptions, draws: Randomness, span: tuple[float, float]) -> Story:
    r, twin = RANGES, options.twin
    inputs = [one for one in inputs_of(layout.logic) if one[0] in ("level", "pressure")]
    spare: list[Input] = [("level", name) for name in layout.tanks]
    usable = [one for one in inputs if layout.asset(one[1], link=False)] or [
        one for one in spare if layout.on(*one) and layout.asset(one[1], link=False)
    ]
    if options.target is not None:
        usable += [one for one in spare if one not in usable and layout.asset(one[1], link=False)]
    asset, target = _choose(
        [(layout.asset(one[1], link=False) or "", one) for one in usable], options, draws, "measured tank or junction"
    )
    low, high = band(layout.logic, *target) or _third(layout, target)
    width = high - low
    sign = 1.0 if draws.stream("story.sign").random() < 0.5 else -1.0
    size = options.size
    began, ended = span
    story = Story("", twin == "attack", "", began, ended, (asset,), target)
    story.facts = {"target": asset, "band_m": [round(low, 4), round(high, 4)]}

    def lie(**what: Any) -> None:
        (story.lies if twin == "attack" else story.faults).setdefault(target, []).append(Lie(**what))

    def bands(name: str, pair: tuple[float, float]) -> float:
        return width * (sign * draws.draw(name, pair) if size is None else size)

    match options.story, twin:
        case "constant", "attack":
            value = low + width * draws.draw("story.constant", r.constant_band)
            if size is not None:
                value = _own(layout, target, size)
            lie(kind="constant", began=began, ended=ended, value=value, noisy=True)
            story.kind, story.note = "level_spoofed", f"the controller reads a false {value:.2f} m"
        case "constant", "fault":
            lie(kind="hold", began=began, ended=ended)
            story.kind, story.note = "gauge_stuck", "the gauge repeats one value"
        case "constant", _:
            story.ended = min(ended, began + draws.draw("story.calibration", r.calibration_s))
            lie(kind="hold", began=began, ended=story.ended)
            story.kind, story.note = "gauge_check", "the gauge is blocked for its planned check"
        case "offset", "benign":
            value = sign * draws.draw("story.recalibration", r.recalibration_m)
            lie(kind="offset", began=began, ended=float("inf"), value=value)
            story.kind, story.note = "gauge_set_right", f"the gauge is set right by {value:+.3f} m"
        case "offset", _:
            value = bands("story.offset", r.offset_bands)
            lie(kind="offset", began=began, ended=ended, value=value)
            story.kind = "level_offset" if twin == "attack" else "gauge_offset"
            story.note = f"the controller reads {value:+.2f} m too much"
        case "drift", "benign":
            story.hot = HotSpell(began, ended, draws.draw("story.hot", r.story_hot_demand))
            story.kind, story.note = "hot_day", f"demand grows to {story.hot.top:.2f} times the ordinary"
        case "drift", _:
            value = bands("story.drift", r.drift_bands_per_h) / 3600
            lie(kind="drift", began=began, ended=ended, value=value, most=r.drift_bands * width)
            story.kind = "level_drift" if twin == "attack" else "gauge_drift"
            story.note = f"what the controller reads drifts by {value * 3600:+.3f} m an hour"
        case "replay", "attack":
            lie(kind="replay", began=began, ended=ended, value=r.replay_h * 3600)
            story.kind, story.note = "level_replayed", "the controller reads the levels of the day before"
        case "replay", "fault":
            story.stale = (target,)
            story.kind, story.note = "buffer_sent_again", "the outstation sends the values of the day before again"
        case "replay", _:
            story.repeated = (began, ended)
            story.kind, story.note = "same_day", "customers draw as they did the day before"
        case "thresholds", _:
            pair = r.setpoint_bands if twin == "benign" else r.threshold_bands
            story.shift = bands("story.threshold", pair)
            story.kind = {"attack": "thresholds_changed", "fault": "parameters_lost", "benign": "setpoints_changed"}[
                twin
            ]
            story.note = f"switching points are moved by {story.shift:+.2f} m"
        case "denial", "benign":
            story.ended = min(ended, began + draws.draw("story.radio", r.radio_works_s))
            story.silent = (target,)
            story.kind, story.note = "radio_works", "the outstation's radio is worked on: its cells are empty"
        case _:
            lie(kind="hold", began=began, ended=ended)
            story.kind = "messages_blocked" if twin == "attack" else "link_failed"
            story.note = "the controller gets no new values and keeps the last"
    return story


def _third(layout: Layout, target: Input) -> tuple[float, float]:
    """A band where nothing switches: the middle third of the usable depth, or 10 m of pressure."""
    low, high = layout.depths.get(target[1], (20.0, 50.0))
    return low + (high - low) / 3, high - (high - low) / 3


def _own(layout: Layout, target: Input, size: float) -> float:
    """A level given in the signal's own unit, in m."""
    meters = layout.on(*target)
    if not meters:
        return size
    factor, offset = meters[0].scale
    return (size * factor + offset) / meters[0].factor


def _actuator(layout: Layout, options: WaterOptions, draws: Randomness, span: tuple[float, float]) -> Story:
    driven = {action.link for control in layout.logic for action in (*control.then, *control.otherwise)}
    links = [name for name in layout.links if name in driven or (not driven and name in layout.pumps)]
    if options.target is not None:
        links += [name for name in layout.links if name not in links]
    usable = [(asset, name) for name in links if (asset := layout.asset(name, link=True)) is not None]
    asset, link = _choose(usable, options, draws, "pump or valve")
    began, ended = span
    open_ = None if options.size is None else options.size > 0
    story = Story("", options.twin == "attack", "", began, ended, (asset,), facts={"target": asset})
    pump = link in layout.pumps
    match options.twin:
        case "attack":
            story.held.append(Held(link, open_, began, ended))
            story.kind, story.note = "actuator_held", "it is held against its controller's command"
        case "fault" if pump:
            story.held.append(Held(link, False, began, ended))
            story.kind, story.note = "pump_trip", "the pump trips and stays off"
        case "fault":
            story.held.append(Held(link, None, began, ended, as_is=True))
            story.kind, story.note = "valve_stuck", "the valve stays where it is"
        case _:
            story.ended = min(ended, began + draws.draw("story.maintenance", RANGES.maintenance_s))
            story.held.append(Held(link, False, began, story.ended))
            story.kind, story.note = "maintenance", "it is shut off for planned work"
    return story
