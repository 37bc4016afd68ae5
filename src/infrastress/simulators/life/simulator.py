"""The life simulator: days, walks, oddities, attacks, devices, tracks and reports put together."""

from collections.abc import Iterator

import numpy as np
from pydantic import ValidationError

from infrastress.core.errors import SimulationError
from infrastress.core.units import scale_of
from infrastress.events import Samples
from infrastress.simulators.base import Realisation, Scenario, Simulator
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.life.attacks import ATTACKS, Attack
from infrastress.simulators.life.computers import Computers
from infrastress.simulators.life.days import Days
from infrastress.simulators.life.devices import gas_readings
from infrastress.simulators.life.doors import Doors
from infrastress.simulators.life.intrusion import Act
from infrastress.simulators.life.mishaps import THINGS
from infrastress.simulators.life.options import LifeOptions
from infrastress.simulators.life.plot import Plot
from infrastress.simulators.life.premises import Premises
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.reports import Reporters, Wind, wind_of
from infrastress.simulators.life.scene import Scene, pick
from infrastress.simulators.life.slips import BEFORE, PEOPLE, Oddity, Slip
from infrastress.simulators.life.tracks import Tracks
from infrastress.simulators.life.visits import Presence, Stay, Walker
from infrastress.simulators.randomness import Randomness
from infrastress.site import Site

__all__ = ["LifeSimulator"]

_MOST_ATTACKS = 10
_TRIES = 12
_SURE_FROM_DAYS = 10.0
_ROWS = 8640


class LifeSimulator(Simulator):
    """People, doors, computers, fences, tracks and reports of any site with doors and staff."""

    name = "life"
    Options = LifeOptions

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.premises = Premises(site)

    def run(self, scenario: Scenario, seed: int) -> Realisation:
        """Simulate; see the base class. `facts` hold who was inside at the start, and how long was watched."""
        options = _parse(scenario)
        calendar, draws = Calendar(scenario, self.site.time_zone), Randomness(seed)
        diary, doors, presence = Diary(self.site, calendar), Doors(self.premises, draws), Presence()
        scene = Scene(self.premises, calendar, draws, diary, doors, presence, [], {}, {})
        tracks, computers = Tracks(scene), Computers(scene)
        wind = self._wind(options, draws)
        reporters = Reporters(scene, wind)
        plot = Plot(scene, tracks, computers, reporters)
        if options.people:
            self._people(scene, tracks, computers, plot, options)
        else:
            plot.play(options.plot)
        presence.settle()
        tracks.ordinary()
        if options.reports != "none":
            reporters.ordinary()
        if options.reports in ("release", "single"):
            reporters.release(single=options.reports == "single")
        if options.reports == "campaign":
            reporters.campaign()
        gas_readings(scene)
        doors.write(diary)
        facts = {
            "began_at": calendar.start,
            "ended_at": calendar.start + round(calendar.length * 1e9),
            "inside_at_start": presence.inside(0.0),
            "wind": {"from_deg": round(wind.from_deg, 1), "m_s": round(wind.speed, 2)},
        }
        samples = self._weather(calendar, wind) if options.weather else iter(())
        return Realisation(samples=samples, events=diary.events(), truth=diary.truth(), facts=facts)

    def _people(self, scene: Scene, tracks: Tracks, computers: Computers, plot: Plot, options: LifeOptions) -> None:
        days = Days(self.premises, scene.calendar, scene.draws)
        stays = days.stays
        if options.oddities:
            _oddities(scene, tracks, computers, stays, BEFORE)
        stays.sort(key=lambda one: (one.begin, one.person))
        walker = Walker(self.premises, scene.doors, scene.presence)
        walked: list[Stay] = []
        for stay in stays:
            stream = scene.draws.stream(f"life.walk.{stay.person}", max(round(stay.begin + 200_000.0), 0))
            if walker.walk(stay, stream):
                walked.append(stay)
        scene.presence.settle()
        computers.ordinary(days, walked)
        plot.play(options.plot)
        if options.attacks != "none":
            _attack(scene, tracks, options)
        if options.oddities:
            _oddities(scene, tracks, computers, walked, (*PEOPLE, *THINGS))

    def _wind(self, options: LifeOptions, draws: Randomness) -> Wind:
        stream = draws.stream("life.wind")
        homes = [one.position for one in self.site.receptors if one.kind in ("dwellings", "school")]
        centre = self._centre()
        toward = pick(stream, homes) if homes and options.reports in ("release", "single") else None
        return wind_of(stream, toward, centre)

    def _centre(self) -> tuple[float, float]:
        places = [one.position for one in self.site.assets if one.type == "tank" and one.position]
        if not places:
            return (0.0, 0.0)
        return float(np.mean([x for x, _ in places])), float(np.mean([y for _, y in places]))

    def _weather(self, calendar: Calendar, wind: Wind) -> Iterator[Samples]:
        """What the site's wind signals show, at the cadence of their source."""
        signals = [one for one in self.site.signals if one.kind in ("wind_direction", "wind_speed") and one.source]
        if not signals:
            return
        source = self.site.source_by_id[signals[0].source or ""]
        step = source.cadence_s or 60.0
        seconds = np.arange(0.0, calendar.length, step)
        bearing, speed = wind.at(seconds)
        columns = {"wind_direction": bearing, "wind_speed": speed}
        scales = [scale_of(one.unit) for one in signals]
        values = np.stack(
            [columns[one.kind] * scale.factor + scale.offset for one, scale in zip(signals, scales, strict=True)],
            axis=1,
        )
        times = calendar.start + np.round(seconds * 1e9).astype(np.int64)
        for begin in range(0, len(times), _ROWS):
            part = slice(begin, begin + _ROWS)
            yield Samples(
                site=self.site.id, source=source.id, sequence=begin, times=times[part],
                tags=tuple(one.id for one in signals), values=values[part],
            )  # fmt: skip


