"""How the stream of data stands: sources and members, quarantine, decisions; and whether the service lives."""

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs
from infrastress.app.api.books import read_books, readiness
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Decided
from infrastress.app.api.standing import WORST
from infrastress.app.api.wire import decision_of, iso, link, standing_of
from infrastress.client import models
from infrastress.events.delivery import Balance
from infrastress.runtime.admission import SourceNotes

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/health", dependencies=[needs("see.health")])
def get_health(plant: PlantOf, stream: StreamOf) -> models.Health:
    """How all sources stand: the worst of them; unknown while detection has no fresh pulse, or where there is none."""
    pulse, books = plant.pulse(), read_books(plant)
    found = [_source(plant, name, books.get(name), fresh=pulse.fresh) for name in _sources(plant)]
    counts = Counter(one.state for one in found)
    state: Any = next((name for name in WORST if counts[name]), "unknown") if pulse.fresh else "unknown"
    return models.Health(state=state, counts=dict(counts), pulse=pulse, sources=found, position=str(stream.position))


@router.get("/health/sources/{source}", dependencies=[needs("see.health")])
def get_source(plant: PlantOf, source: str) -> models.SourceDetail:
    """A source with each of its members."""
    known(source if source in _sources(plant) else None, "source", source)
    fresh = plant.pulse().fresh
    head = _source(plant, source, read_books(plant).get(source), fresh=fresh)
    members = {
        name: models.StandingOf.model_validate(standing_of(health, fresh=fresh))
        for name, health in sorted(_members(plant, source).items())
    }
    return models.SourceDetail(**dict(head), members=members)


@router.get("/health/live")
def get_live() -> models.Live:
    """The process answers; needs no sign-in."""
    return models.Live(live=True)


@router.get("/health/ready", responses={503: {"model": models.Ready, "description": "Not ready"}})
def get_ready(plant: PlantOf, response: Response) -> models.Ready:
    """Whether the site is watched: store, pulse of detection, supervisor; needs no sign-in."""
    reasons = readiness(plant)
    response.status_code = 503 if reasons else 200
    return models.Ready(ready=not reasons, reasons=reasons)


@router.get("/decisions", dependencies=[needs("see.decisions")])
def list_decisions(
    plant: PlantOf,
    stream: StreamOf,
    kind: Annotated[Literal["decision", "action", "link"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Decisions:
    """What the runtime decided, people did and links told, at most 10,000 lines, newest first."""
    with plant.projection.lock:
        fitting: list[Decided] = [one for one in plant.projection.decisions if kind is None or one.kind == kind]
    page, after = page_of(
        fitting, lambda one: (-one.offset,), limit=limit, cursor=cursor, asked=question("decisions", kind)
    )
    items = [decision_of(one) for one in page]
    return models.Decisions(items=items, next=after, total=len(fitting), position=str(stream.position))


def _sources(plant: Plant) -> list[str]:
    """Sources of the site, then what else tells of its health, such as notifications."""
    own = [source.id for source in plant.setup.site.sources]
    with plant.projection.lock:
        others = {health.source for health in plant.projection.health.values()}
    return [*own, *sorted(others.difference(own))]


def _members(plant: Plant, source: str) -> dict[str, Any]:
    """What was told of each member: of all signals of the source, and of whatever else it has."""
    found: dict[str, Any] = {s.id: None for s in plant.setup.site.signals if s.source == source}
    prefix = f"{plant.id}/{source}/"
    with plant.projection.lock:
        found |= {h.member: h for key, h in plant.projection.health.items() if key.startswith(prefix)}
    return found


def _source(plant: Plant, source: str, book: tuple[Balance, SourceNotes] | None, *, fresh: bool) -> models.SourceHealth:
    told = plant.projection.health.get(f"{plant.id}/{source}")
    own = plant.setup.site.source_by_id.get(source)
    members = _members(plant, source).values()
    counts = Counter(health.state if health and fresh else "unknown" for health in members)
    fields = standing_of(told, fresh=fresh)
    balance, notes = book or (None, None)
    return models.SourceHealth.model_validate(
        {
            **fields,
            "source": source,
            "kind": own.kind if own else None,
            "connector": plant.setup.connectors.get(source),
            "every_s": told.every_s if told else 0.0,
            "balance": balance.as_dict() if balance else None,
            "newest": iso(notes.newest or 0) if notes else None,
            "missing": notes.missing if notes else 0,
            "overdue": notes.overdue if notes else 0,
            "clock_ahead_s": notes.clock_ahead_s if notes else 0.0,
            "counts": dict(counts),
            "links": {
                "self": link("health", "sources", source),
                "signals": f"{link('signals')}?source={source}",
                "quarantine": f"{link('quarantine')}?source={source}",
            },
        }
    )
