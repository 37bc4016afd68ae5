"""The service itself: its processes and detectors, what is in force since when, its folder checked, its accounts."""

from threading import Lock
from typing import Any

from fastapi import APIRouter

from infrastress.app.api.asking import BookOf, PlantOf, needs
from infrastress.app.api.books import readiness
from infrastress.app.api.outbox import read_messages
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import iso
from infrastress.client import site as wire
from infrastress.core.time import SECOND, to_iso

__all__ = ["router"]

router = APIRouter(tags=["service"])
_DRIFT = "process.baseline_drift"
_STANDING = ("unacknowledged", "acknowledged", "shelved")
_ONE_CHECK = Lock()
"""A check of a large site takes a core for seconds: one at a time."""


@router.get("/health/service", dependencies=[needs("see.health")])
def get_service(plant: PlantOf) -> wire.ServiceHealth:
    """Whether the site is watched, and by what: processes, their restarts, detectors, and what waits for them."""
    setup = plant.setup
    status: Any = setup.status() or {}
    pulse = plant.pulse()
    log, checkpoints = plant.store.log, plant.store.checkpoints
    stages = {"detection": plant.partitions[2], "fusion": f"fusion/{plant.id}"}
    reasons = readiness(plant)
    return wire.ServiceHealth(
        ready=not reasons,
        reasons=reasons,
        started=iso(status.get("started", 0)),
        written=iso(status.get("written", 0)),
        processes=[
            wire.Process(
                name=name,
                state=child["state"],
                since=iso(child.get("since", 0)),
                restarts=child.get("restarts", 0),
                last_error=child.get("last_error", ""),
                beat_age_s=child.get("beat_age_s", 0.0),
            )
            for name, child in status.get("children", {}).items()
        ],
        detectors=[
            wire.Detector(
                name=name,
                version=version,
                on=name not in pulse.failed,
                why=pulse.failed.get(name, ""),
                baseline=setup.baselines.get(name),
            )
            for name, version in setup.versions.items()
        ],
        learned=_learned(plant),
        backlog={stage: max(0, log.end(name) - checkpoints.offset(name)) for stage, name in stages.items()},
        undelivered=sum(one.undelivered for one in read_messages(plant)),
        notes=list(status.get("notes", ())),
    )


@router.get("/site/check", dependencies=[needs("see.check")])
def get_check(plant: PlantOf) -> wire.CheckReport:
    """The site's folder as it is on disk now, with every fault; nothing is put in force."""
    check = plant.setup.check
    if check is None:
        raise ApiError(404, "this server doesn't know the site's folder", remedy="infrastress check SITE")
    if not _ONE_CHECK.acquire(blocking=False):
        raise ApiError(503, "the folder is being checked", remedy="ask again", headers={"Retry-After": "2"})
    try:
        return check()
    finally:
        _ONE_CHECK.release()


@router.get("/site/changes", dependencies=[needs("see.decisions")])
def list_changes(plant: PlantOf) -> wire.Changes:
    """What was put in force, by whom and why, the newest first; and what came of the latest reload."""
    found = [_change(fields) for fields in _put_in_force(plant)]
    status: Any = plant.setup.status() or {}
    latest = status.get("reload")
    return wire.Changes(
        items=found,
        latest=wire.ReloadOutcome.model_validate({**latest, "at": to_iso(latest["at"])}) if latest else None,
    )


@router.get("/accounts", dependencies=[needs("see.accounts")])
def list_accounts(book: BookOf) -> wire.Accounts:
    """Who may sign in, in which role, and who is signed in; nothing of passwords."""
    sessions = [session for _, session in book.sessions]
    items = []
    for account in book.accounts:
        own = [session for session in sessions if session.name == account.name]
        items.append(
            wire.AccountInfo(
                name=account.name,
                role=account.role,
                created=to_iso(round(account.created * SECOND)),
                disabled=account.disabled,
                one_time_until=iso(round(account.one_time * SECOND)),
                sessions=len(own),
                last_used=iso(round(max((session.used for session in own), default=0.0) * SECOND)),
            )
        )
    return wire.Accounts(items=items)


def _learned(plant: Plant) -> wire.Learned | None:
    """What was learned and is enforced: since the earliest of the decisions in a row that put the same in force."""
    setup, since = plant.setup, 0
    if not setup.learned:
        return None
    for fields in _put_in_force(plant):
        if fields.get("baselines") != dict(setup.baselines):
            break
        since = int(fields.get("at", 0))
    with plant.projection.lock:
        alarms = [one.alarm for one in plant.projection.alarms.values()]
    told = setup.learned
    return wire.Learned(
        version=int(told["version"]),
        learned=str(told["learned"]),
        approved=str(told["approved"]),
        approved_by=str(told["approved_by"]),
        why=str(told["why"]),
        since=iso(since),
        drift=[one.sentence for one in alarms if one.rule == _DRIFT and one.state in _STANDING],
    )


def _put_in_force(plant: Plant) -> list[dict[str, Any]]:
    """Decisions on the site model, the newest first; the newest of all is kept for ever."""
    import msgspec

    with plant.projection.lock:
        held = [one.content for one in plant.projection.decisions if one.content.get("decision") == "site"]
    row = plant.store.records.get("decision", f"{plant.id}/site")
    if row is not None and not any(one.get("at") == row.sort for one in held):
        held.append(msgspec.json.decode(row.data))
    return sorted(held, key=lambda one: -int(one.get("at", 0)))


def _change(fields: dict[str, Any]) -> wire.Change:
    return wire.Change(
        at=to_iso(int(fields.get("at", 0))),
        by=str(fields.get("by", "")),
        why=str(fields.get("why", "")),
        changed=[str(part) for part in fields.get("changed", ())],
        version=str(fields.get("site_version", "")),
        setup=str(fields.get("setup", "")),
    )
