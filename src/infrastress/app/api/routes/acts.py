"""What people do about alarms, one or many at once."""

from typing import Annotated

from fastapi import APIRouter, Header

from infrastress.app.accounts import Identity
from infrastress.app.api.acting import Wish, act_on_many, act_on_one
from infrastress.app.api.asking import BookOf, PlantOf, needs
from infrastress.app.api.history import moment
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.routes.people import assignee
from infrastress.client import models
from infrastress.core.time import SECOND, to_iso

__all__ = ["router"]

router = APIRouter(tags=["alarms"])
ACT = needs("act.alarms")
_MANY_BYTES = 1_000_000
Key = Annotated[
    str | None, Header(max_length=128, description="The same key is the same act, however often it is sent")
]


@router.post("/alarms/acts", max_body_size=_MANY_BYTES)
def act_on_alarms(
    plant: PlantOf,
    book: BookOf,
    identity: Annotated[Identity, ACT],
    body: models.ActManyRequest,
    idempotency_key: Key = None,
) -> models.ActManyResult:
    """One act on up to 10,000 alarms, with one comment: one record, durable as a whole."""
    if (body.action == "shelve") != (body.until is not None):
        raise ApiError(422, "`until` goes with the action shelve, and with no other")
    if body.to is not None and body.action != "assign":
        raise ApiError(422, "`to` goes with the action assign, and with no other")
    until = _until(plant, body.until) if body.until is not None else 0
    wish = Wish(body.action, body.comment, until=until, to=_assignee(book, identity, body.to))
    return act_on_many(plant, identity, wish, body.alarms, key=idempotency_key)


@router.post("/alarms/{alarm}/acknowledge")
def acknowledge(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ActRequest | None = None,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Acknowledge: somebody has seen it and deals with it."""
    wish = Wish("acknowledge", body.comment if body else "")
    return act_on_one(plant, identity, wish, alarm, key=idempotency_key)


@router.post("/alarms/{alarm}/shelve")
def shelve(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ShelveRequest,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Shelve: it stays out of sight until a time, seven days from now at most."""
    wish = Wish("shelve", body.comment, until=_until(plant, body.until))
    return act_on_one(plant, identity, wish, alarm, key=idempotency_key)


@router.post("/alarms/{alarm}/unshelve")
def unshelve(
    plant: PlantOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.ActRequest | None = None,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Take it back into sight."""
    return act_on_one(plant, identity, Wish("unshelve", body.comment if body else ""), alarm, key=idempotency_key)


@router.post("/alarms/{alarm}/assign")
def assign(
    *,
    plant: PlantOf,
    book: BookOf,
    alarm: str,
    identity: Annotated[Identity, ACT],
    body: models.AssignAlarmRequest,
    idempotency_key: Key = None,
) -> models.ActResult:
    """Say who has it from now on: a person, a role, or nobody."""
    wish = Wish("assign", body.comment, to=_assignee(book, identity, body.to))
    return act_on_one(plant, identity, wish, alarm, key=idempotency_key)


def _assignee(book: BookOf, identity: Identity, to: str | None) -> str:
    return assignee(book, identity, to) if to else ""


def _until(plant: Plant, text: str) -> int:
    until, now = moment(text, "until"), plant.clock.now()
    if not now < until <= now + round(plant.settings.shelve_s * SECOND):
        days = plant.settings.shelve_s / 86_400
        raise ApiError(422, f"`until` must lie within {days:g} days from now, {to_iso(now)}")
    return until
