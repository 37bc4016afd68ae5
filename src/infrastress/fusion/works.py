"""Work that is announced while a site runs: the newest word on each, as the site file's own entries."""

from datetime import UTC, datetime

from infrastress.core.time import SECOND
from infrastress.events import Event, WorkNotice
from infrastress.fusion.evidence import Evidence
from infrastress.site import Site
from infrastress.site.risk import Work

__all__ = ["Notices", "announced", "covers", "take_notice"]

Notices = dict[str, tuple[int, str, WorkNotice]]
"""By name of the work: when it was said last, by which event, and what."""


def take_notice(notices: Notices, event: Event, body: WorkNotice) -> bool:
    """Keep the newest word on a work, in whatever order they come; True when this is it."""
    known = notices.get(body.work)
    if known is not None and known[:2] >= (event.occurred, event.id):
        return False
    notices[body.work] = event.occurred, event.id, body
    return True


def announced(notices: Notices, site: Site) -> tuple[Work, ...]:
    """All that holds, by name; what a notice names that the site doesn't have is left out."""
    found = []
    for name, (_, _, body) in sorted(notices.items()):
        if body.cancelled or body.ends <= body.begins:
            continue
        work = Work.model_construct(
            id=name,
            name=body.name,
            kind=body.sort,
            from_=_moment(body.begins),
            to=_moment(body.ends),
            zones=tuple(zone for zone in body.zones if any(one.id == zone for one in site.zones)),
            security_zones=tuple(z for z in body.security_zones if any(one.id == z for one in site.security_zones)),
            assets=tuple(asset for asset in body.assets if asset in site.asset_by_id),
        )
        found.append(work)
    return tuple(found)


def covers(work: Work, item: Evidence, site: Site) -> bool:
    """Whether evidence first spoke while work was going on at its place."""
    if not work.from_.timestamp() * SECOND <= item.first <= work.to.timestamp() * SECOND:
        return False
    known = site.asset_by_id
    zones = {item.zone, *(known[asset].zone for asset in item.assets if asset in known)}
    return bool(zones & set(work.zones) or set(item.assets) & set(work.assets))


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / SECOND, UTC)
