"""How much room what a store holds takes, by kind; looks at all of it, so it is for upkeep, not for requests."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import func, select

from infrastress.core.errors import ConfigurationError
from infrastress.store.blobs import FolderBlobs
from infrastress.store.database import Database
from infrastress.store.parquet import ParquetHistory
from infrastress.store.ports import Store, read_all
from infrastress.store.tables import blob, latest, lease_state, log_partition, log_record

__all__ = ["Size", "sizes_of"]


class Size(NamedTuple):
    """What one kind takes.

    Attributes:
        kind: the first word of a partition (ingest, quarantine, ...), or history, blobs, records.
        records: records of a partition, rows of history, blobs, newest versions.
        size: their bytes.
        oldest: when the oldest was stored, or of a row of history its own time, ns; None where nobody knows.
    """

    kind: str
    records: int
    size: int
    oldest: int | None


def sizes_of(store: Store, site: str) -> list[Size]:
    """Sizes of a site's partitions by kind, and of what all sites of the store share.

    Raises:
        StoreError: it can't be read.
    """
    database = getattr(store, "database", None)
    parts = _in_database(database, site) if isinstance(database, Database) else _one_by_one(store, site)
    return [*parts, _history(store), _blobs(store)]


def _in_database(database: Database, site: str) -> Iterator[Size]:
    record, partition = log_record.c, log_partition.c
    asked = (
        select(partition.name, func.count(), func.sum(func.length(record.data)), func.min(record.written))
        .join(log_record, record.partition == partition.number)
        .group_by(partition.name)
    )
    with database.reading() as connection:
        rows = connection.execute(asked).all()
        kept = connection.execute(select(func.count(), func.sum(func.length(latest.c.data)))).one()
        states = connection.execute(select(func.sum(func.length(lease_state.c.data)))).scalar() or 0
    found: dict[str, Size] = {}
    for name, count, size, oldest in rows:
        kind, _, rest = name.partition("/")
        if rest.partition("/")[0] != site:
            continue
        known = found.get(kind, Size(kind, 0, 0, None))
        eldest = int(oldest) if known.oldest is None else min(known.oldest, int(oldest))
        found[kind] = Size(kind, known.records + count, known.size + int(size or 0), eldest)
    yield from (found[kind] for kind in sorted(found))
    yield Size("records", kept[0], int(kept[1] or 0) + int(states), None)


def _one_by_one(store: Store, site: str) -> Iterator[Size]:
    for name in store.log.partitions():
        if name.split("/")[1] == site:
            sizes = [len(record.data) for record in read_all(store.log, name)]
            yield Size(name.partition("/")[0], len(sizes), sum(sizes), None)


def _history(store: Store) -> Size:
    history = store.history
    if not isinstance(history, ParquetHistory):
        return Size("history", sum(table.num_rows for table in history.rows()), 0, None)
    files, size = history.files(), 0
    for file in files:
        with suppress(OSError, ConfigurationError):  # it was merged away meanwhile
            size += (history.folder / file.name).stat().st_size
    return Size("history", sum(file.rows for file in files), size, min((file.first for file in files), default=None))


def _blobs(store: Store) -> Size:
    if isinstance(store.blobs, FolderBlobs):
        return Size("blobs", *store.blobs.extent(), None)
    database = getattr(store, "database", None)
    if isinstance(database, Database):
        with database.reading() as connection:
            count, size = connection.execute(select(func.count(), func.sum(func.length(blob.c.data)))).one()
        return Size("blobs", count, int(size or 0), None)
    sizes = [len(store.blobs.get(digest)) for digest in store.blobs.all()]
    return Size("blobs", len(sizes), sum(sizes), None)
