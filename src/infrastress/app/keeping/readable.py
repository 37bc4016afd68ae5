"""Whether this version of infrastress can read what a store holds: every kind of record, what units remember."""

from collections.abc import Callable

import msgspec

from infrastress.core.errors import DecodeError, InfrastressError
from infrastress.events import NetworkRecords, Samples, decode_event
from infrastress.events.health import decode_health
from infrastress.runtime.kept import decode_kept
from infrastress.store.pinned import unpinned
from infrastress.store.ports import Blobs, Record, Store, type_of

__all__ = ["unreadable"]

_LAST = 2000
"""Records looked at from the end of each partition."""


def unreadable(store: Store, blobs: Blobs | None = None) -> list[str]:
    """What can't be read, a sentence each: last records of partitions, newest versions, states of units that are live.

    Args:
        store: opened by this version.
        blobs: where its blobs are, if they don't lie beside it.
    """
    found = []
    for partition in store.log.partitions():
        after = max(store.log.start(partition), store.log.end(partition) - _LAST)
        while records := store.log.read(partition, after, 100):
            found += [fault for record in records if (fault := _fault(record, partition))]
            after = records[-1].offset
    for kind in store.records.kinds():
        after_key: tuple[int, str] | None = None
        while rows := store.records.list(kind, after=after_key, limit=500):
            for row in rows:
                if told := _tried(kind, row.data):
                    found.append(f"newest {kind} {row.key}: {told}")
            after_key = (rows[-1].sort, rows[-1].key)
    return found + _states(store, blobs or store.blobs)


def _fault(record: Record, partition: str) -> str:
    if type_of(record.subject) == "pinned":
        try:
            record = unpinned(record)
        except DecodeError as error:
            return f"{partition} record {record.offset}: {error.what}"
    told = _tried(type_of(record.subject), record.data)
    return f"{partition} record {record.offset}: {told}" if told else ""


def _tried(type_: str, data: bytes) -> str:
    readers: dict[str, Callable[[bytes], object]] = {
        "samples": Samples.decode,
        "late": Samples.decode,
        "network": NetworkRecords.decode,
        "raw": decode_kept,
        "event": decode_event,
        "tick": decode_event,
        "action": decode_event,
        "health": decode_health,
    }
    try:
        readers.get(type_, msgspec.json.decode)(data)
    except (InfrastressError, msgspec.MsgspecError) as error:
        return str(error)
    return ""


def _states(store: Store, blobs: Blobs) -> list[str]:
    """Load what detection and fusion of each live site remember into fresh units."""
    from infrastress.app.service.models import detection_of, fusion_of

    found = []
    for beat in store.checkpoints.beats():
        head, _, site = beat.partition.partition("/")
        if head != "fusion" or store.records.get("decision", f"{site}/site") is None:
            continue  # a replay's: it begins anew where its state isn't this version's
        for partition, unit_of in ((f"ingest/{site}/main", detection_of), (f"fusion/{site}", fusion_of)):
            state = store.checkpoints.state(partition)
            try:
                if state is not None:
                    unit_of(blobs, site).load(state)
            except InfrastressError as error:
                found.append(f"state of {partition}: {error}")
    return found
