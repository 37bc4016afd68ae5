"""Pages of rule cards, generated from the cards themselves."""

from collections.abc import Mapping

from infrastress.detectors.base import RuleCard

__all__ = ["card_page"]


def card_page(detector: str, title: str, cards: Mapping[str, RuleCard]) -> str:
    """Markdown of all cards of a detector, sorted by rule."""
    lines = [
        f"# Rule cards: {title}",
        "",
        f"Detector `{detector}`. Generated from the code; a test fails when this page is behind it.",
        "",
    ]
    for rule in sorted(cards):
        card = cards[rule]
        lines += [f"## {card.title}", "", f"`{card.rule}`", "", card.means, "", card.expected_against_seen, ""]
        lines += ["**Benign causes**", "", *(f"- {cause}" for cause in card.benign_causes), ""]
        lines += [f"**First check** {card.first_check}", ""]
        if card.techniques:
            lines += [f"ATT&CK for ICS: {', '.join(card.techniques)}", ""]
    return "\n".join(lines).rstrip() + "\n"
