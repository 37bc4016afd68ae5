"""The site: model, plan, assets, cards of rules."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from infrastress.app.api.asking import PlantOf, StreamOf, known, needs, not_modified
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plan import plan_of
from infrastress.app.api.projection import Entry
from infrastress.app.api.routes.signals import signal_of
from infrastress.app.api.standing import Standing
from infrastress.app.api.wire import card_of, link
from infrastress.client import models
from infrastress.fusion.evidence import rank_of

__all__ = ["router"]

router = APIRouter(tags=["site"])
SITE = needs("see.site")


@router.get("/site", dependencies=[SITE])
def get_site(request: Request, response: Response, plant: PlantOf) -> models.Site:
    """The site in force: counts, faults of its file, plan, and the whole model."""
    setup = plant.setup
    site = setup.site
    not_modified(request, response, site.version, setup.faults)
    counted = ("zones", "assets", "signals", "connections", "barriers", "hazards", "services", "receptors", "sources")
    return models.Site(
        id=site.id,
        name=site.name,
        description=site.description,
        time_zone=site.time_zone,
        version=site.version,
        counts={name: len(getattr(site, name)) for name in counted},
        faults=[models.Fault.model_validate(fault) for fault in setup.faults],
        plan=plan_of(site),
        model=_plain(site, people=False),
        links={"assets": link("assets"), "signals": link("signals"), "health": link("health")},
    )


@router.get("/assets", dependencies=[SITE])
def list_assets(
    *,
    plant: PlantOf,
    stream: StreamOf,
    type: Annotated[str | None, Query(max_length=40)] = None,
    zone: Annotated[str | None, Query(max_length=80)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the id or name")] = None,
    alarmed: Annotated[bool | None, Query(description="Only those with open alarms, or without")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> models.Assets:
    """Assets in order of their ids."""
    standing, text = Standing(plant), (q or "").casefold()
    open_ones = standing.open
    fitting = [
        asset
        for asset in plant.setup.site.assets
        if (type is None or asset.type == type)
        and (zone is None or asset.zone == zone)
        and (not text or text in f"{asset.id}\0{asset.name}".casefold())
        and (alarmed is None or (asset.id in open_ones) is alarmed)
    ]
    asked = question("assets", type, zone, q, alarmed)
    page, after = page_of(fitting, lambda asset: (asset.id,), limit=limit, cursor=cursor, asked=asked)
    items = [models.Asset(**_asset(one, open_ones.get(one.id, []), standing)) for one in page]
    return models.Assets(items=items, next=after, total=len(fitting), position=str(stream.position))


@router.get("/assets/{asset}", dependencies=[SITE])
def get_asset(plant: PlantOf, asset: str) -> models.AssetDetail:
    """An asset with its signals, open alarms, connections and barriers."""
    site = plant.setup.site
    one = known(site.asset_by_id.get(asset), "asset", asset)
    entries, standing = plant.projection.open_alarms(asset), Standing(plant)
    fresh = standing.fresh
    return models.AssetDetail(
        **_asset(one, entries, standing),
        model=one.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        signals=[signal_of(plant, signal, fresh=fresh) for signal in site.signals_of.get(asset, ())],
        alarms=[plant.alarm_of(entry) for entry in sorted(entries, key=lambda e: -e.first)],
        connections=[
            models.Connected(
                id=line.id,
                begins=line.from_,
                ends=line.to,
                through=list(line.through),
                flow=line.flow,
                two_way=line.two_way,
            )
            for line in site.connections
            if asset in (line.from_, line.to, *line.through)
        ],
        barriers=[
            models.Guard(
                id=barrier.id,
                name=barrier.name,
                side=barrier.side,
                prevents=list(barrier.prevents),
                assets=list(barrier.assets),
            )
            for barrier in site.barriers
            if asset in barrier.assets
        ],
    )


@router.get("/rules", dependencies=[SITE])
def list_rules(plant: PlantOf) -> models.Cards:
    """Cards of all rules in force: what an alarm means, benign causes, what to check first."""
    cards = [card_of(card) for _, card in sorted(plant.setup.cards.items())]
    return models.Cards(items=[card for card in cards if card is not None])


@router.get("/rules/{rule}", dependencies=[SITE])
def get_rule(plant: PlantOf, rule: str) -> models.Card:
    """One card."""
    card: models.Card = known(card_of(plant.setup.cards.get(rule)), "rule", rule)
    return card


def _asset(asset: Any, entries: list[Entry], standing: Standing) -> dict[str, Any]:
    worst: Any = max((entry.alarm.severity for entry in entries), key=rank_of, default=None)
    return {
        "id": asset.id,
        "name": asset.name,
        "type": asset.type,
        "zone": asset.zone,
        "security_zone": asset.security_zone,
        "criticality": asset.criticality,
        "position": asset.position,
        "open_alarms": len(entries),
        "worst": worst,
        "health": standing.health(asset.id),
        "links": {"self": link("assets", asset.id), "alarms": f"{link('alarms')}?asset={asset.id}"},
    }


def _plain(site: Any, *, people: bool) -> dict[str, Any]:
    """The model as plain JSON, without what connectors are told and, unless asked for, without people's badges."""
    plain: dict[str, Any] = site.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for source in plain.get("sources", ()):
        source.pop("options", None)
    if not people:
        plain.pop("people", None)
    return plain
