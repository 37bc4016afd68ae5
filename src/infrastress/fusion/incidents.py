"""Incidents: when a group of alarms is one, and what its revision says."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from infrastress.core.ids import content_hash
from infrastress.core.time import DAY, SECOND
from infrastress.events import Event, Incident, TimelineEntry
from infrastress.events.kinds import Severity
from infrastress.fusion.alarms import AlarmRecord, version_id
from infrastress.fusion.evidence import Evidence, Hypothesis, Scorer, rank_of, severity_of
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = [
    "KEPT_DETECTIONS",
    "KEPT_ENTRIES",
    "WITHDRAWN",
    "IncidentRecord",
    "Witness",
    "incident_event",
    "incident_key",
    "is_incident",
    "witness_of",
    "worth_telling",
]

KEPT_DETECTIONS = 500
KEPT_ENTRIES = 200
WITHDRAWN = "withdrawn"
"""In place of the incident that superseded one: late evidence parted it, and what is left is no incident."""
_MODULUS = 1 << 64
_GROWTH = 0.5


class IncidentRecord(msgspec.Struct, kw_only=True, array_like=True):
    """What is kept of an incident between its revisions; its content is worked out from its alarms."""

    key: str
    founder: str
    announced: int
    revision: int = 0
    closed: bool = False
    aliases: list[str] = msgspec.field(default_factory=list)
    shown_at: int = 0
    shown_alarms: int = 0
    shown_by: list[str] = msgspec.field(default_factory=list)
    shown_severity: int = -1

    def rank(self) -> tuple[int, str]:
        """Of several the first announced comes first."""
        return self.announced, self.key


class Witness(NamedTuple):
    """What an alarm gives to its incident: evidence, and entries of the timeline behind the keys they are sorted by."""

    evidence: Evidence
    entries: list[tuple[int, int, str, TimelineEntry]]


def witness_of(record: AlarmRecord, title: str, zone: ZoneInfo) -> Witness:
    """An alarm's evidence, an entry where it was first raised, and one where it cleared; clocks in the site's zone."""
    text = record.sentence
    if record.raises > 1:
        text = f"{text} (raised {record.raises} times, last {_clock(record.last_raise, record.first, zone)})"
    entries = [(record.first, 0, record.key, _entry(record, record.first, text, severity_of(record.severity)))]
    if record.condition and not record.standing and record.last_clear >= record.first:
        entry = _entry(record, record.last_clear, f"Back to normal: {title}.")
        entries.append((record.last_clear, 1, record.key, entry))
    return Witness(record.evidence(title), entries)


def incident_key(founder: str) -> str:
    """Name of the incident that this alarm was the first announced of."""
    return "inc-" + content_hash(founder.encode())[:16]


def is_incident(records: Sequence[AlarmRecord]) -> bool:
    """Whether a group is an incident: one detection of medium severity or more, or low ones from two kinds of source.

    A lone low one, such as one failed badge, stays an alarm. Info never counts.
    """
    if any(record.severity >= rank_of("medium") for record in records):
        return True
    return len({record.source_kind for record in records if record.severity >= rank_of("low")}) > 1


def worth_telling(incident: IncidentRecord, records: Sequence[AlarmRecord], touched: Iterable[AlarmRecord]) -> bool:
    """Whether an open incident is told again at once: it grew by half, another detector speaks, or one more severely.

    Args:
        incident: as it was told last.
        records: all its alarms.
        touched: those that heard something since.
    """
    if len(records) > incident.shown_alarms * (1 + _GROWTH):
        return True
    return any(
        record.severity > incident.shown_severity or record.detector not in incident.shown_by for record in touched
    )


def incident_event(
    incident: IncidentRecord,
    records: Sequence[AlarmRecord],
    *,
    site: Site,
    scorer: Scorer,
    witness: Callable[[AlarmRecord], Witness],
    now: int,
    superseded_by: str = "",
    works: Sequence[Work] = (),
) -> Event:
    """The next revision, as a function of the alarms but for its name, aliases and `observed`.

    The revision number is twice the number of detections, plus one when closed: it rises with every change, and is the
    same however the detections were interleaved (`incident.revision` is moved there).
    """
    ordered = sorted(records, key=lambda record: (record.first, record.key))
    witnesses = [witness(record) for record in ordered]
    evidence = [item.evidence for item in witnesses]
    judged = scorer.score(evidence, site, works)
    taken = sum(record.taken for record in ordered)
    closed = incident.closed or bool(superseded_by)
    incident.revision = max(2 * taken + closed, incident.revision + 1)
    ids = sorted(islice((named for record in ordered for named in record.ids), KEPT_DETECTIONS))
    timeline = sorted((entry for item in witnesses for entry in item.entries), key=lambda entry: entry[:3])
    updated = max(record.last for record in ordered)
    if closed and not superseded_by:
        updated = max(record.end for record in ordered)
    state: Literal["open", "closed"] = "closed" if closed else "open"
    body = Incident(
        incident=incident.key,
        revision=incident.revision,
        state=state,
        hypothesis=judged.name,
        title=judged.title,
        severity=judged.severity,
        confidence=judged.confidence,
        why=judged.why,
        began=min(record.began for record in ordered),
        updated=updated,
        first_alarm=min(record.first for record in ordered),
        detections=tuple(name for _, name in ids),
        source_kinds=tuple(sorted({record.source_kind for record in ordered})),
        timeline=tuple(entry[3] for entry in timeline[:KEPT_ENTRIES]),
        techniques=tuple(sorted({name for record in ordered for name in record.techniques})),
        detections_total=taken,
        detections_digest=f"{sum(record.digest for record in ordered) % _MODULUS:016x}",
        timeline_total=len(timeline),
        aliases=tuple(incident.aliases),
        superseded_by=superseded_by,
        assessment=judged.assessment,
    )
    incident.shown_at, incident.shown_alarms = now, len(ordered)
    incident.shown_by = sorted({record.detector for record in ordered})
    incident.shown_severity = max(record.severity for record in ordered)
    return Event(
        id=version_id(incident.key, incident.revision),
        site=site.id,
        source="fusion",
        sequence=incident.revision,
        occurred=updated,
        observed=now,
        assets=_assets(judged, evidence),
        body=body,
    )


def _assets(judged: Hypothesis, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """What the hypothesis is about first, then the rest by name."""
    rest = sorted({asset for item in evidence for asset in item.assets} - set(judged.assets))
    return (*judged.assets, *rest[: KEPT_ENTRIES - len(judged.assets)])


def _entry(record: AlarmRecord, moment: int, text: str, severity: Severity = "info") -> TimelineEntry:
    return TimelineEntry(
        occurred=moment,
        source_kind=record.source_kind,
        event=record.ids[0][1],
        assets=record.assets,
        text=text,
        severity=severity,
    )


def _clock(moment: int, near: int, zone: ZoneInfo) -> str:
    """Time of day by the site's clock; with its date where that is not near."""
    local = datetime.fromtimestamp(moment // SECOND, zone)
    return f"{local:%Y-%m-%d %H:%M}" if moment - near >= DAY else f"{local:%H:%M}"
