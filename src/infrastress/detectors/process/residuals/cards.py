"""What an operator reads beside a finding of the learned residuals."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS", "RELATION", "RESTING"]

RELATION, RESTING = "process.residual", "process.resting"
CARDS = {
    RELATION: RuleCard(
        rule=RELATION,
        title="Signal off its learned relation",
        means="A signal is not where the other signals, its own past and the hour of the day have always put it. The "
        "relation was learned from this plant's normal data; it says that something is unusual, and which signal "
        "explains it best if that one is wrong.",
        expected_against_seen="Expected: within the learned limit of the expected value. Seen: beyond it, at once or "
        "in sum over up to 16 frames.",
        benign_causes=(
            "an operation that the training data did not hold (a new pump, another line-up, a big customer)",
            "maintenance, flushing or a test",
            "instrument drifting, stuck or newly calibrated",
            "another signal that the relation leans on is wrong",
        ),
        first_check="Ask whether somebody is working there or runs the plant in an unusual way. If not, read the "
        "signal named first at the device and compare it with the screen, then the signals it is expected from.",
        techniques=("T0856", "T0831"),
    ),
    RESTING: RuleCard(
        rule=RESTING,
        title="Moved though it always rested",
        means="A pump, valve or meter that rested all through the training data, or all but a few hours of it, is in "
        "another position now.",
        expected_against_seen="Expected: its resting value. Seen: any other, in one frame.",
        benign_causes=(
            "a standby machine takes over, or is tested",
            "a new line-up that nobody ran while the plant was learned",
            "its meter is being calibrated",
        ),
        first_check="Ask who started or turned it, and why. If nobody did, see to it at the machine, and find out from "
        "where it was commanded.",
        techniques=("T0831", "T0855"),
    ),
}
