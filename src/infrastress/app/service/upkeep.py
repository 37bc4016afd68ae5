"""The process that keeps the store in order: inventory, compaction and retention, on a schedule, in nobody's way."""

import os
import threading
import time
from typing import TYPE_CHECKING

import structlog

from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.link import Link
from infrastress.core.clock import EventClock
from infrastress.core.errors import InfrastressError

if TYPE_CHECKING:  # imported when there is something to do: the others start the sooner
    from infrastress.site import Site
    from infrastress.store.ports import Store
    from infrastress.store.retention import Retired

__all__ = ["PERIOD_VARIABLE", "days_kept", "keep_in_order", "listen", "run"]

PERIOD_VARIABLE = "INFRASTRESS_UPKEEP_S"
"""Environment variable: seconds between two rounds, and before the first."""
_FIRST_S, _PERIOD_S = 60.0, 600.0
_STATUS_DAYS, _STANDING_DAYS = 1 / 24, 90.0
"""How each signal stood matters to those who follow now; the newest stays as a keyed record.
When it began to stand otherwise matters to whoever looks back."""
_NICE = 10


def run(config: ServiceConfig, link: Link) -> None:
    """Work in rounds until told to stop; a round that is cut off is done again."""
    os.nice(_NICE)
    asked = os.environ.get(PERIOD_VARIABLE)
    first_s, period_s = (float(asked), float(asked)) if asked else (_FIRST_S, _PERIOD_S)
    link.ready()
    due = time.monotonic() + first_s
    work: threading.Thread | None = None
    while not link.stopping.wait(1.0):
        link.beat()
        if work is not None and not work.is_alive():
            work, due = None, time.monotonic() + period_s
        if work is None and time.monotonic() >= due:
            work = threading.Thread(target=_round, args=(config, link), daemon=True)
            work.start()


def _round(config: ServiceConfig, link: Link) -> None:
    from infrastress.app.service.storage import measure
    from infrastress.store import open_store

    log = structlog.get_logger()
    began = time.monotonic()
    try:
        with open_store(config.store, upgrade=False) as store:
            listen(store, config)
            done = keep_in_order(store, config.site_id)
            seconds, removed = time.monotonic() - began, sum(done.records.values()) + done.rows
            measure(store, config.site_id, now=time.time_ns(), seconds=seconds, removed=removed)
    except InfrastressError as error:
        log.warning("upkeep failed", why=str(error))
        link.beat(last_error=str(error))
        return
    removed = sum(done.records.values())
    log.info("upkeep", records_removed=removed, rows_removed=done.rows, seconds=round(time.monotonic() - began, 2))
    link.beat(last_error="", rounds_end=time.time_ns(), records_removed=removed, rows_removed=done.rows)


def listen(store: "Store", config: ServiceConfig) -> None:
    """Take into the site's inventory what was heard on its network, before it is removed.

    Raises:
        InputError: the inventory is damaged.
        StoreError: the log can't be read.
    """
    from infrastress.app.inventory import Shelf
    from infrastress.app.keeping.backup import Place

    partition = f"ingest/{config.site_id}/main"
    if not store.log.read(partition, store.log.start(partition), 1, types=("network",)):
        return
    with Shelf.held(Place(config.site, config.state, config.store)) as shelf:
        shelf.follow(store.log, config.site_id)


def keep_in_order(store: "Store", site_id: str) -> "Retired":
    """Compact telemetry, pin what incidents rest on, and remove what else is older than the site's `retention_days`.

    Raises:
        StoreError: the store can't be read or written; what was done stays done.
    """
    from infrastress.app.service.models import site_in_force
    from infrastress.app.service.pinning import pin_evidence
    from infrastress.store.retention import apply_retention

    site = site_in_force(store, site_id).site
    ingest, fusion, result, notify = (
        f"ingest/{site_id}/main",
        f"fusion/{site_id}",
        f"result/{site_id}",
        f"notify/{site_id}",
    )
    told = [notify] if store.checkpoints.observe(notify).epoch else []
    consumers = {ingest: [ingest], fusion: [fusion], result: told}
    consumers |= {f"{kind}/{site_id}": [] for kind in ("quarantine", "status", "standing")}
    days = days_kept(site)
    now, event_now = time.time_ns(), EventClock.of_environment().now()
    pinned = pin_evidence(store, site, now=now, event_now=event_now)
    return apply_retention(store, days, now=now, event_now=event_now, consumers=consumers, pinned=pinned)


def days_kept(site: "Site") -> dict[str, float]:
    """Days for which each kind is kept; what isn't named is kept for ever."""
    own: dict[str, float] = dict(site.runtime.retention_days.items())
    return {"standing": _STANDING_DAYS, **own, "status": _STATUS_DAYS}