def _attack(scene: Scene, tracks: Tracks, options: LifeOptions) -> None:
    """One attack of each kind, in an order that is drawn, each in its own part of the run."""
    wanted = [one for one in ATTACKS if options.attacks == "all" or one.name in options.attacks]
    able = [one for one in wanted if _able(scene, tracks, one)][:_MOST_ATTACKS]
    if len(able) < len(wanted) and options.attacks != "all":
        missing = ", ".join(sorted({one.name for one in wanted} - {one.name for one in able}))
        raise SimulationError(f"the site can't have these attacks: {missing}", where=scene.premises.site.id)
    order = scene.draws.stream("life.attacks").permutation(len(able)).tolist()
    part = scene.calendar.length / max(len(able), 1)
    for place, number in enumerate(order):
        attack = able[number]
        begin, end = place * part + RANGES.attack_quiet_s / 2, (place + 1) * part - RANGES.attack_quiet_s / 2
        for trial in range(_TRIES):
            stream = scene.draws.stream(f"life.attack.{attack.name}", trial)
            fit = [v for v in attack.variants if options.variant in (None, v)] or list(attack.variants)
            act = Act(scene, tracks, stream, attack.name, pick(stream, fit), begin, end)
            if attack.play(act) and act.noted is not None:
                scene.busy.append((act.noted[0] - 1800.0, act.noted[1] + 1800.0))
                break
        else:
            raise SimulationError(f"no moment fits the attack {attack.name}", remedy="make duration_h longer")


def _able(scene: Scene, tracks: Tracks, attack: Attack) -> bool:
    site = scene.premises.site
    if attack.name == "hostile_track":
        return tracks.able
    if attack.name == "gas_inhibited":
        heads = {head.id for head in scene.premises.heads}
        return any(heads >= set(group.members) for group in site.voting)
    return attack.name != "fence_climb" or bool(scene.premises.fences)


def _oddities(scene: Scene, tracks: Tracks, computers: Computers, stays: list[Stay], kinds: tuple[Oddity, ...]) -> None:
    """Each kind at its rate, and once for certain in a run that is long enough for it."""
    for kind in kinds:
        days = scene.calendar.day_count
        moments = scene.draws.moments(f"life.oddity.{kind.name}", RANGES.oddity_per_day, days)
        if not moments and days >= _SURE_FROM_DAYS:
            moments = [scene.draws.draw(f"life.sure.{kind.name}", (0.1, 0.8)) * scene.calendar.length]
        for number, at in enumerate(moments):
            stream = scene.draws.stream(f"life.odd.{kind.name}", number)
            if scene.quiet(at - 3600.0, at + 14_400.0):
                kind.play(Slip(scene, tracks, computers, stays, stream, at))


def _parse(scenario: Scenario) -> LifeOptions:
    try:
        return LifeOptions.model_validate(scenario.options)
    except ValidationError as error:
        first = error.errors()[0]
        raise SimulationError(
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
            where=f"scenario {scenario.name}, options",
            remedy=f"known options: {', '.join(LifeOptions.model_fields)}",
        ) from error
