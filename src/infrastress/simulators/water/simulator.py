"""The water simulator: model, story, run and its undisturbed twin, views, people, put together."""

import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infrastress.core.errors import SimulationError
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.faults import PlantFault, plant_fault
from infrastress.simulators.water.hydraulics import Hydraulics, Settings
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.oddities import Oddities
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.people import People
from infrastress.simulators.water.simulation import Outcome, Simulation
from infrastress.simulators.water.story import Story, tell
from infrastress.simulators.water.views import operator_view, samples_of
from infrastress.site import Site

__all__ = ["WaterSimulator"]

VIEW_MARGIN_S = 6 * 3600.0


class WaterSimulator(Simulator):
    """A water network stepped by EPANET, run by controllers that can be lied to.

    The site must have been loaded from a folder with `network/model.inp`.
    """

    name = "water"
    Options = WaterOptions

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._layout: Layout | None = None

    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; see the base class. `facts` hold what the run did, and what the same run did undisturbed."""
        options = _parse(scenario)
        calendar = Calendar(scenario, self.site.time_zone)
        if self._layout is None:
            self._layout = Layout(self.site, lambda path: Hydraulics(path, Settings(3600, 3600, controls=True)))
        layout, draws = self._layout, Randomness(seed)
        cadence, scan = _steps(self.site, layout, options)
        shift = round(calendar.local_clock(0.0) * 3600 - layout.start_clock) % 86400
        settings = Settings(
            scan, int(calendar.length), required_pressure_m=options.required_pressure_m, overflow=options.overflow,
            clock_shift_s=shift,
        )  # fmt: skip

        def play(story: Story | None, *, disturbed: bool) -> tuple[Outcome, PlantFault | None, Oddities]:
            with Hydraulics(layout.path, settings) as engine:
                fault = plant_fault(layout, engine, calendar, options, draws) if disturbed else None
                oddities = Oddities()
                if options.oddities:
                    oddities = Oddities.draw(layout, engine, calendar, draws, cadence)
                simulation = Simulation(
                    layout=layout, engine=engine, calendar=calendar, draws=draws,
                    options=options if disturbed else options.model_copy(update={"sources_closed_h": None}),
                    scan=scan, cadence=cadence, story=story, fault=fault, oddities=oddities,
                )  # fmt: skip
                return simulation.play(), fault, oddities

        story = tell(layout, calendar, options, draws)
        outcome, fault, oddities = play(story, disturbed=True)
        told = story is not None or fault is not None or options.sources_closed_h is not None
        seen = operator_view(
            layout, outcome, story=story, fault=fault, oddities=oddities, concealment=options.concealment
        )
        facts = _facts(layout, calendar, outcome, options, story, fault)
        if told:
            twin, *_ = play(None, disturbed=False)
            facts["undisturbed"] = twin.consequences.facts()
            facts["views"] = _views(layout, calendar, outcome, seen, story, fault)
        diary = Diary(self.site, calendar)
        people = People(self.site, calendar, draws, diary)
        people.ordinary_days()
        people.call(outcome.consequences)
        if story is not None and story.malicious and options.traces:
            people.intrude(story)
        _tell_truth(layout, diary, outcome, options, story, fault, oddities)
        return Realisation(
            samples=samples_of(layout, seen, outcome.seconds, calendar, oddities),
            events=diary.events(),
            truth=diary.truth(),
            facts=facts,
        )


def _parse(scenario: Scenario) -> WaterOptions:
    try:
        return WaterOptions.model_validate(scenario.options)
    except ValidationError as error:
        first = error.errors()[0]
        raise SimulationError(
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
            where=f"scenario {scenario.name}, options",
            remedy=f"known options: {', '.join(WaterOptions.model_fields)}",
        ) from error


def _steps(site: Site, layout: Layout, options: WaterOptions) -> tuple[int, int]:
    """Seconds between rows (every source's cadence is a multiple), and between scans."""
    cadences = []
    for name in {meter.signal.source for meter in layout.meters}:
        source = site.source_by_id.get(name or "")
        cadences.append(max(1, round((source.cadence_s if source else None) or 300.0)))
    cadence = math.gcd(*cadences)
    return cadence, math.gcd(cadence, options.scan_s)


def _tell_truth(
    layout: Layout, diary: Diary, outcome: Outcome, options: WaterOptions, story: Story | None,
    fault: PlantFault | None, oddities: Oddities,
) -> None:  # fmt: skip
    if story is not None:
        touched = {story.target} if story.target else {("status", held.link) for held in story.held}
        keys = touched | set(story.hidden)
        signals = tuple(meter.signal.id for meter in layout.meters if (meter.quantity, meter.element) in keys)
        diary.note(
            story.kind, story.began, story.ended, story.assets, story.note, malicious=story.malicious, signals=signals
        )
        if story.hidden:
            hidden = tuple(one.signal.id for one in layout.meters if (one.quantity, one.element) in story.hidden)
            assets = tuple(dict.fromkeys(layout.site.signal_by_id[one].asset for one in hidden))
            text = (
                "the operator sees the day before" if options.concealment == "replay" else "the operator sees one value"
            )
            diary.note("view_falsified", story.began, story.ended, assets, text, malicious=True, signals=hidden)
    if fault is not None:
        diary.note(fault.kind, fault.began, fault.ended, fault.assets, fault.note)
    if options.sources_closed_h is not None:
        diary.note("sources_closed", 3600 * options.sources_closed_h, float("inf"), (), "every reservoir is shut off")
    for kind, span, assets, text in oddities.notes:
        diary.note(kind, *span, assets, text)
    malicious = story is not None and story.malicious
    for i, second in sorted(outcome.consequences.first_overflow.items()):
        name = layout.tanks[i]
        asset = layout.asset(name, link=False)
        text = f"the tank runs over, {outcome.consequences.engine.spilled[i]:.1f} m3 in all"
        signals = tuple(meter.signal.id for meter in layout.on("level", name))
        diary.note(
            "overflow", second, float("inf"), (asset,) if asset else (), text, malicious=malicious, signals=signals
        )


def _facts(
    layout: Layout, calendar: Calendar, outcome: Outcome, options: WaterOptions, story: Story | None,
    fault: PlantFault | None,
) -> dict[str, Any]:  # fmt: skip
    facts: dict[str, Any] = {
        "story": options.story,
        "fault": options.fault,
        "model": Path(layout.path).name,
        "controls_not_read": list(layout.notes),
        "signals_not_simulated": list(layout.unsimulated),
        "warnings": {str(code): count for code, count in sorted(outcome.warnings.items())},
        "switchings": len(outcome.switched),
        "worst_balance_m3s": float(f"{outcome.consequences.engine.balance.worst_m3s:.3g}"),
        "consequences": outcome.consequences.facts(),
    }
    if story is not None:
        facts |= story.facts | {"began_at": calendar.ns(story.began), "ended_at": calendar.ns(story.ended)}
        facts["note"] = story.note
    if fault is not None:
        facts |= {"fault_began_at": calendar.ns(fault.began), "fault_ended_at": calendar.ns(fault.ended)}
        facts["fault_note"] = fault.note
    return facts


def _views(
    layout: Layout, calendar: Calendar, outcome: Outcome, seen: Any, story: Story | None, fault: PlantFault | None
) -> dict[str, Any]:
    """The three views of the signals that the story is about, around it, in the signals' own units."""
    began = min(one.began for one in (story, fault) if one is not None) if story or fault else 0.0
    ended = max(one.ended for one in (story, fault) if one is not None) if story or fault else float("inf")
    rows = (outcome.seconds >= began - VIEW_MARGIN_S) & (outcome.seconds < ended + VIEW_MARGIN_S)
    wanted = {story.target} if story is not None and story.target is not None else set()
    wanted |= set(story.hidden) if story is not None else set()
    if not wanted:
        wanted = {("level", name) for name in layout.tanks}
    found: dict[str, Any] = {"times": [calendar.ns(float(one)) for one in outcome.seconds[rows]]}
    for meter in layout.meters:
        if (meter.quantity, meter.element) not in wanted:
            continue
        factor, offset = meter.scale
        found[meter.signal.id] = {
            name: [
                None if one != one else round(float(one), 4)
                for one in (values[rows, meter.column] * meter.factor - offset) / factor
            ]
            for name, values in (("true", outcome.true), ("controller", outcome.told), ("operator", seen))
        }
    return found
