"""Gas heads, the story's level switch, and neighbours: what else speaks on ordinary days and after a spill."""

from math import atan2, cos, degrees, exp, hypot, radians

from infrastress.events import GasReading, Report, SwitchState
from infrastress.events.kinds import Category
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.options import DepotOptions
from infrastress.simulators.depot.plan import Interval
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.depot.story import NEVER, StoryLine
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.site.assets import GasDetector
from infrastress.site.context import Receptor

__all__ = ["Surroundings"]

ORDINARY: tuple[tuple[Category, str], ...] = (
    ("noise", "Loud humming from the terminal since early morning."),
    ("vehicle", "Lorries queue on the coast road again."),
    ("noise", "A ship's horn woke the whole street."),
    ("other", "A street lamp by the depot fence is out."),
)
NUISANCE = ("Bad smell from the harbour mud at low tide.", "Smoke smell, somebody burns garden waste.")
PETROL = (
    "Strong smell of petrol in our street.",
    "It smells like a filling station outside, we have closed the windows.",
    "Smell of fuel coming from the depot, stronger every minute.",
    "A low white mist behind the depot fence and a smell of petrol.",
    "My eyes burn, it reeks of petrol at the corner.",
)

CLOUD_REACH_M = 150.0
CLOUD_M_S = 0.25  # how fast vapour creeps over the bund floor


