"""The water simulator: model, story, run and its undisturbed twin, views, people, put together."""

import math

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
from infrastress.simulators.water.telling import Array, Telling
from infrastress.simulators.water.told import tell_ordinary
from infrastress.simulators.water.views import operator_view, samples_of
from infrastress.site import Site

__all__ = ["WaterSimulator"]


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
            scan, int(calendar.length), required_pressure_m=options.required_pressure_m,
            overflow=layout.overflowing() if options.overflow else frozenset(), clock_shift_s=shift,
        )  # fmt: skip

        def play(story: Story | None, *, disturbed: bool) -> tuple[Outcome, PlantFault | None, Oddities]:
            with Hydraulics(layout.path, settings) as engine:
                fault = plant_fault(layout, engine, calendar, options, draws) if disturbed else None
                oddities = Oddities()
                if options.oddities:
                    oddities = Oddities.draw(layout, engine, calendar, draws, cadence)
                if disturbed:
                    tell_ordinary(
                        oddities, layout=layout, engine=engine, calendar=calendar, options=options, draws=draws
                    )
                simulation = Simulation(
                    layout=layout, engine=engine, calendar=calendar, draws=draws,
                    options=options if disturbed else options.model_copy(update={"sources_closed_h": None}),
                    scan=scan, cadence=cadence, story=story, fault=fault, oddities=oddities,
                )  # fmt: skip
                return simulation.play(), fault, oddities

        story = tell(layout, calendar, options, draws)
        outcome, fault, oddities = play(story, disturbed=True)

        def shown(outcome: Outcome, story: Story | None, fault: PlantFault | None, oddities: Oddities) -> Array:
            return operator_view(
                layout, outcome, story=story, fault=fault, oddities=oddities, concealment=options.concealment
            )

        seen = shown(outcome, story, fault, oddities)
        telling = Telling(layout, calendar, options, outcome, story, fault)
        facts = telling.facts()
        if telling.disturbed:
            if options.compare:
                twin, _, usual = play(None, disturbed=False)
                facts["undisturbed"] = twin.consequences.facts()
                facts["first_visible_at"] = telling.first_visible(seen, shown(twin, None, None, usual))
            facts["views"] = telling.views(seen)
        diary = Diary(self.site, calendar)
        people = People(self.site, calendar, draws, diary)
        if options.people:
            people.ordinary_days()
        people.call(outcome.consequences)
        if story is not None and story.malicious and options.traces:
            people.intrude(story, options.event)
        telling.truth(diary, oddities)
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
