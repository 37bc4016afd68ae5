"""What people do about incidents: take, note, set tasks, close with a cause, take up again."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header

from infrastress.app.accounts import Identity
from infrastress.app.api.asking import BookOf, PlantOf, known, needs
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.projection import Entry
from infrastress.app.api.routes.people import assignee
from infrastress.app.api.wire import incident_act_of
from infrastress.client import models
from infrastress.core.ids import event_id
from infrastress.events import Event, IncidentAction
from infrastress.fusion.handling import Handling, Known, Task

__all__ = ["router"]

router = APIRouter(tags=["incidents"])
_MOST = 500
"""Notes, and tasks, that one incident may hold."""


@dataclass(frozen=True)
class _Asked:
    """Who does something about which incident; with the same key it is the same act, however often it is sent."""

    plant: Plant
    incident: str
    entry: Entry
    identity: Identity
    key: str | None

    def act(self, *, stands: bool = False, **fields: Any) -> models.IncidentActResult:
        """Write it down; where it `stands` so already only what was sent with a key."""
        plant, now = self.plant, self.plant.clock.now()
        body = IncidentAction(incident=self.incident, by=self.identity.name, **fields)
        content = msgspec.to_builtins(body) if self.key is None else [self.incident, body.action, self.key]
        source = f"person:{self.identity.name}"
        event = Event(
            id=event_id(source, 0, msgspec.json.encode([content, now] if self.key is None else content)),
            site=plant.id,
            source=source,
            sequence=0,
            occurred=now,
            observed=now,
            assets=self.entry.event.assets,
            zone=self.entry.event.zone,
            body=body,
        )
        changed = not stands and plant.act(event)
        told = next((act for act in self.handling.acts if act.id == event.id), event)
        shown = plant.projection.incidents[plant.projection.handlings.standing(self.incident)]
        return models.IncidentActResult(act=incident_act_of(told), changed=changed, incident=plant.incident(shown))

    @property
    def handling(self) -> Handling:
        """What people did about it so far."""
        return self.plant.projection.handling(self.incident)[0]

    @property
    def knows(self) -> Known:
        """How much is known of it."""
        return self.plant.projection.handling(self.incident)[1]


def _asked(
    plant: PlantOf,
    incident: str,
    identity: Annotated[Identity, needs("act.incidents")],
    idempotency_key: Annotated[
        str | None, Header(max_length=128, description="The same key is the same act, however often it is sent")
    ] = None,
) -> _Asked:
    entry: Entry = known(plant.projection.incidents.get(incident), "incident", incident)
    return _Asked(plant, incident, entry, identity, idempotency_key)


Asked = Annotated[_Asked, Depends(_asked)]


@router.post("/incidents/{incident}/assign")
def assign(asked: Asked, book: BookOf, body: models.OwnerRequest | None = None) -> models.IncidentActResult:
    """Take it, or give it to somebody or to nobody."""
    owner = assignee(book, asked.identity, body.owner if body else None)
    return asked.act(action="assign", owner=owner, stands=asked.handling.owner == owner)


@router.post("/incidents/{incident}/notes")
def add_note(asked: Asked, body: models.TextRequest) -> models.IncidentActResult:
    """Write a note."""
    _room(len(asked.handling.notes), "notes")
    return asked.act(action="note", text=body.text)


@router.post("/incidents/{incident}/tasks")
def add_task(asked: Asked, body: models.TextRequest) -> models.IncidentActResult:
    """Set a task; its id is that of the act."""
    _room(len(asked.handling.tasks), "tasks")
    return asked.act(action="task", text=body.text)


@router.post("/incidents/{incident}/tasks/{task}")
def settle_task(asked: Asked, task: str, body: models.TaskRequest) -> models.IncidentActResult:
    """Say that a task is done, or isn't."""
    held: Task = known(next((one for one in asked.handling.tasks if one.id == task), None), "task", task)
    action = "task_done" if body.done else "task_reopen"
    return asked.act(action=action, task=task, stands=held.done is body.done)


@router.post("/incidents/{incident}/close")
def close(asked: Asked, body: models.CloseRequest) -> models.IncidentActResult:
    """Close it with its cause. Evidence that comes later opens it again."""
    closing, knows = asked.handling.closing, asked.knows
    stands = closing is not None and not closing.overtaken(knows) and (closing.cause, closing.comment) == (
        body.cause, body.comment,
    )  # fmt: skip
    fields = {"cause": body.cause, "text": body.comment, "episodes": knows.episodes, "severity": knows.severity}
    return asked.act(action="close", stands=stands, **fields)


@router.post("/incidents/{incident}/reopen")
def reopen(asked: Asked, body: models.ReopenRequest | None = None) -> models.IncidentActResult:
    """Take it up again."""
    return asked.act(action="reopen", text=body.comment if body else "", stands=asked.handling.closing is None)


def _room(held: int, what: str) -> None:
    if held >= _MOST:
        raise ApiError(409, f"the incident holds {_MOST} {what}, and no more", remedy="close it, or write elsewhere")
