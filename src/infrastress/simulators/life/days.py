"""Ordinary days: shifts with rounds, jobs, errands and lunch; visitors with their hosts; work from home."""

import numpy as np

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.life.premises import Premises
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.rota import Duty, duties
from infrastress.simulators.life.scene import pick, uniform
from infrastress.simulators.life.visits import Stay, Stop
from infrastress.simulators.randomness import Randomness
from infrastress.site.context import Person

__all__ = ["Days"]

_FIELD = {"operator": RANGES.rounds_per_shift, "maintenance": RANGES.jobs_per_day, "contractor": RANGES.jobs_per_day}
_HOST_ROLES = ("manager", "engineer")


class Days:
    """Plans every stay of a run.

    Attributes:
        stays: by begin.
        from_home: duties worked from home, by people with remote rights.
    """

    def __init__(self, premises: Premises, calendar: Calendar, draws: Randomness) -> None:
        self.premises, self.calendar, self.draws = premises, calendar, draws
        self.from_home: list[Duty] = []
        self.stays: list[Stay] = []
        worked = duties(premises.site, premises.staff, calendar, draws)
        self._cars = self._shared_cars(worked)
        for duty in worked:
            stream = draws.stream(f"life.duty.{duty.person.id}", duty.day.number)
            if duty.person.remote and float(stream.uniform()) < RANGES.home_days:
                self.from_home.append(duty)
            else:
                self.stays.append(self._stay(duty, stream))
        for day in calendar.days:
            self._visitors(day.number, day.midnight, worked)
        self.stays.sort(key=lambda one: (one.begin, one.person))

    def _shared_cars(self, worked: list[Duty]) -> dict[tuple[str, int], float]:
        """Arrivals of those who come together: a moment each, by person and day."""
        groups: dict[tuple[int, float], list[Duty]] = {}
        for duty in worked:
            groups.setdefault((duty.day.number, duty.begin), []).append(duty)
        found: dict[tuple[str, int], float] = {}
        for (number, begin), group in groups.items():
            stream = self.draws.stream(f"life.cars.{int(begin)}", number)
            riders = [duty for duty in group if float(stream.uniform()) < RANGES.car_share]
            while len(riders) >= 2:
                size = min(len(riders), int(stream.integers(2, 4)))
                at = begin - uniform(stream, RANGES.arrives_before_s)
                for duty in riders[:size]:
                    found[duty.person.id, number] = at + float(stream.uniform(0.0, 8.0))
                riders = riders[size:]
        return found

    def _stay(self, duty: Duty, stream: np.random.Generator) -> Stay:
        person = duty.person
        arrives = duty.begin - uniform(stream, RANGES.arrives_before_s)
        arrives = self._cars.get((person.id, duty.day.number), arrives)
        leaves = duty.end + uniform(stream, RANGES.leaves_after_s)
        stay = Stay(person.id, person.id, arrives, leaves, self.premises.home(person))
        lunch = duty.day.midnight + 3600.0 * uniform(stream, RANGES.lunch_h)
        if arrives + 7200.0 < lunch < leaves - 7200.0 and person.role not in ("operator", "security"):
            outside = float(stream.uniform()) < RANGES.lunch_outside
            stay.stops.append(Stop(lunch, None if outside else person.zones[0], uniform(stream, RANGES.lunch_s)))
        fields = self.premises.fields(person)
        count = int(uniform(stream, _FIELD.get(person.role, RANGES.errands_per_day)) + 0.5) if fields else 0
        for at in sorted(stream.uniform(duty.begin + 1200.0, duty.end - 2400.0, count).tolist()):
            stay.stops.append(Stop(float(at), pick(stream, fields), uniform(stream, RANGES.stay_s)))
        if person.role == "security":  # walks the site and looks in at its own rooms
            for at in sorted(stream.uniform(duty.begin + 900.0, duty.end - 1800.0, 3).tolist()):
                stay.stops.append(Stop(float(at), pick(stream, fields or [stay.home]), uniform(stream, (120.0, 600.0))))
        return stay

    def _visitors(self, number: int, midnight: float, worked: list[Duty]) -> None:
        """Visitors in office hours, on days that have such, each met by a host at the gate."""
        stream = self.draws.stream("life.visitors", number)
        hosts = [one for one in worked if one.day.number == number and one.person.role in _HOST_ROLES]
        if not hosts:
            return
        badges = [self.premises.visitors[i] for i in stream.permutation(len(self.premises.visitors)).tolist()]
        for visitor in badges[: int(uniform(stream, RANGES.visitors_per_day) + 0.5)]:
            begin = midnight + 3600.0 * float(stream.uniform(9.0, 14.5))
            self.stays.append(self._visit(visitor, begin, begin + uniform(stream, RANGES.visit_s)))

    def _visit(self, visitor: Person, begin: float, end: float) -> Stay:
        home = next((z for z in visitor.zones[1:] if z in self.premises.ways), visitor.zones[0])
        return Stay(visitor.id, visitor.id, begin, end, home, errand=True)
