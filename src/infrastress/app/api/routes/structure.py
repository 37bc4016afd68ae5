"""How the site hangs together: graphs, barriers, services, security zones, and what an asset is joined to."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from infrastress.app.api.asking import PlantOf, known, needs
from infrastress.app.api.standing import Standing
from infrastress.client import site as wire
from infrastress.site import Site
from infrastress.site.context import Dependency
from infrastress.site.needs import Needs

__all__ = ["router"]

router = APIRouter(tags=["site"])
SITE = needs("see.site")
_ORDER = ("alarmed", "unknown", "clear")


@router.get("/site/graph", dependencies=[SITE])
def get_graph(
    plant: PlantOf,
    kind: Annotated[Literal["process", "dependency", "network"], Query()],
    around: Annotated[str | None, Query(max_length=90, description="Key of a node: only what is near it")] = None,
    hops: Annotated[int, Query(ge=1, le=10, description="How near")] = 2,
) -> wire.Graph:
    """What flows where, what needs what, or what reaches what; each node with its alarms and health."""
    from infrastress.app.api.graphs import graph_of  # networkx takes long to import: the API answers before

    return graph_of(Standing(plant), kind, around, hops)


@router.get("/barriers", dependencies=[SITE])
def list_barriers(plant: PlantOf) -> wire.Barriers:
    """Barriers, what each stands against and is made of, and whether anything speaks against it now."""
    standing = Standing(plant)
    items = [standing.barrier(barrier) for barrier in standing.site.barriers]
    return wire.Barriers(items=sorted(items, key=lambda one: _ORDER.index(one.state)))


@router.get("/services", dependencies=[SITE])
def list_services(plant: PlantOf) -> wire.Services:
    """What the site delivers, what that relies on, and which single loss would stop it."""
    standing = Standing(plant)
    site = standing.site
    hanging = Needs(site)
    items = []
    for service in site.services:
        relied = hanging.relied_on(service.id)
        items.append(
            wire.ServiceState(
                id=service.id,
                name=service.name,
                users=service.users,
                mbco=service.mbco,
                rto_h=service.rto_h,
                mtpd_h=service.mtpd_h,
                needs=[_need(need) for need in hanging.of.get(service.id, ())],
                relies_on=relied,
                alarmed=[one for one in relied if standing.open.get(one)],
                single_points=_lost(site, hanging.single_points(service.id)),
            )
        )
    return wire.Services(items=items)


@router.get("/security-zones", dependencies=[SITE])
def list_security_zones(plant: PlantOf) -> wire.SecurityZones:
    """Zones and conduits (IEC 62443): what lies in each zone, and what it is linked to."""
    standing = Standing(plant)
    site = standing.site
    within = {network.id: network.security_zone for network in site.networks}
    assets: dict[str, list[str]] = {}
    for asset in site.assets:
        zone = asset.security_zone or next((within.get(one.network) for one in asset.interfaces), None)
        assets.setdefault(zone or "", []).append(asset.id)
    return wire.SecurityZones(
        items=[
            wire.SecurityZone(
                id=zone.id,
                name=zone.name,
                level=zone.level,
                target=zone.target,
                networks=[network.id for network in site.networks if network.security_zone == zone.id],
                assets=assets.get(zone.id, []),
                alarmed=[one for one in assets.get(zone.id, ()) if standing.open.get(one)],
                conduits=[
                    wire.Conduit(id=link.id, begins=link.from_, ends=link.to, protocols=list(link.protocols))
                    for link in site.conduits
                    if zone.id in (link.from_, link.to)
                ],
            )
            for zone in sorted(site.security_zones, key=lambda one: (-one.level, one.id))
        ]
    )


@router.get("/assets/{asset}/relations", dependencies=[SITE])
def get_relations(plant: PlantOf, asset: str) -> wire.Relations:
    """What an asset is joined to, what it needs and what needs it, what is lost with it, and its safeguards."""
    from infrastress.site.graphs import neighbours  # see above

    standing = Standing(plant)
    site = standing.site
    known(site.asset_by_id.get(asset), "asset", asset)
    graph, hanging = neighbours(site), Needs(site)
    carried = {hazard.id for hazard in site.hazards if hazard.asset == asset}
    return wire.Relations(
        asset=asset,
        neighbours=[
            wire.Neighbour(
                asset=other,
                name=site.asset_by_id[other].name,
                type=site.asset_by_id[other].type,
                relation=graph.edges[asset, other]["relation"],
                open_alarms=len(standing.open.get(other, ())),
                worst=standing.worst(other),
            )
            for other in sorted(graph.neighbors(asset))
        ],
        needs=[_need(need) for need in hanging.of.get(asset, ())],
        needed_by=[_need(need) for need in hanging.on.get(asset, ())],
        lost_with=_lost(site, hanging.lost_with([asset])),
        hazards=standing.hazards(carried),
        barriers=[
            standing.barrier(barrier)
            for barrier in site.barriers
            if asset in barrier.assets or carried.intersection(barrier.prevents)
        ],
        interlocks=_interlocks(site, asset),
    )


def _need(need: Dependency) -> wire.Need:
    return wire.Need(id=need.id, of=need.of, on=list(need.on), logic=need.logic, buffer_h=need.buffer_h)


def _lost(site: Site, hours: dict[str, float]) -> list[wire.Lost]:
    services = {service.id: service.name for service in site.services}
    return [
        wire.Lost(
            id=one,
            kind="service" if one in services else "asset",
            name=services[one] if one in services else site.asset_by_id[one].name,
            after_h=after,
        )
        for one, after in sorted(hours.items(), key=lambda pair: (pair[1], pair[0]))
    ]


def _interlocks(site: Site, asset: str) -> list[wire.InterlockOf]:
    signals = site.signal_by_id
    return [
        wire.InterlockOf(
            id=lock.id,
            signal=lock.when.signal,
            comparison=lock.when.is_,
            value=lock.when.value,
            unit=signals[lock.when.signal].unit,
            actuator=lock.actuator,
            must_be=lock.must_be,
            within_s=lock.within_s,
            bypass=lock.bypass,
        )
        for lock in site.interlocks
        if asset in {signals[name].asset for name in (lock.when.signal, lock.actuator, lock.bypass) if name}
    ]
