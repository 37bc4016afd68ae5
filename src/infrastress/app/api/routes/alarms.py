"""Alarms as they stand: lists, tables, one in full."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, not_modified, wanted
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Entry
from infrastress.app.api.table import table
from infrastress.app.api.wire import card_of
from infrastress.client import models
from infrastress.events.kinds import AlarmState, Severity, SourceKind
from infrastress.fusion.evidence import rank_of

__all__ = ["router"]

router = APIRouter(tags=["alarms"])
SEE = needs("see.alarms")
CSV = "text/csv"
_MOST = 2500
Sort = Literal["newest", "oldest", "updated", "priority", "severity"]

_ORDERS: dict[str, Callable[[Entry], tuple[int | str, ...]]] = {
    "newest": lambda e: (-e.first, e.alarm.alarm),
    "oldest": lambda e: (e.first, e.alarm.alarm),
    "updated": lambda e: (-e.event.observed, e.alarm.alarm),
    "priority": lambda e: (e.alarm.priority, -e.first, e.alarm.alarm),
    "severity": lambda e: (-rank_of(e.alarm.severity), -e.first, e.alarm.alarm),
}
_COLUMNS = (
    "id", "state", "severity", "priority", "title", "sentence", "rule", "source_kind", "assets", "zone", "incident",
    "count", "raised", "last_raised", "updated", "cleared", "realarmed", "annunciated", "assigned_to",
)  # fmt: skip


@router.get(
    "/alarms",
    dependencies=[SEE],
    response_model=models.Alarms,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
def list_alarms(
    *,
    request: Request,
    response: Response,
    plant: PlantOf,
    stream: StreamOf,
    state: Annotated[list[AlarmState] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    priority: Annotated[list[Annotated[int, Query(ge=1, le=4)]] | None, Query()] = None,
    source_kind: Annotated[list[SourceKind] | None, Query()] = None,
    asset: Annotated[str | None, Query(max_length=80)] = None,
    zone: Annotated[str | None, Query(max_length=80)] = None,
    rule: Annotated[str | None, Query(max_length=80)] = None,
    incident: Annotated[str | None, Query(max_length=80)] = None,
    annunciated: Annotated[bool | None, Query(description="Those that call the operator, or the notices")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of title, sentence, rule, asset or zone")] = None,
    sort: Annotated[Sort, Query()] = "newest",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Any:
    """Alarms that fit all filters; of one repeated filter any value fits. As CSV (by Accept) all of them at once."""
    kind = wanted(request.headers.get("accept", "*/*"), ("application/json", CSV))
    not_modified(request, response, plant.projection.tag, plant.projection.changed)
    text = (q or "").casefold()
    position = str(stream.position)  # before the list: following from there misses nothing
    with plant.projection.lock:
        entries = list(plant.projection.alarms.values())

    def fits(entry: Entry) -> bool:
        body, event = entry.alarm, entry.event
        return (
            (state is None or body.state in state)
            and (severity is None or body.severity in severity)
            and (priority is None or body.priority in priority)
            and (source_kind is None or body.source_kind in source_kind)
            and (asset is None or asset in event.assets)
            and (zone is None or event.zone == zone)
            and (rule is None or body.rule == rule)
            and (incident is None or body.incident == incident)
            and (annunciated is None or body.annunciated is annunciated)
            and (not text or text in entry.text)
        )

    fitting = [entry for entry in entries if fits(entry)]
    asked = question(
        "alarms", state, severity, priority, source_kind, asset, zone, rule, incident, annunciated, q, sort
    )
    if kind == CSV:
        fitting.sort(key=_ORDERS[sort])
        name = f'attachment; filename="alarms-{plant.id}.csv"'
        headers = {**dict(response.headers), "Content-Disposition": name}
        return StreamingResponse(table(_COLUMNS, _rows(plant, fitting)), headers=headers, media_type=CSV)
    page, after = page_of(fitting, _ORDERS[sort], limit=limit, cursor=cursor, asked=asked)
    told = models.Alarms(items=[], next=after, total=len(fitting), position=position)
    items = b",".join(map(plant.alarm_json, page))
    data = b'{"items":[%s],%s' % (items, told.model_dump_json(exclude={"items"}).encode()[1:])
    return Response(data, headers=dict(response.headers), media_type="application/json")


@router.get("/alarms/{alarm}", dependencies=[SEE])
def get_alarm(plant: PlantOf, alarm: str) -> models.AlarmDetail:
    """One alarm, what was done about it, and its rule's card."""
    entry: Entry = known(plant.projection.alarms.get(alarm), "alarm", alarm)
    one = plant.alarm_of(entry)
    card = card_of(plant.setup.cards.get(entry.alarm.rule))
    return models.AlarmDetail(**dict(one), acts=plant.acts(alarm), card=card)


def _rows(plant: Plant, entries: Sequence[Entry]) -> Iterator[Sequence[Any]]:
    for entry in entries:
        alarm = plant.alarm_of(entry)
        yield [getattr(alarm, name) for name in _COLUMNS]
