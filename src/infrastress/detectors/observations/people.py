"""Who may be where and when: people, badges, accounts, shifts in local time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from infrastress.core.time import DAY, SECOND
from infrastress.site import Site
from infrastress.site.context import Person, Shift

__all__ = ["Roster"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_SPANS = 4096


class Roster:
    """People of a site by what names them, and their shifts."""

    def __init__(self, site: Site) -> None:
        self.zone = ZoneInfo(site.time_zone)
        self.shifts = {shift.id: shift for shift in site.shifts}
        self.people = site.people
        self.by_badge: dict[str, Person] = {}
        self.by_account: dict[str, Person] = {}
        for person in site.people:
            self.by_badge[person.id] = person
            if person.badge is not None:
                self.by_badge[person.badge] = person
            for account in person.accounts:
                self.by_account[account] = person
        self._spans: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {}

    def named(self, name: str) -> Person | None:
        """The person of a badge or an account."""
        return self.by_badge.get(name) or self.by_account.get(name)

    def clock(self, ns: int) -> str:
        """Local day and time, for a sentence: "Sat 03:12"."""
        return self.local(ns).strftime("%a %H:%M")

    def local(self, ns: int) -> datetime:
        """Local time of the site."""
        return datetime.fromtimestamp(ns / SECOND, UTC).astimezone(self.zone)

    def on_shift(self, person: Person, ns: int, before_s: float, after_s: float) -> bool:
        """Whether a person's shift runs at a time, `before_s` earlier and `after_s` later; True without shifts."""
        shifts = [self.shifts[name] for name in person.shifts if name in self.shifts]
        if not shifts:
            return True
        before, after = round(before_s * SECOND), round(after_s * SECOND)
        return any(
            begins - before <= ns <= ends + after for shift in shifts for begins, ends in self._near(shift, ns // DAY)
        )

    def shift_began(self, person: Person, ns: int) -> int | None:
        """When the shift began that runs at a time, ns; None where none does."""
        for shift in (self.shifts[name] for name in person.shifts if name in self.shifts):
            for begins, ends in self._near(shift, ns // DAY):
                if begins <= ns <= ends:
                    return begins
        return None

    def on_duty(self, roles: Collection[str], ns: int) -> bool:
        """Whether somebody of these roles works at a time."""
        return any(
            person.role in roles and person.shifts and self.on_shift(person, ns, 0.0, 0.0) for person in self.people
        )

    def handover(self, ns: int, slack_s: float) -> bool:
        """Whether a shift of this site begins or ends within `slack_s` of a time."""
        slack = round(slack_s * SECOND)
        return any(
            abs(edge - ns) <= slack for shift in self.shifts.values() for span in self._near(shift, ns // DAY)
            for edge in span
        )  # fmt: skip

    def _near(self, shift: Shift, day: int) -> tuple[tuple[int, int], ...]:
        """Begins and ends, ns, of a shift in the days around a day since 1970 (UTC)."""
        known = self._spans.get((shift.id, day))
        if known is None:
            if len(self._spans) >= _MOST_SPANS:
                self._spans.clear()
            first = date(1970, 1, 1) + timedelta(days=day)
            spans = (self._span(shift, first + timedelta(days=days)) for days in (-2, -1, 0, 1, 2))
            known = self._spans[shift.id, day] = tuple(span for span in spans if span is not None)
        return known

    def _span(self, shift: Shift, day: date) -> tuple[int, int] | None:
        if _DAYS[day.weekday()] not in shift.days:
            return None
        begin, end = ((int(text[:2]), int(text[3:])) for text in (shift.begins, shift.ends))
        last = day if end > begin else day + timedelta(days=1)
        return (
            int(datetime(day.year, day.month, day.day, *begin, tzinfo=self.zone).timestamp()) * SECOND,
            int(datetime(last.year, last.month, last.day, *end, tzinfo=self.zone).timestamp()) * SECOND,
        )
