"""Notices: a rule's word on what was observed, before it becomes an episode; and how severity is weighed."""

from dataclasses import dataclass, field

from infrastress.detectors.episodes import Word
from infrastress.events.kinds import SEVERITIES, Severity, SourceKind

__all__ = ["Notice", "raised_by", "rank"]


def raised_by(severity: Severity, steps: int) -> Severity:
    """A severity some steps higher, at most critical."""
    return SEVERITIES[min(len(SEVERITIES) - 1, SEVERITIES.index(severity) + steps)]


def rank(severity: Severity) -> int:
    """Place of a severity in their order, 0 for info."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True)
class Notice(Word):
    """A word of a rule on observations.

    `lasting` notices stay until a notice with `over` for the same rule and subject; others are cleared after quiet.
    One with `overdue_s` is raised again as medium, with the sentence `forgotten`, when it has lasted that long.
    `began` is the onset where that lies before the moment at which it is said, ns.
    """

    source_kind: SourceKind
    lasting: bool = field(default=False, kw_only=True)
    overdue_s: float | None = field(default=None, kw_only=True)
    forgotten: str = field(default="", kw_only=True)
    began: int | None = field(default=None, kw_only=True)
