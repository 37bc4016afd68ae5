"""Rule cards of what a network baseline finds."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

_CHANGED = "a change of the plant since the baseline was learned: learn again and approve"
_SELDOM = "something that happens less often than the days that were learned from"

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="net.new_node",
        title="A node that was never heard before",
        means="An address spoke that wasn't on the network in the days from which the baseline was learned.",
        expected_against_seen="Expected: nodes of the baseline. Seen: another one.",
        benign_causes=("a new or replaced device", "a maintenance laptop", _CHANGED),
        first_check="Find it by its MAC and switch port.",
        techniques=("T0864", "T0848"),
    ),
    RuleCard(
        rule="net.new_conversation",
        title="Two nodes that never spoke so before",
        means="Two nodes spoke a protocol with each other that they didn't in the days that were learned from.",
        expected_against_seen="Expected: conversations of the baseline. Seen: another one.",
        benign_causes=(_SELDOM, _CHANGED),
        first_check="What is the program on the client that speaks, and who started it?",
        techniques=("T0886", "T0869"),
    ),
    RuleCard(
        rule="net.rogue_master",
        title="Another master speaks to a device",
        means="A client that never did asks a device which has its own masters. A notice (low) if it did while "
        "learning, too seldom to be taken for usual, and the site model gives it a role that asks: please review.",
        expected_against_seen="Expected: the masters of the baseline. Seen: another client in the same protocol.",
        benign_causes=("a standby that took over", "a maintenance laptop", _CHANGED),
        first_check="Is it a standby server? If not, find it and separate it from the network.",
        techniques=("T0848",),
    ),
    RuleCard(
        rule="net.unapproved_write",
        title="A write by one who never wrote",
        means="A client wrote to, commanded or changed a device to which it never did in the days learned from.",
        expected_against_seen="Expected: writes by the clients of the baseline. Seen: by another one.",
        benign_causes=(_SELDOM, "an engineer at work", _CHANGED),
        first_check="What was written, and does the process move? Who sits at the client?",
        techniques=("T0855",),
    ),
    RuleCard(
        rule="net.new_function",
        title="A request that was never made before",
        means="A known client asked a known device for something it never asked for: another function or unit.",
        expected_against_seen="Expected: functions of the baseline. Seen: another one.",
        benign_causes=(_SELDOM, "an update of the client", _CHANGED),
        first_check="What does the function do, and which program on the client uses it?",
        techniques=("T0855",),
    ),
    RuleCard(
        rule="net.new_address",
        title="A write where nothing was written before",
        means="A client that may write wrote to an address that it never wrote to in the days learned from. A "
        "notice (low) if it belongs to a block of addresses that the client writes.",
        expected_against_seen="Expected: addresses of the baseline. Seen: another one.",
        benign_causes=(_SELDOM, _CHANGED),
        first_check="What is behind the address? Does the process move?",
        techniques=("T0836",),
    ),
    RuleCard(
        rule="net.value_range",
        title="A written value out of its range",
        means="A value was written that lies well outside of all that were in the days learned from. A notice (low) "
        "where so few were learned, or they differ so much, that it may still be of their kind.",
        expected_against_seen="Expected: the range in the sentence and a tenth of it more, and what the number of "
        "values and their spread let expect (tolerance limits of 99.9 %, confidence 95 %). Seen: another value.",
        benign_causes=("a product or season for which there was no learning", _CHANGED),
        first_check="Is this setpoint wanted? Ask the operator; compare with the limits of the equipment.",
        techniques=("T0836", "T0831"),
    ),
    RuleCard(
        rule="net.value_step",
        title="A written value jumps",
        means="A value was changed by more at once than ever in the days learned from.",
        expected_against_seen="Expected: steps as learned, within their tolerance limits. Seen: a larger one.",
        benign_causes=("a start or change of product", _CHANGED),
        first_check="Is this setpoint wanted? Ask the operator.",
        techniques=("T0836", "T0831"),
    ),
)
