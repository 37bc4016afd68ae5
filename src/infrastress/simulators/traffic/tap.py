"""A tap at the control network of a simulated run: telemetry passes, and what is said on the network is captured."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from infrastress.core.errors import SimulationError
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import Samples
from infrastress.simulators.base import Realisation, Scenario, TrafficPlan, TrafficStory, TruthSpan
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.telemetry import Showing
from infrastress.simulators.traffic.agenda import Agenda
from infrastress.simulators.traffic.attacks import ATTACKS
from infrastress.simulators.traffic.captures import CaptureFiles
from infrastress.simulators.traffic.people import People
from infrastress.simulators.traffic.plant import Device, Plant
from infrastress.simulators.traffic.polling import Poller
from infrastress.simulators.traffic.stage import Stage, Tale
from infrastress.simulators.traffic.works import WORKS
from infrastress.site import Site

__all__ = ["TALES", "tapped"]

TALES = {tale.name: tale for tale in (*ATTACKS, *WORKS)}
_MARGIN_H = (2.0, 1.0)
"""Where a story isn't told when to begin: so long after the beginning and, with its length, before the end."""


def tapped(site: Site, scenario: Scenario, played: Realisation, seed: int, folder: Path) -> Realisation:
    """The run with a tap: captures are written into a folder while its samples are read.

    The same site, scenario and seed give the same bytes. `facts.captures` lists the files once the samples are used up.

    Raises:
        SimulationError: the site has nothing to be polled, a story is unknown or doesn't fit into the run.
    """
    plan = played.traffic or scenario.traffic or TrafficPlan()
    calendar, draws = Calendar(scenario, site.time_zone), Randomness(seed)
    told = [_placed(plan, i, scenario, calendar, draws) for i in range(len(plan.stories))]
    rest = iter(played.samples)
    first = next((chunk for chunk in rest if len(chunk)), None)
    if first is None:
        raise SimulationError("the run has no telemetry", remedy="give the scenario a longer duration_h")
    plant = Plant(site, first.tags)
    devices = list(plant.devices.values())
    chosen = [
        _device(plan.stories[i], plant, devices[int(draws.stream(f"traffic.{tale.name}", i).integers(len(devices)))])
        for i, (tale, _, _) in enumerate(told)
    ]
    spans = tuple(map(_span, plan.stories, told, chosen))
    files = CaptureFiles(folder)
    agenda = Agenda()
    poller = Poller(plant, draws.stream("traffic.polls"), files.put)
    people = People(plant, calendar, agenda, draws.stream("traffic.people"), files.put)
    people.shifts()
    people.engineers(played.events)
    people.intruders(played.truth, calendar.start)
    poll = round(plan.poll_s * SECOND)
    for i, ((tale, began, ended), device) in enumerate(zip(told, chosen, strict=True)):
        stream = draws.stream(f"traffic.{tale.name}.play", i)
        stage = Stage(plant, people, poller, agenda, stream, files.put, device, began, ended, poll)
        agenda.note(began, _Telling(tale, stage))
    facts = dict(played.facts)
    listening = _listen(_and_then(first, rest), Showing(site, first.tags), (plant, people, poller, agenda, files), poll)
    listening = _with_facts(listening, files, facts)
    truth = tuple(sorted((*played.truth, *spans), key=lambda span: (span.began, span.kind, span.assets)))
    return replace(played, samples=listening, truth=truth, facts=facts)


def _listen(
    chunks: Iterator[Samples], showing: Showing, parts: tuple[Plant, People, Poller, Agenda, CaptureFiles], poll: int
) -> Iterator[Samples]:
    plant, people, poller, agenda, files = parts
    at: int | None = None
    for chunk in chunks:
        at = int(chunk.times[0]) if at is None else at
        shown = showing.take(chunk)
        people.commands(chunk.times, shown, chunk.tags)
        polls = np.arange(at, int(chunk.times[-1]) + 1, poll, dtype=np.int64)
        rows = np.maximum(np.searchsorted(chunk.times, polls, side="right") - 1, 0)
        last = -1
        for now, row in zip(polls.tolist(), rows.tolist(), strict=True):
            agenda.due(now)
            if row != last:
                plant.show(shown[row].tolist())
                last = row
            poller.poll(now)
            at = now + poll
        files.write(int(chunk.times[-1]) - 30 * MINUTE)
        yield chunk
    if at is not None:
        agenda.due(at)
        files.write(at)


def _with_facts(chunks: Iterator[Samples], files: CaptureFiles, facts: dict[str, object]) -> Iterator[Samples]:
    yield from chunks
    facts["captures"] = files.told


def _and_then(first: Samples, rest: Iterator[Samples]) -> Iterator[Samples]:
    yield first
    yield from (chunk for chunk in rest if len(chunk))


def _device(wanted: TrafficStory, plant: Plant, drawn: Device) -> Device:
    """The controller a story is about."""
    if wanted.device is None:
        return drawn
    found = plant.devices.get(wanted.device)
    if found is None:
        known = ", ".join(plant.devices)
        raise SimulationError(f"no controller {wanted.device!r} is polled", remedy=f"there are: {known}")
    return found


def _span(wanted: TrafficStory, told: tuple[Tale, int, int], device: Device) -> TruthSpan:
    tale, began, ended = told
    techniques = () if wanted.accident else tale.techniques
    return TruthSpan(
        tale.name, bool(techniques), began, ended, (device.node.asset,), (), tale.note, techniques, event=wanted.event
    )


class _Telling:
    """A story that is noted."""

    def __init__(self, tale: Tale, stage: Stage) -> None:
        self._tale, self._stage = tale, stage

    def __call__(self, at: int) -> None:
        self._tale.play(self._stage)


def _placed(
    plan: TrafficPlan, number: int, scenario: Scenario, calendar: Calendar, draws: Randomness
) -> tuple[Tale, int, int]:
    """A story with its times, ns."""
    wanted = plan.stories[number]
    tale = TALES.get(wanted.story)
    where = f"scenario {scenario.name}, traffic.stories"
    if tale is None:
        close = get_close_matches(wanted.story, TALES, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise SimulationError(
            f"no story {wanted.story!r}", where=where, remedy=f"{hint}there are: {', '.join(sorted(TALES))}"
        )
    stream = draws.stream(f"traffic.{tale.name}.times", number)
    lasts = float(stream.uniform(*tale.lasts))
    latest = calendar.length - lasts - _MARGIN_H[1] * 3600
    began = wanted.at_h * 3600 if wanted.at_h is not None else float(stream.uniform(_MARGIN_H[0] * 3600, latest))
    if began > latest or (wanted.at_h is None and latest < _MARGIN_H[0] * 3600):
        raise SimulationError(f"the run ends before {tale.name} does", where=where, remedy="make duration_h longer")
    return tale, calendar.ns(began), calendar.ns(began + lasts)
