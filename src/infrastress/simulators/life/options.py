"""What a scenario may ask of the life simulator."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from infrastress.events.kinds import Category

__all__ = ["AttackKind", "Deed", "LifeOptions", "ReportStory", "Thing"]

AttackKind = Literal[
    "stolen_badge", "cloned_badge", "tailgating", "forced_door", "fence_climb", "insider", "alarm_disabled",
    "stolen_session", "gas_inhibited", "hostile_track", "badge_probing", "fire_isolated",
]  # fmt: skip
ReportStory = Literal["none", "normal", "release", "single", "campaign"]

Thing = Literal[
    "foothold", "remote_support", "callout", "overtime", "chatter", "wind", "gas", "head_fault", "smoke", "drill",
    "own_drone", "ghost", "voices", "fakes",
]  # fmt: skip


class Deed(BaseModel):
    """Something told for certain, when and where it says (`docs/incident-recordings.md`); the rest of it is drawn.

    Attributes:
        what: a kind of attack, or a thing that befalls.
        at_h: when it begins, hours after the start; lasts_s: for how long.
        zone, device: where.
        variant: of an attack.
        count: how often or how many; topic, category: of what people say, and as what they report it.
        malicious: whether the truth calls it so; attacks always are.
        event: the event that its truth belongs to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: AttackKind | Thing
    at_h: float = Field(ge=0)
    lasts_s: float = Field(default=600.0, ge=0)
    zone: str = ""
    device: str = ""
    variant: str | None = None
    count: int = Field(default=1, ge=1, le=2000)
    topic: str = ""
    category: Category = "other"
    malicious: bool = False
    event: str = ""


class LifeOptions(BaseModel):
    """Options of a life scenario; what is left out is drawn from the ranges.

    Attributes:
        people: whether the staff comes and goes; without it only devices and reporters speak.
        attacks: kinds of attack, one of each, spread over the run; "all" are the ten that the site can have.
        variant: a variant that every attack that has it takes; drawn without it.
        oddities: whether ordinary days have their innocent oddities.
        reports: `normal` complaints; those and a `release` with wind that many smell; a release with one report beside
            a gas head's alarm (`single`); those and a `campaign` of fakes.
        weather: whether the wind signals of the site are recorded.
        plot: what is told for certain beside all that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: bool = True
    attacks: Literal["none", "all"] | tuple[AttackKind, ...] = "none"
    variant: str | None = Field(default=None, max_length=40)
    oddities: bool = True
    reports: ReportStory = "normal"
    weather: bool = False
    plot: tuple[Deed, ...] = ()
