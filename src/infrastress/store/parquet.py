"""Telemetry history in Parquet files by day, sorted by tag and time, read by DuckDB together with the log's hot tail.

A file is written whole under a name made of its content before the database names it, and removed after the database
has forgotten it. So a kill at any point leaves every row exactly once, and at most a left-over file, which the next
change sweeps. One process or thread changes the history at a time; any number read meanwhile.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete, insert, select

from infrastress.core.errors import ConfigurationError, LogGap, StoreError
from infrastress.core.ids import content_hash
from infrastress.core.time import DAY, to_iso
from infrastress.events.samples import Samples
from infrastress.store.blobs import make_folder, write_durably
from infrastress.store.database import Database
from infrastress.store.history import (
    HISTORY,
    LONG,
    Hot,
    Span,
    check_ingest,
    engine,
    fresh_of,
    parted,
    steps,
    tail,
    tail_rows,
)
from infrastress.store.ports import History, Log
from infrastress.store.tables import history_file, history_partition

__all__ = ["File", "ParquetHistory", "unchanged"]

_CELLS = 2_000_000  # values compacted at once: about 100 MB of memory
_MERGE = 8  # files of one day before they become one
_ROW_GROUP = 131_072
_MERGED_ROWS = 4_000_000  # rows of one file at most, so that merging and retention fit in memory
_TRIES = 5  # reads again when files were merged or retired meanwhile
_FIRST, _LAST = -(2**63) + 2, 2**63 - 2  # DuckDB keeps the outermost values for infinity


Query = Callable[[str], str]
_NONE: Mapping[str, int] = {}

_RESTORE = "restore it from the last backup"


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Keep a history's files and their list as they are: whoever wants to change them waits meanwhile.

    Raises:
        StoreError: the folder can't be written.
    """
    try:
        make_folder(folder)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # falls with the process
            yield
    except OSError as error:
        raise StoreError(
            f"history can't be written: {error}", where=str(folder), remedy="check space and rights"
        ) from error


class _Gone(StoreError):  # noqa: N818 - never leaves this module as such
    """A file was merged away, or is lost."""


class File(NamedTuple):
    """One Parquet file; `first` and `last` are times of rows, ns; `digest` its SHA-256."""

    name: str
    partition: str
    day: int
    rows: int
    first: int
    last: int
    digest: str


