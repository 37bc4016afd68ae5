"""Staff on an ordinary day: badges at doors and logins on hosts, as shifts, zones and roles of the site model allow."""

from infrastress.events import AccessAttempt, LoginAttempt
from infrastress.simulators.depot.calendar import Calendar, LocalDay
from infrastress.simulators.depot.diary import Diary
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.randomness import Randomness
from infrastress.simulators.depot.ranges import RANGES
from infrastress.site import Site
from infrastress.site.assets import Door, Host
from infrastress.site.context import Person, Shift

__all__ = ["OFFICE_SHARE", "Staff"]

OFFICE_SHARE = 42.5 / 168.0  # of a week, in which office staff is well within its hours
FIELD_WALK_S = (300.0, 1500.0)


class Staff:
    """Writes the comings and goings of a run into a diary.

    Args:
        layout, calendar, draws: of the run.
        diary: what it writes into.
    """

    def __init__(self, layout: Layout, calendar: Calendar, draws: Randomness, diary: Diary) -> None:
        self.site: Site = layout.site
        self.calendar, self.draws, self.diary = calendar, draws, diary
        self.doors = {asset.leads_to: asset for asset in self.site.assets if isinstance(asset, Door)}
        self.shifts = {shift.id: shift for shift in self.site.shifts}
        self.explosive = {zone.id for zone in self.site.zones if zone.explosive != "none"}

    def badge(self, at: float, person: str, zone: str, direction: str = "in", granted: bool = True) -> None:
        """A badge at the door into `zone`; nothing where the site has no such door."""
        door = self.doors.get(zone)
        if door is not None:
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

    def ordinary_days(self, oddities: bool) -> None:
        """Shifts, rounds, jobs and logins of every day, and their ordinary slips."""
        for day in self.calendar.days:
            for n, person in enumerate(self.site.people):
                for shift in (self.shifts[name] for name in person.shifts):
                    if day.weekday in shift.days:
                        self._shift(day, n, person, shift)
        if oddities:
            self._slips()

    def _shift(self, day: LocalDay, number: int, person: Person, shift: Shift) -> None:
        stream = self.draws.stream(f"shift.{person.id}.{shift.id}", day.number)
        begin, end = _clock(day, shift.begins), _clock(day, shift.ends)
        if end <= begin:
            end += 86400.0
        early, late = RANGES.handover_s
        arrives = begin + float(stream.uniform(early, -120.0))
        leaves = end + float(stream.uniform(60.0, late))
        gate = self.site.people[number].zones[0] if person.zones else "gate"
        self.visit(arrives, leaves, person.id, gate)
        indoor = [zone for zone in person.zones[1:] if zone not in self.explosive and zone in self.doors]
        outdoor = [zone for zone in person.zones[1:] if zone in self.explosive and zone in self.doors]
        if indoor:
            self.visit(
                arrives + float(stream.uniform(60, 240)), leaves - float(stream.uniform(60, 240)), person.id, indoor[0]
            )
        walks = RANGES.jobs_per_day if person.role in ("maintenance", "contractor") else RANGES.rounds_per_shift
        if person.role in ("operator", "maintenance", "contractor", "security") and outdoor:
            for _ in range(int(stream.uniform(walks[0], walks[1] + 1))):
                zone = outdoor[int(stream.integers(len(outdoor)))]
                at = float(stream.uniform(begin + 1800.0, end - 2700.0))
                self.visit(at, at + float(stream.uniform(*FIELD_WALK_S)), person.id, zone)
        if person.role == "engineer" and "server-room" in person.zones and stream.uniform() < 0.4:
            at = float(stream.uniform(begin + 3600.0, end - 3600.0))
            self.visit(at, at + float(stream.uniform(*FIELD_WALK_S)), person.id, "server-room")
        hosts = [host for host in person.hosts if self._has_console(host)]
        if person.accounts and hosts:
            moments = [begin + float(stream.uniform(0, 900))]
            if person.role != "operator":
                moments = sorted(float(at) for at in stream.uniform(begin + 600, end - 600, int(stream.integers(1, 4))))
            for at in moments:
                host = hosts[int(stream.integers(len(hosts)))]
                self.login(at, person.accounts[0], host, host)

    def _has_console(self, name: str) -> bool:
        asset = self.site.asset_by_id.get(name)
        return isinstance(asset, Host) and asset.role in ("hmi", "engineering", "historian", "workstation")

    def _slips(self) -> None:
        days = self.calendar.day_count
        people = [person for person in self.site.people if person.shifts]
        for n, at in enumerate(self.draws.moments("wrong-pin", RANGES.wrong_pin_per_day, days)):
            stream = self.draws.stream("wrong-pin.who", n)
            person = self._on_duty(at, people, stream.uniform())
            if person is not None:
                zones = [zone for zone in person.zones if zone in self.doors]
                zone = zones[int(stream.integers(len(zones)))]
                self.badge(at, person.id, zone, granted=False)
                self.visit(at + 12.0, at + 900.0, person.id, zone)
        for n, at in enumerate(self.draws.moments("typo", RANGES.typo_per_day, days)):
            stream = self.draws.stream("typo.who", n)
            able = [p for p in people if p.accounts and any(self._has_console(host) for host in p.hosts)]
            person = self._on_duty(at, able, stream.uniform())
            if person is not None:
                hosts = [host for host in person.hosts if self._has_console(host)]
                host = hosts[int(stream.integers(len(hosts)))]
                self.login(at, person.accounts[0], host, host, success=False)
                self.login(at + float(stream.uniform(6, 40)), person.accounts[0], host, host)
        for n, at in enumerate(
            self.draws.moments("remote-support", RANGES.remote_support_per_day / OFFICE_SHARE, days)
        ):
            able = [p for p in people if p.remote and p.accounts]
            person = self._on_duty(at, able, 0.0)
            jump = [host.id for host in self.site.assets if isinstance(host, Host) and host.security_zone == "dmz"]
            if person is not None and jump and jump[0] in person.hosts:
                stream = self.draws.stream("remote-support.target", n)
                self.login(at, person.accounts[0], jump[0], "203.0.113.10", remote=True)
                target = [host for host in person.hosts if self._has_console(host)]
                if target:
                    host = target[int(stream.integers(len(target)))]
                    self.login(at + float(stream.uniform(20, 120)), person.accounts[0], host, jump[0], remote=True)
        for n, at in enumerate(self.draws.moments("callout", RANGES.callouts_per_day, days)):
            able = [person for person in people if person.role == "maintenance"]
            if able and self._on_duty(at, able, 0.0) is None:
                stream = self.draws.stream("callout.who", n)
                person = able[int(stream.integers(len(able)))]
                zones = [zone for zone in person.zones[1:] if zone in self.explosive and zone in self.doors]
                zone = zones[int(stream.integers(len(zones)))]
                length = float(stream.uniform(2400, 7200))
                self.visit(at, at + length, person.id, person.zones[0])
                self.visit(at + 400, at + length - 400, person.id, zone)
                self.diary.note(
                    "callout", at, at + length, (self.doors[zone].id,), "maintenance came outside its shift"
                )

    def _on_duty(self, at: float, people: list[Person], pick: float) -> Person | None:
        """One of the people well within a shift at a moment, or None."""
        present = [p for p in people if any(self.covers(self.shifts[s], at) for s in p.shifts)]
        return present[int(pick * len(present))] if present else None

    def covers(self, shift: Shift, at: float) -> bool:
        """Whether a shift runs at a moment, ten minutes in from either end."""
        for day in self.calendar.days:
            begin, end = _clock(day, shift.begins), _clock(day, shift.ends)
            end += 86400.0 if end <= begin else 0.0
            if day.weekday in shift.days and begin + 600 <= at < end - 1200:
                return True
        return False


def _clock(day: LocalDay, text: str) -> float:
    hours, minutes = text.split(":")
    return day.midnight + int(hours) * 3600.0 + int(minutes) * 60.0
