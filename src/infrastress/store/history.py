"""Telemetry history in long form (tag, time, value), and the history of the store in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Any

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
    "TELEMETRY",
    "Hot",
    "Late",
    "MemoryHistory",
    "Span",
    "check_ingest",
    "engine",
    "fresh_of",
    "late_form",
    "long_form",
    "parted",
    "steps",
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
_LISTS = 256
"""Lists of tags remembered: a source has one, or one for each mix of signals that it sends at once."""


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


class Late(Samples):
    """Rows that came when detection had passed their time: one says nothing where a row of its tag and time stands."""


TELEMETRY: Mapping[str, type[Samples]] = {"samples": Samples, "late": Late}
"""Types of records that hold telemetry."""


def late_form(batches: Sequence[Late]) -> pa.Table:
    """As `long_form`; of several rows of one tag and time the first."""
    rows = long_form(batches)
    if rows.num_rows < 2:
        return rows
    times, tags = rows["time"].to_numpy(), rows["tag"].combine_chunks().dictionary_encode().indices.to_numpy()
    again = (times[1:] == times[:-1]) & (tags[1:] == tags[:-1])
    return rows.filter(pa.array(np.concatenate([[True], ~again])))


def fresh_of(late: pa.Table, present: pa.Table) -> pa.Table:
    """Late rows whose tag and time aren't there, both in schema LONG."""
    if not late.num_rows:
        return late
    found = late.join(present.select(["tag", "time"]), ["tag", "time"], join_type="left anti", use_threads=False)
    return found.select(LONG.names).cast(LONG).sort_by([("tag", "ascending"), ("time", "ascending")])


def tail(log: Log, partition: str, after: int, up_to: int, *, chunk: int = 256) -> Iterator[tuple[int, Samples | None]]:
    """Records behind `after` up to `up_to`, as (offset, samples or None where the record is no telemetry).

    Raises:
        LogGap: records behind `after` were retired.
    """
    while after < up_to and (records := log.read(partition, after, min(chunk, up_to - after))):
        for record in records:
            kind = TELEMETRY.get(type_of(record.subject))
            yield record.offset, kind.decode(record.data) if kind else None
        after = records[-1].offset


def parted(batches: Sequence[Samples]) -> tuple[pa.Table, pa.Table]:
    """Batches in long form: those that came in time, and late ones."""
    late = [samples for samples in batches if isinstance(samples, Late)]
    return long_form([samples for samples in batches if not isinstance(samples, Late)]), late_form(late)


class Hot:
    """Rows of the log that aren't compacted; what was decoded for one reader is kept for the next, up to a bound.

    A record of ten thousand signals takes 10 ms to decode, and a plot asks again and again for the same ones.

    Args:
        log: where telemetry arrives.
        kept_bytes: bytes of values kept, the newest; older records are decoded anew by whoever wants them.
    """

    def __init__(self, log: Log, *, kept_bytes: int = 256_000_000) -> None:
        self._log = log
        self._limit = kept_bytes
        self._lock = Lock()
        self._kept: dict[str, dict[int, Samples | None]] = {}
        self._reached: dict[str, int] = {}
        self._bytes = 0
        self._tags: dict[tuple[str, ...], tuple[str, ...]] = {}

    def rows(
        self, compacted: Mapping[str, int], tags: Sequence[str], start: int, stop: int
    ) -> tuple[pa.Table, pa.Table]:
        """In schema LONG: rows of some tags with start <= time < stop, behind what `compacted` says; and late ones.

        Raises:
            LogGap: what `compacted` says is not compacted was retired: it is out of date.
        """
        found = []
        for partition in self._log.partitions():
            if partition.startswith(INGEST):
                with self._lock:
                    held = self._held(partition, compacted.get(partition, 0))
                for samples in held:
                    if cut := _cut(samples, tags, start, stop):
                        found.append(cut)
        return parted(found)

    def _held(self, partition: str, after: int) -> list[Samples]:
        """Samples of a partition behind an offset."""
        kept = self._kept.setdefault(partition, {})
        for offset in [offset for offset in kept if offset <= after]:
            self._drop(kept, offset)
        first = min(kept, default=self._reached.get(partition, 0) + 1)
        if after < self._log.start(partition):  # tells of a compaction that this reader doesn't know of
            self._log.read(partition, after, 1)
        missed = [s for _, s in tail(self._log, partition, after, first - 1) if s] if first > after + 1 else []
        end, reached = self._log.end(partition), max(after, self._reached.get(partition, 0))
        for offset, samples in tail(self._log, partition, reached, end):
            kept[offset] = self._alike(samples) if samples else None
            self._bytes += _size(samples)
        self._reached[partition] = max(reached, end)
        held = [*missed, *(samples for samples in kept.values() if samples)]
        while self._bytes > self._limit and kept:
            self._drop(kept, next(iter(kept)))
        return held

    def _drop(self, kept: dict[int, Samples | None], offset: int) -> None:
        self._bytes -= _size(kept.pop(offset))

    def _alike(self, samples: Samples) -> Samples:
        """With names that are shared by all that have the same: they would take more room than the values."""
        if len(self._tags) > _LISTS:
            self._tags.clear()
        return replace(samples, tags=self._tags.setdefault(samples.tags, samples.tags))


