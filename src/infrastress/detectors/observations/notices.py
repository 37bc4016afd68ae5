"""Notices: a rule's word on what was observed, before it becomes an episode; and how severity is weighed."""

from dataclasses import dataclass

from infrastress.events.kinds import SEVERITIES, Severity, SourceKind, Suspicion

__all__ = ["Notice", "raised_by", "rank"]


def raised_by(severity: Severity, steps: int) -> Severity:
    """A severity some steps higher, at most critical."""
    return SEVERITIES[min(len(SEVERITIES) - 1, SEVERITIES.index(severity) + steps)]


def rank(severity: Severity) -> int:
    """Place of a severity in their order, 0 for info."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True)
class Notice:
    """A rule's word.

    `lasting` notices stay until a notice with `over` for the same rule and subject; others are cleared after quiet.
    One with `overdue_s` is raised again as medium, with the sentence `forgotten`, when it has lasted that long.
    `began` is the onset where that lies before the moment at which it is said, ns.
    """

    rule: str
    subject: str
    severity: Severity
    sentence: str
    source_kind: SourceKind
    suspicion: Suspicion = "unknown"
    confidence: float = 0.5
    assets: tuple[str, ...] = ()
    zone: str = ""
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    score: float = 1.0
    lasting: bool = False
    over: bool = False
    overdue_s: float | None = None
    forgotten: str = ""
    began: int | None = None
