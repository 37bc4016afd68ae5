"""Event rules: reports by people."""

from infrastress.detectors.events.base import EventRuleOptions
from infrastress.detectors.events.detector import EventRuleDetector

__all__ = ["EventRuleDetector", "EventRuleOptions"]
