"""Delimited text (CSV and white space) to chunks.

A clean block is read as numbers at once; a block with a cell that is none is read again as text; a block with a broken
line is split line by line. All three give the same cells for the rows they share.
"""

import csv
import re
from io import StringIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from infrastress.connectors.files.binding import Binding
from infrastress.connectors.files.chunk import CODE, Chunk
from infrastress.connectors.files.lines import Block, Lines
from infrastress.connectors.mapping import Mapping
from infrastress.core.errors import InputError

# Arrow's own handlers cancel a read, and now and then lose a Ctrl-C or SIGTERM; ours see every one.
pa.enable_signal_handlers(False)

__all__ = ["DelimitedRows", "read_header"]

_SPACES = re.compile(rb"[ \t]+")
_UTF8_BOM = b"\xef\xbb\xbf"


def read_header(lines: Lines, mapping: Mapping) -> tuple[tuple[str, ...], int, int]:
    """Column names, offset of the first data line, and its line number (from 0).

    Raises:
        InputError: the file is empty, or its head is no text.
    """
    where = str(lines.path)
    at = number = 0
    to_skip = mapping.skip_lines
    block = lines.block(0)
    if block is not None and block.data.startswith(_UTF8_BOM):
        at = len(_UTF8_BOM)
        block = lines.block(at)
    while block is not None:
        if block.too_long:
            raise InputError(
                "the first line is no header: it doesn't end",
                where=where,
                remedy="export the recording again, with a line for each time",
            )
        for line in block.data.splitlines(keepends=True):
            text = _text(line, where)
            if to_skip or not text.strip():
                to_skip = max(0, to_skip - 1)
            elif mapping.has_header:
                return _names(text, mapping.delimiter), at + len(line), number + 1
            else:
                return tuple(str(i + 1) for i in range(len(_names(text, mapping.delimiter)))), at, number
            at += len(line)
            number += 1
        block = lines.block(block.end)
    raise InputError("the file is empty" if not at else "the file has no header line", where=where)


def _text(line: bytes, where: str) -> str:
    if b"\x00" in line:
        raise InputError("the file is binary or UTF-16, not text", where=where, remedy='set `encoding: "utf-16"`?')
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InputError(
            "the header is not UTF-8", where=where, remedy='set `encoding:` in the mapping, such as "cp1252"'
        ) from None


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    if delimiter == " ":
        return tuple(text.split())
    return tuple(name.strip() for name in next(csv.reader(StringIO(text.rstrip("\r\n")), delimiter=delimiter)))


