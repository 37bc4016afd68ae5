"""What access rules share: options, and the site as they see it."""

from dataclasses import dataclass

from pydantic import Field

from infrastress.detectors.observations.detector import RuleOptions
from infrastress.detectors.observations.ground import Ground
from infrastress.detectors.observations.people import Roster
from infrastress.site import Site

__all__ = ["AccessOptions", "Scene"]

_NIGHT = (22, 6)


class AccessOptions(RuleOptions):
    """Options of the access rules; times in seconds, speeds in m/s.

    Attributes:
        shift_slack_s: how long before and after a shift a badge or login is still ordinary.
        leave_slack_s: how long after a shift someone may still be leaving.
        burst_s, burst_failures: failed logins at one host or account within this time are a burst.
        denied_s, denied_count: refusals of one badge or at one door within this time.
        retry_s: a second read of a badge at the same door within this time is a second try. Readers are blind for some
            seconds, and a turnstile that didn't turn is tried again at once.
        passback_s: a badge handed back is used again within this time; later, a read on the way out was missed.
        stale_s: where somebody was read longer ago than this is no knowledge any more: a day's work is over.
        hurry_m_s: faster than this nobody walks (a brisk walk is 1.8 m/s): a bicycle, a lift, or a second badge.
        vehicle_m_s: faster than this nobody gets from door to door: 20 km/h, the usual limit on a plant's roads, is
            5.6 m/s, without getting on and off.
        clocks_s: how far the clocks of two door controllers may be apart.
        authorised_s: a door that opens has been released by a badge at most so long before. Strikes fall back after
            5 to 10 s, turnstiles after 30 s; the rest is clocks.
        settle_s: how long to wait for the badge of a door that opened: readers and contacts report by different ways.
        crowd_s: passages that follow each other within this time are one crowd, whose badges and heads are compared.
        handover_s: how near to the change of a shift crowds are ordinary.
        chatter_s: a door that opens and closes within this time let nobody through: a worn contact or latch.
        on_call: roles that are called out at night, and so enter restricted zones outside of their shifts. Maintenance
            is; whoever else is on call at a site has to be named.
        signs_s: an entry outside of shift and a login outside of shift so soon behind it add up.
        late_s: whoever works shifts and comes by a gate so long after the shift began, by night, comes in the middle of
            it; by day people have appointments.
        away_s: whoever left by a gate so lately comes back from a break or an errand.
        escort_s: a visitor whose badge is read so long behind that of somebody entitled at the same door is led.
        handle_s: a read on the way out so long before explains that the controller calls the door forced: it was opened
            by its inner handle before the lock had released.
        alarm_s: a fire panel releases doors at most so long behind a fire alarm.
        long_s, long_night_s: a door of a grave zone that stands open for so long is more than a delivery: half an hour
            in working hours; 5 minutes where the one who opened it isn't on shift.
        forgotten_s: a disabled alarm or a released lock that stays for longer was forgotten.
        released_s: after a fire alarm doors stand released and nobody reads badges.
        slip_s: a session from outside by somebody whose badge was read in longer ago than this rather means that the
            way out wasn't read.
    """

    shift_slack_s: float = Field(default=2700.0, ge=0)
    leave_slack_s: float = Field(default=7200.0, ge=0)
    burst_s: float = Field(default=600.0, gt=0)
    burst_failures: int = Field(default=5, ge=2)
    denied_s: float = Field(default=600.0, gt=0)
    denied_count: int = Field(default=3, ge=2)
    retry_s: float = Field(default=15.0, ge=0)
    passback_s: float = Field(default=180.0, ge=0)
    stale_s: float = Field(default=50400.0, gt=0)
    hurry_m_s: float = Field(default=2.5, gt=0)
    vehicle_m_s: float = Field(default=5.0, gt=0)
    clocks_s: float = Field(default=10.0, ge=0)
    authorised_s: float = Field(default=45.0, gt=0)
    settle_s: float = Field(default=10.0, ge=0)
    crowd_s: float = Field(default=20.0, gt=0)
    handover_s: float = Field(default=1200.0, ge=0)
    chatter_s: float = Field(default=1.5, ge=0)
    on_call: tuple[str, ...] = ("maintenance",)
    signs_s: float = Field(default=3600.0, gt=0)
    late_s: float = Field(default=5400.0, gt=0)
    away_s: float = Field(default=7200.0, ge=0)
    escort_s: float = Field(default=60.0, gt=0)
    handle_s: float = Field(default=10.0, ge=0)
    alarm_s: float = Field(default=300.0, gt=0)
    long_s: float = Field(default=1800.0, gt=0)
    long_night_s: float = Field(default=300.0, gt=0)
    forgotten_s: float = Field(default=14400.0, gt=0)
    released_s: float = Field(default=3600.0, gt=0)
    slip_s: float = Field(default=36000.0, gt=0)


@dataclass(frozen=True)
class Scene:
    """A site as access rules see it."""

    site: Site
    roster: Roster
    ground: Ground
    options: AccessOptions

    def person(self, badge: str) -> str:
        """Who a badge is, for state and sentences: the person's id, else the badge as it was read."""
        known = self.roster.by_badge.get(badge)
        return known.id if known is not None else badge[:80]

    def titled(self, name: str) -> str:
        """A person with their role."""
        known = self.roster.by_badge.get(name)
        return f"{known.id} ({known.role})" if known is not None else f"badge {name}"

    def night(self, ns: int) -> bool:
        """Whether it is night by the local clock."""
        hour = self.roster.local(ns).hour
        return hour >= _NIGHT[0] or hour < _NIGHT[1]

    def in_hours(self, name: str, ns: int) -> bool:
        """Whether a known person is in their shift, with slack."""
        known = self.roster.by_badge.get(name)
        slack = self.options.shift_slack_s
        return known is not None and self.roster.on_shift(known, ns, slack, slack)
