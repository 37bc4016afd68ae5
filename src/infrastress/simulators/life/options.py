"""What a scenario may ask of the life simulator."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AttackKind", "LifeOptions", "ReportStory"]

AttackKind = Literal[
    "stolen_badge", "cloned_badge", "tailgating", "forced_door", "fence_climb", "insider", "alarm_disabled",
    "stolen_session", "gas_inhibited", "hostile_track", "badge_probing", "fire_isolated",
]  # fmt: skip
ReportStory = Literal["none", "normal", "release", "single", "campaign"]


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
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: bool = True
    attacks: Literal["none", "all"] | tuple[AttackKind, ...] = "none"
    variant: str | None = Field(default=None, max_length=40)
    oddities: bool = True
    reports: ReportStory = "normal"
    weather: bool = False
