"""Takes through fusion: every version of every incident, and which incident each detection ended in."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from benchmarks.incident.labels import Labelled
from infrastress.app.fusing import build_fusion
from infrastress.core.time import HOUR
from infrastress.detectors.base import RuleCard
from infrastress.evaluation.performance import Performance
from infrastress.events import Event, Incident, decode_event
from infrastress.fusion.risk.scorer import CHANCES
from infrastress.site import Site
from infrastress.store.ports import Record, type_of

__all__ = ["GAP_H", "RIVALS", "Fused", "Fusion", "Staged", "Told", "attack_chance", "rival"]

GAP_H = 2.0
RIVALS = ("merge everything", "one incident an asset", f"asset, gap of {GAP_H:g} h")


class Staged(Protocol):
    """What is needed of a site whose detectors speak."""

    @property
    def site(self) -> Site:
        """The site model."""

    @property
    def cards(self) -> Mapping[str, RuleCard]:
        """Rule cards by rule."""


class Told(Protocol):
    """What is needed of a take."""

    @property
    def records(self) -> Sequence[tuple[str, str, bytes]]:
        """Subject, id and data of all that fusion is given, in order."""


class Fused(NamedTuple):
    """What fusion made of a take.

    Attributes:
        versions: of incidents, in the order in which they were put out.
        last: the last version of each that is no alias of another, by its name.
        of: the incident of each detection, by id.
        grouped: the group of each detection, by id, whether it was worth an incident or not.
        seconds: that it took.
    """

    versions: tuple[tuple[Event, Incident], ...]
    last: Mapping[str, Incident]
    of: Mapping[str, str]
    grouped: Mapping[str, str]
    seconds: float


class Fusion:
    """A site's fusion as the application builds it, used for one take after the other."""

    def __init__(self, stage: Staged, measured: Iterable[Performance] = ()) -> None:
        self._unit = build_fusion(stage.site, stage.cards, measured)
        self._fresh = self._unit.dump()

    def fuse(self, take: Told) -> Fused:
        """Give it all records of a take, in order."""
        self._unit.load(self._fresh)
        begun, versions = time.perf_counter(), list[tuple[Event, Incident]]()
        for offset, (subject, name, data) in enumerate(take.records, 1):
            for output in self._unit.update(Record(offset, name, subject, data)):
                if type_of(output.subject) == "event":
                    event = decode_event(output.data)
                    if isinstance(event.body, Incident):
                        versions.append((event, event.body))
        spent = time.perf_counter() - begun
        newest: dict[str, Incident] = {}
        for _, body in versions:
            if body.incident not in newest or body.revision >= newest[body.incident].revision:
                newest[body.incident] = body
        last = {name: body for name, body in newest.items() if not body.superseded_by}
        of = {detection: name for name, body in sorted(last.items()) for detection in body.detections}
        return Fused(tuple(versions), last, of, dict(self._unit.grouped()), spent)


def attack_chance(incident: Incident) -> tuple[float, float]:
    """Probability that an attack goes on: as the incident is told, and as the risk model has it.

    Told: the confidence where the incident's hypothesis is an attack, else that of the likeliest alternative which is.
    The model: of its explanation `attack`; what is told where it has nothing to say.
    """
    told = incident.confidence if CHANCES.get(incident.hypothesis, "").startswith("attack") else 0.0
    if incident.assessment is None:
        return told, told
    model = [one.probability for one in incident.assessment.explanations if one.name == "attack"]
    return told, model[0] if model else told


def rival(name: str, detections: Sequence[Labelled]) -> dict[str, str]:
    """The cluster of each detection by a rule of thumb, by id."""
    if name == RIVALS[0]:
        return {one.event.id: "all" for one in detections}
    found: dict[str, str] = {}
    open_: dict[str, tuple[int, str]] = {}
    for one in detections:
        place = one.event.assets[0] if one.event.assets else one.event.zone or one.body.rule
        if name == RIVALS[1]:
            found[one.event.id] = place
            continue
        last, cluster = open_.get(place, (0, ""))
        if not cluster or one.event.occurred - last > GAP_H * HOUR:
            cluster = f"{place} {one.event.occurred}"
        open_[place] = (one.event.occurred, cluster)
        found[one.event.id] = cluster
    return found
