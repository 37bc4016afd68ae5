"""Parquet telemetry to chunks, row group by row group; a damaged row group costs its own rows only."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infrastress.connectors.files.binding import Binding
from infrastress.connectors.files.chunk import CODE, Chunk
from infrastress.connectors.mapping import Mapping
from infrastress.core.errors import InputError

__all__ = ["ParquetRows"]

_ROWS = 1 << 16


class ParquetRows:
    """Chunks of a Parquet file; offsets are row numbers. A context manager: it holds the file open.

    Raises:
        InputError: the file has no readable footer, as when it was cut short.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"the Parquet file can't be read: {error}",
                where=str(path),
                remedy="it was cut short or damaged: without its end nothing in it can be found; copy it again",
            ) from None
        self.names: tuple[str, ...] = tuple(self._file.schema_arrow.names)
        sizes = [self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)]
        self._bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._columns: list[str] = []
        self._needed: tuple[int, ...] = ()
        self._group = -1
        self._batches: Any = iter(())
        self._held: Any = None
        self._held_at = 0

    def __enter__(self) -> "ParquetRows":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close(force=True)

    def need(self, binding: Binding) -> None:
        """Say which columns are needed."""
        self._needed = binding.needed
        self._columns = [self.names[i] for i in self._needed]

    @property
    def total(self) -> int:
        """Rows of the file."""
        return int(self._bounds[-1])

    def head(self, rows: int) -> Any:
        """The first rows of all columns, as a table.

        Raises:
            InputError: they can't be read.
        """
        try:
            batches = self._file.iter_batches(batch_size=rows, use_threads=False)
            first = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"the Parquet file can't be read: {error}", where=str(self.path)) from None
        return self._file.schema_arrow.empty_table() if first is None else pa.Table.from_batches([first])

    def chunk(self, at: int, factor: int = 1) -> Chunk | None:
        """The chunk beginning at a row; it never goes beyond its row group, unless asked for a longer one."""
        total = self.total
        if at >= total:
            return None
        group = int(np.searchsorted(self._bounds, at, side="right")) - 1
        stop = int(self._bounds[group + 1])
        if factor > 1:
            stop = int(self._bounds[min(len(self._bounds) - 1, group + factor)])
        stop = min(stop, at + _ROWS * factor)
        table, damage = self._rows(group, at, stop)
        n = table.num_rows if table is not None else 0
        if n == 0:
            stop = int(self._bounds[group + 1])
            status = np.full(stop - at, CODE["unreadable"], dtype=np.uint8)
            nothing: dict[int, Any] = {i: pa.array([], pa.string()) for i in self._needed}
            return Chunk(
                np.arange(at, stop + 1), status, np.empty(0, np.int64), nothing, lambda _: damage[:200], stop == total
            )
        columns = {i: _plain(table.column(k)) for k, i in enumerate(self._needed)}
        return Chunk(
            starts=np.arange(at, at + n + 1),
            status=np.zeros(n, dtype=np.uint8),
            rows=np.arange(n),
            columns=columns,
            text=lambda row: str({name: table.column(name)[row].as_py() for name in self._columns[:8]}),
            final=at + n == total,
        )

    def _rows(self, group: int, at: int, stop: int) -> tuple[Any, str]:
        """Rows at..stop as far as they can be read, and what stopped it."""
        if group != self._group or self._held is None or at < self._held_at:
            self._open(group)
        tables: list[Any] = []
        have = at
        while have < stop:
            try:
                self._seek(have)
            except (pa.ArrowException, OSError, StopIteration) as error:
                return (pa.concat_tables(tables) if tables else None), str(error) or "unreadable"
            begin = have - self._held_at
            part = self._held.slice(begin, min(stop, self._held_at + self._held.num_rows) - have)
            tables.append(part)
            have += part.num_rows
            if have < stop and have == self._bounds[self._group + 1]:
                self._open(self._group + 1)
        return pa.concat_tables(tables), ""

    def _open(self, group: int) -> None:
        self._group = group
        self._held_at = int(self._bounds[group])
        self._held = pa.table({})
        self._batches = self._file.iter_batches(
            batch_size=_ROWS, row_groups=[group], columns=self._columns, use_threads=False
        )

    def _seek(self, at: int) -> None:
        while self._held.num_columns == 0 or self._held_at + self._held.num_rows <= at:
            self._held_at += self._held.num_rows
            self._held = pa.Table.from_batches([next(self._batches)])


def _plain(column: Any) -> Any:
    array = column.combine_chunks()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