class ParquetHistory(History):
    """History in a folder, listed in the database.

    Args:
        log: where telemetry arrives.
        database: holds the list of files.
        folder: made with the first file; None where none was named, and nothing can be compacted.
    """

    def __init__(self, log: Log, database: Database, folder: Path | None) -> None:
        self._log = log
        self._hot = Hot(log)
        self._database = database
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the files lie.

        Raises:
            ConfigurationError: none was named.
        """
        if self._folder is None:
            raise ConfigurationError(
                "no folder was named for telemetry history",
                where=self._database.where,
                remedy="add ?folder=FOLDER to the URL: one that all machines share",
            )
        return self._folder

    def compacted(self, partition: str) -> int:
        """Offset as committed."""
        return self._snapshot()[0].get(partition, 0)

    def files(self) -> list[File]:
        """All files that are history, by name."""
        return self._snapshot()[1]

    def compact(self, partition: str, *, up_to: int) -> int:
        """Write files chunk by chunk, each with its offset in one transaction; then merge days of many files."""
        check_ingest(partition)
        total = 0
        with self._alone():
            while (after := self.compacted(partition)) < up_to:
                offset, batches = self._chunk(partition, after, up_to)
                if offset == after:
                    break
                files = self._write_days(partition, after, self._rows(batches))
                self._replace(files, [], partition=partition, after=after, offset=offset)
                total += sum(file.rows for file in files)
            self._merge(partition)
        return total

    def read(self, tags: Sequence[str], start: int, stop: int) -> pa.Table:
        """Files that overlap the span, and the tail behind them."""
        found = self._ask(lambda rows: f"{rows} ORDER BY tag, time", tags, start, stop)
        return found.cast(HISTORY)

    def summarise(self, tags: Sequence[str], start: int, stop: int, width: int) -> pa.Table:
        """By the engine, row group for row group: memory goes with the steps, not with the rows."""
        return self._ask(steps, tags, start, stop, {"origin": start, "width": width})

    def _ask(
        self, query: Query, tags: Sequence[str], start: int, stop: int, values: Mapping[str, int] = _NONE
    ) -> pa.Table:
        """A query over rows; asked again when files were merged or retired meanwhile."""
        for attempt in range(_TRIES):
            compacted, files = self._snapshot()
            names = [str(self.folder / file.name) for file in files if file.first < stop and file.last >= start]
            try:
                hot, late = self._hot.rows(compacted, tags, start, stop)
                return self._query(query, names, (hot, late), tags, {**values, "start": start, "stop": stop})
            except (LogGap, _Gone):
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def rows(self) -> Iterator[pa.Table]:
        """File by file, then the tail."""
        if self._folder is None:
            yield from tail_rows(self._log, {})
            return
        with unchanged(self.folder):
            compacted, files = self._snapshot()
            for file in files:
                with pq.ParquetFile(self._checked(file)) as parquet:
                    for batch in parquet.iter_batches(_ROW_GROUP):
                        yield pa.Table.from_batches([batch]).cast(HISTORY)
            yield from tail_rows(self._log, compacted, lambda late: fresh_of(late, self._present(late)))

    def _rows(self, batches: Sequence[Samples]) -> pa.Table:
        """Batches in long form, without late rows that are history already."""
        rows, late = parted(batches)
        if not late.num_rows:
            return rows
        late = fresh_of(late, pa.concat_tables([rows, self._present(late)]))
        return pa.concat_tables([rows, late]).sort_by([("tag", "ascending"), ("time", "ascending")])

    def _present(self, late: pa.Table) -> pa.Table:
        """What files, and rows of the log that came in time, hold of the tags and the span of some rows."""
        if not late.num_rows:
            return late
        times = late["time"].to_numpy()
        start, stop = int(times.min()), int(times.max()) + 1
        compacted, files = self._snapshot()
        names = [str(self._checked(file)) for file in files if file.first < stop and file.last >= start]
        tags = late["tag"].unique().to_pylist()
        hot = (self._hot.rows(compacted, tags, start, stop)[0], LONG.empty_table())
        return self._query(lambda rows: rows, names, hot, tags, {"start": start, "stop": stop})

    def retain(self, before: int, *, pinned: Sequence[Span] = ()) -> int:
        """Remove files that are wholly old, rewrite those that are in part."""
        with self._alone():
            return sum(self._retain(file, before, pinned) for file in self.files() if file.first < before)

    def _retain(self, file: File, before: int, pinned: Sequence[Span]) -> int:
        table = pq.read_table(self._checked(file))
        times = table["time"].cast(pa.int64()).to_numpy()
        keep = times >= before
        for start, stop in pinned:
            keep |= (times >= start) & (times < stop)
        gone = int(len(keep) - np.count_nonzero(keep))
        if gone:
            left = self._write(file.partition, file.name, file.day, table.filter(pa.array(keep)))
            self._replace([left] if left else [], [file])
        return gone

    def faults(self) -> list[str]:
        """What is wrong with files on disk: absent, or other bytes than were written."""
        found = []
        for file in self.files():
            try:
                self._checked(file, content=True)
            except StoreError as error:
                found.append(str(error))
        return found

    def _snapshot(self) -> tuple[dict[str, int], list[File]]:
        with self._database.reading() as connection:
            marks = connection.execute(select(history_partition.c.name, history_partition.c.compacted)).all()
            rows = connection.execute(select(history_file).order_by(history_file.c.name)).all()
        return {mark.name: mark.compacted for mark in marks}, [File(*row) for row in rows]

    def _chunk(self, partition: str, after: int, up_to: int) -> tuple[int, list[Samples]]:
        """Samples of the next records, and the offset of the last of them."""
        offset, cells, batches = after, 0, []
        for place, samples in tail(self._log, partition, max(after, self._log.start(partition)), up_to):
            offset = place
            if samples:
                batches.append(samples)
                cells += samples.values.size
            if cells >= _CELLS:
                break
        return offset, batches

    def _write_days(self, partition: str, after: int, table: pa.Table) -> list[File]:
        times = table["time"].to_numpy()
        days = times // DAY
        table = table.set_column(1, "time", table["time"].cast(pa.timestamp("ns")))
        files = [
            self._write(partition, str(after), int(day), table.filter(pa.array(days == day))) for day in np.unique(days)
        ]
        return [file for file in files if file]

    def _write(self, partition: str, salt: str, day: int, table: pa.Table) -> File | None:
        """Write rows sorted by tag and time. The name is of content and salt: a repeat writes the same file again."""
        if not table.num_rows:
            return None
        sink = pa.BufferOutputStream()
        pq.write_table(
            table,
            sink,
            compression="zstd",
            row_group_size=_ROW_GROUP,
            use_dictionary=["tag"],
            column_encoding={"time": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},
        )
        data = sink.getvalue().to_pybytes()
        key = content_hash(f"{partition}\0{salt}\0".encode() + data)[:32]
        name = f"{to_iso(day * DAY)[:10]}/{key}.parquet"
        write_durably(self.folder / name, data)
        times = table["time"].cast(pa.int64()).to_numpy()
        return File(name, partition, day, table.num_rows, int(times.min()), int(times.max()), content_hash(data))

    def _merge(self, partition: str) -> None:
        by_day: dict[int, list[File]] = {}
        for file in self.files():
            if file.partition == partition and file.rows < _MERGED_ROWS:
                by_day.setdefault(file.day, []).append(file)
        for day, small in by_day.items():
            if len(small) < _MERGE:
                continue
            total = np.cumsum([file.rows for file in small])
            files = small[: max(2, int(np.searchsorted(total, _MERGED_ROWS)))]
            tables = [pq.read_table(self._checked(file)) for file in files]
            table = pa.concat_tables(tables).sort_by([("tag", "ascending"), ("time", "ascending")])
            merged = self._write(partition, "merged", day, table)
            self._replace([merged] if merged else [], files)

    def _replace(
        self, new: Sequence[File], old: Sequence[File], *, partition: str = "", after: int = 0, offset: int = 0
    ) -> None:
        """Name new files and forget old ones in one transaction, then remove the old."""

        def work(connection: Connection) -> None:
            if partition:
                mark = select(history_partition.c.compacted).where(history_partition.c.name == partition)
                if (connection.execute(mark.with_for_update()).scalar() or 0) != after:
                    raise StoreError("another process compacted meanwhile", where=partition, remedy="start again")
                upsert = self._database.upsert(history_partition, ("compacted",))
                connection.execute(upsert, [{"name": partition, "compacted": offset}])
            names = [file.name for file in old]
            connection.execute(delete(history_file).where(history_file.c.name.in_(names)))
            rows = [file._asdict() for file in new]
            if rows:
                connection.execute(insert(history_file), rows)

        self._database.write(work)
        for file in old:
            (self.folder / file.name).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one to change the history; sweeps what killed processes left."""
        with unchanged(self.folder):
            self._sweep()
            yield

    def _sweep(self) -> None:
        named = {file.name for file in self.files()}
        for path in self.folder.glob("*/*"):
            if path.relative_to(self.folder).as_posix() not in named:
                path.unlink(missing_ok=True)

    def _checked(self, file: File, *, content: bool = False) -> Path:
        path = self.folder / file.name
        if not path.is_file():
            raise StoreError("a history file is gone", where=str(path), remedy=_RESTORE)
        if content and sha256(path.read_bytes()).hexdigest() != file.digest:
            raise StoreError("a history file is damaged", where=str(path), remedy=_RESTORE)
        return path

    def _query(
        self,
        query: Query,
        names: list[str],
        hot: tuple[pa.Table, pa.Table],
        tags: Sequence[str],
        values: dict[str, int],
    ) -> pa.Table:
        import duckdb

        start, stop = max(values.pop("start"), _FIRST), min(values.pop("stop"), _LAST)
        asked: dict[str, Any] = dict(values)
        rows = "SELECT tag, time, value FROM hot"
        if names:
            # One parameter a tag: row groups whose tags lie elsewhere are then skipped unread.
            asked |= {f"tag{i}": tag for i, tag in enumerate(tags)}
            asked |= {"names": names, "start": start, "stop": stop}
            wanted = ", ".join(f"$tag{i}" for i in range(len(tags))) or "NULL"
            rows = f"""
                SELECT tag, epoch_ns(time) AS time, value FROM read_parquet($names) WHERE tag IN ({wanted})
                AND time >= make_timestamp_ns($start) AND time < make_timestamp_ns($stop) UNION ALL {rows}
            """  # noqa: S608 - names of parameters
        if hot[1].num_rows:
            rows = f"{rows} UNION ALL SELECT tag, time, value FROM late ANTI JOIN ({rows}) USING (tag, time)"  # noqa: S608
        with engine() as database:
            database.register("hot", hot[0])
            database.register("late", hot[1])
            try:
                return database.sql(query(rows), params=asked or None).to_arrow_table()
            except duckdb.Error as error:
                gone = [name for name in names if not Path(name).is_file()]
                if gone:
                    raise _Gone("a history file is gone", where=gone[0], remedy=_RESTORE) from error
                raise StoreError(
                    f"history can't be read: {error}",
                    where=str(self.folder),
                    remedy="restore what is damaged from the last backup",
                ) from error
