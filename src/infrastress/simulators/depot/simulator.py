"""The depot simulator: plan, story, process, instruments, people and surroundings put together."""

from typing import Any

import numpy as np
from pydantic import ValidationError

from infrastress.core.errors import SimulationError
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.instruments import Instruments
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.oddities import Oddities
from infrastress.simulators.depot.options import DepotOptions
from infrastress.simulators.depot.people import Staff
from infrastress.simulators.depot.plan import Plan, Plant, plan_days
from infrastress.simulators.depot.process import simulate
from infrastress.simulators.depot.slips import Slips
from infrastress.simulators.depot.story import NEVER, StoryLine, tell, true_level
from infrastress.simulators.depot.surroundings import Surroundings
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.site.assets import Host

__all__ = ["DepotSimulator"]

INTRUDER = "198.51.100.23"


class DepotSimulator(Simulator):
    """An oil depot of tanks filled by ship and pipeline and emptied by lorries."""

    name = "depot"
    Options = DepotOptions

    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; see the base class. `facts` hold the story's moments in ns and the operations."""
        options = parse_options(scenario)
        layout = Layout(self.site)
        calendar = Calendar(scenario, self.site.time_zone)
        draws = Randomness(seed)
        plant = Plant(layout, draws)
        story = None if options.attack == "none" else tell(layout, plant, calendar, options, draws)
        reserved = None
        if story is not None:
            reserved = (story.tank, story.start_level, story.boundary, story.line_reserved, story.operation)
        plan = plan_days(plant, calendar, draws, reserved)

        diary = Diary(self.site, calendar)
        staff = Staff(layout, calendar, draws, diary)
        surroundings = Surroundings(layout, calendar, draws, diary, options)
        if options.people:
            staff.ordinary_days()
        switches = surroundings.switch(story)
        if options.oddities and options.people:
            slips = Slips(layout, calendar, draws, diary, staff)
            slips.write()
            switches += slips.proof_tests(plan, story.tank if story is not None else None)
        surroundings.gas(story)
        surroundings.reports(story)
        if story is not None:
            _tell_truth(layout, story, options, diary)
            _intrude(layout, story, options, staff, diary)

        cadence = self._cadence(layout)
        oddities = Oddities.draw(layout, calendar, draws, cadence) if options.oddities else Oddities()
        drawn = len(oddities.notes)
        oddities = oddities.told(layout, calendar, options, draws)
        for number, (kind, span, assets, signals, text) in enumerate(oddities.notes):
            event = options.event if number >= drawn else ""
            diary.note(kind, *span, assets, text, signals=signals, event=event)
        instruments = Instruments(
            plant=plant,
            calendar=calendar,
            plan=plan,
            draws=draws,
            story=story,
            oddities=oddities,
            switches=switches,
        )
        spill = (story.tank, story.spill) if story is not None and story.spill is not None else None
        chunks = simulate(plant=plant, calendar=calendar, plan=plan, cadence=cadence, spill=spill)
        return Realisation(
            samples=instruments.read(chunks),
            events=diary.events(),
            truth=diary.truth(),
            facts=_facts(calendar, plan, story, options),
        )

    def _cadence(self, layout: Layout) -> float:
        signal = self.site.signal_by_id[next(iter(layout.level.values()))]
        source = self.site.source_by_id.get(signal.source or "")
        return (source.cadence_s if source else None) or 10.0


def parse_options(scenario: Scenario) -> DepotOptions:
    """The scenario's options.

    Raises:
        SimulationError: an option is unknown or out of its range.
    """
    try:
        return DepotOptions.model_validate(scenario.options)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SimulationError(
            f"{field}: {first['msg']}",
            where=f"scenario {scenario.name}, options",
            remedy=f"known options: {', '.join(DepotOptions.model_fields)}",
        ) from error


def _tell_truth(layout: Layout, story: StoryLine, options: DepotOptions, diary: Diary) -> None:
    level = (layout.level[story.tank],)
    ended = story.operation.flow.ended
    malicious = options.attack == "overfill"
    if story.gauge is not None:
        text = {
            "freeze": "the gauge repeats one value",
            "spoof_normal": "the gauge shows a tank at rest",
            "drift": f"the gauge shows {story.share:.0%} of the rise",
        }[story.gauge]
        kind = "gauge_falsified" if malicious else "gauge_stuck"
        diary.note(
            kind, story.freeze_at, NEVER, (story.tank,), text, malicious=malicious, signals=level, event=options.event
        )
    if story.overflow_at < NEVER:
        diary.note(
            "overflow", story.overflow_at, ended, (story.tank,), "product runs over the brim",
            malicious=malicious, signals=level, event=options.event,
        )  # fmt: skip
    if story.stopped_at < NEVER:
        diary.note(
            "transfer_stopped", story.stopped_at, story.resumed_at, (story.tank,), "the receipt really stops",
            event=options.event,
        )  # fmt: skip
    if options.attack == "high_fill":
        diary.note(
            "high_fill", story.operation.flow.began, ended, (story.tank,), "a planned fill below the high alarm",
            event=options.event,
        )  # fmt: skip