class Surroundings:
    """Writes gas readings, switch changes and reports of a run into a diary.

    Args:
        layout, calendar, draws: of the run.
        diary: what it writes into.
        options: of the scenario.
    """

    def __init__(
        self, layout: Layout, calendar: Calendar, draws: Randomness, diary: Diary, options: DepotOptions
    ) -> None:
        self.layout, self.calendar, self.draws = layout, calendar, draws
        self.diary, self.options = diary, options

    def gas(self, story: StoryLine | None) -> None:
        """An hourly reading of every head, blips, and the cloud of a spill."""
        spilled = story is not None and self.options.gas and story.overflow_at < NEVER
        for n, head in enumerate(self.layout.gas_heads):
            stream = self.draws.stream(f"gas.{head.id}")
            begin, end = self._cloud(story, head, n) if story is not None and spilled else (NEVER, NEVER)
            at = float(stream.uniform(0, 3600.0)) if self.options.people else NEVER
            while at < self.calendar.length:
                level = float(stream.uniform(*RANGES.gas_background_lel))
                if not begin <= at < end:
                    self._reading(at, head, level)
                at += 3600.0
        if self.options.oddities and self.options.people:
            for n, at in enumerate(self.draws.moments("gas-blip", RANGES.gas_blips_per_day, self.calendar.day_count)):
                stream = self.draws.stream("gas-blip.where", n)
                head = self.layout.gas_heads[int(stream.integers(len(self.layout.gas_heads)))]
                peak = float(stream.uniform(*RANGES.gas_blip_lel))
                length = float(stream.uniform(*RANGES.gas_blip_s))
                for step in range(int(length / 30.0) + 1):
                    shape = 1.0 - abs(2.0 * step * 30.0 / length - 1.0)
                    self._reading(at + 30.0 * step, head, max(peak * shape, 0.005))
                self.diary.note("gas_blip", at, at + length, (head.id,), "vapour of ordinary work below the low alarm")

    def _reading(self, at: float, head: GasDetector, level: float) -> None:
        level = round(min(max(level, 0.0), 1.0), 3)
        body = GasReading(detector=head.id, level_lel=level, alarmed=level >= head.low_alarm_lel)
        self.diary.write(at, "gas", body, (head.id,), head.zone or "")

    def _cloud(self, story: StoryLine, head: GasDetector, number: int) -> tuple[float, float]:
        """Readings every half minute, nearest heads first, decaying once the receipt is stopped; its span."""
        tank = self.layout.tanks[story.tank]
        if tank.position is None or head.position is None:
            return NEVER, NEVER
        near = [
            hypot(one.position[0] - tank.position[0], one.position[1] - tank.position[1])
            for one in self.layout.gas_heads
            if one.position is not None
        ]
        distance = hypot(head.position[0] - tank.position[0], head.position[1] - tank.position[1])
        later = (distance - min(near)) / CLOUD_M_S
        if distance > CLOUD_REACH_M:
            return NEVER, NEVER
        peak = 1.2 * exp(-(distance - min(near)) / 80.0)
        stream = self.draws.stream("cloud", number)
        growth = (story.gas_high_at - story.gas_low_at) / (head.high_alarm_lel - head.low_alarm_lel)
        clears = story.shutdown_at + float(stream.uniform(2400.0, 4800.0))
        begin = story.gas_low_at + later - head.low_alarm_lel * growth
        at = begin + 30.0
        end = clears + 2 * 3600.0
        while at < end:
            level = min((at - begin) / growth, peak)
            if at > clears:
                level *= exp(-(at - clears) / 1200.0)
            self._reading(at, head, level + float(stream.normal(0.0, 0.004)))
            at += 30.0
        return begin, end

    def switch(self, story: StoryLine | None) -> list[Interval]:
        """The switch of the story's tank; returns when its trip or bypass signal is 1."""
        intervals: list[Interval] = []
        if story is not None and story.tank in self.layout.switches:
            switch = self.layout.switches[story.tank]
            if self.options.switch_condition == "bypassed" and story.bypass_at < NEVER:
                self._change(story.bypass_at, switch.device, "bypassed", "eng02")
                intervals.append((switch.bypass, story.bypass_at, NEVER))
                self.diary.note(
                    "switch_bypass", story.bypass_at, NEVER, (switch.device,), "the attacker bypassed the switch",
                    malicious=True, signals=(switch.bypass, switch.trip), event=self.options.event,
                )  # fmt: skip
            elif self.options.switch_condition == "disabled":
                begin = min(story.bypass_at, story.freeze_at)
                self.diary.note(
                    "switch_disabled", begin, NEVER, (switch.device,), "the switch was jumpered: it never trips",
                    malicious=self.options.attack == "overfill", signals=(switch.trip,), event=self.options.event,
                )  # fmt: skip
            elif story.trip_at < NEVER:
                self._change(story.trip_at, switch.device, "tripped")
                intervals.append((switch.trip, story.trip_at, NEVER))
        return intervals

    def _change(self, at: float, device: str, state: str, by: str = "") -> None:
        zone = self.layout.site.asset_by_id[device].zone or ""
        self.diary.write(at, "switches", SwitchState(device=device, state=state, by=by), (device,), zone)

    def reports(self, story: StoryLine | None) -> None:
        """Neighbours: ordinary complaints, a nuisance smell now and then, and petrol after a spill."""
        homes = [one for one in self.layout.site.receptors if one.kind in ("dwellings", "school", "workplace")]
        if not homes:
            return
        if self.options.oddities and self.options.people:
            days = self.calendar.day_count
            for n, at in enumerate(self.draws.moments("complaint", RANGES.ordinary_reports_per_day, days)):
                stream = self.draws.stream("complaint.what", n)
                category, text = ORDINARY[int(stream.integers(len(ORDINARY)))]
                self._report(at, homes[int(stream.integers(len(homes)))], category, text, stream.uniform(60, 1800))
            for n, at in enumerate(self.draws.moments("nuisance", RANGES.nuisance_smells_per_day, days)):
                stream = self.draws.stream("nuisance.what", n)
                home = homes[int(stream.integers(len(homes)))]
                self._report(at, home, "smell", NUISANCE[int(stream.integers(2))], stream.uniform(60, 900))
                self.diary.note("nuisance_smell", at, at + 3600.0, (), "a smell that has nothing to do with the site")
        if story is not None and story.overflow_at < NEVER and self.options.reports:
            stream = self.draws.stream("petrol-smell")
            at = story.overflow_at + float(stream.uniform(*RANGES.smell_delay_s))
            x, y = self.layout.tanks[story.tank].position or (0.0, 0.0)
            near = sorted(homes, key=lambda home: hypot(home.position[0] - x, home.position[1] - y))
            for _ in range(int(stream.uniform(RANGES.smell_reports[0], RANGES.smell_reports[1] + 1))):
                home = near[int(len(near) * float(stream.uniform()) ** 2)]
                text = PETROL[int(stream.integers(len(PETROL)))]
                self._report(at, home, "smell", text, stream.uniform(30, 300))
                at += float(stream.uniform(60, 600))

    def _report(self, at: float, home: Receptor, category: Category, text: str, later: float) -> None:
        stream = self.draws.stream(f"reporter.{home.id}", int(at))
        latitude, longitude = self._place(
            home.position[0] + stream.normal(0, 30), home.position[1] + stream.normal(0, 30)
        )
        body = Report(
            reporter=f"neighbour-{int(stream.integers(1, 400)):03d}",
            channel="app" if stream.uniform() < 0.6 else "hotline",
            category=category,
            text=text,
            latitude=latitude,
            longitude=longitude,
        )
        self.diary.write(at, "reports", body, (), "", reported_after=float(later))

    def _place(self, x: float, y: float) -> tuple[float | None, float | None]:
        """Latitude and longitude of a local point, rounded to about a metre; None where the site has no place."""
        where = self.layout.site.location
        if where.latitude is None or where.longitude is None:
            return None, None
        turn = atan2(y, x) - radians(where.rotation_deg)
        reach = hypot(x, y)
        east, north = reach * cos(turn), reach * cos(turn - radians(90.0))
        scale = 111320.0
        latitude = where.latitude + north / scale
        return round(latitude, 5), round(where.longitude + degrees(radians(east / scale)) / cos(radians(latitude)), 5)
