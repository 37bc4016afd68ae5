"""Who logs in, who calls: staff on ordinary days, an intruder before its attack, customers without water."""

from infrastress.events import LoginAttempt, Report
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.consequences import HOUR, Consequences
from infrastress.simulators.water.ranges import RANGES
from infrastress.simulators.water.story import Story
from infrastress.site import Site
from infrastress.site.assets import Host

__all__ = ["INTRUDER", "People"]

INTRUDER = "198.51.100.23"
_COMPLAINTS = ("Water tastes of chlorine.", "Water looks brown in the morning.", "The pump house hums at night.")
_DRY = ("No water comes from the tap.", "Hardly any pressure.", "The shower gives nothing.", "No water on our floor.")


class People:
    """Writes logins and reports of a run into its diary, where the site has sources, hosts and people for them."""

    def __init__(self, site: Site, calendar: Calendar, draws: Randomness, diary: Diary) -> None:
        self.calendar, self.draws, self.diary = calendar, draws, diary
        sources = {source.kind: source.id for source in reversed(site.sources)}
        self.logins, self.reports = sources.get("network"), sources.get("reports")
        self.hosts = [asset for asset in site.assets if isinstance(asset, Host)]
        self.staff = [one for one in site.people[: RANGES.staff] if one.accounts and one.hosts]

    def ordinary_days(self) -> None:
        """Logins in office hours, a typo now and then, complaints with nothing behind them."""
        r, stream = RANGES, self.draws.stream("people")
        for day in self.calendar.days:
            count = round(float(stream.uniform(*r.logins_per_day)))
            for hour, pick in zip(stream.uniform(7, 18, count), stream.integers(0, 10_000, count), strict=True):
                self._login(day.midnight + 3600 * float(hour), int(pick), success=True)
        for at in self.draws.moments("typo", r.typo_per_day, self.calendar.day_count):
            self._login(at, 0, success=False)
            self._login(at + 20.0, 0, success=True)
        texts = self.draws.stream("complaint.text")
        for at in self.draws.moments("complaint", r.complaints_per_day, self.calendar.day_count):
            self._report(at, _COMPLAINTS[int(texts.integers(len(_COMPLAINTS)))])

    def _login(self, at: float, pick: int, *, success: bool) -> None:
        if self.logins is None or not self.staff:
            return
        person = self.staff[pick % len(self.staff)]
        host = person.hosts[pick // len(self.staff) % len(person.hosts)]
        body = LoginAttempt(account=person.accounts[0], host=host, origin=host, success=success)
        self.diary.write(at, self.logins, body, (host,))

    def _report(self, at: float, text: str) -> None:
        if self.reports is not None:
            body = Report(reporter="customer", channel="telephone", category="other", text=text)
            self.diary.write(at, self.reports, body)

    def intrude(self, story: Story, event: str) -> None:
        """The attacker's login: an account without remote rights, from outside, over the way in to a workstation."""
        jump = next((one.id for one in self.hosts if one.security_zone == "dmz"), None)
        station = next((one.id for one in self.hosts if one.role == "engineering"), None)
        insider = next((one for one in self.staff if not one.remote and station in one.hosts), None)
        if self.logins is None or jump is None or station is None or insider is None:
            return
        at = story.began - self.draws.draw("story.login", RANGES.login_before_s)
        account = insider.accounts[0]
        for after, host, origin, success in (
            (-95.0, jump, INTRUDER, False),
            (-60.0, jump, INTRUDER, True),
            (0.0, station, jump, True),
        ):
            body = LoginAttempt(account=account, host=host, origin=origin, remote=True, success=success)
            self.diary.write(at + after, self.logins, body, (host,))
        self.diary.note(
            "remote_login", at - 95.0, story.began, (jump, station),
            "an account from outside, without remote rights", malicious=True, event=event,
        )  # fmt: skip

    def call(self, harm: Consequences) -> None:
        """Customers who get less than they ask for call, in the first three hours of it."""
        r, stream = RANGES, self.draws.stream("story.calls")
        count = round(float(stream.uniform(*r.complaints)))
        hours = [hour for hour, lost in sorted(harm.by_hour.items()) if lost > 0.02 * harm.requested_by_hour(hour)]
        for hour in hours[:3]:
            for delay, text in zip(
                stream.uniform(*r.complaint_delay_s, count), stream.integers(0, 4, count), strict=True
            ):
                self._report(hour * HOUR + float(delay), _DRY[int(text)])
