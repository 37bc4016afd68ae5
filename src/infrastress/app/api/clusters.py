"""Clusters of reports as the detector told them last, read from the log once; alarms keep their first word alone.

A cluster is one episode of the detector of reports: its newest detection says how far it is believed and on which
reports it rests. Which of these anybody bore out, and which sensors alarm beside them, is asked for when it is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, get_args

from infrastress.app.api.tail import Tail
from infrastress.detectors.reports.matters import CAMPAIGN
from infrastress.detectors.reports.weighing import WORDS
from infrastress.events import Detection, Event
from infrastress.fusion.alarms import alarm_key
from infrastress.store.ports import Log

__all__ = ["Cluster", "Clusters", "Credibility"]

Credibility = Literal["campaign", "unconfirmed", "probable", "corroborated"]
_KEPT = 500
"""Clusters that are over; those that stand are all kept."""
_BACK = 100_000


@dataclass
class Cluster:
    """Reports of one matter near each other, or a hand that writes many. Times are ns UTC.

    Attributes:
        event, body: its newest detection that isn't its end.
        raised, cleared: when it was first told, and when nothing more came; 0 while it stands.
        evidence: ids of its reports, and of alarms of sensors beside them, the oldest first; each with its kind and
            the number of its receipt, once somebody has looked it up.
    """

    event: Event
    body: Detection
    raised: int
    cleared: int = 0
    evidence: dict[str, tuple[str, str] | None] = field(default_factory=dict)

    @property
    def credibility(self) -> Credibility:
        """How far it is believed: the word its sentence begins with."""
        if self.body.rule == CAMPAIGN:
            return "campaign"
        word = self.body.sentence.partition(":")[0]
        return next((one for one in get_args(Credibility) if one == word and one in WORDS), "unconfirmed")

    @property
    def alarms(self) -> tuple[str, str]:
        """The alarm it belongs to: by its key, and by the key it has when it came belated."""
        return alarm_key(self.event, self.body, belated=False), alarm_key(self.event, self.body, belated=True)


class Clusters:
    """Follows the log; threads may share it.

    Args:
        log: where detections lie.
        site: id of the site.
        kept, back: bounds: clusters that are over, and records looked through when the first one asks.
    """

    def __init__(self, log: Log, site: str, *, kept: int = _KEPT, back: int = _BACK) -> None:
        self._tail, self._kept = Tail(log, f"fusion/{site}", back), kept
        self._lock = Lock()
        self._known: dict[str, Cluster] = {}

    def all(self) -> list[Cluster]:
        """Those that stand first, each kind by its newest word.

        Raises:
            StoreError: the log can't be read.
        """
        with self._lock:
            self._follow()
            found = list(self._known.values())
        return sorted(found, key=lambda one: (bool(one.cleared), -one.event.occurred, one.event.id))

    def _follow(self) -> None:
        for event in self._tail.news():
            self._take(event)
        self._forget(key for key, one in self._known.items() if one.cleared)

    def _take(self, event: Event) -> None:
        body = event.body
        if not isinstance(body, Detection) or body.source_kind != "reports":
            return
        key = f"{body.detector}\0{body.episode}"
        known = self._known.get(key)
        if body.phase == "cleared":
            if known is not None:
                known.cleared = max(event.occurred, known.raised)
            return
        if known is None:
            known = self._known[key] = Cluster(event, body, event.occurred)
        elif event.occurred >= known.event.occurred:
            known.event, known.body = event, body
        known.raised, known.cleared = min(known.raised, event.occurred), 0
        for name in body.evidence:
            known.evidence.setdefault(name)

    def _forget(self, over: Iterable[str]) -> None:
        oldest = sorted(over, key=lambda key: self._known[key].cleared)
        for key in oldest[: max(0, len(oldest) - self._kept)]:
            del self._known[key]
