"""Local days of a run: when each begins, in seconds after the scenario's start."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infrastress.core.time import SECOND, from_iso
from infrastress.simulators.base import Scenario

__all__ = ["Calendar", "LocalDay"]

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class LocalDay(NamedTuple):
    """A local calendar day: running number, name of the weekday, and its midnight."""

    number: int
    weekday: str
    midnight: float


class Calendar:
    """The scenario's time span and its local days.

    Attributes:
        start: ns UTC of second 0.
        length: seconds.
        days: local days from the one before the start (its night shift still works) to the last.
    """

    def __init__(self, scenario: Scenario, time_zone: str) -> None:
        self.start = from_iso(scenario.start)
        self.length = scenario.duration_h * 3600.0
        zone = ZoneInfo(time_zone)
        self._zone, self._ahead = zone, self._offset(self.start, zone)
        origin = datetime.fromtimestamp(self.start // SECOND, UTC)
        day = origin.astimezone(zone).date() - timedelta(days=1)
        self.days: list[LocalDay] = []
        while True:
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
            since = (midnight - origin).total_seconds()
            if since >= self.length:
                break
            self.days.append(LocalDay(len(self.days), WEEK[day.weekday()], since))
            day += timedelta(days=1)

    @staticmethod
    def _offset(moment: int, zone: ZoneInfo) -> float:
        offset = datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone).utcoffset()
        return offset.total_seconds() if offset else 0.0

    def clock_change(self, second: float) -> int:
        """Seconds by which the local clock was put forward (back: below 0) between the start and a moment."""
        return round(self._offset(self.ns(second), self._zone) - self._ahead)

    @property
    def day_count(self) -> float:
        """Length in days."""
        return self.length / 86400.0

    def ns(self, second: float) -> int:
        """Nanoseconds UTC of a moment, cut to the millisecond."""
        return self.start + int(second * 1000) * 1_000_000

    def inside(self, second: float) -> bool:
        """Whether a moment lies within the run."""
        return 0.0 <= second < self.length

    def local_clock(self, second: float) -> float:
        """Hours since local midnight at a moment."""
        begun = [day.midnight for day in self.days if day.midnight <= second]
        return ((second - begun[-1]) / 3600.0) if begun else 0.0
