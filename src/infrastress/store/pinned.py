"""Records that stay when retention takes the rest of their partition: copies in one of their own, opened by their id.

`pinned/<site>` holds a copy of a record with the place it had, byte for byte (type `pinned`); rows of the network that
a detection rests on (type `network`); and lists of ids (type `before`). Nothing is ever retired from it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.events.network import NetworkRecords
from infrastress.store.ports import Log, Record

__all__ = ["PINNED", "find_pinned", "has_pinned", "network_of", "pin", "pin_network", "pinned_list", "unpinned"]

PINNED = "pinned/"
"""How the partition's name begins."""
_MOST_PARTS = 1000


class _Copy(msgspec.Struct):
    """A record whose data is JSON, as all events are."""

    offset: int
    subject: str
    data: msgspec.Raw


def pin(log: Log, site: str, records: Iterable[Record]) -> int:
    """Copy records of events; those that are there already are left. How many were new."""
    items = [(one.id, canonical_json(_Copy(one.offset, one.subject, msgspec.Raw(one.data)))) for one in records]
    return log.append(f"{PINNED}{site}:pinned", items) if items else 0


def has_pinned(log: Log, site: str, id_: str) -> bool:
    """Whether there is a copy of it."""
    return log.find(PINNED + site, id_) is not None


def find_pinned(log: Log, site: str, id_: str) -> Record | None:
    """A record as it lay in its own partition, or None."""
    found = log.find(PINNED + site, id_)
    return None if found is None else unpinned(found)


def unpinned(record: Record) -> Record:
    """The record that one of type `pinned` is a copy of.

    Raises:
        DecodeError: it is none.
    """
    try:
        copy = msgspec.json.decode(record.data, type=_Copy)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no pinned record: {error}") from None
    return Record(copy.offset, record.id, copy.subject, bytes(copy.data))


def pin_network(log: Log, site: str, detection: str, parts: Sequence[NetworkRecords]) -> None:
    """Keep the rows that a detection rests on, an entry a source."""
    items = [(_part(detection, number), records.encode()) for number, records in enumerate(parts)]
    if items:
        log.append(f"{PINNED}{site}:network", items)


def network_of(log: Log, site: str, detection: str) -> list[NetworkRecords]:
    """What `pin_network` kept."""
    found: list[NetworkRecords] = []
    while len(found) < _MOST_PARTS and (record := log.find(PINNED + site, _part(detection, len(found)))) is not None:
        found.append(NetworkRecords.decode(record.data))
    return found


def _part(detection: str, number: int) -> str:
    return f"{detection}-network-{number}"


def pinned_list(log: Log, site: str, name: str, ids: Sequence[str] = ()) -> tuple[str, ...]:
    """The newest of the lists of a name; `ids` that are others become it."""
    known: tuple[str, ...] = ()
    number = 0
    while number < _MOST_PARTS and (record := log.find(PINNED + site, f"{name}-{number}")) is not None:
        known, number = tuple(msgspec.json.decode(record.data, type=list[str])), number + 1
    if not ids or tuple(ids) == known:
        return known
    log.append(f"{PINNED}{site}:before", [(f"{name}-{number}", canonical_json(list(ids)))])
    return tuple(ids)
