"""Rule cards of gas, switches and voting."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="gas.low_alarm",
        title="Gas above the low alarm",
        means="A gas head reads above its low alarm.",
        expected_against_seen="Expected: below the low alarm. Seen: above it (high while a head beside it is "
        "inhibited).",
        benign_causes=("venting or sampling close by", "head being calibrated", "exhaust of a vehicle"),
        first_check="Nobody goes in without a portable meter. Wind and neighbouring heads: is a cloud moving?",
    ),
    RuleCard(
        rule="gas.high_alarm",
        title="Gas above the high alarm",
        means="A gas head reads above its high alarm: an explosive cloud may be forming.",
        expected_against_seen="Expected: below the alarm. Seen: above the high alarm.",
        benign_causes=("head being calibrated with test gas",),
        first_check="Emergency plan: stop transfers, no ignition sources, evacuate the zone. Then look for the source.",
    ),
    RuleCard(
        rule="switch.disabled",
        title="Safety device bypassed or disabled",
        means="A level switch, trip or interlock was bypassed, disabled or forced.",
        expected_against_seen="Expected: in service; a bypass by maintenance or engineers on duty, for hours. Seen: a "
        "bypass (low), by someone else or off duty (high), or for too long (medium).",
        benign_causes=("proof test under a permit", "forgotten after work"),
        first_check="Is there a permit? If not: put it back in service, and stop receipts into its tank until it is.",
        techniques=("T0878", "T0880"),
    ),
    RuleCard(
        rule="switch.tripped",
        title="Safety device tripped",
        means="An independent level switch or trip has acted.",
        expected_against_seen="Expected: silent. Seen: tripped (low while it is bypassed for a test).",
        benign_causes=("proof test without a bypass", "switch fault"),
        first_check="Treat the level as real: stop receipts, dip the tank, compare with the gauge.",
    ),
    RuleCard(
        rule="gas.inhibited",
        title="Gas head inhibited or under test",
        means="A gas head was taken out of action: whatever it reads says nothing of the air.",
        expected_against_seen="Expected: measuring; inhibited while maintenance is on duty, for hours (low). Seen: "
        "while "
        "nobody is on duty whose work it is, in a restricted or explosive zone, or for too long "
        "(medium).",
        benign_causes=("calibration", "hot work beside it under a permit", "forgotten after work"),
        first_check="Is there a permit? Until it measures, nobody goes in without a portable meter.",
        techniques=("T0878",),
    ),
    RuleCard(
        rule="gas.fault",
        title="Gas head in fault",
        means="A gas head says that it can't measure.",
        expected_against_seen="Expected: measuring. Seen: fault.",
        benign_causes=("beam blocked, lens dirty", "head poisoned or worn out", "cable"),
        first_check="Portable meter for whoever goes in; have the head mended.",
    ),
    RuleCard(
        rule="vote.confirmed",
        title="Detectors confirm each other",
        means="As many detectors of a group alarm as are needed to believe it (MooN).",
        expected_against_seen="Expected: fewer than M of N. Seen: M or more of those that can vote, to the safe side.",
        benign_causes=("calibration of several heads at once", "steam or exhaust over the group"),
        first_check="Emergency plan: stop transfers, no ignition sources, evacuate the zone.",
    ),
    RuleCard(
        rule="vote.reduced",
        title="A group votes with fewer",
        means="Detectors of a voting group are in fault, inhibited, under test or silent; what is left is "
        "said as MooN.",
        expected_against_seen="Expected: all can vote. Seen: fewer (low); fewer than are needed (medium; low "
        "while one is tested by somebody at work on it).",
        benign_causes=("calibration one by one", "a device waits for a spare"),
        first_check="Which are out, and why? Put one back before the next is taken out.",
    ),
    RuleCard(
        rule="device.fault",
        title="Device in fault",
        means="A detector, panel or fence section says that it does not work, or that it was opened.",
        expected_against_seen="Expected: normal. Seen: fault (low); a fire panel, or a tamper contact (medium).",
        benign_causes=("cable or supply", "water in the housing", "maintenance"),
        first_check="Send somebody to look. Until it is back, watch by hand what it watches.",
    ),
    RuleCard(
        rule="device.silent",
        title="Device silent",
        means="A device that tells at a cadence of its own has told nothing for two and a half of its "
        "longest usual gaps, while others of its source go on.",
        expected_against_seen="Expected: something at every cadence. Seen: nothing.",
        benign_causes=("switched off for work", "cable", "renamed in the gateway"),
        first_check="Is it alive on its panel? Until it is back it warns of nothing.",
        techniques=("T0815",),
    ),
    RuleCard(
        rule="device.source_silent",
        title="All devices of a source silent",
        means="Nothing comes any more from a source whose devices tell at a cadence.",
        expected_against_seen="Expected: something at every cadence. Seen: nothing of any of them.",
        benign_causes=("gateway or network down", "end of a recording"),
        first_check="Look at the path, not at the devices.",
        techniques=("T0815",),
    ),
    RuleCard(
        rule="device.unknown",
        title="A device nobody knows",
        means="A source tells of a device that is not in the site model. It is judged by usual limits alone.",
        expected_against_seen="Expected: devices of the site model. Seen: another name.",
        benign_causes=("a new device not entered yet", "a mapping of fields that takes the wrong one"),
        first_check="Enter it in site.yaml, or mend the mapping of the source.",
    ),
)
