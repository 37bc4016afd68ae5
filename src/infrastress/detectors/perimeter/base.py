"""What perimeter and life-safety rules share: options, the site as they see it, and the words devices use."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from infrastress.detectors.observations.detector import RuleOptions
from infrastress.detectors.observations.ground import Ground
from infrastress.detectors.observations.people import Roster
from infrastress.site import Site

__all__ = ["Condition", "PerimeterOptions", "Plant", "condition_of"]

Condition = Literal["healthy", "alarm", "high", "fault", "inhibited", "test", "silent", "tamper", "unknown"]
"""How a device stands. `high` is an alarm that is acted upon; `silent` one that should speak and doesn't."""

_OFF = ("bypass", "disabled", "disablement", "inhibit", "forced", "override", "isolated")
_FAULT = ("fault", "failure", "failed", "trouble", "defect")
_TEST = ("test", "drill", "calibrat")
_ALARM = ("trip", "alarm", "fire", "activated", "pressed")
_BACK = (
    "normal", "enabled", "restored", "in service", "in_service", "reset", "clear", "healthy", "secure", "quiet",
)  # fmt: skip


def condition_of(state: str) -> Condition:
    """What a device's own word says; "unknown" where nothing is known of it."""
    words = state.lower()
    if any(word in words for word in _OFF):
        return "inhibited"
    if any(word in words for word in _FAULT):
        return "fault"
    if "tamper" in words:
        return "tamper"
    if "clear" not in words and "no alarm" not in words and any(word in words for word in _ALARM):
        return "alarm"
    if any(word in words for word in _TEST):
        return "test"
    return "healthy" if any(word in words for word in _BACK) or "no alarm" in words else "unknown"


class PerimeterOptions(RuleOptions):
    """Options of the perimeter and life-safety rules; times in seconds.

    Attributes:
        bypass_s: a device out of action for longer is forgotten work: half a shift.
        chatter_s, chatter_count: so many alarms of one section within this time are wind, plants or a loose mesh:
            nobody climbs a fence five times in ten minutes.
        settle_s: how long to look at the rest of the fence before a pattern is called somebody: gusts are over by then,
            and from the fence to anything worth it is farther.
        along_s: neighbouring sections that alarm within this time are one matter: a section of 50 m at a slow walk.
        weather_s, weather_share, weather_places: this share of all sections (at least three) within `settle_s`, or
            sections in so many places that don't touch within `weather_s`, are weather.
        restless_s, restless_places: a fence that alarmed at so many other places within this time is shaken by gusts:
            two sections one after the other are a notice then, three still somebody.
        breach_s: a door forced, or a presence that no gate has read, so long after a fence alarm belongs to it.
        run_m_s: nobody is at a door sooner than at this speed.
        touch_m: ends of sections nearer than this meet.
        silent_times, silent_least_s: a device is silent after so many of its own longest usual gaps, never sooner than
            this. As the watch over sources does it: 2.5.
        passed_on_s: a fire panel that alarms so long behind a detector or call point passes on its alarm.
        authorised_s, door_settle_s: as for the access rules: a badge explains a door that opens.
    """

    bypass_s: float = Field(default=14400.0, gt=0)
    chatter_s: float = Field(default=600.0, gt=0)
    chatter_count: int = Field(default=5, ge=2)
    settle_s: float = Field(default=20.0, ge=0)
    along_s: float = Field(default=90.0, gt=0)
    weather_s: float = Field(default=300.0, gt=0)
    weather_share: float = Field(default=0.4, gt=0, le=1)
    weather_places: int = Field(default=3, ge=2)
    restless_s: float = Field(default=3600.0, gt=0)
    restless_places: int = Field(default=2, ge=1)
    breach_s: float = Field(default=1200.0, gt=0)
    run_m_s: float = Field(default=6.0, gt=0)
    touch_m: float = Field(default=2.0, ge=0)
    silent_times: float = Field(default=2.5, gt=1)
    silent_least_s: float = Field(default=300.0, gt=0)
    passed_on_s: float = Field(default=60.0, ge=0)
    authorised_s: float = Field(default=45.0, gt=0)
    door_settle_s: float = Field(default=10.0, ge=0)


@dataclass(frozen=True)
class Plant:
    """A site as perimeter rules see it."""

    site: Site
    roster: Roster
    ground: Ground
    options: PerimeterOptions

    def zone(self, device: str, otherwise: str = "") -> str:
        """The zone a device stands in."""
        asset = self.site.asset_by_id.get(device)
        return (asset.zone or "") if asset is not None else otherwise
