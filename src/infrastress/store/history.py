"""Telemetry history in long form (tag, time, value), and the history of the store in memory."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.core.errors import StoreError
from infrastress.events.samples import Samples
from infrastress.store.ports import History, Log, type_of

__all__ = [
    "HISTORY",
    "INGEST",
    "LONG",
    "MemoryHistory",
    "Span",
    "check_ingest",
    "hot_rows",
    "long_form",
    "tail",
    "tail_rows",
]

INGEST = "ingest/"
"""Telemetry lies in partitions whose name begins with this."""

LONG = pa.schema([("tag", pa.string()), ("time", pa.int64()), ("value", pa.float64())])
"""Inside: time as int64 ns, which every engine compares exactly."""

HISTORY = pa.schema([("tag", pa.string()), ("time", pa.timestamp("ns", "UTC")), ("value", pa.float64())])
"""At the port."""

Span = tuple[int, int]


def long_form(batches: Sequence[Samples]) -> pa.Table:
    """One row a value that is there (NaN is none), in schema LONG, sorted by tag, then time."""
    alike: dict[tuple[str, ...], list[Samples]] = {}
    for samples in batches:
        alike.setdefault(samples.tags, []).append(samples)
    tables = [_block(tags, group) for tags, group in alike.items()]
    if not tables:
        return LONG.empty_table()
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables(tables).sort_by([("tag", "ascending"), ("time", "ascending")])


def _block(tags: tuple[str, ...], group: Sequence[Samples]) -> pa.Table:
    """Samples of the same tags: one sort of the times puts every column in order."""
    times = np.concatenate([samples.times for samples in group])
    order = np.argsort(times, kind="stable")
    columns = sorted(range(len(tags)), key=tags.__getitem__)
    values = np.concatenate([samples.values for samples in group])[order][:, columns].T
    column, row = np.nonzero(~np.isnan(values))
    names = pa.array([tags[i] for i in columns], pa.string())
    tag = pa.DictionaryArray.from_arrays(pa.array(column, pa.int32()), names).cast(pa.string())
    return pa.table([tag, times[order][row], values[column, row]], schema=LONG)


def tail(log: Log, partition: str, after: int, up_to: int, *, chunk: int = 256) -> Iterator[tuple[int, Samples | None]]:
    """Records behind `after` up to `up_to`, as (offset, samples or None where the record is no telemetry).

    Raises:
        LogGap: records behind `after` were retired.
    """
    while after < up_to and (records := log.read(partition, after, min(chunk, up_to - after))):
        for record in records:
            telemetry = type_of(record.subject) == "samples"
            yield record.offset, Samples.decode(record.data) if telemetry else None
        after = records[-1].offset


def hot_rows(log: Log, compacted: Mapping[str, int], tags: Sequence[str], start: int, stop: int) -> pa.Table:
    """Rows of the log that aren't compacted, in schema LONG.

    Raises:
        LogGap: what `compacted` says is not compacted was retired: it is out of date.
    """
    found = []
    for partition in log.partitions():
        if not partition.startswith(INGEST):
            continue
        for _, samples in tail(log, partition, compacted.get(partition, 0), log.end(partition)):
            if samples and (cut := _cut(samples, frozenset(tags), start, stop)):
                found.append(cut)
    return long_form(found)


def tail_rows(log: Log, compacted: Mapping[str, int]) -> Iterator[pa.Table]:
    """All rows of the log that aren't compacted, in pieces, in schema HISTORY.

    Raises:
        LogGap: what `compacted` says is not compacted was retired.
    """
    for partition in log.partitions():
        if partition.startswith(INGEST):
            for _, samples in tail(log, partition, compacted.get(partition, 0), log.end(partition), chunk=16):
                if samples:
                    yield long_form([samples]).cast(HISTORY)


def _cut(samples: Samples, tags: frozenset[str], start: int, stop: int) -> Samples | None:
    columns = [i for i, tag in enumerate(samples.tags) if tag in tags]
    rows = np.flatnonzero((samples.times >= start) & (samples.times < stop))
    if not columns or not len(rows):
        return None
    wanted = tuple(samples.tags[i] for i in columns)
    values = samples.values[rows][:, columns]
    return Samples(samples.site, samples.source, samples.sequence, samples.times[rows], wanted, values)


def between(table: pa.Table, start: int, stop: int) -> pa.ChunkedArray:
    """Mask of rows with start <= time < stop."""
    return pc.and_(pc.greater_equal(table["time"], start), pc.less(table["time"], stop))


def check_ingest(partition: str) -> None:
    """Raises StoreError for a partition that holds no telemetry."""
    if not partition.startswith(INGEST):
        raise StoreError("only telemetry is compacted", where=partition, remedy=f"name a partition {INGEST}...")


class MemoryHistory(History):
    """Compacted rows as one table, the hot tail from the log.

    Args:
        log: where telemetry arrives.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = Lock()
        self._table = LONG.empty_table()
        self._compacted: dict[str, int] = {}

    def compacted(self, partition: str) -> int:
        """Offset up to which a partition is compacted."""
        return self._compacted.get(partition, 0)

    def compact(self, partition: str, *, up_to: int) -> int:
        """Move samples from the tail into the table."""
        check_ingest(partition)
        with self._lock:
            found = list(tail(self._log, partition, max(self.compacted(partition), self._log.start(partition)), up_to))
            rows = long_form([samples for _, samples in found if samples])
            self._table = pa.concat_tables([self._table, rows])
            if found:
                self._compacted[partition] = found[-1][0]
        return int(rows.num_rows)

    def read(self, tags: Sequence[str], start: int, stop: int) -> pa.Table:
        """Table and tail as one."""
        with self._lock:
            hot = hot_rows(self._log, self._compacted, tags, start, stop)
            cold = self._table.filter(
                pc.and_(pc.is_in(self._table["tag"], pa.array(tags, pa.string())), between(self._table, start, stop))
            )
        return pa.concat_tables([cold, hot]).sort_by([("tag", "ascending"), ("time", "ascending")]).cast(HISTORY)

    def rows(self) -> Iterator[pa.Table]:
        """The table, then the tail piece by piece."""
        with self._lock:
            yield self._table.cast(HISTORY)
            yield from tail_rows(self._log, self._compacted)

    def retain(self, before: int, *, pinned: Sequence[Span] = ()) -> int:
        """Drop old rows of the table."""
        with self._lock:
            rows = self._table.num_rows
            keep = pc.greater_equal(self._table["time"], before)
            for start, stop in pinned:
                keep = pc.or_(keep, between(self._table, start, stop))
            self._table = self._table.filter(keep)
            return int(rows - self._table.num_rows)
