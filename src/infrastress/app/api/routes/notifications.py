"""Who was told outside of the screens, and who should have been and wasn't."""

from typing import Annotated

from fastapi import APIRouter, Query

from infrastress.app.api.asking import PlantOf, StreamOf, needs
from infrastress.app.api.outbox import read_messages
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.wire import iso
from infrastress.client import models
from infrastress.core.time import to_iso

__all__ = ["router"]

router = APIRouter(tags=["notifications"])


@router.get("/notifications", dependencies=[needs("see.alarms")])
def list_notifications(
    *,
    plant: PlantOf,
    stream: StreamOf,
    undelivered: Annotated[
        bool | None, Query(description="Only what should have arrived and hasn't, or the rest")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Notifications:
    """Messages of the last thirty days, the newest first."""
    messages = read_messages(plant)
    fitting = [one for one in messages if undelivered is None or one.undelivered is undelivered]
    asked = question("notifications", undelivered)
    page, after = page_of(fitting, lambda one: (-one.created, one.id), limit=limit, cursor=cursor, asked=asked)
    items = [
        models.Notification(
            id=one.id,
            channel=one.channel,
            kind=one.kind,
            severity=one.severity,
            title=one.title,
            subjects=list(one.subjects),
            state=one.state,
            undelivered=one.undelivered,
            attempts=one.attempts,
            reason=one.reason,
            created=to_iso(one.created),
            finished=iso(one.finished),
        )
        for one in page
    ]
    return models.Notifications(
        items=items,
        next=after,
        total=len(fitting),
        position=str(stream.position),
        undelivered=sum(one.undelivered for one in messages),
    )
