"""AccessDetector: who goes where, when and with whom, by badges, doors, logins and sessions."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from infrastress.detectors.access.badges import BadgeRules
from infrastress.detectors.access.base import AccessOptions, Scene
from infrastress.detectors.access.cards import CARDS
from infrastress.detectors.access.doors import DoorRules
from infrastress.detectors.access.login_cards import CARDS as LOGIN_CARDS
from infrastress.detectors.access.logins import LoginRules
from infrastress.detectors.access.whereabouts import Whereabouts
from infrastress.detectors.base import RuleCard
from infrastress.detectors.observations.detector import Desk, RuleDetector, Rules
from infrastress.detectors.observations.ground import Ground
from infrastress.detectors.observations.people import Roster

__all__ = ["AccessDetector"]


class AccessDetector(RuleDetector):
    """Rules on badges, doors, logins and sessions; learns nothing."""

    name: ClassVar[str] = "access"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[BaseModel]] = AccessOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in (*CARDS, *LOGIN_CARDS)}

    def rules(self, desk: Desk) -> tuple[Rules, ...]:
        """Badges by themselves, doors, people from read to read, logins."""
        scene = Scene(self.site, Roster(self.site), Ground(self.site), self.options)
        badges = BadgeRules(scene)
        whereabouts = Whereabouts(scene)
        doors = DoorRules(scene, desk.agenda, whereabouts.occupied)
        return badges, doors, whereabouts, LoginRules(scene, badges)
