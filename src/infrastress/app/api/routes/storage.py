"""How full the store is: as upkeep measured it, with the disk as the supervisor sees it now."""

import time
from typing import Any

from fastapi import APIRouter

from infrastress.app.api.asking import PlantOf, needs
from infrastress.app.api.wire import iso
from infrastress.app.service.storage import Measure, growth_per_day, read_backup, read_measure
from infrastress.client import quarantine
from infrastress.core.errors import DecodeError
from infrastress.core.time import to_iso

__all__ = ["router"]

router = APIRouter(tags=["health"])
_PAST = 200
"""Points of the past told."""


@router.get("/storage", dependencies=[needs("see.health")])
def get_storage(plant: PlantOf) -> quarantine.Storage:
    """What is kept, how much room it takes, how long that lasts; the last backup."""
    measure = read_measure(plant.store, plant.id)
    status = plant.setup.status() or {}
    disk = _disk(status)
    growth = growth_per_day(measure.past) if measure else None
    room = None if disk.free_bytes is None else disk.free_bytes + disk.spare_bytes
    full = room / growth if room is not None and growth and growth > 0 else None
    backup, unknown = _backup(plant)
    upkeep = status.get("children", {}).get("upkeep", {}).get("told", {})
    return quarantine.Storage(
        measured=iso(measure.at) if measure else None,
        parts=_parts(plant, measure),
        bytes=measure.total if measure else 0,
        past=[
            quarantine.StoragePoint(at=to_iso(at), bytes=total)
            for at, total in (measure.past if measure else [])[-_PAST:]
        ],
        growth_per_day=growth,
        full_in_days=full,
        disk=disk,
        upkeep_failed=str(upkeep.get("last_error") or ""),
        backup=backup,
        backup_unknown=unknown,
    )


def _parts(plant: PlantOf, measure: Measure | None) -> list[quarantine.StoragePart]:
    days: dict[str, float] = dict(plant.setup.site.runtime.retention_days.items())
    return [
        quarantine.StoragePart(
            kind=part.kind,
            count=part.count,
            bytes=part.size,
            oldest=iso(part.oldest or 0),
            kept_days=days.get(part.kind),
        )
        for part in sorted(measure.parts if measure else [], key=lambda part: -part.size)
    ]


def _disk(status: Any) -> quarantine.StorageDisk:
    told = status.get("disk") or {}
    level = told.get("level", "unknown")
    seen = level != "unknown"
    return quarantine.StorageDisk(
        level=level,
        free_bytes=told.get("free") if seen else None,
        total_bytes=told.get("total") if seen else None,
        spare_bytes=told.get("spare", 0),
        reserve_bytes=told.get("ballast", 0),
    )


def _backup(plant: PlantOf) -> tuple[quarantine.LastBackup | None, str]:
    live = plant.setup.live
    if live is None:
        return None, "this is no live site"
    try:
        known = read_backup(live)
    except DecodeError as error:
        return None, str(error)
    if known is None:
        return None, ""
    age_s = (time.time_ns() - known.at) / 1e9
    return quarantine.LastBackup(at=to_iso(known.at), to=known.to, bytes=known.size, files=known.files, age_s=age_s), ""
