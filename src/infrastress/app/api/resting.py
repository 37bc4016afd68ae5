"""What alarms and detections rest on: each signal's part in the plant's units, spans to look at, raw records."""

from collections.abc import Sequence

from infrastress.app.api.history import scale_for
from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Entry
from infrastress.app.api.wire import evidence_link, link
from infrastress.client import models
from infrastress.core.errors import DecodeError
from infrastress.core.time import MINUTE, to_iso
from infrastress.events import Detection, Event, decode_event
from infrastress.site import Site
from infrastress.store.pinned import find_pinned
from infrastress.store.ports import Record, type_of

__all__ = ["Reader", "finding_of", "parts_of", "record_of", "spans_of"]

_MARGIN = 30 * MINUTE


def record_of(plant: Plant, id_: str) -> Record | None:
    """The record of an event, detection, alarm, incident or act, as it lay in the log also where it is pinned.

    None where the log holds none (any more).
    """
    for partition in (f"fusion/{plant.id}", plant.partitions[2], plant.partitions[0]):
        record = plant.store.log.find(partition, id_)
        if record is not None and type_of(record.subject) in ("event", "action", "tick"):
            return record
    try:
        return find_pinned(plant.store.log, plant.id, id_)
    except DecodeError:  # a list of ids, or rows of the network: no record of its own
        return None


class Reader:
    """Reads events of the log by id, each once, and no more than a request may.

    Args:
        plant: the site.
        most: reads of the log.
    """

    def __init__(self, plant: Plant, most: int) -> None:
        self._plant = plant
        self._left = most
        self._read: dict[str, Event | None] = {}

    def event(self, id_: str) -> Event | None:
        """The event, or None where it isn't kept any more, can't be read, or too many were asked for."""
        if id_ not in self._read:
            if self._left <= 0:
                return None
            self._left -= 1
            record = record_of(self._plant, id_)
            try:
                self._read[id_] = decode_event(record.data) if record is not None else None
            except DecodeError:
                self._read[id_] = None
        return self._read[id_]

    def raw(self, ids: Sequence[str], most: int) -> list[models.Raw]:
        """The first of some raw records, with their kinds and times."""
        return [_raw(id_, event) for id_ in ids[:most] if (event := self.event(id_)) is not None]


def _raw(id_: str, event: Event) -> models.Raw:
    return models.Raw(
        id=id_,
        kind=event.kind,
        occurred=to_iso(event.occurred),
        source=event.source,
        blobs={digest: link("blobs", digest) for digest in event.blobs},
        links={"evidence": evidence_link(id_)},
    )


def parts_of(body: Detection, site: Site) -> list[models.Part]:
    """Each signal's part, expected and seen in the signal's own unit; in SI where the model doesn't know the signal."""
    found = []
    for part in body.contributions:
        signal = site.signal_by_id.get(part.signal)
        expected, seen, unit = part.expected, part.seen, part.unit
        if signal is not None:
            factor, offset, unit = scale_for(signal, "plant")
            expected = None if expected is None else (expected - offset) / factor
            seen = None if seen is None else (seen - offset) / factor
        found.append(models.Part(signal=part.signal, share=part.share, expected=expected, seen=seen, unit=unit))
    return found


def spans_of(event: Event) -> list[models.Span]:
    """What to look at of the signals of a detection: its window, and half an hour around it."""
    body = event.body
    if not isinstance(body, Detection):
        return []
    begin, end = min(body.began, event.occurred), max(body.until, event.occurred)
    asked = f"from={to_iso(begin - _MARGIN)}&to={to_iso(end + _MARGIN)}&width=1000"
    return [
        models.Span(
            signal=part.signal,
            begin=to_iso(begin),
            end=to_iso(end),
            history=f"{link('history')}?signal={part.signal}&{asked}",
        )
        for part in body.contributions
    ]


def finding_of(entry: Entry, event: Event, site: Site) -> models.Finding | None:
    """An alarm's worst detection, in words and numbers; None where that is no detection."""
    body, alarm = event.body, entry.alarm
    if not isinstance(body, Detection):
        return None
    return models.Finding(
        id=event.id,
        alarm=alarm.alarm,
        rule=body.rule,
        title=alarm.title,
        sentence=body.sentence,
        severity=body.severity,
        source_kind=body.source_kind,
        suspicion=body.suspicion,
        score=body.score,
        confidence=body.confidence,
        assets=list(event.assets),
        began=to_iso(min(body.began, event.occurred)),
        until=to_iso(max(body.until, event.occurred)),
        techniques=list(body.techniques),
        parts=parts_of(body, site),
        spans=spans_of(event),
        links={
            "evidence": evidence_link(event.id),
            "alarm": link("alarms", alarm.alarm),
            "rule": link("rules", body.rule),
        },
    )
