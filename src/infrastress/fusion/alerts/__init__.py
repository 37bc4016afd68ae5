"""Raw alerts of other tools become sessions and incidents."""

from infrastress.fusion.alerts.grouping import AlertGrouping, GroupingOptions, Placed, Told
from infrastress.fusion.alerts.incidents import IncidentOptions
from infrastress.fusion.alerts.novelty import Novelty, QuietTime, learn
from infrastress.fusion.alerts.records import RawAlert
from infrastress.fusion.alerts.rules import AlertRule, parse_rules
from infrastress.fusion.alerts.sessions import Session, SessionOptions

__all__ = [
    "AlertGrouping",
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
