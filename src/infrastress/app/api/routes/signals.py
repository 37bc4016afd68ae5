"""Signals and their history."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, wanted
from infrastress.app.api.history import Asked, as_arrow, as_csv, as_history, moment, read_history
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import link, unit_si
from infrastress.client import models
from infrastress.site.process import Signal

__all__ = ["router", "signal_of"]

router = APIRouter(tags=["signals"])
PROCESS = needs("see.process")
ARROW = "application/vnd.apache.arrow.stream"
_MOST = 50


@router.get("/signals", dependencies=[PROCESS])
def list_signals(
    *,
    plant: PlantOf,
    stream: StreamOf,
    asset: Annotated[str | None, Query(max_length=80)] = None,
    source: Annotated[str | None, Query(max_length=80)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id or name")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Signals:
    """Signals in order of their ids, each with how it stands."""
    text = (q or "").casefold()
    fitting = [
        signal
        for signal in plant.setup.site.signals
        if (asset is None or signal.asset == asset)
        and (source is None or signal.source == source)
        and (kind is None or signal.kind == kind)
        and (not text or text in f"{signal.id}\0{signal.name}".casefold())
    ]
    asked = question("signals", asset, source, kind, q)
    page, after = page_of(fitting, lambda signal: (signal.id,), limit=limit, cursor=cursor, asked=asked)
    fresh = plant.pulse().fresh
    items = [signal_of(plant, signal, fresh=fresh) for signal in page]
    return models.Signals(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/signals/{signal}", dependencies=[PROCESS])
def get_signal(plant: PlantOf, signal: str) -> models.Signal:
    """One signal."""
    one: Signal = known(plant.setup.site.signal_by_id.get(signal), "signal", signal)
    return signal_of(plant, one, fresh=plant.pulse().fresh)


@router.get(
    "/history",
    dependencies=[PROCESS],
    response_model=models.History,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                ARROW: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
async def get_history(
    *,
    request: Request,
    plant: PlantOf,
    signal: Annotated[list[str], Query(min_length=1, max_length=_MOST, description="Repeat for several")],
    begin: Annotated[str, Query(alias="from", max_length=40, description="ISO 8601 with an offset")],
    end: Annotated[str, Query(alias="to", max_length=40, description="ISO 8601 with an offset, not included")],
    width: Annotated[int | None, Query(ge=1, le=4000, description="Pixels of the plot; every value without")] = None,
    units: Annotated[Literal["plant", "si"], Query()] = "plant",
) -> Any:
    """History of signals as JSON, CSV or Arrow (by Accept).

    With a width each of so many steps keeps its first, lowest, highest and last value: a spike of one sample stays one.
    """
    kind = wanted(request.headers.get("accept", "*/*"), ("application/json", "text/csv", ARROW))
    site = plant.setup.site
    signals = [known(site.signal_by_id.get(name), "signal", name) for name in dict.fromkeys(signal)]
    asked = Asked(signals, moment(begin, "from"), moment(end, "to"), width, units)
    if asked.begin >= asked.end:
        raise ApiError(422, "`from` doesn't lie before `to`")
    queue = request.app.state.history
    if queue.waiting >= plant.settings.history_waiting:
        raise ApiError(503, "too many wait for history", remedy="try again soon", headers={"Retry-After": "2"})
    queue.waiting += 1
    try:
        found = await asyncio.get_running_loop().run_in_executor(queue.pool, read_history, plant, asked)
    finally:
        queue.waiting -= 1
    if kind == "text/csv":
        return Response(as_csv(found), media_type="text/csv; charset=utf-8; header=present")
    if kind == ARROW:
        return Response(as_arrow(found), media_type=ARROW)
    told = as_history(asked, found)
    return Response(told.model_dump_json(), media_type="application/json")


def signal_of(plant: Plant, signal: Signal, *, fresh: bool) -> models.Signal:
    """A signal as the API tells it."""
    return models.Signal(
        id=signal.id,
        name=signal.name,
        asset=signal.asset,
        kind=signal.kind,
        unit=signal.unit,
        unit_si=unit_si(signal.unit),
        source=signal.source,
        resolution=signal.resolution,
        range=signal.range,
        limits=signal.limits.model_dump(),
        health=plant.standing(signal.source or "", signal.id, fresh=fresh),
        links={"self": link("signals", signal.id), "asset": link("assets", signal.asset)},
    )
