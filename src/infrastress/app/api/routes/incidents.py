"""Incidents: their story, and what each line of it rests on."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, not_modified
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.projection import Entry
from infrastress.app.api.wire import evidence_link, incident_of
from infrastress.client import models
from infrastress.core.time import to_iso
from infrastress.events.kinds import Severity, SourceKind
from infrastress.fusion.evidence import rank_of

__all__ = ["router"]

router = APIRouter(tags=["incidents"])
SEE = needs("see.alarms")
_ALARMS = 200

_ORDERS: dict[str, Callable[[Entry], tuple[int | str, ...]]] = {
    "newest": lambda e: (-e.first, e.incident.incident),
    "oldest": lambda e: (e.first, e.incident.incident),
    "updated": lambda e: (-e.incident.updated, e.incident.incident),
    "severity": lambda e: (-rank_of(e.incident.severity), -e.first, e.incident.incident),
}


@router.get("/incidents", dependencies=[SEE])
def list_incidents(
    *,
    request: Request,
    response: Response,
    plant: PlantOf,
    stream: StreamOf,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    source_kind: Annotated[list[SourceKind] | None, Query()] = None,
    asset: Annotated[str | None, Query(max_length=80)] = None,
    superseded: Annotated[bool, Query(description="With those that became part of another, or of none")] = False,
    q: Annotated[str | None, Query(max_length=100, description="Part of title, why, hypothesis or asset")] = None,
    sort: Annotated[Literal["newest", "oldest", "updated", "severity"], Query()] = "newest",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Incidents:
    """Incidents that fit all filters."""
    not_modified(request, response, plant.projection.tag, plant.projection.changed)
    text = (q or "").casefold()
    with plant.projection.lock:
        entries = list(plant.projection.incidents.values())
    fitting = [
        e
        for e in entries
        if (state is None or e.incident.state == state)
        and (severity is None or e.incident.severity in severity)
        and (source_kind is None or set(source_kind) & set(e.incident.source_kinds))
        and (asset is None or asset in e.event.assets)
        and (superseded or not e.incident.superseded_by)
        and (not text or text in e.text)
    ]
    asked = question("incidents", state, severity, source_kind, asset, superseded, q, sort)
    page, after = page_of(fitting, _ORDERS[sort], limit=limit, cursor=cursor, asked=asked)
    items = [incident_of(entry) for entry in page]
    return models.Incidents(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/incidents/{incident}", dependencies=[SEE])
def get_incident(plant: PlantOf, incident: str) -> models.IncidentDetail:
    """One incident: hypothesis and why, timeline, alarms, and the raw record behind each line."""
    entry: Entry = known(plant.projection.incidents.get(incident), "incident", incident)
    body = entry.incident
    with plant.projection.lock:
        mine = [e for e in plant.projection.alarms.values() if e.alarm.incident == incident]
    mine.sort(key=lambda e: (e.first, e.alarm.alarm))
    timeline = [
        models.TimelineLine(
            occurred=to_iso(line.occurred),
            source_kind=line.source_kind,
            severity=line.severity,
            assets=list(line.assets),
            text=line.text,
            evidence=line.event,
            links={"evidence": evidence_link(line.event)},
        )
        for line in body.timeline
    ]
    return models.IncidentDetail(
        **dict(incident_of(entry)),
        why=body.why,
        aliases=list(body.aliases),
        timeline=timeline,
        timeline_total=body.timeline_total,
        detections=list(body.detections),
        detections_digest=body.detections_digest,
        alarms=[plant.alarm_of(e) for e in mine[:_ALARMS]],
        evidence={id_: evidence_link(id_) for id_ in body.detections},
    )
