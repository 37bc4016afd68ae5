"""Ordinary slips of people: wrong PINs, mistyped passwords, remote support, call-outs, tests of switches."""

from infrastress.events import SwitchState
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.people import Staff
from infrastress.simulators.depot.plan import Interval, Plan
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.site.assets import Host
from infrastress.site.context import Person

__all__ = ["Slips"]

OFFICE_SHARE = 42.5 / 168.0  # of a week, in which office staff is well within its hours
SUPPORT = "203.0.113.10"  # whence the engineer with remote rights comes in
REST_BEFORE_S = 5400.0
REST_AFTER_S = 3600.0


class Slips:
    """Writes ordinary slips of a run into a diary, once its ordinary days are written.

    Args:
        layout, calendar, draws: of the run.
        diary: what it writes into.
        staff: who is where.
    """

    def __init__(self, layout: Layout, calendar: Calendar, draws: Randomness, diary: Diary, staff: Staff) -> None:
        self.layout, self.calendar, self.draws = layout, calendar, draws
        self.diary, self.staff = diary, staff
        self.people = [person for person in staff.people if person.shifts]

    def write(self) -> None:
        """All but the tests of switches."""
        for n, at in enumerate(self._moments("wrong-pin", RANGES.wrong_pin_per_day)):
            self._wrong_pin(n, at)
        for n, at in enumerate(self._moments("typo", RANGES.typo_per_day)):
            self._typo(n, at)
        for n, at in enumerate(self._moments("remote-support", RANGES.remote_support_per_day / OFFICE_SHARE)):
            self._remote_support(n, at)
        for n, at in enumerate(self._moments("callout", RANGES.callouts_per_day)):
            self._callout(n, at)

    def proof_tests(self, plan: Plan, spared: str | None) -> list[Interval]:
        """Tests of level switches under bypass, on tanks at rest; returns when which signal is 1.

        Args:
            plan: what the tanks do.
            spared: a tank that is not tested.
        """
        intervals: list[Interval] = []
        for n, at in enumerate(self._moments("proof", RANGES.proof_tests_per_day / OFFICE_SHARE)):
            intervals += self._proof_test(n, at, plan, spared)
        return intervals

    def _moments(self, name: str, per_day: float) -> list[float]:
        return self.draws.moments(name, per_day, self.calendar.day_count)

    def _wrong_pin(self, number: int, at: float) -> None:
        """A refused badge some seconds before the next that opened a door."""
        later = [entry for entry in self.staff.entries if entry[0] >= at]
        if later:
            moment, person, zone = min(later)
            wait = float(self.draws.stream("wrong-pin.wait", number).uniform(5.0, 30.0))
            self.staff.badge(moment - wait, person, zone, granted=False)

    def _typo(self, number: int, at: float) -> None:
        stream = self.draws.stream("typo.who", number)
        able = [person for person in self.people if person.accounts and self.staff.consoles(person)]
        person = self.staff.on_duty(at, able, float(stream.uniform()))
        if person is not None:
            hosts = self.staff.consoles(person)
            host = hosts[int(stream.integers(len(hosts)))]
            self.staff.login(at, person.accounts[0], host, host, success=False)
            self.staff.login(at + float(stream.uniform(6, 40)), person.accounts[0], host, host)

    def _remote_support(self, number: int, at: float) -> None:
        able = [person for person in self.people if person.remote and person.accounts]
        person = self.staff.on_duty(at, able, 0.0)
        hosts = [
            asset.id for asset in self.layout.site.assets if isinstance(asset, Host) and asset.security_zone == "dmz"
        ]
        jump = next((host for host in hosts if person is not None and host in person.hosts), None)
        if person is None or jump is None:
            return
        self.staff.login(at, person.accounts[0], jump, SUPPORT, remote=True)
        target = self.staff.consoles(person)
        if target:
            stream = self.draws.stream("remote-support.target", number)
            host = target[int(stream.integers(len(target)))]
            self.staff.login(at + float(stream.uniform(20, 120)), person.accounts[0], host, jump, remote=True)

    def _maintenance(self) -> list[Person]:
        return [person for person in self.people if person.role == "maintenance"]

    def _callout(self, number: int, at: float) -> None:
        able = self._maintenance()
        if not able or self.staff.on_duty(at, able, 0.0) is not None:
            return
        stream = self.draws.stream("callout.who", number)
        person = able[int(stream.integers(len(able)))]
        zones = self.staff.field(person)
        zone = zones[int(stream.integers(len(zones)))]
        end = at + float(stream.uniform(2400, 7200))
        self.staff.visit(at, end, person.id, person.zones[0])
        self.staff.visit(at + 400, end - 400, person.id, zone)
        door = self.staff.doors[zone].id
        self.diary.note("callout", at, end, (door,), "maintenance came outside its shift")

    def _proof_test(self, number: int, at: float, plan: Plan, spared: str | None) -> list[Interval]:
        stream = self.draws.stream("proof.what", number)
        tank = list(self.layout.switches)[int(stream.integers(len(self.layout.switches)))]
        end = at + float(stream.uniform(*RANGES.proof_test_s))
        trip_s = float(stream.uniform(60.0, 180.0))
        able = [one for one in self._maintenance() if not self.staff.away(one.id, at - 600.0, end + 600.0)]
        tester = self.staff.on_duty(at, able, float(stream.uniform()))
        busy = any(
            tank in (one.source, one.target)
            and one.flow.began - REST_BEFORE_S < end
            and one.flow.ended + REST_AFTER_S > at
            for one in plan.operations
        )
        if tester is None or busy or tank == spared:
            return []
        switch = self.layout.switches[tank]
        zone = self.layout.tanks[tank].zone or ""
        account = tester.accounts[0] if tester.accounts else tester.id
        self.staff.go_out(at - 300.0, end + 300.0, tester, zone)
        tripped = (at + end) / 2
        for moment, state, by in (
            (at, "bypassed", account),
            (tripped, "tripped", ""),
            (tripped + trip_s, "normal", ""),
            (end, "in_service", account),
        ):
            body = SwitchState(device=switch.device, state=state, by=by)
            self.diary.write(moment, "switches", body, (switch.device,), zone)
        self.diary.note(
            "proof_test", at, end, (switch.device,), "periodic test of the switch, bypassed, tank at rest",
            signals=(switch.trip, switch.bypass),
        )  # fmt: skip
        return [(switch.bypass, at, end), (switch.trip, tripped, tripped + trip_s)]
