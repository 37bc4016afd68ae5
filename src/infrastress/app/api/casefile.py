"""An incident with its story, findings, first checks and handling: all that its page shows, of a flood the worst."""

from collections import Counter
from collections.abc import Sequence

from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Entry
from infrastress.app.api.resting import Reader, finding_of
from infrastress.app.api.wire import evidence_link, handling_detail_of, link
from infrastress.app.service.pinning import before_of
from infrastress.app.story import first_action
from infrastress.client import models
from infrastress.core.time import to_iso
from infrastress.events import Detection, Incident
from infrastress.fusion.evidence import rank_of
from infrastress.store.pinned import pinned_list

__all__ = ["incident_detail"]

_ALARMS, _FINDINGS, _CHECKS, _HANDLED = 200, 50, 20, 500
_RAW = 3
"""Raw records told with a line of the timeline."""
_BEFORE = 50
_READS = 600
"""Records of the log read for one answer."""


def incident_detail(plant: Plant, entry: Entry) -> models.IncidentDetail:
    """The whole page in one answer."""
    body = entry.incident
    with plant.projection.lock:
        mine = [e for e in plant.projection.alarms.values() if e.alarm.incident == body.incident]
    mine.sort(key=lambda e: (e.first, e.alarm.alarm))
    worst = sorted(mine, key=lambda e: (-rank_of(e.alarm.severity), e.first, e.alarm.alarm))[:_ALARMS]
    worst.sort(key=lambda e: (e.first, e.alarm.alarm))
    reader = Reader(plant, _READS)
    handled = handling_detail_of(*plant.projection.handling(body.incident), _HANDLED)
    fields = {**dict(plant.incident(entry)), "handling": handled}
    return models.IncidentDetail(
        **fields,
        why=body.why,
        first=first_action(entry.event, plant.setup.site),
        aliases=list(body.aliases),
        findings=_findings(plant, worst, reader),
        timeline=_timeline(body, reader),
        timeline_total=body.timeline_total,
        detections=list(body.detections),
        detections_digest=body.detections_digest,
        alarms=[told for e in worst if (told := plant.alarm(e.alarm.alarm)) is not None],
        alarms_total=len(mine),
        checks=_checks(plant, mine),
        evidence={id_: evidence_link(id_) for id_ in body.detections},
        before=reader.raw(pinned_list(plant.store.log, plant.id, before_of(body.incident))[-_BEFORE:], _BEFORE),
    )


def _findings(plant: Plant, alarms: Sequence[Entry], reader: Reader) -> list[models.Finding]:
    """Of the most severe alarms, in that order."""
    site = plant.setup.site
    ranked = sorted(alarms, key=lambda e: -rank_of(e.alarm.severity))[:_FINDINGS]
    read = ((entry, reader.event(entry.alarm.detection)) for entry in ranked)
    found = (finding_of(entry, event, site) for entry, event in read if event is not None)
    return [finding for finding in found if finding is not None]


def _timeline(body: Incident, reader: Reader) -> list[models.TimelineLine]:
    lines = []
    for line in body.timeline:
        event = reader.event(line.event)
        detection = event.body if event is not None and isinstance(event.body, Detection) else None
        lines.append(
            models.TimelineLine(
                occurred=to_iso(line.occurred),
                source_kind=line.source_kind,
                severity=line.severity,
                assets=list(line.assets),
                text=line.text,
                evidence=line.event,
                signals=[part.signal for part in detection.contributions] if detection else [],
                raw=reader.raw(detection.evidence, _RAW) if detection else [],
                links={"evidence": evidence_link(line.event)},
            )
        )
    return lines


def _checks(plant: Plant, alarms: Sequence[Entry]) -> list[models.Check]:
    """Cards of the rules that found something, those of the most severe alarms first."""
    count = Counter(entry.alarm.rule for entry in alarms)
    worst: dict[str, tuple[int, int]] = {}
    for entry in alarms:
        rank = (-rank_of(entry.alarm.severity), entry.first)
        worst[entry.alarm.rule] = min(rank, worst.get(entry.alarm.rule, rank))
    checks, cards = [], plant.setup.cards
    for rule in sorted(worst, key=lambda name: (worst[name], name)):
        card = cards.get(rule)
        if card is not None:
            checks.append(
                models.Check(
                    rule=rule,
                    title=card.title,
                    alarms=count[rule],
                    first_check=card.first_check,
                    benign_causes=list(card.benign_causes),
                    links={"rule": link("rules", rule)},
                )
            )
    return checks[:_CHECKS]