def _intrude(layout: Layout, story: StoryLine, options: DepotOptions, staff: Staff, diary: Diary) -> None:
    """The attacker's badge and login: a contractor's badge where it has no work, an engineer's account from outside."""
    if options.attack != "overfill":
        return
    contractors = [person for person in staff.people if person.role == "contractor"]
    if options.badge and contractors:
        badge = contractors[-1].id
        staff.badge(story.badge_at, badge, "control")
        staff.visit(story.badge_at + 70.0, story.badge_at + 900.0, badge, "server-room")
        staff.badge(story.badge_at + 960.0, badge, "control", "out")
        diary.note(
            "badge_misuse", story.badge_at, story.badge_at + 960.0, ("D-CONTROL", "D-SERVER"),
            "a contractor's badge in the server room", malicious=True, event=options.event,
        )  # fmt: skip
    hosts = [host for host in layout.site.assets if isinstance(host, Host)]
    jump = next((host.id for host in hosts if host.security_zone == "dmz" and host.role == "server"), None)
    station = next((host.id for host in hosts if host.role == "engineering"), None)
    engineers = [person for person in staff.people if person.role == "engineer" and not person.remote]
    if options.login and jump and station and engineers and engineers[0].accounts:
        account = engineers[0].accounts[0]
        at = story.login_at
        staff.login(at - 95.0, account, jump, INTRUDER, remote=True, success=False)
        staff.login(at - 60.0, account, jump, INTRUDER, remote=True)
        staff.login(at, account, station, jump, remote=True)
        diary.note(
            "remote_login", at - 95.0, story.freeze_at, (jump, station),
            "an engineer's account from outside, without remote rights", malicious=True, event=options.event,
        )  # fmt: skip


def _facts(calendar: Calendar, plan: Plan, story: StoryLine | None, options: DepotOptions) -> dict[str, Any]:
    def moment(second: float) -> int | None:
        return calendar.ns(second) if second < NEVER else None

    facts: dict[str, Any] = {
        "attack": options.attack,
        "initial_level_m": {tank: round(level, 4) for tank, level in plan.initial_level.items()},
        "operations": [
            {
                "kind": one.kind,
                "from": one.source,
                "to": one.target,
                "began_at": calendar.ns(one.flow.began),
                "ended_at": calendar.ns(one.flow.ended),
                "volume_m3": round(one.flow.total, 3),
            }
            for one in plan.operations
        ],
    }
    if story is None:
        return facts
    flow = story.operation.flow
    times = np.arange(flow.began - 3600.0, flow.ended + 3600.0, 60.0)
    times = times[(times >= 0) & (times < calendar.length)]
    facts |= {
        "tank": story.tank,
        "boundary": story.boundary,
        "receipt_began_at": moment(flow.began),
        "receipt_ended_at": moment(flow.ended),
        "start_level_m": round(story.start_level, 4),
        "gauge": story.gauge,
        "switch": options.switch_condition,
        "badge_at": moment(story.badge_at),
        "login_at": moment(story.login_at),
        "bypass_at": moment(story.bypass_at),
        "freeze_at": moment(story.freeze_at),
        "freeze_level_m": round(story.freeze_level, 4) if story.gauge else None,
        "high_high_at": moment(story.high_high_at),
        "trip_at": moment(story.trip_at),
        "overflow_at": moment(story.overflow_at),
        "gas_low_at": moment(story.gas_low_at),
        "gas_high_at": moment(story.gas_high_at),
        "shutdown_at": moment(story.shutdown_at),
        "stopped_at": moment(story.stopped_at),
        "resumed_at": moment(story.resumed_at),
        "spilled_m3": round(story.spill.total, 1) if story.spill is not None else 0.0,
        "true_level": {
            "times": [calendar.ns(float(second)) for second in times],
            "level_m": [round(float(level), 4) for level in true_level(story, times)],
        },
    }
    return facts
