"""Episodes of rules: one a rule and subject; raised once, again when it gets worse, cleared when over or quiet."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from infrastress.core.ids import content_hash
from infrastress.core.time import SECOND
from infrastress.events.frames import Finding
from infrastress.events.kinds import SEVERITIES, Detection, Severity, SourceKind, Suspicion

__all__ = ["MOST_NAMED", "Episode", "Episodes", "Notice"]

MOST_NAMED: Final = 16
"""Packets, and events, that a detection names."""


@dataclass(frozen=True)
class Notice:
    """A rule's word.

    Attributes:
        rule, subject: an episode is of both; more of the same doesn't alarm again.
        at: when it could be said, ns: a row's `known`, an event's time, or the end of a frame.
        began: when it began, ns.
        packets: what was captured, `evidence`: ids of events that it rests on.
        standing: it is about something lasting.
        over: it has ended.
    """

    rule: str
    subject: str
    at: int
    began: int
    severity: Severity
    sentence: str
    assets: tuple[str, ...] = ()
    zone: str = ""
    packets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    confidence: float = 0.5
    score: float = 1.0
    suspicion: Suspicion = "intrusion"
    standing: bool = False
    over: bool = False


class Episode(msgspec.Struct):
    """An open one: it is over at `until` unless more comes."""

    episode: str
    began: int
    until: int
    severity: Severity
    assets: tuple[str, ...]
    zone: str
    packets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Episodes:
    """The open episodes of a detector.

    Args:
        detector, version, source_kind: what detections say.
        quiet_s, standing_s: how long what is quiet stays open, and what is lasting.
        baseline: what detections rest on.
    """

    def __init__(
        self,
        detector: str,
        version: str,
        source_kind: SourceKind,
        *,
        quiet_s: float,
        standing_s: float,
        baseline: str = "",
    ) -> None:
        self._detector, self._version, self._baseline = detector, version, baseline
        self._kind: SourceKind = source_kind
        self._quiet, self._standing = round(quiet_s * SECOND), round(standing_s * SECOND)
        self.open: dict[tuple[str, str], Episode] = {}

    def dump(self) -> list[tuple[str, str, Episode]]:
        """The open ones by rule and subject."""
        return [(rule, subject, known) for (rule, subject), known in sorted(self.open.items())]

    def load(self, told: list[tuple[str, str, Episode]]) -> None:
        """Inverse of `dump`."""
        self.open = {(rule, subject): known for rule, subject, known in told}

    def take(self, notice: Notice) -> Iterator[Finding]:
        """A rule's word; a finding where it is news."""
        key = (notice.rule, notice.subject)
        known = self.open.get(key)
        if notice.over:
            if known is not None:
                del self.open[key]
                yield self._cleared(notice.rule, known, notice.at, notice.sentence)
            return
        until = notice.at + (self._standing if notice.standing else self._quiet)
        if known is None:
            name = content_hash(f"{notice.rule}\0{notice.subject}\0{notice.at}".encode())[:16]
            known = self.open[key] = Episode(
                name,
                notice.began,
                until,
                notice.severity,
                notice.assets,
                notice.zone,
                notice.packets[-MOST_NAMED:],
                notice.evidence[-MOST_NAMED:],
            )
        else:
            worse = SEVERITIES.index(notice.severity) > SEVERITIES.index(known.severity)
            known.until = max(known.until, until)
            if not worse:
                return
            known.packets = tuple(dict.fromkeys(known.packets + notice.packets))[-MOST_NAMED:]
            known.evidence = tuple(dict.fromkeys(known.evidence + notice.evidence))[-MOST_NAMED:]
            known.severity = notice.severity
        yield self._raised(notice, known)

    def quiet(self, upto: int) -> Iterator[Finding]:
        """What is over by a time, in order."""
        for until, key in sorted((one.until, key) for key, one in self.open.items() if one.until <= upto):
            known = self.open.pop(key)
            yield self._cleared(key[0], known, until, f"{key[1]}: nothing more of it")

    def _raised(self, notice: Notice, known: Episode) -> Finding:
        body = Detection(
            detector=self._detector,
            detector_version=self._version,
            rule=notice.rule,
            episode=known.episode,
            phase="raised",
            source_kind=self._kind,
            severity=notice.severity,
            score=notice.score,
            sentence=notice.sentence,
            began=min(known.began, notice.at),
            until=notice.at,
            suspicion=notice.suspicion,
            confidence=notice.confidence,
            packets=known.packets,
            evidence=known.evidence,
            techniques=notice.techniques,
            baseline=self._baseline,
        )
        return Finding(notice.at, notice.assets, body, notice.zone)

    def _cleared(self, rule: str, known: Episode, at: int, sentence: str) -> Finding:
        body = Detection(
            detector=self._detector,
            detector_version=self._version,
            rule=rule,
            episode=known.episode,
            phase="cleared",
            source_kind=self._kind,
            severity=known.severity,
            score=0.0,
            sentence=sentence,
            began=min(known.began, at),
            until=at,
            packets=known.packets,
            evidence=known.evidence,
            baseline=self._baseline,
        )
        return Finding(at, known.assets, body, known.zone)
