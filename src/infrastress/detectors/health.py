"""Cards of what the platform finds about itself; the runtime raises it, no detector does."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS", "NAME", "TITLE"]

NAME = "health"
TITLE = "The platform itself"
CARDS: dict[str, RuleCard] = {
    "detector-failed": RuleCard(
        "detector-failed",
        "A detector is off",
        "A detector met something it can't judge and was switched off. What it watches is unwatched until a mended "
        "version runs; all other detectors go on. Silence of its rules means nothing now.",
        "Every detector judges every frame; this one threw, at the time and with the words in the sentence.",
        ("a fault in the detector itself", "a baseline or option that doesn't fit the site any more"),
        "Watch by hand what this detector watches, and hand the sentence to whoever maintains the platform.",
    ),
    "disk-nearly-full": RuleCard(
        "disk-nearly-full",
        "The disk is nearly full",
        "Telemetry is thinned so that alarms, events and what people do can still be stored. What happens between the "
        "rows that are kept isn't seen.",
        "Enough room for weeks of telemetry; what is left is in the status.",
        ("something else on this disk has grown", "retention_days keeps more than the disk holds"),
        "Free space or extend the disk; all telemetry is kept again by itself. Then look at retention_days.",
    ),
}
