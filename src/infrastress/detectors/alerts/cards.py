"""Rule cards of what is made of raw alerts."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="alerts.unusual",
        title="Unusual alerts of other tools on a host",
        means="A host raised alerts, of one or several tools, that it didn't raise in the quiet time learned from; "
        "or it did so beside another host that did. The low ones say no more than that.",
        expected_against_seen="Expected: the signatures that the host usually raises. Seen: those in the sentence.",
        benign_causes=(
            "an update or a new program on the host",
            "a change of the tool's rules: learn again and approve",
            "work by an administrator, or a scan that was ordered",
        ),
        first_check="Open the first of the raw alerts. Does somebody know what the host does just now?",
    ),
    RuleCard(
        rule="alerts.rule",
        title="A correlation rule on alerts of other tools",
        means="Alerts came as a rule of the site describes: so many, one after the other, or one that was due did not.",
        expected_against_seen="Expected: not this. Seen: what the rule's title says, on the host named.",
        benign_causes=(
            "a user who forgot a password",
            "a backup or script that runs at another time than usual",
            "a tool that was restarted and fell silent for a while",
        ),
        first_check="Open the raw alerts and read them in order. Ask who works on that host.",
    ),
    RuleCard(
        rule="alerts.severe",
        title="An alert that its own tool calls severe",
        means="A tool raised an alert of high or critical severity by its own scale, and it isn't usual on that host.",
        expected_against_seen="Expected: none. Seen: the alert in the sentence. How grave it is the tool says alone.",
        benign_causes=(
            "a signature that many sites silence: mark it as reviewed",
            "a vulnerability scan that was ordered",
        ),
        first_check="Open the raw alert. Is the program or protocol that it speaks of on that host at all?",
    ),
)
