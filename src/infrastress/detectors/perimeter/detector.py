"""PerimeterDetector: fences, gas and fire, what votes and what is out of action."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from infrastress.detectors.base import RuleCard
from infrastress.detectors.observations.detector import Desk, RuleDetector, Rules
from infrastress.detectors.observations.ground import Ground
from infrastress.detectors.observations.people import Roster
from infrastress.detectors.perimeter.base import PerimeterOptions, Plant
from infrastress.detectors.perimeter.breach import BreachRules
from infrastress.detectors.perimeter.cards import CARDS
from infrastress.detectors.perimeter.devices import DeviceRules
from infrastress.detectors.perimeter.fence_cards import CARDS as FENCE_CARDS
from infrastress.detectors.perimeter.fences import FenceRules

__all__ = ["PerimeterDetector"]


class PerimeterDetector(RuleDetector):
    """Rules on the perimeter and on what warns of gas and fire; learns nothing but each device's cadence."""

    name: ClassVar[str] = "perimeter"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[BaseModel]] = PerimeterOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in (*CARDS, *FENCE_CARDS)}

    def rules(self, desk: Desk) -> tuple[Rules, ...]:
        """Devices, fences, and doors behind fences."""
        plant = Plant(self.site, Roster(self.site), Ground(self.site), self.options)
        fences = FenceRules(plant, desk.agenda, desk.episodes)
        devices = DeviceRules(plant, desk.agenda, desk.episodes)
        return devices, fences, BreachRules(plant, desk.agenda, fences)
