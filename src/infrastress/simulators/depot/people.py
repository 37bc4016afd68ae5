"""Staff on an ordinary day: badges at doors and logins on hosts, as shifts, zones and roles of the site model allow."""

from infrastress.events import AccessAttempt, LoginAttempt
from infrastress.simulators.calendar import Calendar, LocalDay
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.site import Site
from infrastress.site.assets import Door, Host
from infrastress.site.context import Person, Shift

__all__ = ["Staff"]

CONSOLES = ("hmi", "engineering", "historian", "workstation")
FIELD_WALK_S = (300.0, 1500.0)


class Staff:
    """Writes the comings and goings of a run into a diary.

    Args:
        layout, calendar, draws: of the run.
        diary: what it writes into.

    Attributes:
        people: whom the run tells of.
        trips: by person, spans in the field.
        entries: (moment, person, zone) of every badge that opened a door inwards.
    """

    def __init__(self, layout: Layout, calendar: Calendar, draws: Randomness, diary: Diary) -> None:
        self.site: Site = layout.site
        self.calendar, self.draws, self.diary = calendar, draws, diary
        self.people = self.site.people[: RANGES.staff]
        self.doors = {asset.leads_to: asset for asset in self.site.assets if isinstance(asset, Door)}
        self.shifts = {shift.id: shift for shift in self.site.shifts}
        self.explosive = {zone.id for zone in self.site.zones if zone.explosive != "none"}
        self.trips: dict[str, list[tuple[float, float]]] = {}
        self.entries: list[tuple[float, str, str]] = []

    def badge(self, at: float, person: str, zone: str, direction: str = "in", granted: bool = True) -> None:
        """A badge at the door into `zone`; nothing where the site has no such door."""
        door = self.doors.get(zone)
        if door is not None:
            if granted and direction == "in":
                self.entries.append((at, person, zone))
            body = AccessAttempt(
                person=person,
                door=door.id,
                zone=zone,
                granted=granted,
                direction="out" if direction == "out" else "in",
            )
            self.diary.write(at, "badges", body, (door.id,), zone)

    def visit(self, begin: float, end: float, person: str, zone: str) -> None:
        """In at `begin`, out at `end`."""
        self.badge(begin, person, zone)
        self.badge(end, person, zone, "out")

    def login(
        self, at: float, account: str, host: str, origin: str, *, remote: bool = False, success: bool = True
    ) -> None:
        """A login on a host."""
        known = self.site.asset_by_id.get(host)
        body = LoginAttempt(account=account, host=host, origin=origin, remote=remote, success=success)
        self.diary.write(at, "logins", body, (host,) if known else (), (known.zone or "") if known else "")

    def ordinary_days(self) -> None:
        """Shifts, rounds, jobs and logins of every day."""
        for day in self.calendar.days:
            for person in self.people:
                for shift in (self.shifts[name] for name in person.shifts):
                    if day.weekday in shift.days:
                        self._shift(day, person, shift)

    def away(self, person: str, begin: float, end: float) -> bool:
        """Whether somebody is out in the field at some moment of a span."""
        return any(one < end and other > begin for one, other in self.trips.get(person, ()))

    def go_out(self, begin: float, end: float, person: Person, zone: str) -> None:
        """Leave one's own room for a field zone and come back."""
        home = self.home(person)
        if home is not None and home != zone:
            self.badge(begin - 90.0, person.id, home, "out")
            self.badge(end + 90.0, person.id, home)
        self.visit(begin, end, person.id, zone)
        self.trips.setdefault(person.id, []).append((begin - 120.0, end + 120.0))

    def home(self, person: Person) -> str | None:
        """The room somebody works in: the first of its zones behind a door that is neither gate nor explosive."""
        return next((zone for zone in person.zones[1:] if zone in self.doors and zone not in self.explosive), None)

    def field(self, person: Person) -> list[str]:
        """The explosive zones somebody works in."""
        return [zone for zone in person.zones[1:] if zone in self.doors and zone in self.explosive]

    def _shift(self, day: LocalDay, person: Person, shift: Shift) -> None:
        stream = self.draws.stream(f"shift.{person.id}.{shift.id}", day.number)
        begin, end = _clock(day, shift.begins), _clock(day, shift.ends)
        if end <= begin:
            end += 86400.0
        early, late = RANGES.handover_s
        arrives = begin + float(stream.uniform(early, -300.0))
        leaves = end + float(stream.uniform(300.0, late))
        if person.zones:
            self.visit(arrives, leaves, person.id, person.zones[0])
        home, outdoor = self.home(person), self.field(person)
        if home is not None:
            self.visit(
                arrives + float(stream.uniform(60, 240)), leaves - float(stream.uniform(60, 240)), person.id, home
            )
        if outdoor:
            low, high = RANGES.jobs_per_day if person.role in ("maintenance", "contractor") else RANGES.rounds_per_shift
            count = int(stream.uniform(low, high + 1))
            starts = sorted(float(at) for at in stream.uniform(begin + 1800.0, end - 2700.0, count))
            for at in starts:
                zone = outdoor[int(stream.integers(len(outdoor)))]
                length = float(stream.uniform(*FIELD_WALK_S))
                if not self.away(person.id, at - 300.0, at + length + 300.0):
                    self.go_out(at, at + length, person, zone)
        if person.role == "engineer" and "server-room" in person.zones and stream.uniform() < 0.4:
            at = float(stream.uniform(begin + 3600.0, end - 3600.0))
            self.go_out(at, at + float(stream.uniform(*FIELD_WALK_S)), person, "server-room")
        hosts = self.consoles(person)
        if person.accounts and hosts:
            moments = [begin + float(stream.uniform(0, 900))]
            if person.role != "operator":
                moments = sorted(float(at) for at in stream.uniform(begin + 600, end - 600, int(stream.integers(1, 4))))
            for at in moments:
                host = hosts[int(stream.integers(len(hosts)))]
                self.login(at, person.accounts[0], host, host)

    def consoles(self, person: Person) -> list[str]:
        """Hosts somebody sits at."""
        known = (self.site.asset_by_id.get(host) for host in person.hosts)
        return [one.id for one in known if isinstance(one, Host) and one.role in CONSOLES]

    def on_duty(self, at: float, people: list[Person], pick: float) -> Person | None:
        """One of the people well within a shift at a moment, or None."""
        present = [p for p in people if any(self._covers(self.shifts[s], at) for s in p.shifts)]
        return present[int(pick * len(present))] if present else None

    def _covers(self, shift: Shift, at: float) -> bool:
        for day in self.calendar.days:
            begin, end = _clock(day, shift.begins), _clock(day, shift.ends)
            end += 86400.0 if end <= begin else 0.0
            if day.weekday in shift.days and begin + 600 <= at < end - 1200:
                return True
        return False


def _clock(day: LocalDay, text: str) -> float:
    hours, minutes = text.split(":")
    return day.midnight + int(hours) * 3600.0 + int(minutes) * 60.0
