"""EventRuleDetector: simple rules on reports."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from infrastress.detectors.base import RuleCard
from infrastress.detectors.events.base import EventRuleOptions
from infrastress.detectors.events.cards import CARDS
from infrastress.detectors.events.reports import ReportRules
from infrastress.detectors.observations.detector import Desk, RuleDetector, Rules
from infrastress.detectors.observations.people import Roster

__all__ = ["EventRuleDetector"]


class EventRuleDetector(RuleDetector):
    """Rules on what people report."""

    name: ClassVar[str] = "site_events"
    version: ClassVar[str] = "2"
    Options: ClassVar[type[BaseModel]] = EventRuleOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}

    def rules(self, desk: Desk) -> tuple[Rules, ...]:
        """Reports alone."""
        del desk
        return (ReportRules(Roster(self.site), self.options),)
