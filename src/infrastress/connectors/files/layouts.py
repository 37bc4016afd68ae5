"""Layouts: rows of a chunk to telemetry rows, wide (a column a signal) or long (a line a value)."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.connectors.cells import EMPTY, read_cells
from infrastress.connectors.cells import REASONS as CELL_REASONS
from infrastress.connectors.files.binding import Binding
from infrastress.connectors.files.chunk import CELL_CODE, CODE, TIME_CODE, Chunk
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.times import Clock, Times

__all__ = ["Assembled", "assemble_long", "assemble_wide"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Assembled:
    """Telemetry rows of a chunk.

    Attributes:
        times: int64[r], ns UTC.
        tags: m signal ids.
        values: float64[r, m], SI.
        status: uint8[lines], fate of each line (chunk.REASONS).
        ends: int64[r], the line behind which row i is whole; rows may be handed over up to there.
        cuts: bool[r], True where a delivery may end behind row i.
        cells: uint8[r, m] for wide layouts (cells.REASONS), None for long ones.
        row_lines: int64[r], first line of each row.
        lines: lines that are used up; what is left belongs to the next chunk.
        last: time of the last row used, for the clock.
    """

    times: Ints
    tags: tuple[str, ...]
    values: npt.NDArray[np.float64]
    status: Codes
    ends: Ints
    cuts: npt.NDArray[np.bool_]
    cells: Codes | None
    row_lines: Ints
    lines: int
    last: int | None

    def cell_counts(self, begin: int, end: int, unknown: int) -> tuple[int, int, Counter[str]]:
        """Accepted, empty and refused cells of rows begin..end; `unknown` columns count as refused."""
        rows = end - begin
        if self.cells is None:
            return int(np.count_nonzero(~np.isnan(self.values[begin:end]))), 0, Counter()
        part = self.cells[begin:end]
        counts = np.bincount(part.ravel(), minlength=len(CELL_REASONS)) if part.any() else [part.size]
        refused = Counter({CELL_REASONS[i]: int(n) for i, n in enumerate(counts) if n and CELL_REASONS[i]})
        if unknown and rows:
            refused["unknown-tag"] = unknown * rows
        return int(counts[0]), int(counts[EMPTY]) if len(counts) > EMPTY else 0, refused


def assemble_wide(
    chunk: Chunk, binding: Binding, mapping: Mapping, clock: Clock, counted: tuple[int, int]
) -> Assembled:
    """Rows of a wide or plain layout; a row whose time can't be read is quarantined.

    Where the file has no times they are `counted`: (time of the chunk's first line, step), ns.
    """
    if binding.time is not None:
        times = clock.read(chunk.columns[binding.time])
    else:
        start, step = counted
        times = Times(start + step * chunk.rows, np.zeros(len(chunk.rows), dtype=np.uint8))
    status = chunk.status.copy()
    status[chunk.rows] = TIME_CODE[times.codes]
    good = np.flatnonzero(times.codes == 0)
    whole = len(good) == len(times.codes)
    values = np.empty((len(good), len(binding.columns)), order="F")
    codes = np.empty((len(good), len(binding.columns)), dtype=np.uint8, order="F")
    for i, bound in enumerate(binding.columns):
        read = read_cells(chunk.columns[bound.column], bound.spec, bound.scale, mapping.decimal, mapping.empty)
        values[:, i] = read.values if whole else read.values[good]
        codes[:, i] = read.codes if whole else read.codes[good]
    lines = chunk.rows[good]
    return Assembled(
        times=times.ns[good],
        tags=tuple(bound.spec.signal for bound in binding.columns),
        values=values,
        status=status,
        ends=lines + 1,
        cuts=np.ones(len(good), dtype=bool),
        cells=codes,
        row_lines=lines,
        lines=len(chunk),
        last=clock.last,
    )


def assemble_long(chunk: Chunk, binding: Binding, mapping: Mapping, clock: Clock, time: int) -> Assembled | None:
    """Rows of a long layout: consecutive lines of one time make one row; a tag said twice at a time begins another.

    `time` is the number of the time column. Returns None when the whole chunk is one time and more of it may follow: a
    longer chunk is needed.
    """
    before = clock.last
    times = clock.read(chunk.columns[time])
    fate = TIME_CODE[times.codes]
    tags = _as_text(chunk.columns[binding.tag]).dictionary_encode()
    names: list[str] = tags.dictionary.to_pylist()
    index = tags.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    values = np.full(len(fate), np.nan)
    column = chunk.columns[binding.value]
    known = binding.tags or {}
    order = {name: i for i, name in enumerate(known)}
    rank = np.full(len(names) + 1, -1)
    by_tag = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[by_tag], np.arange(len(names) + 1))
    fate[(fate == 0) & (index < 0)] = CODE["unknown-tag"]
    for number, name in enumerate(names):
        rows = by_tag[bounds[number] : bounds[number + 1]]
        bound = known.get(name)
        if bound is None:
            fate[rows[fate[rows] == 0]] = CODE["excluded-kind" if name in binding.excluded else "unknown-tag"]
            continue
        rank[number] = order[name]
        read = read_cells(column.take(pa.array(rows)), bound.spec, bound.scale, mapping.decimal, mapping.empty)
        values[rows] = read.values
        fate[rows] = np.where(fate[rows] == 0, CELL_CODE[read.codes], fate[rows])
    if binding.quality is not None:
        fine = pc.is_in(_as_text(chunk.columns[binding.quality]), pa.array(list(mapping.good_quality)))
        fate[(fate == 0) & ~np.asarray(fine)] = CODE["bad-quality"]
    status = chunk.status.copy()
    status[chunk.rows] = fate
    good = np.flatnonzero(fate == 0)
    lines = len(chunk)
    if not chunk.final and len(good):
        changes = np.flatnonzero(np.diff(times.ns[good])) + 1
        if not len(changes):
            clock.last = before
            return None
        lines = int(chunk.rows[good[changes[-1]]])
        good = good[: changes[-1]]
    last = int(times.ns[good[-1]]) if len(good) else before
    clock.last = last
    known_tags = tuple(bound.spec.signal for bound in known.values())
    pivot = _pivot(times.ns[good], rank[index[good]], values[good], chunk.rows[good])
    return Assembled(
        times=pivot.times,
        tags=tuple(known_tags[i] for i in pivot.present),
        values=pivot.values,
        status=status,
        ends=pivot.ends,
        cuts=pivot.cuts,
        cells=None,
        row_lines=pivot.row_lines,
        lines=lines,
        last=last,
    )


class _Pivot(NamedTuple):
    times: Ints
    present: list[int]
    values: npt.NDArray[np.float64]
    ends: Ints
    cuts: npt.NDArray[np.bool_]
    row_lines: Ints


def _pivot(ns: Ints, rank: Ints, values: npt.NDArray[np.float64], line: Ints) -> _Pivot:
    groups = np.cumsum(np.concatenate([[0], (np.diff(ns) != 0).astype(np.int64)]))[: len(ns)]
    present, slot = np.unique(rank, return_inverse=True)
    key = groups * max(1, len(present)) + slot
    order = np.argsort(key, kind="stable")
    firsts = np.concatenate([[True], np.diff(key[order]) != 0])[: len(key)]
    starts = np.maximum.accumulate(np.where(firsts, np.arange(len(key)), 0)) if len(key) else np.empty(0, np.int64)
    occurrence = np.empty(len(key), dtype=np.int64)
    occurrence[order] = np.arange(len(key)) - starts
    width = int(occurrence.max(initial=0)) + 1
    rows, row = np.unique(groups * width + occurrence, return_inverse=True)
    matrix = np.full((len(rows), len(present)), np.nan)
    matrix[row, slot] = values
    times = np.zeros(len(rows), dtype=np.int64)
    times[row] = ns
    row_lines = np.full(len(rows), np.iinfo(np.int64).max)
    np.minimum.at(row_lines, row, line)
    group_of_row = rows // width
    cuts = np.concatenate([np.diff(group_of_row) != 0, [True]])[: len(rows)]
    ends_of_group = np.zeros(int(groups[-1]) + 1 if len(groups) else 0, dtype=np.int64)
    np.maximum.at(ends_of_group, groups, line + 1)
    return _Pivot(times, [int(i) for i in present], matrix, ends_of_group[group_of_row], cuts, row_lines)


def _as_text(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.utf8_trim_whitespace(column.cast(pa.string()))