class DelimitedRows:
    """Chunks of delimited text.

    Args:
        lines: the file.
        mapping: delimiter and decimal mark.
        binding: which columns are needed.
    """

    def __init__(self, lines: Lines, mapping: Mapping, binding: Binding) -> None:
        self.lines = lines
        self.mapping = mapping
        self.binding = binding
        mark = re.escape(mapping.delimiter.encode())
        self._quoted = re.compile(rb"(?:^|(?<=[\n" + mark + rb']))"[^"\n]*"(?=' + mark + rb"|\r?\n)")
        self._typed = self._types()

    def chunk(self, at: int, factor: int = 1) -> Chunk | None:
        """The chunk beginning at an offset; `factor` asks for a longer one."""
        block = self.lines.block(at, self.lines.size * factor)
        if block is None:
            return None
        final = self.lines.block_is_last(block)
        if block.too_long:
            status = np.array([CODE["line-too-long"]], dtype=np.uint8)
            starts = np.array([block.offset, block.end])
            nothing: dict[int, Any] = {i: pa.array([], pa.string()) for i in self.binding.needed}
            return Chunk(starts, status, np.empty(0, np.int64), nothing, lambda _: "", final)
        return self._parse(block, final)

    def _types(self) -> dict[int, pa.DataType]:
        types: dict[int, pa.DataType] = dict.fromkeys(self.binding.needed, pa.string())
        for bound in self.binding.columns:
            if not bound.spec.values and not any(isinstance(bad, str) for bad in bound.spec.bad_values):
                types[bound.column] = pa.float64()
        if self.binding.tags is not None:
            special = any(b.spec.values or b.spec.bad_values for b in self.binding.tags.values())
            types[self.binding.value] = pa.string() if special else pa.float64()
        if self.binding.time is not None and self.mapping.time.format == "iso":
            types[self.binding.time] = pa.timestamp("ns", "UTC")
        return types

    def _parse(self, block: Block, final: bool) -> Chunk:
        data = block.data if block.data.endswith(b"\n") else block.data + b"\n"
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
        starts = np.concatenate([[0], ends]) + block.offset
        starts[-1] = block.end
        if self.mapping.delimiter == " ":
            data = b"\n".join(line.strip() for line in _SPACES.sub(b" ", data).split(b"\n"))
            lengths = np.diff(np.flatnonzero(np.frombuffer(b"\n" + data, np.uint8) == 10))
        else:
            lengths = np.diff(np.concatenate([[0], ends]))

        def text(line: int) -> str:
            begin, end = int(starts[line] - block.offset), int(starts[line + 1] - block.offset)
            return block.data[begin : min(end, begin + 400)].decode("utf-8", "replace").rstrip("\r\n")

        def raw(line: int) -> bytes:
            return block.data[int(starts[line] - block.offset) : int(starts[line + 1] - block.offset)].rstrip(b"\r\n")

        status = np.zeros(len(ends), dtype=np.uint8)
        windows = data.count(b"\r")
        blank = lengths == 1
        if windows:
            buffer = np.frombuffer(data, np.uint8)
            first = np.concatenate([[0], np.flatnonzero(buffer == 10)[:-1] + 1])
            blank |= (lengths == 2) & (buffer[first] == 13)
        status[blank] = CODE["blank"]
        rows = np.flatnonzero(~blank)
        damaged = final and self.lines.damage is not None
        torn = damaged and not block.data.endswith(b"\n")
        if damaged and not torn:  # cut between two lines: what follows counts as one lost line
            starts, status = np.append(starts, block.end), np.append(status, np.uint8(CODE["file-damaged"]))
        clean = windows == data.count(b"\r\n") and not torn and (data.isascii() or _is_utf8(data))
        quotes = data.count(b'"')
        if clean and quotes:
            clean = self.mapping.delimiter != " " and quotes == 2 * sum(1 for _ in self._quoted.finditer(data))
        if clean:
            for types in (self._typed, dict.fromkeys(self.binding.needed, pa.string())):
                columns = self._arrow(data, types, len(rows), bool(quotes))
                if columns is not None:
                    return Chunk(starts, status, rows, columns, text, final, raw)
        fields = self._by_line(data, status)
        if torn:
            status[-1] = CODE["file-damaged"]
            fields.pop(len(status) - 1, None)
        rows = np.array(sorted(fields), dtype=np.int64)
        ordered = [fields[int(row)] for row in rows]
        columns = {i: pa.array([field[i] for field in ordered], pa.string()) for i in self.binding.needed}
        return Chunk(starts, status, rows, columns, text, final, raw)

    def _arrow(self, data: bytes, types: dict[int, pa.DataType], rows: int, quoted: bool) -> dict[int, Any] | None:
        """Needed columns, or None where a line or cell doesn't fit."""
        names = [str(i) for i in range(self.binding.width)]
        try:
            table = pacsv.read_csv(
                pa.py_buffer(data),
                read_options=pacsv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.mapping.delimiter, quote_char='"' if quoted else False, double_quote=False
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={str(i): kind for i, kind in types.items()},
                    include_columns=[str(i) for i in types],
                    null_values=list(self.mapping.empty) or [""],
                    strings_can_be_null=False,
                    decimal_point=self.mapping.decimal,
                    check_utf8=False,  # looked at already
                ),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            return None
        if table.num_rows != rows:
            return None
        columns = {i: table.column(str(i)).combine_chunks() for i in types}
        time = self.binding.time
        if time is not None and columns[time].null_count:
            return None  # as text it can be told why
        return columns

    def _by_line(self, data: bytes, status: Any) -> dict[int, list[str]]:
        """Fields of each good line; marks the bad ones."""
        fields: dict[int, list[str]] = {}
        delimiter, width = self.mapping.delimiter, self.binding.width
        for number, raw in enumerate(data.split(b"\n")[:-1]):
            if not raw.strip():
                status[number] = CODE["blank"]
                continue
            try:
                line = raw.decode().removesuffix("\r")
                if '"' in line and delimiter != " ":
                    field = next(csv.reader([line], delimiter=delimiter, strict=True))
                else:
                    field = line.split(delimiter)
            except UnicodeDecodeError:
                status[number] = CODE["encoding"]
            except (csv.Error, StopIteration):
                status[number] = CODE["quoting"]
            else:
                if len(field) == width:
                    fields[number] = field
                else:
                    status[number] = CODE["field-count"]
        return fields


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
