"""Who works when: fixed shifts with days off, shifts that rotate, office days; leave and illness."""

from typing import NamedTuple

from infrastress.simulators.calendar import Calendar, LocalDay
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.randomness import Randomness
from infrastress.site import Site
from infrastress.site.context import Person, Shift

__all__ = ["Duty", "duties"]

_ROTATION = (0, 0, 1, 1, 2, 2, None, None, None, None)
"""Two early, two late, two nights, four days off."""
_FIXED = (True, True, True, True, False, False)


class Duty(NamedTuple):
    """A person's shift on one day: begin and end in seconds after the start of the run."""

    person: Person
    day: LocalDay
    begin: float
    end: float


def duties(site: Site, people: list[Person], calendar: Calendar, draws: Randomness) -> list[Duty]:
    """Every shift that is worked, by begin."""
    shifts = {shift.id: shift for shift in site.shifts}
    found: list[Duty] = []
    for number, person in enumerate(people):
        mine = [shifts[name] for name in person.shifts if name in shifts]
        for day in calendar.days:
            shift = _shift_of(number, mine, day)
            if shift is None or day.weekday not in shift.days:
                continue
            if float(draws.stream(f"life.absent.{person.id}", day.number).uniform()) < RANGES.absent:
                continue
            found.append(_duty(person, day, shift))
    return sorted(found, key=lambda one: (one.begin, one.person.id))


def _shift_of(number: int, mine: list[Shift], day: LocalDay) -> Shift | None:
    if not mine:
        return None
    if len(mine) >= 3:  # rotates
        place = _ROTATION[(day.number + number) % len(_ROTATION)]
        return mine[place] if place is not None else None
    if len(mine[0].days) < 7:  # office days are given by the shift
        return mine[0]
    return mine[0] if _FIXED[(day.number + 3 * number) % len(_FIXED)] else None


def _duty(person: Person, day: LocalDay, shift: Shift) -> Duty:
    begin, end = clock(day, shift.begins), clock(day, shift.ends)
    return Duty(person, day, begin, end + (86_400.0 if end <= begin else 0.0))


def clock(day: LocalDay, text: str) -> float:
    """Seconds after the start of a local time HH:MM of a day."""
    hours, minutes = text.split(":")
    return day.midnight + int(hours) * 3600.0 + int(minutes) * 60.0
