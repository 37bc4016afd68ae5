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
    "health.stopped": RuleCard(
        "health.stopped",
        "Nothing is heard",
        "A source, or one signal of it, that speaks at a fixed cadence has missed it twice and is half a cadence "
        "over the next. Whatever is shown of it is old; no rule that needs it can find anything.",
        "Expected: a value every cadence, or as often as it usually comes in batches. Seen: none for two and a half of "
        "them.",
        ("network or gateway down", "device switched off or taken out for work", "tag renamed or deleted"),
        "Is the device reachable? Is its neighbour silent too? Then look at the path, not the device.",
        ("T0815",),
    ),
    "health.delayed": RuleCard(
        "health.delayed",
        "What is heard is old",
        "Values come, but measured longer ago than the site file allows or than is usual for this source: something on "
        "the way holds them back, or a clock is wrong. Everything judged from them is judged late.",
        "Expected: the age on arrival that this source usually has. Seen: the age in the sentence, twice in a row; or "
        "values of the future, which are refused.",
        (
            "a gateway that sends what it had stored",
            "an overloaded network",
            "the clock of the device, or ours, set wrong",
        ),
        "Compare the device's clock with a trusted one. If it is right, look for a queue on the way.",
        ("T0814",),
    ),
    "health.frozen": RuleCard(
        "health.frozen",
        "The same digits again and again",
        "Values come in time, but signals that always show some noise repeat their last digits, all of a source at "
        "once or one for far longer than it ever did. What is shown may be a picture of the past.",
        "Expected: new digits, as learned for each signal while it ran. Seen: repeats that chance would bring once in "
        "a thousand days. States, switches, setpoints, positions and values of zero are not judged.",
        (
            "a gateway repeats the last good value",
            "a hung controller or transmitter",
            "a simulation or test mode left on",
        ),
        "Read one instrument at the device. If it moves there and not here, something repeats an old picture.",
        ("T0856",),
    ),
    "health.down": RuleCard(
        "health.down",
        "A connection is lost",
        "The connection to a source can't be made, was refused or broke, and it says nothing. It is tried again and "
        "again; what is not heard meanwhile is a gap.",
        "Expected: a connection. Seen: the reason in the sentence.",
        (
            "the peer is being restarted",
            "a certificate or password has expired",
            "a cable or firewall rule was changed",
        ),
        "Read the reason. If it names a refusal or certificate, look at the credentials; else at the path.",
        ("T0814",),
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
