"""Incidents: their story, and what each line of it rests on."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, not_modified
from infrastress.app.api.casefile import incident_detail
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.projection import Entry
from infrastress.app.api.reasons import incident_why
from infrastress.client import models
from infrastress.client.risk import IncidentWhy
from infrastress.events.kinds import HandlingState, Severity, SourceKind
from infrastress.fusion.evidence import rank_of

__all__ = ["router"]

router = APIRouter(tags=["incidents"])
SEE = needs("see.alarms")
Sort = Literal["newest", "oldest", "updated", "severity", "attention"]

_ORDERS: dict[str, Callable[[Entry], tuple[int | str, ...]]] = {
    "newest": lambda e: (-e.first, e.incident.incident),
    "oldest": lambda e: (e.first, e.incident.incident),
    "updated": lambda e: (-e.incident.updated, e.incident.incident),
    "severity": lambda e: (-rank_of(e.incident.severity), -e.first, e.incident.incident),
}


def _attention(entry: Entry, handling: models.Handling) -> tuple[int | str, ...]:
    body = entry.incident
    done = handling.state == "closed", body.state == "closed"
    return (*map(int, done), -rank_of(body.severity), -entry.first, body.incident)


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
    handling: Annotated[list[HandlingState] | None, Query(description="How people handle it")] = None,
    owner: Annotated[str | None, Query(max_length=80, description="Who has it; empty: nobody")] = None,
    superseded: Annotated[bool, Query(description="With those that became part of another, or of none")] = False,
    q: Annotated[str | None, Query(max_length=100, description="Part of title, why, hypothesis or asset")] = None,
    sort: Annotated[Sort, Query(description="`attention`: what is not closed first, then the most severe")] = "newest",
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
    if handling is not None or owner is not None or sort == "attention":
        stands = {e.incident.incident: plant.handling(e.incident.incident) for e in fitting}
        fitting = [
            e
            for e in fitting
            if (handling is None or stands[e.incident.incident].state in handling)
            and (owner is None or (stands[e.incident.incident].owner or "") == owner)
        ]
    asked = question("incidents", state, severity, source_kind, asset, handling, owner, superseded, q, sort)
    order = _ORDERS.get(sort, lambda e: _attention(e, stands[e.incident.incident]))
    page, after = page_of(fitting, order, limit=limit, cursor=cursor, asked=asked)
    items = [plant.incident(entry) for entry in page]
    return models.Incidents(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/incidents/{incident}", dependencies=[SEE])
def get_incident(plant: PlantOf, incident: str) -> models.IncidentDetail:
    """One incident: hypothesis and why, what to do first, timeline, findings, alarms, and how people handle it."""
    entry: Entry = known(plant.projection.incidents.get(incident), "incident", incident)
    return incident_detail(plant, entry)


@router.get("/incidents/{incident}/why", dependencies=[SEE])
def get_why(plant: PlantOf, incident: str) -> IncidentWhy:
    """Why it has its probability: evidence with weights, versions, site fields; and the number worked out again."""
    entry: Entry = known(plant.projection.incidents.get(incident), "incident", incident)
    return incident_why(entry.incident, plant.setup.site)
