"""What the watch says: findings of detector `health`, in plain sentences."""

from typing import Literal, NamedTuple

from infrastress.core.ids import content_hash
from infrastress.core.time import SECOND
from infrastress.events.frames import Finding
from infrastress.events.kinds import Contribution, Detection, Severity
from infrastress.site import Site

__all__ = ["HEALTH", "HEALTH_VERSION", "Standing", "finding", "span"]

HEALTH = "health"
"""Source and detector name of findings about the platform itself."""
HEALTH_VERSION = "1"
_OVER = {"stopped": "speaks again", "delayed": "is prompt again", "frozen": "moves again", "down": "is connected again"}


class Standing(NamedTuple):
    """How a source, or a signal of it (`member`), stands: in which state, why, since when (ns), judged at `now`."""

    source: str
    member: str
    state: str
    why: str
    began: int
    now: int
    episode: str

    def new_episode(self) -> str:
        """A name for what begins now."""
        return content_hash(f"{self.source}\0{self.member}\0{self.state}\0{self.now}".encode())[:16]


def span(ns: int) -> str:
    """A span as an operator says it."""
    seconds = ns / SECOND
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def finding(site: Site, standing: Standing, phase: Literal["raised", "cleared"], occurred: int) -> Finding:
    """A finding that something began to stand so, or that this is over."""
    source = site.source_by_id.get(standing.source)
    signal = site.signal_by_id.get(standing.member)
    severity: Severity = "low" if standing.member else "medium"
    name = f"Signal {standing.member}" if standing.member else f"Source {standing.source}"
    said = {"raised": f"is {standing.state}: {standing.why}", "cleared": _OVER[standing.state]}
    body = Detection(
        detector=HEALTH,
        detector_version=HEALTH_VERSION,
        rule=f"health.{standing.state}",
        episode=standing.episode,
        phase=phase,
        source_kind=source.kind if source is not None else "telemetry",
        severity=severity,
        score=1.0,
        sentence=f"{name} {said[phase]}",
        began=standing.began,
        until=standing.now,
        confidence=0.9,
        contributions=(Contribution(signal=signal.id, share=1.0),) if signal is not None else (),
    )
    return Finding(occurred, (signal.asset,) if signal is not None else (), body)
