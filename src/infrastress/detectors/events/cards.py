"""Rule cards of reports by people."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="report.danger",
        title="People report smell, smoke, leak or fire",
        means="Neighbours or staff report signs of a release. Several independent people weigh more than one.",
        expected_against_seen="Expected: no such report. Seen: one or more within half an hour.",
        benign_causes=("smell from the harbour or a neighbour", "bonfire, barbecue"),
        first_check="Wind direction and the gas heads upwind; send someone to look; call the reporters back.",
    ),
    RuleCard(
        rule="report.suspicious",
        title="People report strangers, vehicles, drones or odd computers",
        means="Someone saw what may be preparation of an attack.",
        expected_against_seen="Expected: no such report. Seen: one or more within half an hour.",
        benign_causes=("contractors, anglers, hobby pilots",),
        first_check="Camera of that place; guard to look; note number plates.",
    ),
)
