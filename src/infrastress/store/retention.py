"""Retention: how long what is kept, by kind.

A kind is the first word of a partition (ingest, fusion, result, quarantine, status, standing), or "history" for
compacted telemetry. A kind without a number of days is kept for ever; so are leases, blobs and the newest versions of
alarms and incidents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infrastress.core.errors import ConfigurationError
from infrastress.core.time import DAY
from infrastress.store.history import INGEST, Span
from infrastress.store.ports import Store

__all__ = ["KINDS", "Retired", "apply_retention"]

KINDS = ("ingest", "fusion", "result", "quarantine", "status", "standing", "history")


@dataclass(frozen=True)
class Retired:
    """What was removed: records by partition, rows of history."""

    records: dict[str, int]
    rows: int


def apply_retention(
    store: Store,
    days: Mapping[str, float],
    *,
    now: int,
    event_now: int | None = None,
    consumers: Mapping[str, Sequence[str]],
    pinned: Sequence[Span] = (),
) -> Retired:
    """Compact all telemetry, then remove what is older than its kind may be.

    A record of the log is as old as its storing, a row of history as its own time. A record goes only when every
    consumer has committed beyond it and, where it may be telemetry, it is compacted.

    Args:
        store: the store.
        days: days kept, by kind, such as `site.runtime.retention_days`.
        now: the wall clock, ns UTC.
        event_now: the event clock, where a testbed has one of its own.
        consumers: leases that read a partition, by partition. One that isn't named is not touched; one that nobody
            needs to have read has an empty sequence.
        pinned: spans [start, stop) of history, ns, that are evidence and stay.

    Raises:
        ConfigurationError: an unknown kind, or days that aren't positive.
    """
    for kind, count in days.items():
        if kind not in KINDS or not count > 0:
            raise ConfigurationError(
                f"retention_days of {kind!r}: {count}", remedy=f"give a positive number for one of {', '.join(KINDS)}"
            )
    removed = {}
    for partition in store.log.partitions():
        if partition.startswith(INGEST):
            store.history.compact(partition, up_to=store.log.end(partition))
        kind = partition.partition("/")[0]
        if kind not in days or partition not in consumers:
            continue
        limits = [store.log.written_before(partition, now - round(days[kind] * DAY))]
        limits += [store.checkpoints.offset(lease) for lease in consumers[partition]]
        if partition.startswith(INGEST):
            limits.append(store.history.compacted(partition))
        removed[partition] = store.log.retire(partition, min(limits))
    rows = 0
    if "history" in days:
        oldest = (now if event_now is None else event_now) - round(days["history"] * DAY)
        rows = store.history.retain(oldest, pinned=pinned)
    return Retired(removed, rows)
