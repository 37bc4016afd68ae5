"""The stories of the demo: which plant, what happens there, how fast, and what will be seen when."""

from collections.abc import Sequence
from dataclasses import dataclass

from infrastress.core.time import HOUR
from infrastress.simulators.base import TruthSpan

__all__ = ["STORIES", "Moment", "Story", "begins_at", "first_act", "moments"]


@dataclass(frozen=True)
class Story:
    """What the demo plays at one site.

    Attributes:
        template: of the site.
        scenario: by name.
        hours: length of the run: the story, and the quiet life behind it.
        learn_hours: ordinary days learned from.
        past_hours: what lies in the store when the console opens, so that charts and slider have a past.
        speed: event seconds a second, unless told otherwise.
        quiet_hours: from the beginning to the attackers' first act: time to sign in and look around.
        extra: the package that its simulator needs, as `pip install` names it; empty where there is none.
    """

    template: str
    scenario: str
    hours: float
    learn_hours: float = 168.0
    past_hours: float = 6.0
    speed: float = 60.0
    quiet_hours: float = 1.5
    extra: str = ""


STORIES = {
    "depot": Story("depot", "attack-overfill", hours=168.0),
    "water": Story("water", "overflow", hours=96.0, past_hours=12.0, extra="infrastress[water]"),
}
"""By site. At 60 a second is a minute: what takes a night is told in some five minutes, and can still be followed."""

_WORDS = {
    "badge_misuse": "a contractor's badge opens doors it has no business at",
    "remote_login": "somebody logs in from outside, with an account that may not",
    "switch_bypass": "the last safeguard against overfilling is bypassed",
    "gauge_falsified": "the level gauge begins to lie; an alarm on the tank should follow soon",
    "level_spoofed": "the controller is told a false level, and pumps on",
    "overflow": "the tank runs over",
}


@dataclass(frozen=True)
class Moment:
    """What happens when: event time in ns, and words for people."""

    at: int
    what: str
    assets: tuple[str, ...]


def moments(truth: Sequence[TruthSpan]) -> list[Moment]:
    """The attack's moments, in order."""
    told = [Moment(one.began, _WORDS[one.kind], one.assets) for one in truth if one.malicious and one.kind in _WORDS]
    return sorted(told, key=lambda moment: moment.at)


def first_act(truth: Sequence[TruthSpan]) -> int:
    """When the attackers first did something, ns."""
    return min(one.began for one in truth if one.malicious)


def begins_at(story: Story, truth: Sequence[TruthSpan]) -> int:
    """Event time at which the plant goes live, ns: some time before the first act."""
    return first_act(truth) - round(story.quiet_hours * HOUR)
