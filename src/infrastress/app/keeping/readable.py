"""Whether this version of infrastress can read what a store holds: every kind of record, and what units remember."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from infrastress.core.errors import InfrastressError
from infrastress.events import Samples, decode_event
from infrastress.events.health import decode_health
from infrastress.store.ports import Record, Store, type_of

__all__ = ["unreadable"]

_LAST = 2000
"""Records looked at from the end of each partition."""


def unreadable(store: Store, site: Path) -> list[str]:
    """What can't be read, a sentence each: the last records of each partition, newest versions, units' states.

    Args:
        store: opened by this version.
        site: the site's folder; where its model can't be loaded, states of units aren't tried.
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
    return found + _states(store, site)


def _fault(record: Record, partition: str) -> str:
    told = _tried(type_of(record.subject), record.data)
    return f"{partition} record {record.offset}: {told}" if told else ""


def _tried(type_: str, data: bytes) -> str:
    readers: dict[str, Callable[[bytes], object]] = {
        "samples": Samples.decode,
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


def _states(store: Store, site: Path) -> list[str]:
    """Load what detection and fusion remember into fresh units."""
    from infrastress.app.detecting import build_detectors, choose_detectors
    from infrastress.fusion import FusionUnit
    from infrastress.runtime import DetectionUnit
    from infrastress.runtime.unit import Unit
    from infrastress.site.load import load_site

    try:
        model = load_site(site)
        units: dict[str, Unit] = {
            f"fusion/{model.id}": FusionUnit(model),
            f"ingest/{model.id}/main": DetectionUnit(model, build_detectors(model, choose_detectors(model), {})),
        }
    except InfrastressError:
        return []
    found = []
    for partition, unit in units.items():
        state = store.checkpoints.state(partition)
        if state is not None:
            try:
                unit.load(state)
            except InfrastressError as error:
                found.append(f"state of {partition}: {error}")
    return found
