"""The seam: evidence goes in, a hypothesis comes out. A later probability model is another `Scorer`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from infrastress.events.assessment import Assessment
from infrastress.events.kinds import CALLING, SEVERITIES, Severity, SourceKind, Suspicion
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = ["Alternative", "Evidence", "Hypothesis", "Scorer", "rank_of", "severity_of"]

_RANKS: Mapping[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def rank_of(severity: Severity) -> int:
    """0 for info to 4 for critical."""
    return _RANKS[severity]


def severity_of(rank: int) -> Severity:
    """Inverse of `rank_of`; what lies outside is clipped."""
    return SEVERITIES[min(max(rank, 0), len(SEVERITIES) - 1)]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All detections of one rule on the same assets on one day: one alarm.

    `severity`, `sentence` and `suspicion` are those of the most severe detection (the earliest of these), `confidence`
    is the highest. `began` is the estimated onset, `first` when it could first be said, `last` when it was last heard
    of (ns UTC). `standing`: its condition has not gone.
    """

    alarm: str
    detector: str
    rule: str
    title: str
    assets: tuple[str, ...]
    zone: str
    source_kind: SourceKind
    severity: Severity
    suspicion: Suspicion
    confidence: float
    sentence: str
    techniques: tuple[str, ...]
    count: int
    began: int
    first: int
    last: int
    standing: bool

    @property
    def calls(self) -> bool:
        """Whether it calls somebody by itself (medium severity or more); otherwise it is a notice."""
        return self.severity in CALLING


class Alternative(msgspec.Struct, frozen=True):
    """Another hypothesis and its confidence."""

    name: str
    title: str
    confidence: float


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """What best explains some evidence; `confidence` is 0..1; `assets` are what it is about.

    `assessment` is what the risk model said; None where a scorer has none.
    """

    name: str
    title: str
    severity: Severity
    confidence: float
    why: str
    assets: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    assessment: Assessment | None = None


class Scorer(Protocol):
    """Judges evidence.

    The result must be a function of the set of evidence: no state, no clock, and the same to the last bit in whatever
    order the evidence stands.
    """

    def score(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> Hypothesis:
        """The best hypothesis for at least one piece of evidence; `works` were announced beside the site file's."""
        ...

    def opens(self, evidence: Sequence[Evidence], site: Site, works: Sequence[Work] = ()) -> bool:
        """Whether evidence that could be an incident is worth one; at least one piece."""
        ...
