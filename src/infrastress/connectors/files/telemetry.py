"""Telemetry of one file: chunks to deliveries, with positions to go on from and a balance to the row and cell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import msgspec
import numpy as np

from infrastress.connectors.cells import REASONS as CELL_REASONS
from infrastress.connectors.files.binding import Binding, bind
from infrastress.connectors.files.chunk import CODE, DROPPED, REASONS, Chunk
from infrastress.connectors.files.delimited import DelimitedRows, read_header
from infrastress.connectors.files.keeping import MAX_RAW, Keeper, KeepLine
from infrastress.connectors.files.layouts import Assembled, assemble_long, assemble_wide
from infrastress.connectors.files.lines import Lines
from infrastress.connectors.files.transposed import open_lines
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.times import Clock
from infrastress.core.errors import InputError
from infrastress.core.time import SECOND, from_iso
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.events.samples import Samples
from infrastress.site import Site

__all__ = ["MAX_REFUSALS", "Position", "telemetry_deliveries"]

MAX_REFUSALS = 20
_DROPPED_CODES = {CODE[reason] for reason in DROPPED}
_MAX_FACTOR = 16


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where reading goes on: `skip` lines behind the chunk at `offset`; the rest is what was so when that chunk began.

    `line` and `rows` count lines read and rows accepted before the chunk, `progress` is the highest time and `last`
    the last time before it.
    """

    offset: int
    line: int
    rows: int = 0
    progress: int | None = None
    last: int | None = None
    skip: int = 0

    def encode(self) -> bytes:
        """JSON bytes."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "Position":
        """Inverse of `encode`.

        Raises:
            InputError: the bytes are no position of this connector.
        """
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError as error:
            raise InputError(f"no position of a file: {error}", remedy="begin the recording anew") from None


class _Slice(NamedTuple):
    """Rows begin..end and lines first..last of a chunk, handed over at once."""

    begin: int
    end: int
    first: int
    last: int


class _Step(NamedTuple):
    """A chunk, its telemetry rows, where it began, and whether it is the first of all."""

    chunk: Chunk
    rows: Assembled
    base: Position
    fresh: bool


class _Reader(Protocol):
    def chunk(self, at: int, factor: int = 1) -> Chunk | None: ...


def telemetry_deliveries(
    site: Site,
    source: str,
    path: Path,
    mapping: Mapping,
    *,
    parquet: bool,
    after: bytes | None,
    block_bytes: int,
    batch_rows: int | None,
    exclude: frozenset[str] = frozenset(),
    raw: BinaryIO | None = None,
    keeper: Keeper | None = None,
) -> Iterator[Delivery]:
    """Deliveries of a telemetry file behind a position; of `raw` in its place where bytes of text are at hand.

    With a `keeper` lines of text of which something was refused are kept.

    Raises:
        InputError: the file can't be read.
        MappingError: the mapping doesn't fit.
    """
    if parquet:
        from infrastress.connectors.files.parquet import ParquetRows

        with ParquetRows(path, mapping) as table:
            binding = bind(mapping, table.names, site, str(path), exclude)
            table.need(binding)
            yield from _Run(site, source, mapping, binding=binding, reader=table, batch_rows=batch_rows).deliveries(
                Position(0, 0), after
            )
        return
    opened = open_lines(path, mapping, block_bytes) if raw is None else Lines(path, mapping.encoding, raw=raw)
    with opened as lines:
        names, offset, line = read_header(lines, mapping)
        binding = bind(mapping, names, site, str(path), exclude)
        reader = DelimitedRows(lines, mapping, binding)
        run = _Run(site, source, mapping, binding=binding, reader=reader, batch_rows=batch_rows)
        if keeper is not None and binding.time is not None and not mapping.transposed:
            run.keep = keeper.of(mapping, names)
        yield from run.deliveries(Position(offset, line), after)


class _Run:
    def __init__(
        self,
        site: Site,
        source: str,
        mapping: Mapping,
        *,
        binding: Binding,
        reader: _Reader,
        batch_rows: int | None,
    ) -> None:
        self.site = site
        self.source = source
        self.mapping = mapping
        self.binding = binding
        self.reader = reader
        self.batch_rows = batch_rows
        self.zone = mapping.time_zone or site.time_zone
        self.start = from_iso(mapping.time.start) if mapping.time.start else 0
        self.step = round((mapping.time.step_s or 0) * SECOND)
        self.keep: KeepLine | None = None

    def deliveries(self, first: Position, after: bytes | None) -> Iterator[Delivery]:
        position = first if after is None else Position.decode(after)
        fresh = after is None
        while True:
            clock = Clock(self.mapping.time.format, self.zone, position.last)
            step = self._chunk(position, clock, first.line)
            if step is None:
                return
            chunk, rows = step
            for delivery in self._slices(chunk, rows, position, fresh):
                yield delivery
                fresh = False
            progress = position.progress
            if len(rows.times):
                highest = int(rows.times.max())
                progress = highest if progress is None else max(progress, highest)
            position = Position(
                offset=int(chunk.starts[rows.lines]),
                line=position.line + rows.lines,
                rows=position.rows + len(rows.times),
                progress=progress,
                last=rows.last,
            )

    def _chunk(self, position: Position, clock: Clock, first_line: int) -> tuple[Chunk, Assembled] | None:
        """The chunk at a position and its rows; `first_line` is the number of the file's first data line."""
        factor = 1
        while True:
            chunk = self.reader.chunk(position.offset, factor)
            if chunk is None:
                return None
            time = self.binding.time
            if self.mapping.layout != "long" or time is None:  # a long mapping has a time column
                start = self.start + self.step * (position.line - first_line)
                return chunk, assemble_wide(chunk, self.binding, self.mapping, clock, (start, self.step))
            if factor >= _MAX_FACTOR:
                chunk = Chunk(chunk.starts, chunk.status, chunk.rows, chunk.columns, chunk.text, final=True)
            rows = assemble_long(chunk, self.binding, self.mapping, clock, time)
            if rows is not None:
                return chunk, rows
            factor *= 2

    def _slices(self, chunk: Chunk, rows: Assembled, base: Position, fresh: bool) -> Iterator[Delivery]:
        row = int(np.searchsorted(rows.row_lines, base.skip)) if base.skip else 0
        line = base.skip
        progress = base.progress if not row else _highest(base.progress, int(rows.times[:row].max()))
        while line < rows.lines:
            end = self._cut(rows, row)
            upto = rows.lines if end == len(rows.times) else int(rows.ends[end - 1])
            if end > row:
                progress = _highest(progress, int(rows.times[row:end].max()))
            whole = upto == rows.lines
            position = Position(
                offset=int(chunk.starts[rows.lines]) if whole else base.offset,
                line=base.line + (rows.lines if whole else 0),
                rows=base.rows + (len(rows.times) if whole else 0),
                progress=progress if whole else base.progress,
                last=rows.last if whole else base.last,
                skip=0 if whole else upto,
            )
            yield self._delivery(_Step(chunk, rows, base, fresh), _Slice(row, end, line, upto), position, progress)
            fresh = False
            row, line = end, upto

    def _cut(self, rows: Assembled, row: int) -> int:
        n = len(rows.times)
        if self.batch_rows is None or row + self.batch_rows >= n:
            return n
        end = row + self.batch_rows
        while end > row and not rows.cuts[end - 1]:
            end -= 1
        if end == row:  # one time with more rows than a batch: it stays whole
            end = row + 1
            while not rows.cuts[end - 1]:
                end += 1
        return end

    def _delivery(self, step: _Step, part: _Slice, position: Position, progress: int | None) -> Delivery:
        rows, base = step.rows, step.base
        begin, end = part.begin, part.end
        balance = Balance()
        status = rows.status[part.first : part.last]
        counts = np.bincount(status, minlength=1)
        balance.read, balance.accepted = len(status), int(counts[0])
        for code in np.flatnonzero(counts):
            if code:
                fate = balance.dropped if code in _DROPPED_CODES else balance.quarantined
                fate[REASONS[code]] += int(counts[code])
        cells = rows.cell_counts(begin, end, len(self.binding.unknown))
        balance.cells_accepted, balance.cells_empty, balance.cells_refused = cells
        refusals = tuple(self._refusals(step, part, balance))
        spoilt = balance.quarantined or balance.cells_refused
        raw = tuple(self._raw(step, part)) if self.keep is not None and spoilt else ()
        samples: tuple[Samples, ...] = ()
        if end > begin:
            samples = (
                Samples(
                    site=self.site.id,
                    source=self.source,
                    sequence=base.rows + begin,
                    times=rows.times[begin:end],
                    tags=rows.tags,
                    values=rows.values[begin:end],
                ),
            )
        return Delivery(self.source, position.encode(), samples, (), refusals, balance, progress, raw)

    def _raw(self, step: _Step, part: _Slice) -> Iterator[Raw]:
        """Lines of which something was refused, as far as they are kept."""
        chunk, rows = step.chunk, step.rows
        if self.keep is None or chunk.raw is None:
            return
        spoilt: dict[int, list[Refusal]] = {}
        taken: dict[int, list[tuple[str, int]]] = {}
        fates = rows.status[part.first : part.last]
        for i in np.flatnonzero(fates)[:MAX_RAW]:
            line = part.first + int(i)
            if fates[i] not in _DROPPED_CODES:
                spoilt[line] = [Refusal(REASONS[fates[i]], f"line {step.base.line + line + 1}", "")]
        bad = np.zeros(part.end - part.begin, dtype=bool)
        if rows.cells is not None:
            bad |= (rows.cells[part.begin : part.end] > 1).any(axis=1)
            bad |= bool(self.binding.unknown)
        for i in np.flatnonzero(bad)[:MAX_RAW]:
            row = part.begin + int(i)
            line = int(rows.row_lines[row])
            where = f"line {step.base.line + line + 1}"
            found = spoilt.setdefault(line, [])
            codes = rows.cells[row] if rows.cells is not None else np.empty(0, dtype=np.uint8)
            for j in np.flatnonzero(codes > 1):
                bound = self.binding.columns[int(j)]
                at = int(np.searchsorted(chunk.rows, line))
                what = str(chunk.columns[bound.column][at].as_py())[:80]
                found.append(Refusal(CELL_REASONS[codes[j]], f"{where}, column {bound.name!r}", what))
            found += [Refusal("unknown-tag", where, name) for name in self.binding.unknown]
            time = int(rows.times[row])
            taken[line] = [(rows.tags[j], time) for j in np.flatnonzero(np.isfinite(rows.values[row]))]
        for line, faults in sorted(spoilt.items())[:MAX_RAW]:
            if (raw := self.keep(chunk.raw(line), faults, taken.get(line, []))) is not None:
                yield raw

    def _refusals(self, step: _Step, part: _Slice, balance: Balance) -> Iterator[Refusal]:
        chunk, rows, base, fresh = step
        if fresh:
            for name in self.binding.unknown[:MAX_REFUSALS]:
                yield Refusal("unknown-tag", "header", name)
        if balance.quarantined or balance.dropped:
            fates = rows.status[part.first : part.last]
            for i in np.flatnonzero((fates != 0) & (fates != CODE["blank"]))[:MAX_REFUSALS]:
                line = part.first + int(i)
                yield Refusal(REASONS[fates[i]], f"line {base.line + line + 1}", chunk.text(line)[:200])
        if rows.cells is not None and balance.cells_refused.total() > balance.cells_refused["unknown-tag"]:
            bad: Any = np.argwhere(rows.cells[part.begin : part.end] > 1)[:MAX_REFUSALS]
            for i, j in bad:
                row = part.begin + int(i)
                bound = self.binding.columns[int(j)]
                line = int(rows.row_lines[row])
                at = int(np.searchsorted(chunk.rows, line))
                what = str(chunk.columns[bound.column][at].as_py())[:80]
                where = f"line {base.line + line + 1}, column {bound.name!r}"
                yield Refusal(CELL_REASONS[rows.cells[row, j]], where, what)


def _highest(before: int | None, now: int) -> int:
    return now if before is None else max(before, now)
