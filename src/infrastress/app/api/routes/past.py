"""The past, for whoever looks back: how things stood at a time, and each change until another."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from infrastress.app.accounts import may
from infrastress.app.api.asking import PlantOf, in_turn, needs, who
from infrastress.app.api.history import moment
from infrastress.app.api.past import past_of
from infrastress.client.past import Past

__all__ = ["router"]

router = APIRouter(tags=["past"])


@router.get("/past", dependencies=[needs("see.alarms")], response_model=Past)
async def get_past(
    *,
    request: Request,
    plant: PlantOf,
    begin: Annotated[str, Query(alias="from", max_length=40, description="ISO 8601 with an offset")],
    end: Annotated[str, Query(alias="to", max_length=40, description="ISO 8601 with an offset; at most 24 h later")],
) -> Response:
    """Alarms, incidents and health as they were known at `from`, and each change until `to`."""
    health = may(who(request), "see.health")
    told = await in_turn(
        request, lambda: past_of(plant, moment(begin, "from"), moment(end, "to"), health=health).model_dump_json()
    )
    return Response(told, media_type="application/json")
