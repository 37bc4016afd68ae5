"""Scenarios that several simulators play together: one start, one length, one seed; their recordings become one."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.core.plugins import load_plugin
from infrastress.core.time import HOUR, from_iso
from infrastress.events import Event, Samples, make_event
from infrastress.simulators.base import Realisation, Scenario, Simulator, TrafficPlan
from infrastress.simulators.incidents import Plan, plan_of
from infrastress.simulators.incidents.plan import MAIN
from infrastress.simulators.randomness import Randomness
from infrastress.site import Site

__all__ = ["PartsSimulator", "merged", "seed_of"]


_CAUSES = {"attack": "attack", "fault": "fault", "benign": "work"}
"""What is behind an incident, by its twin."""


class PartsSimulator(Simulator):
    """Plays the parts of a scenario one after the other; each gets its share of the incident that they tell of."""

    name = "parts"
    Options = Scenario

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._members: dict[str, Simulator] = {}

    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; see the base class. `facts` hold those of the parts by name, and the times of the run."""
        if scenario.options:
            named = ", ".join(sorted(scenario.options))
            raise SimulationError(
                f"{named}: only parts have options", where=f"scenario {scenario.name}", remedy="put it into a part"
            )
        names = [part.simulator for part in scenario.parts]
        if len(set(names)) < len(names):
            raise SimulationError("a simulator plays one part only", where=f"scenario {scenario.name}, parts")
        plan = None if scenario.incident is None else plan_of(self.site, scenario, Randomness(seed))
        played: list[Realisation] = []
        for part in scenario.parts:
            share = {} if plan is None else plan.share(part.simulator, played)
            asked = Scenario(
                name=scenario.name, simulator=part.simulator, start=scenario.start, duration_h=scenario.duration_h,
                options={**part.options, **share},
            )  # fmt: skip
            played.append(self._member(part.simulator).run(asked, seed_of(seed, part.simulator)))
        whole = merged(names, played)
        began = from_iso(scenario.start)
        ended = began + round(scenario.duration_h * HOUR)
        facts = {**whole.facts, "began_at": began, "ended_at": ended}
        if scenario.incident is not None:
            facts["causes"] = {MAIN: _CAUSES[scenario.incident.twin]}
        return Realisation(whole.samples, whole.events, whole.truth, facts, _traffic(scenario, plan))

    def _member(self, name: str) -> Simulator:
        if name not in self._members:
            self._members[name] = load_plugin("simulators", name)(self.site)
        return self._members[name]


def _traffic(scenario: Scenario, plan: Plan | None) -> TrafficPlan | None:
    """What the network tells: the scenario's own stories and the incident's."""
    if scenario.traffic is None or plan is None:
        return scenario.traffic
    stories = sorted((*scenario.traffic.stories, *plan.stories), key=lambda one: (one.at_h or 0.0, one.story))
    return scenario.traffic.model_copy(update={"stories": tuple(stories)})


def seed_of(seed: int, part: str) -> int:
    """The seed of a part: parts of one run share no draw, and a part has the same whichever others play."""
    state = np.random.SeedSequence([seed, *f"part.{part}".encode()]).generate_state(2, np.uint32)
    return int(state[0]) << 31 | int(state[1]) >> 1


def merged(names: Sequence[str], played: Sequence[Realisation]) -> Realisation:
    """One run out of several: events in order of time and numbered anew by source, all truth, one telemetry.

    Args:
        names: of the parts.
        played: what each gave.

    Raises:
        SimulationError: two parts have telemetry.
    """
    telemetry = [chunks for real in played if (chunks := _told(real.samples)) is not None]
    if len(telemetry) > 1:
        raise SimulationError("two parts have telemetry", remedy="let one simulator play the process")
    told = [
        (event.occurred, event.source, part, event.sequence, event)
        for part, real in enumerate(played)
        for event in real.events
    ]
    numbers: dict[str, int] = {}
    events = []
    for *_, event in sorted(told, key=lambda one: one[:4]):
        sequence = numbers.get(event.source, 0)
        numbers[event.source] = sequence + 1
        events.append(_numbered(event, sequence))
    truth = sorted((span for real in played for span in real.truth), key=lambda one: (one.began, one.kind, one.assets))
    facts = {name: real.facts for name, real in zip(names, played, strict=True)}
    return Realisation(telemetry[0] if telemetry else iter(()), tuple(events), tuple(truth), facts)


def _told(samples: Iterator[Samples]) -> Iterator[Samples] | None:
    """The same samples; None where there are none."""
    chunks = iter(samples)
    first = next(chunks, None)
    return None if first is None else chain([first], chunks)


def _numbered(event: Event, sequence: int) -> Event:
    return make_event(
        site=event.site, source=event.source, sequence=sequence, occurred=event.occurred, observed=event.observed,
        body=event.body, assets=event.assets, zone=event.zone,
    )  # fmt: skip
