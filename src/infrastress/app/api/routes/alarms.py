"""Alarms, and what people do about them."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response

from infrastress.app.accounts import Identity
from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, not_modified
from infrastress.app.api.history import moment
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.projection import Entry
from infrastress.app.api.wire import act_of, alarm_of, card_of
from infrastress.client import models
from infrastress.core.ids import event_id
from infrastress.core.time import SECOND, to_iso
from infrastress.events import AlarmAction, Event
from infrastress.events.kinds import AlarmState, Severity, SourceKind
from infrastress.fusion.evidence import rank_of

__all__ = ["router"]

router = APIRouter(tags=["alarms"])
SEE, ACT = needs("see.alarms"), needs("act.alarms")
Sort = Literal["newest", "oldest", "updated", "priority", "severity"]
Key = Annotated[
    str | None, Header(max_length=128, description="The same key is the same act, however often it is sent")
]

_ORDERS: dict[str, Callable[[Entry], tuple[int | str, ...]]] = {
    "newest": lambda e: (-e.first, e.alarm.alarm),
    "oldest": lambda e: (e.first, e.alarm.alarm),
    "updated": lambda e: (-e.event.observed, e.alarm.alarm),
    "priority": lambda e: (e.alarm.priority, -e.first, e.alarm.alarm),
    "severity": lambda e: (-rank_of(e.alarm.severity), -e.first, e.alarm.alarm),
}


@router.get("/alarms", dependencies=[SEE])
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
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Alarms:
    """Alarms that fit all filters; of one repeated filter any value fits."""
    not_modified(request, response, plant.projection.tag, plant.projection.changed)
    text = (q or "").casefold()
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
    page, after = page_of(fitting, _ORDERS[sort], limit=limit, cursor=cursor, asked=asked)
    items = [_alarm(plant, entry) for entry in page]
    return models.Alarms(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/alarms/{alarm}", dependencies=[SEE])
def get_alarm(plant: PlantOf, alarm: str) -> models.AlarmDetail:
    """One alarm, what was done about it, and its rule's card."""
    entry: Entry = known(plant.projection.alarms.get(alarm), "alarm", alarm)
    one = _alarm(plant, entry)
    card = card_of(plant.setup.cards.get(entry.alarm.rule))
    return models.AlarmDetail(**dict(one), acts=plant.acts(alarm), card=card)


@router.post("/alarms/{alarm}/acknowledge")
def acknowledge(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ActRequest | None = None,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Acknowledge: somebody has seen it and deals with it."""
    return _act(plant, alarm, identity, "acknowledge", comment=body.comment if body else "", key=idempotency_key)


@router.post("/alarms/{alarm}/shelve")
def shelve(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ShelveRequest,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Shelve: it stays out of sight until a time, seven days from now at most."""
    until, now = moment(body.until, "until"), plant.clock.now()
    if not now < until <= now + round(plant.settings.shelve_s * SECOND):
        days = plant.settings.shelve_s / 86_400
        raise ApiError(422, f"`until` must lie within {days:g} days from now, {to_iso(now)}")
    return _act(plant, alarm, identity, "shelve", comment=body.comment, until=until, key=idempotency_key)


@router.post("/alarms/{alarm}/unshelve")
def unshelve(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ActRequest | None = None,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Take it back into sight."""
    return _act(plant, alarm, identity, "unshelve", comment=body.comment if body else "", key=idempotency_key)


def _act(
    plant: Plant,
    alarm: str,
    identity: Identity,
    action: Literal["acknowledge", "shelve", "unshelve"],
    *,
    comment: str,
    key: str | None,
    until: int = 0,
) -> models.ActResult:
    entry: Entry = known(plant.projection.alarms.get(alarm), "alarm", alarm)
    now = plant.clock.now()
    body = AlarmAction(alarm=alarm, action=action, by=identity.name, until=until, comment=comment)
    source = f"person:{identity.name}"
    content = msgspec.json.encode([alarm, action, key] if key else [alarm, action, until, comment, now])
    event = Event(
        id=event_id(source, 0, content),
        site=plant.id,
        source=source,
        sequence=0,
        occurred=now,
        observed=now,
        assets=entry.event.assets,
        zone=entry.event.zone,
        body=body,
    )
    changed = key is not None or not _stands(plant, alarm, entry, action, until)
    if changed:
        changed = plant.act(event)
    told = next((act for act in plant.acts(alarm) if act.id == event.id), None)
    return models.ActResult(act=told or act_of(event, taken=False), changed=changed, alarm=_alarm(plant, entry))


def _stands(plant: Plant, alarm: str, entry: Entry, action: str, until: int) -> bool:
    """Whether an act would change nothing: it stands so already, or was asked for and is still to be taken."""
    state = entry.alarm.state
    pending = [act for act in plant.acts(alarm) if not act.taken]
    if pending:
        last = pending[-1]
        return last.action == action and (action != "shelve" or last.until == to_iso(until))
    return (action == "acknowledge" and state in ("acknowledged", "closed")) or (
        action == "unshelve" and state != "shelved"
    )


def _alarm(plant: Plant, entry: Entry) -> models.Alarm:
    told = plant.alarm(entry.alarm.alarm)
    return told if told is not None else alarm_of(entry)
