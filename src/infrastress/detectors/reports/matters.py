"""Matters: which reports can be about one thing, how grave one of them is alone, and which sensors could know."""

from typing import Final, NamedTuple

from infrastress.events.kinds import Category, Severity, Suspicion

__all__ = ["CAMPAIGN", "DANGER", "MATTERS", "SAFETY", "SUSPICIOUS", "Matter"]

DANGER, SUSPICIOUS, SAFETY, CAMPAIGN = "report.danger", "report.suspicious", "report.safety", "report.campaign"


class Matter(NamedTuple):
    """What a category is about.

    Attributes:
        name: reports of one name can be about one thing.
        rule: which rule tells it.
        severity: of one person's word.
        suspicion: what it speaks for.
        airborne: whether the wind carries it.
    """

    name: str
    rule: str
    severity: Severity
    suspicion: Suspicion
    airborne: bool = False


MATTERS: Final[dict[Category, Matter]] = {
    "smell": Matter("release", DANGER, "low", "process_fault", airborne=True),
    "mist": Matter("release", DANGER, "medium", "process_fault", airborne=True),
    "smoke": Matter("release", DANGER, "medium", "process_fault", airborne=True),
    "fire": Matter("release", DANGER, "high", "process_fault", airborne=True),
    "leak": Matter("release", DANGER, "medium", "process_fault"),
    "dead_fish": Matter("water", DANGER, "low", "process_fault"),
    "tap_water": Matter("supply", DANGER, "low", "process_fault"),
    "noise": Matter("noise", DANGER, "info", "process_fault"),
    "person": Matter("stranger", SUSPICIOUS, "low", "intrusion"),
    "vehicle": Matter("stranger", SUSPICIOUS, "info", "intrusion"),
    "drone": Matter("drone", SUSPICIOUS, "low", "intrusion"),
    "cyber": Matter("cyber", SUSPICIOUS, "medium", "intrusion"),
    "near_miss": Matter("safety", SAFETY, "info", "process_fault"),
    "unsafe_act": Matter("safety", SAFETY, "info", "process_fault"),
}
"""A concern about an insider is none of them: a detection is told to everybody. Nor is what is about anything else."""
