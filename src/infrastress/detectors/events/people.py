"""Who may be where and when: people, badges, accounts, shifts in local time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from infrastress.core.time import SECOND
from infrastress.site import Site
from infrastress.site.context import Person, Shift

__all__ = ["Roster"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Roster:
    """People of a site by what names them, and their shifts."""

    def __init__(self, site: Site) -> None:
        self.zone = ZoneInfo(site.time_zone)
        self.shifts = {shift.id: shift for shift in site.shifts}
        self.by_badge: dict[str, Person] = {}
        self.by_account: dict[str, Person] = {}
        for person in site.people:
            self.by_badge[person.id] = person
            if person.badge is not None:
                self.by_badge[person.badge] = person
            for account in person.accounts:
                self.by_account[account] = person

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
        moment = datetime.fromtimestamp(ns / SECOND, UTC)
        today = moment.astimezone(self.zone).date()
        for shift in shifts:
            for days in (-2, -1, 0, 1):
                begins, ends = self._span(shift, today + timedelta(days=days))
                if begins is None or ends is None:
                    continue
                if begins - timedelta(seconds=before_s) <= moment <= ends + timedelta(seconds=after_s):
                    return True
        return False

    def _span(self, shift: Shift, day: date) -> tuple[datetime | None, datetime | None]:
        if _DAYS[day.weekday()] not in shift.days:
            return None, None
        begin, end = ((int(text[:2]), int(text[3:])) for text in (shift.begins, shift.ends))
        last = day if end > begin else day + timedelta(days=1)
        return (
            datetime(day.year, day.month, day.day, *begin, tzinfo=self.zone).astimezone(UTC),
            datetime(last.year, last.month, last.day, *end, tzinfo=self.zone).astimezone(UTC),
        )
