"""The process that judges: detection and fusion of the site, each under its lease."""

import socket
from collections.abc import Callable

import structlog

from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.link import Link
from infrastress.app.service.models import detection_of, fusion_of
from infrastress.runtime import Change, Duty, Policy, Shift
from infrastress.runtime.unit import Unit
from infrastress.store import open_store
from infrastress.store.ports import Output, Record, Store

__all__ = ["judge", "owner_of", "run"]


def owner_of(config: ServiceConfig, name: str) -> str:
    """Owner of a process's leases: the same after a restart, so that it goes on at once."""
    return f"{socket.gethostname()}:serve:{config.site_id}:{name}"


class _Beating(Unit):
    """Says "alive" before each record, so that a long backlog is no hang, and one record that never ends is."""

    def __init__(self, unit: Unit, beat: Callable[[], None]) -> None:
        self._unit, self._beat = unit, beat

    def update(self, record: Record) -> list[Output]:
        self._beat()
        return self._unit.update(record)

    def dump(self) -> bytes:
        return self._unit.dump()

    def load(self, data: bytes) -> None:
        self._unit.load(data)


def run(config: ServiceConfig, link: Link) -> None:
    """Judge until told to stop; what has been admitted by then is judged first, for some seconds."""
    with open_store(config.store, upgrade=False) as store:
        judge(
            store,
            config.site_id,
            owner=owner_of(config, "judge"),
            done=link.stopping.is_set,
            beat=link.beat,
            on_ready=link.ready,
        )


def judge(
    store: Store,
    site: str,
    *,
    owner: str,
    done: Callable[[], bool],
    beat: Callable[[], None] = lambda: None,
    on_ready: Callable[[], None] = lambda: None,
    tell: Callable[[Change], None] | None = None,
) -> None:
    """Judge a site until it is `done` and nothing that was admitted is left.

    Args:
        store: open.
        site: the site's id.
        owner: of the leases.
        done: whether it is to end.
        beat: called before each record.
        on_ready: called once the first look was taken.
        tell: told what people may want to know; the log by default.
    """
    ingest, fusion = f"ingest/{site}/main", f"fusion/{site}"
    duties = [
        Duty(ingest, lambda: _Beating(detection_of(store.blobs, site), beat)),
        Duty(fusion, lambda: _Beating(fusion_of(store.blobs, site), beat)),
    ]
    shift = Shift(store.log, store.checkpoints, duties, policy=Policy(rest_s=1.0), owner=owner, on_change=tell or _log)
    shift.turn()
    on_ready()

    def ended() -> bool:
        beat()
        return done() and _drained(store.log.end, store.checkpoints.offset, (ingest, fusion))

    shift.run(ended)


def _log(change: Change) -> None:
    log = structlog.get_logger()
    speak = log.warning if change.what in ("away", "failed", "lost") else log.info
    speak(change.what, partition=change.partition, why=change.why)


def _drained(end: Callable[[str], int], offset: Callable[[str], int], partitions: tuple[str, ...]) -> bool:
    return all(offset(partition) >= end(partition) for partition in partitions)
