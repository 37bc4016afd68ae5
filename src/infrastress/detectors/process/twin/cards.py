"""What an operator reads beside a detection of the twin."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARD", "RULE"]

RULE = "process.twin"
CARD = RuleCard(
    rule=RULE,
    title="Off the network model",
    means="The site's hydraulic model, given the reported levels and states and the demand that fits best, does not "
    "allow what this signal says: a flow, pressure or level is off, a tank gains or loses water that nothing "
    "explains, or a pump or valve is not in the state it reports or its controls would have it in.",
    expected_against_seen="Expected: what all other meters together make of it, to within what normal data missed it "
    "by. Seen: more than that.",
    benign_causes=(
        "instrument drifting, stuck or newly calibrated",
        "a pump or valve worked on or run by hand, thresholds changed on purpose",
        "a burst, a leak, a hydrant or a filling tanker near the signal",
        "a valve or pipe in the field that is not as the model has it",
    ),
    first_check="Is somebody working there, or are thresholds changed? If not, read the device named first, then its "
    "neighbours, and compare the controller's value with the screen.",
    techniques=("T0856", "T0831", "T0836"),
)
