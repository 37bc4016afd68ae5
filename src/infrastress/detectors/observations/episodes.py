"""Episodes of observations: their deadlines lie on the agenda, an end, or that somebody forgot what lasts.

Bounded: of one rule at most `MOST_OPEN` subjects are open at a time; what goes beyond is one episode, "others", so that
a flood of forged names costs neither memory nor the operator's eyes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from infrastress.core.time import SECOND
from infrastress.detectors import episodes
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.notices import Notice, rank
from infrastress.events.frames import Finding
from infrastress.events.kinds import Severity, SourceKind, Suspicion

__all__ = ["MOST_OPEN", "OTHERS", "Episode", "Episodes"]

MOST_OPEN = 256
OTHERS = "others"
_MOST_EVIDENCE = 64
_END, _OVERDUE = "end", "overdue"


class Episode(episodes.Episode, kw_only=True):
    """An open episode; `last` is when it was heard of last, `forgotten` what is said when it is overdue."""

    source_kind: SourceKind
    suspicion: Suspicion
    techniques: tuple[str, ...]
    last: int
    forgotten: str = ""


class Episodes(episodes.Book[Episode]):
    """The open episodes of a detector.

    Args:
        detector, version: what detections say.
        quiet_s: an episode without an end of its own is over after this time without more.
        agenda: where its deadlines go, under keys that begin with "end" or "overdue".
    """

    def __init__(self, detector: str, version: str, quiet_s: float, agenda: Agenda) -> None:
        super().__init__(detector, version)
        self._quiet = round(quiet_s * SECOND)
        self._agenda = agenda
        self._count: Counter[str] = Counter()

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self.open

    def severity(self, rule: str, subject: str) -> Severity | None:
        """How grave an open episode is; None where there is none."""
        known = self.open.get((rule, subject))
        return known.severity if known is not None else None

    def load(self, told: list[tuple[str, str, Episode]]) -> None:
        """Inverse of `dump`."""
        super().load(told)
        self._count = Counter(rule for rule, _ in self.open)

    def take(self, notice: Notice, at: int, seed: str) -> Iterator[Finding]:
        """A rule's word, said at a time; a finding where it is news. `seed` names a new episode beside its subject."""
        key = (notice.rule, notice.subject)
        known = self.open.get(key)
        if notice.over:
            if known is not None:
                yield self._over(key, known, max(at, known.last), notice.sentence)
            return
        if known is None and self._count[notice.rule] >= MOST_OPEN:
            others = f"more than {MOST_OPEN} at a time; the newest: {notice.sentence}"
            notice = replace(notice, subject=OTHERS, sentence=others, lasting=False, overdue_s=None)
            key = (notice.rule, OTHERS)
            known = self.open.get(key)
        until = None if notice.lasting else at + self._quiet
        began = at if notice.began is None else min(notice.began, at)
        if known is None:
            known = self.open[key] = Episode(
                episode=self._name(notice.rule, notice.subject, seed),
                began=began,
                severity=notice.severity,
                source_kind=notice.source_kind,
                suspicion=notice.suspicion,
                assets=notice.assets,
                zone=notice.zone,
                evidence=notice.evidence[-_MOST_EVIDENCE:],
                techniques=notice.techniques,
                until=until,
                last=at,
                forgotten=notice.forgotten,
            )
            self._count[notice.rule] += 1
            if notice.overdue_s is not None:
                self._agenda.set((_OVERDUE, *key), at + round(notice.overdue_s * SECOND))
        else:
            known.last = max(known.last, at)
            if notice.evidence and notice.evidence[-1] not in known.evidence:
                known.evidence = tuple(dict.fromkeys(known.evidence + notice.evidence))[-_MOST_EVIDENCE:]
            known.began = min(known.began, began)
            if until is not None and known.until is not None:
                known.until = max(known.until, until)
            if rank(notice.severity) <= rank(known.severity):
                self._schedule(key, known)
                return
            known.severity, known.assets, known.zone = notice.severity, notice.assets, notice.zone
        self._schedule(key, known)
        yield self._raised(notice, known, at, notice.source_kind)

    def due(self, moment: int, key: Key) -> Iterator[Finding]:
        """What one of its deadlines brings."""
        what, rule, subject = key
        known = self.open.get((rule, subject))
        if known is None:
            return
        if what == _END:
            yield self._over((rule, subject), known, moment, "nothing more of it")
        elif rank(known.severity) < rank("medium"):
            known.severity = "medium"
            notice = Notice(
                rule, subject, "medium", known.forgotten, known.source_kind, confidence=0.4, assets=known.assets,
                zone=known.zone, evidence=known.evidence, techniques=known.techniques, suspicion=known.suspicion,
            )  # fmt: skip
            yield self._raised(notice, known, moment, known.source_kind)

    def _schedule(self, key: tuple[str, str], known: Episode) -> None:
        if known.until is not None:
            self._agenda.set((_END, *key), known.until)

    def _over(self, key: tuple[str, str], known: Episode, now: int, why: str) -> Finding:
        del self.open[key]
        self._count[key[0]] -= 1
        self._agenda.drop((_END, *key))
        self._agenda.drop((_OVERDUE, *key))
        return self._cleared(key[0], known, now, known.source_kind, f"{key[1]}: {why}")
