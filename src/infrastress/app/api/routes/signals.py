"""Signals, their history, what was expected of them, and where they were anomalous."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from infrastress.app.api.asking import PlantOf, StreamOf, in_turn, known, needs, wanted
from infrastress.app.api.episodes import Episode
from infrastress.app.api.expected import read_expected
from infrastress.app.api.history import Asked, Units, as_arrow, as_csv, as_history, moment, read_history, scale_for
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import evidence_link, iso, link, unit_si
from infrastress.client import models
from infrastress.core.time import to_iso
from infrastress.events.health import HealthState
from infrastress.fusion.evidence import rank_of
from infrastress.site.process import Signal

__all__ = ["router", "signal_of"]

router = APIRouter(tags=["signals"])
PROCESS = needs("see.process")
ARROW = "application/vnd.apache.arrow.stream"
_MOST = 50
Begin = Annotated[str, Query(alias="from", max_length=40, description="ISO 8601 with an offset")]
End = Annotated[str, Query(alias="to", max_length=40, description="ISO 8601 with an offset, not included")]
Width = Annotated[int | None, Query(ge=1, le=4000, description="Pixels of the plot; every value without")]


@router.get("/signals", dependencies=[PROCESS])
def list_signals(
    *,
    plant: PlantOf,
    stream: StreamOf,
    asset: Annotated[str | None, Query(max_length=80)] = None,
    source: Annotated[str | None, Query(max_length=80)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[list[HealthState] | None, Query(description="How it stands; repeat for several")] = None,
    anomalous: Annotated[bool, Query(description="Only those with an anomalous span that stands")] = False,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id, name or asset")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Signals:
    """Signals in order of their ids, each with how it stands."""
    text = (q or "").casefold()
    fresh, standing = plant.pulse().fresh, plant.episodes.standing()
    fitting = [
        signal
        for signal in plant.setup.site.signals
        if (asset is None or signal.asset == asset)
        and (source is None or signal.source == source)
        and (kind is None or signal.kind == kind)
        and (not text or text in f"{signal.id}\0{signal.name}\0{signal.asset}".casefold())
        and (not anomalous or signal.id in standing)
        and (state is None or plant.standing(signal.source or "", signal.id, fresh=fresh).state in state)
    ]
    asked = question("signals", asset, source, kind, state, anomalous, q)
    page, after = page_of(fitting, lambda signal: (signal.id,), limit=limit, cursor=cursor, asked=asked)
    items = [signal_of(plant, signal, fresh=fresh, standing=standing.get(signal.id, ())) for signal in page]
    return models.Signals(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/signals/{signal}", dependencies=[PROCESS])
def get_signal(plant: PlantOf, signal: str) -> models.Signal:
    """One signal."""
    one: Signal = known(plant.setup.site.signal_by_id.get(signal), "signal", signal)
    standing = plant.episodes.standing().get(signal, ())
    return signal_of(plant, one, fresh=plant.pulse().fresh, standing=standing)


@router.get("/signals/{signal}/expected", dependencies=[PROCESS])
async def get_expected(
    *,
    request: Request,
    plant: PlantOf,
    signal: str,
    begin: Begin,
    end: End,
    width: Width = None,
    units: Annotated[Units, Query()] = "plant",
) -> models.Expected:
    """What the detectors in force expect of a signal over a span of its history, each rule with its band and score.

    It is judged again by the formulas and the approved baselines that are in force now.
    """
    one: Signal = known(plant.setup.site.signal_by_id.get(signal), "signal", signal)
    asked = _asked([one], begin, end, width, units)
    return await in_turn(request, partial(read_expected, plant, asked))


@router.get("/signals/{signal}/spans", dependencies=[PROCESS, needs("see.alarms")])
def get_spans(
    *,
    plant: PlantOf,
    signal: str,
    begin: Begin,
    end: End,
    units: Annotated[Units, Query()] = "plant",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> models.Episodes:
    """Anomalous spans of a signal that touch a span of time: detections it takes part in, cleared or still standing."""
    one: Signal = known(plant.setup.site.signal_by_id.get(signal), "signal", signal)
    asked = _asked([one], begin, end, None, units)
    found = plant.episodes.of(signal, asked.begin, asked.end)
    return models.Episodes(
        signal=signal,
        unit=scale_for(one, units)[2],
        begin=to_iso(asked.begin),
        end=to_iso(asked.end),
        items=[_episode(plant, asked, episode) for episode in found[-limit:]],
        total=len(found),
        since=iso(plant.episodes.since),
    )


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
    begin: Begin,
    end: End,
    width: Width = None,
    units: Annotated[Units, Query()] = "plant",
) -> Any:
    """History of signals as JSON, CSV or Arrow (by Accept).

    With a width each of so many steps keeps its first, lowest, highest and last value: a spike of one sample stays one.
    """
    kind = wanted(request.headers.get("accept", "*/*"), ("application/json", "text/csv", ARROW))
    site = plant.setup.site
    signals = [known(site.signal_by_id.get(name), "signal", name) for name in dict.fromkeys(signal)]
    asked = _asked(signals, begin, end, width, units)
    found = await in_turn(request, partial(read_history, plant, asked))
    if kind == "text/csv":
        return Response(as_csv(found), media_type="text/csv; charset=utf-8; header=present")
    if kind == ARROW:
        return Response(as_arrow(found), media_type=ARROW)
    told = as_history(asked, found)
    return Response(told.model_dump_json(), media_type="application/json")


def _asked(signals: Sequence[Signal], begin: str, end: str, width: int | None, units: Units) -> Asked:
    """What is asked for; raises ApiError (422) where that is no span."""
    asked = Asked(signals, moment(begin, "from"), moment(end, "to"), width, units)
    if asked.begin >= asked.end:
        raise ApiError(422, "`from` doesn't lie before `to`")
    return asked


def _episode(plant: Plant, asked: Asked, episode: Episode) -> models.Episode:
    (signal,) = asked.signals
    factor, offset, _ = scale_for(signal, asked.units)
    part, body = episode.part(signal.id), episode.body
    card = plant.setup.cards.get(body.rule)
    alarm = next((key for key in episode.alarms if key in plant.projection.alarms), None)
    links = {"evidence": evidence_link(episode.event.id), "rule": link("rules", body.rule)}

    def own(value: float | None) -> float | None:
        return None if value is None else (value - offset) / factor

    return models.Episode(
        id=episode.event.id,
        detector=body.detector,
        rule=body.rule,
        title=card.title if card else body.rule,
        severity=body.severity,
        source_kind=body.source_kind,
        sentence=body.sentence,
        suspicion=body.suspicion,
        assets=list(episode.event.assets),
        began=to_iso(episode.began),
        raised=to_iso(episode.raised),
        cleared=iso(episode.cleared),
        share=part.share,
        expected=own(part.expected),
        seen=own(part.seen),
        alarm=alarm,
        links={**links, "alarm": link("alarms", alarm)} if alarm else links,
    )


def signal_of(plant: Plant, signal: Signal, *, fresh: bool, standing: Sequence[Episode] = ()) -> models.Signal:
    """A signal as the API tells it; `standing` are its anomalous spans that stand."""
    health = plant.standing(signal.source or "", signal.id, fresh=fresh)
    factor, offset, _ = scale_for(signal, "plant")
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
        value=None if health.value_si is None else (health.value_si - offset) / factor,
        standing=len(standing),
        worst=max((one.body.severity for one in standing), key=rank_of, default=None),
        health=health,
        links={"self": link("signals", signal.id), "asset": link("assets", signal.asset)},
    )
