"""What is told on top of ordinary days: an attack, its fault twin or its benign twin, and faults of the plant.

Twins of a seed share target, moments and sizes; only what the twin changes differs.
"""

from dataclasses import dataclass, field
from typing import Any

from infrastress.core.errors import SimulationError
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Pair, Randomness
from infrastress.simulators.water.channels import Lie, LieKind
from infrastress.simulators.water.demand import HotSpell
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.plc import band, inputs_of
from infrastress.simulators.water.ranges import RANGES
from infrastress.site.epanet_controls import Quantity

__all__ = ["Held", "Story", "begins", "tell"]

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


def begins(
    draws: Randomness, what: str, given_h: float | None, calendar: Calendar, *, said: str, option: str = "begins_h"
) -> float:
    """When a story, fault or mishap begins: as the scenario says, else drawn; s after the start.

    Args:
        draws: of the run.
        what: which of them it is.
        given_h: what the scenario says.
        calendar: of the run.
        said: how a message calls it.
        option: that says it.

    Raises:
        SimulationError: the run is over by then.
    """
    began = 3600 * (draws.draw(f"{what}.begins", RANGES.story_begins_h) if given_h is None else given_h)
    if began >= calendar.length:
        raise SimulationError(
            f"{said} begins after {began / 3600:.1f} h, the run ends after {calendar.length / 3600:.1f} h",
            remedy=f"give the scenario a longer duration_h, or the option {option}",
        )
    return began


def tell(layout: Layout, calendar: Calendar, options: WaterOptions, draws: Randomness) -> Story | None:
    """The scenario's story; None where it has none.

    Raises:
        SimulationError: the target can't play it, or the run is too short for it.
    """
    if options.story == "none":
        return None
    r = RANGES
    began = begins(draws, "story", options.begins_h, calendar, said="the story")
    lasts = 3600 * (draws.draw("story.lasts", r.story_lasts_h) if options.lasts_h is None else options.lasts_h)
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
    twin = options.twin
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
    story = Story("", twin == "attack", "", *span, (asset,), target)
    story.facts = {"target": asset, "band_m": [round(low, 4), round(high, 4)]}
    sign = 1.0 if draws.stream("story.sign").random() < 0.5 else -1.0
    teller = _Teller(layout, options, draws, story, target, low, high - low, sign)
    getattr(teller, options.story)()
    return story


@dataclass(frozen=True)
class _Teller:
    """Writes one story about a measurement: a method for each, its three twins within."""

    layout: Layout
    options: WaterOptions
    draws: Randomness
    story: Story
    target: Input
    low: float
    width: float
    sign: float

    def _lie(self, kind: LieKind, until: float | None = None, **what: Any) -> None:
        """An attacker lies to the controller, a fault or a work sits in the instrument."""
        where = self.story.lies if self.options.twin == "attack" else self.story.faults
        ended = self.story.ended if until is None else until
        where.setdefault(self.target, []).append(Lie(kind, self.story.began, ended, **what))

    def _bands(self, name: str, pair: Pair) -> float:
        size = self.options.size
        return self.width * (self.sign * self.draws.draw(name, pair) if size is None else size)

    def _shorten(self, name: str, pair: Pair) -> None:
        self.story.ended = min(self.story.ended, self.story.began + self.draws.draw(name, pair))

    def _is(self, note: str, **kinds: str) -> None:
        self.story.kind, self.story.note = kinds[self.options.twin], note

    def constant(self) -> None:
        if self.options.twin == "attack":
            value = self.low + self.width * self.draws.draw("story.constant", RANGES.constant_band)
            if self.options.size is not None:
                value = _own(self.layout, self.target, self.options.size)
            self._lie("constant", value=value, noisy=True)
            self._is(f"the controller reads a false {value:.2f} m", attack="level_spoofed")
            return
        if self.options.twin == "benign":
            self._shorten("story.calibration", RANGES.calibration_s)
        self._lie("hold")
        self._is("the gauge repeats one value", fault="gauge_stuck", benign="gauge_check")

    def offset(self) -> None:
        if self.options.twin == "benign":
            value = self.sign * self.draws.draw("story.recalibration", RANGES.recalibration_m)
            self._lie("offset", until=float("inf"), value=value)
        else:
            value = self._bands("story.offset", RANGES.offset_bands)
            self._lie("offset", value=value)
        note = f"the controller reads {value:+.3f} m too much"
        self._is(note, attack="level_offset", fault="gauge_offset", benign="gauge_set_right")

    def drift(self) -> None:
        story, r = self.story, RANGES
        if self.options.twin == "benign":
            story.hot = HotSpell(story.began, story.ended, self.draws.draw("story.hot", r.story_hot_demand))
            self._is(f"demand grows to {story.hot.top:.2f} times the ordinary", benign="hot_day")
            return
        rate = self._bands("story.drift", r.drift_bands_per_h)
        self._lie("drift", value=rate / 3600, most=r.drift_bands * self.width)
        note = f"what the controller reads drifts by {rate:+.3f} m an hour"
        self._is(note, attack="level_drift", fault="gauge_drift")

    def replay(self) -> None:
        story = self.story
        if self.options.twin == "attack":
            self._lie("replay", value=RANGES.replay_h * 3600)
            self._is("the controller reads the levels of the day before", attack="level_replayed")
        elif self.options.twin == "fault":
            story.stale = (self.target,)
            self._is("the outstation sends the values of the day before again", fault="buffer_sent_again")
        else:
            story.repeated = (story.began, story.ended)
            self._is("customers draw as they did the day before", benign="same_day")

    def thresholds(self) -> None:
        planned = self.options.twin == "benign"
        pair = RANGES.setpoint_bands if planned else RANGES.threshold_bands
        self.story.shift = self._bands("story.threshold", pair)
        driven = sorted(inputs_of(self.layout.logic).get(self.target, set()))  # what the altered logic drives wrongly
        self.story.assets += tuple(found for link in driven if (found := self.layout.asset(link, link=True)))
        note = f"switching points are moved by {self.story.shift:+.2f} m"
        self._is(note, attack="thresholds_changed", fault="parameters_lost", benign="setpoints_changed")

    def denial(self) -> None:
        if self.options.twin == "benign":
            self._shorten("story.radio", RANGES.radio_works_s)
            self.story.silent = (self.target,)
            self._is("the outstation's radio is worked on: its cells are empty", benign="radio_works")
            return
        self._lie("hold")
        note = "the controller gets no new values and keeps the last"
        self._is(note, attack="messages_blocked", fault="link_failed")


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
