"""Raw alerts of other tools become sessions and incidents, and these few detections."""

from infrastress.detectors.alerts.detector import AlertDetector, AlertOptions
from infrastress.detectors.alerts.grouping import AlertGrouping, GroupingOptions, Placed, Told
from infrastress.detectors.alerts.incidents import IncidentOptions
from infrastress.detectors.alerts.novelty import Novelty, QuietTime, learn
from infrastress.detectors.alerts.records import RawAlert
from infrastress.detectors.alerts.rules import AlertRule, parse_rules
from infrastress.detectors.alerts.sessions import Session, SessionOptions

__all__ = [
    "AlertDetector",
    "AlertGrouping",
    "AlertOptions",
    "AlertRule",
    "GroupingOptions",
    "IncidentOptions",
    "Novelty",
    "Placed",
    "QuietTime",
    "RawAlert",
    "Session",
    "SessionOptions",
    "Told",
    "learn",
    "parse_rules",
]
