"""Telemetry history in long form (tag, time, value), and the history of the store in memory."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.core.errors import StoreError
from infrastress.events.samples import Samples
from infrastress.store.ports import History, Log, type_of

__all__ = ["HISTORY", "INGEST", "LONG", "MemoryHistory", "Span", "between", "long_form", "tail", "to_history"]

INGEST = "ingest/"
"""Telemetry lies in partitions whose name begins with this."""

LONG = pa.schema([("tag", pa.string()), ("time", pa.int64()), ("value", pa.float64())])
"""Inside: time as int64 ns, which every engine compares exactly."""

HISTORY = pa.schema([("tag", pa.string()), ("time", pa.timestamp("ns", "UTC")), ("value", pa.float64())])
"""At the port."""

Span = tuple[int, int]


def long_form(batches: Sequence[Samples]) -> pa.Table:
    """One row a value that is there (NaN is none), in schema LONG, sorted by tag, then time."""
    tags, times, values = [], [], []
    for samples in batches:
        row, column = np.nonzero(~np.isnan(samples.values))
        names = pa.DictionaryArray.from_arrays(pa.array(column, pa.int32()), pa.array(samples.tags, pa.string()))
        tags.append(names.cast(pa.string()))
        times.append(samples.times[row])
        values.append(samples.values[row, column])
    if not tags:
        return LONG.empty_table()
    table = pa.table([pa.chunked_array(tags, pa.string()), np.concatenate(times), np.concatenate(values)], schema=LONG)
    return table.sort_by([("tag", "ascending"), ("time", "ascending")])


def tail(log: Log, partition: str, after: int, up_to: int, *, chunk: int = 256) -> Iterator[tuple[int, Samples | None]]:
    """Records behind `after` up to `up_to`, as (offset, samples or None where the record is no telemetry)."""
    while after < up_to and (records := log.read(partition, after, min(chunk, up_to - after))):
        for record in records:
            telemetry = type_of(record.subject) == "samples"
            yield record.offset, Samples.decode(record.data) if telemetry else None
        after = records[-1].offset


def between(table: pa.Table, start: int, stop: int) -> pa.ChunkedArray:
    """Mask of rows with start <= time < stop."""
    return pc.and_(pc.greater_equal(table["time"], start), pc.less(table["time"], stop))


def to_history(table: pa.Table) -> pa.Table:
    """From schema LONG to schema HISTORY."""
    return table.cast(HISTORY)


class MemoryHistory(History):
    """Compacted rows as one table, the hot tail from the log.

    Args:
        log: where telemetry arrives.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._table = LONG.empty_table()
        self._compacted: dict[str, int] = {}

    def compacted(self, partition: str) -> int:
        """Offset up to which a partition is compacted."""
        return self._compacted.get(partition, 0)

    def compact(self, partition: str, *, up_to: int) -> int:
        """Move samples from the tail into the table."""
        if not partition.startswith(INGEST):
            raise StoreError("only telemetry is compacted", where=partition, remedy=f"name a partition {INGEST}...")
        found = list(tail(self._log, partition, self.compacted(partition), up_to))
        rows = long_form([samples for _, samples in found if samples])
        self._table = pa.concat_tables([self._table, rows])
        if found:
            self._compacted[partition] = found[-1][0]
        return int(rows.num_rows)

    def read(self, tags: Sequence[str], start: int, stop: int) -> pa.Table:
        """Table and tail as one."""
        hot = [
            samples
            for partition in self._log.partitions()
            if partition.startswith(INGEST)
            for _, samples in tail(self._log, partition, self.compacted(partition), self._log.end(partition))
            if samples
        ]
        table = pa.concat_tables([self._table, long_form(hot)])
        wanted = pc.and_(pc.is_in(table["tag"], pa.array(tags, pa.string())), between(table, start, stop))
        return to_history(table.filter(wanted).sort_by([("tag", "ascending"), ("time", "ascending")]))

    def retain(self, before: int, *, pinned: Sequence[Span] = ()) -> int:
        """Drop old rows of the table."""
        keep = pc.greater_equal(self._table["time"], before)
        for start, stop in pinned:
            keep = pc.or_(keep, between(self._table, start, stop))
        rows = self._table.num_rows
        self._table = self._table.filter(keep)
        return int(rows - self._table.num_rows)
