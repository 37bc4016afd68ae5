"""Episodes of rules: one a rule and subject; raised once, again when it gets worse, cleared when over or quiet.

`Book` keeps those that are open and writes what is told of them, for every detector of events. `Episodes` is the one of
detectors that say how far time has come (network, tracks); that of observations has its deadlines on an agenda, and
bounds against forged names (`observations/episodes.py`).
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Final, Generic, TypeVar

import msgspec

from infrastress.core.ids import content_hash
from infrastress.core.time import SECOND
from infrastress.events.frames import Finding
from infrastress.events.kinds import SEVERITIES, Detection, Severity, SourceKind, Suspicion

__all__ = ["MOST_NAMED", "Book", "Episode", "Episodes", "Notice", "Word"]

MOST_NAMED: Final = 16
"""Packets, and events, that a detection names."""


@dataclass(frozen=True)
class Word:
    """What a rule says, as far as a detection repeats it.

    Attributes:
        rule, subject: an episode is of both; more of the same doesn't alarm again.
        evidence: ids of events that it rests on.
        over: it has ended.
    """

    rule: str
    subject: str
    severity: Severity
    sentence: str
    _: KW_ONLY
    suspicion: Suspicion = "unknown"
    confidence: float = 0.5
    assets: tuple[str, ...] = ()
    zone: str = ""
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    score: float = 1.0
    over: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice(Word):
    """A word of a rule on the network or on tracks.

    Attributes:
        at: when it could be said, ns: a row's `known`, an event's time, or the end of a frame.
        began: when it began, ns.
        packets: what was captured.
        standing: it is about something lasting.
    """

    at: int
    began: int
    packets: tuple[str, ...] = ()
    suspicion: Suspicion = "intrusion"
    standing: bool = False


class Episode(msgspec.Struct):
    """An open one: it is over at `until` unless more comes; None while it lasts."""

    episode: str
    began: int
    until: int | None
    severity: Severity
    assets: tuple[str, ...]
    zone: str
    packets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


E = TypeVar("E", bound=Episode)


class Book(Generic[E]):
    """The open episodes of a detector, by rule and subject.

    Args:
        detector, version: what detections say.
        baseline: what they rest on.
    """

    def __init__(self, detector: str, version: str, baseline: str = "") -> None:
        self._detector, self._version, self._baseline = detector, version, baseline
        self.open: dict[tuple[str, str], E] = {}

    def dump(self) -> list[tuple[str, str, E]]:
        """The open ones by rule and subject."""
        return [(rule, subject, known) for (rule, subject), known in sorted(self.open.items())]

    def load(self, told: list[tuple[str, str, E]]) -> None:
        """Inverse of `dump`."""
        self.open = {(rule, subject): known for rule, subject, known in told}

    @staticmethod
    def _name(rule: str, subject: str, seed: object) -> str:
        return content_hash(f"{rule}\0{subject}\0{seed}".encode())[:16]

    def _raised(self, word: Word, known: E, at: int, kind: SourceKind) -> Finding:
        body = Detection(
            detector=self._detector,
            detector_version=self._version,
            rule=word.rule,
            episode=known.episode,
            phase="raised",
            source_kind=kind,
            severity=word.severity,
            score=word.score,
            sentence=word.sentence,
            began=min(known.began, at),
            until=at,
            suspicion=word.suspicion,
            confidence=word.confidence,
            packets=known.packets,
            evidence=known.evidence,
            techniques=word.techniques,
            baseline=self._baseline,
        )
        return Finding(at, word.assets, body, word.zone)

    def _cleared(self, rule: str, known: E, at: int, kind: SourceKind, sentence: str) -> Finding:
        body = Detection(
            detector=self._detector,
            detector_version=self._version,
            rule=rule,
            episode=known.episode,
            phase="cleared",
            source_kind=kind,
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


class Episodes(Book[Episode]):
    """Those of a detector that says how far time has come.

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
        super().__init__(detector, version, baseline)
        self._kind: SourceKind = source_kind
        self._quiet, self._standing = round(quiet_s * SECOND), round(standing_s * SECOND)

    def take(self, notice: Notice) -> Iterator[Finding]:
        """A rule's word; a finding where it is news."""
        key = (notice.rule, notice.subject)
        known = self.open.get(key)
        if notice.over:
            if known is not None:
                del self.open[key]
                yield self._cleared(notice.rule, known, notice.at, self._kind, notice.sentence)
            return
        until = notice.at + (self._standing if notice.standing else self._quiet)
        if known is None:
            known = self.open[key] = Episode(
                self._name(notice.rule, notice.subject, notice.at),
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
            known.until = max(known.until or until, until)
            if not worse:
                return
            known.packets = tuple(dict.fromkeys(known.packets + notice.packets))[-MOST_NAMED:]
            known.evidence = tuple(dict.fromkeys(known.evidence + notice.evidence))[-MOST_NAMED:]
            known.severity = notice.severity
        yield self._raised(notice, known, notice.at, self._kind)

    def quiet(self, upto: int) -> Iterator[Finding]:
        """What is over by a time, in order."""
        due = ((one.until, key) for key, one in self.open.items() if one.until is not None and one.until <= upto)
        for until, key in sorted(due):
            known = self.open.pop(key)
            yield self._cleared(key[0], known, until, self._kind, f"{key[1]}: nothing more of it")