def tail_rows(
    log: Log, compacted: Mapping[str, int], fresh: Callable[[pa.Table], pa.Table] = lambda late: late
) -> Iterator[pa.Table]:
    """All rows of the log that aren't compacted, in pieces, in schema HISTORY.

    Args:
        log: where telemetry arrives.
        compacted: offsets up to which partitions are compacted.
        fresh: takes out of late rows those that are there already.

    Raises:
        LogGap: what `compacted` says is not compacted was retired.
    """
    late: list[Late] = []
    for partition in log.partitions():
        if partition.startswith(INGEST):
            for _, samples in tail(log, partition, compacted.get(partition, 0), log.end(partition), chunk=16):
                if isinstance(samples, Late):
                    late.append(samples)
                elif samples:
                    yield long_form([samples]).cast(HISTORY)
    if late:
        yield fresh(late_form(late)).cast(HISTORY)


def _size(samples: Samples | None) -> int:
    return samples.values.nbytes + samples.times.nbytes if samples else 0


@lru_cache(maxsize=_LISTS)
def _columns(tags: tuple[str, ...]) -> dict[str, int]:
    return {tag: i for i, tag in enumerate(tags)}


def _cut(samples: Samples, tags: Sequence[str], start: int, stop: int) -> Samples | None:
    columns = _columns(samples.tags)
    wanted = [tag for tag in dict.fromkeys(tags) if tag in columns]
    rows = np.flatnonzero((samples.times >= start) & (samples.times < stop)) if wanted else ()
    if not len(rows):
        return None
    values = samples.values[rows][:, [columns[tag] for tag in wanted]]
    return replace(samples, times=samples.times[rows], tags=tuple(wanted), values=values)


def steps(rows: str) -> str:
    """The query behind `History.summarise`, over a relation of LONG rows, which are those of [$origin, stop).

    Equal values are told apart by their time, so that threads of the engine can't change the answer.
    """
    return f"""
        WITH spaced AS (
            SELECT tag, time, value, (time - $origin) // $width AS bucket,
                time - lag(time) OVER (PARTITION BY tag ORDER BY time) AS since
            FROM ({rows})
        )
        SELECT tag, bucket, count(*) AS count, arg_min(value, time) AS first, arg_max(value, time) AS last,
            min(value) AS low, max(value) AS high, min(time) AS first_time, max(time) AS last_time,
            min({{v: value, t: time}}).t AS low_time, -max({{v: value, t: -time}}).t AS high_time,
            coalesce(max(since), 0) AS gap, coalesce(arg_max(time, since), min(time)) AS gap_end
        FROM spaced GROUP BY tag, bucket ORDER BY tag, bucket
    """  # noqa: S608 - no value in it


def engine() -> Any:
    """A DuckDB that looks for no extension: an air-gapped plant."""
    import duckdb

    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(config=settings)


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
        self._hot = Hot(log)
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
            rows, late = parted([samples for _, samples in found if samples])
            rows = pa.concat_tables([rows, fresh_of(late, pa.concat_tables([self._table, rows]))])
            self._table = pa.concat_tables([self._table, rows])
            if found:
                self._compacted[partition] = found[-1][0]
        return int(rows.num_rows)

    def read(self, tags: Sequence[str], start: int, stop: int) -> pa.Table:
        """Table and tail as one."""
        with self._lock:
            hot, late = self._hot.rows(self._compacted, tags, start, stop)
            cold = self._table.filter(
                pc.and_(pc.is_in(self._table["tag"], pa.array(tags, pa.string())), between(self._table, start, stop))
            )
        rows = pa.concat_tables([cold, hot])
        rows = pa.concat_tables([rows, fresh_of(late, rows)])
        return rows.sort_by([("tag", "ascending"), ("time", "ascending")]).cast(HISTORY)

    def rows(self) -> Iterator[pa.Table]:
        """The table, then the tail piece by piece."""
        with self._lock:
            yield self._table.cast(HISTORY)
            yield from tail_rows(self._log, self._compacted, self._fresh)

    def _fresh(self, late: pa.Table) -> pa.Table:
        tags = late["tag"].unique().to_pylist()
        hot, _ = self._hot.rows(self._compacted, tags, -(2**63), 2**63 - 1)
        return fresh_of(late, pa.concat_tables([self._table, hot]))

    def summarise(self, tags: Sequence[str], start: int, stop: int, width: int) -> pa.Table:
        """Over the rows that `read` gives."""
        table = self.read(tags, start, stop)
        rows = table.set_column(1, "time", table["time"].cast(pa.int64()))
        with engine() as database:
            database.register("read", rows)
            return database.sql(steps("FROM read"), params={"origin": start, "width": width}).to_arrow_table()

    def retain(self, before: int, *, pinned: Sequence[Span] = ()) -> int:
        """Drop old rows of the table."""
        with self._lock:
            rows = self._table.num_rows
            keep = pc.greater_equal(self._table["time"], before)
            for start, stop in pinned:
                keep = pc.or_(keep, between(self._table, start, stop))
            self._table = self._table.filter(keep)
            return int(rows - self._table.num_rows)
