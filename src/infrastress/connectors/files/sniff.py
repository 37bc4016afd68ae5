"""Sniffing: delimiter, decimal mark, encoding, header and time format of a text file, from its first part."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infrastress.connectors.files.lines import read_head
from infrastress.connectors.times import Clock
from infrastress.core.errors import InputError

__all__ = ["Sample", "TimeGuess", "guess_time", "sniff"]

_SAMPLE_BYTES = 1 << 20
_MAX_LINES = 6000
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_TIME_LIKE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{9,19}(\.\d+)?")
_CLOCKS = (
    "", " %H", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """The first part of a file, cut into cells.

    Attributes:
        names: column names; "1", "2", ... without a header.
        columns: cells by column, as text; rows of another width are left out.
        odd_rows: rows of another width.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: bool
    skip_lines: int
    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    odd_rows: int
    whole: bool


class TimeGuess(NamedTuple):
    """A column that reads as time in a format; `rivals` read every sampled row too."""

    column: int
    format: str
    ns: npt.NDArray[np.int64]
    rivals: tuple[str, ...]
    zoned: bool
    why: str


def sniff(path: Path) -> Sample:
    """Read the first part of a text file and tell how it is written.

    Raises:
        InputError: nothing in it has rows and columns.
    """
    data, more = read_head(path, _SAMPLE_BYTES)
    whole = not more
    text, encoding = _decode(data, path)
    lines = text.replace("\r\n", "\n").split("\n")[: _MAX_LINES + 1]
    if not whole or len(lines) > _MAX_LINES:
        lines = lines[:-1]
    kept = [line for line in lines if line.strip()]
    if not kept:
        raise InputError("the file is empty", where=str(path), remedy="export the recording again")
    delimiter, width = _delimiter(kept, path)
    rows = [_split(line, delimiter) for line in lines]
    first = next(i for i, row in enumerate(rows) if len(row) == width)
    good = [row for row in rows[first:] if len(row) == width]
    odd = sum(1 for row in rows[first:] if len(row) != width and any(row))
    header = not any(_is_value(cell) for cell in good[0] if cell)
    body = good[1:] if header else good
    names = tuple(good[0]) if header else tuple(str(i + 1) for i in range(width))
    columns = tuple(tuple(row[i] for row in body) for i in range(width))
    return Sample(encoding, delimiter, _decimal(columns, delimiter), header, first, names, columns, odd, whole)


def _decode(data: bytes, path: Path) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace"), "utf-16"
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        raise InputError("this is binary data, no text", where=str(path), remedy="export the recording as CSV")
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(data) - 4:
            return data[: error.start].decode(), "utf-8"
        return data.decode("cp1252", "replace"), "cp1252"


def _delimiter(lines: list[str], path: Path) -> tuple[str, int]:
    best: tuple[float, int, str] | None = None
    for rank, delimiter in enumerate((",", ";", "\t", "|", " ")):
        widths = Counter(len(_split(line, delimiter)) for line in lines[:500])
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        share = count / min(len(lines), 500)
        if width < 2 or share < 0.5:
            continue
        cells = [cell for line in lines[1:50] for cell in _split(line, delimiter)]
        readable = sum(1 for cell in cells if not cell or _is_value(cell)) / max(1, len(cells))
        score = (share + readable, -rank, delimiter)
        if best is None or score[:2] > best[:2]:
            best = score
            best_width = width
    if best is None:
        raise InputError(
            "no delimiter cuts this into columns",
            where=str(path),
            remedy="it is no table of telemetry, or has one column",
        )
    return best[2], best_width


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            return []
    return [cell.strip() for cell in line.split(delimiter)]


def _is_value(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None or _TIME_LIKE.fullmatch(cell) is not None


def _decimal(columns: tuple[tuple[str, ...], ...], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell for column in columns for cell in column[:200]]
    commas = sum(1 for cell in cells if re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", cell))
    points = sum(1 for cell in cells if re.fullmatch(r"[+-]?\d+\.\d+([eE][+-]?\d+)?", cell))
    return "," if commas > points else "."


def guess_time(sample: Sample) -> TimeGuess | None:
    """The column that holds times, and its format; day and month are told apart by what the rows allow."""
    best: tuple[float, TimeGuess] | None = None
    for index, cells in enumerate(sample.columns):
        shown = [cell for cell in cells[:50] if cell]
        if not shown or sum(1 for cell in shown if _TIME_LIKE.fullmatch(cell)) < 0.8 * len(shown):
            continue
        guess = _format_of(index, sample.names[index], cells)
        if guess is None:
            continue
        named = any(word in sample.names[index].lower() for word in ("time", "date", "zeit", "stamp", "ts"))
        score = named + _order(guess.ns)
        if best is None or score > best[0]:
            best = (score, guess)
    return None if best is None else best[1]


def _format_of(index: int, name: str, cells: tuple[str, ...]) -> TimeGuess | None:
    column = pa.array(cells, pa.string())
    read: list[tuple[float, str, npt.NDArray[np.int64]]] = []
    for fmt in _candidates(next(cell for cell in cells if cell), name):
        times = Clock(fmt, "UTC").read(column)
        share = float((times.codes == 0).mean())
        if share >= 0.9:
            good = times.ns[times.codes == 0]
            read.append((share + _order(good) + _regular(good), fmt, good))
    if not read:
        return None
    read.sort(key=lambda one: -one[0])
    best, fmt, ns = read[0]
    rivals = tuple(other for score, other, _ in read[1:] if score >= best - 1e-9)
    zoned = fmt == "iso" and all(re.search(r"(Z|[+-]\d{2}:?\d{2})\s*$", cell[10:]) for cell in cells[:50] if cell)
    if fmt.startswith("epoch") or fmt == "iso":
        why = "the values read so"
    elif rivals:
        why = f"{', '.join(rivals)} would fit every sampled row as well: check it"
    elif len(read) > 1:
        why = f"read as {read[1][1]} the times would jump"
    else:
        why = "no other order of day, month and year reads every row"
    return TimeGuess(index, fmt, ns, rivals, zoned or fmt.startswith("epoch"), why)


def _candidates(first: str, name: str) -> list[str]:
    if re.fullmatch(r"\d{9,19}(\.\d+)?", first):
        digits = len(first.split(".", maxsplit=1)[0])
        unit = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}.get(digits)
        return [f"epoch_{unit}"] if unit else []
    if re.match(r"\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2})?)?|$)", first):
        return ["iso"]
    match = re.match(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})", first)
    if match is None:
        return []
    mark = match[2]
    if len(match[1]) == 4:
        orders = [("%Y", "%m", "%d"), ("%Y", "%d", "%m")]
    elif len(match[4]) == 4:
        orders = [("%d", "%m", "%Y"), ("%m", "%d", "%Y")]
    else:
        orders = [("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d")]
    return [mark.join(order) + clock for order, clock in product(orders, _CLOCKS)]


def _order(ns: npt.NDArray[np.int64]) -> float:
    """Share of steps that don't go back."""
    return float((np.diff(ns) >= 0).mean()) if len(ns) > 1 else 0.5


def _regular(ns: npt.NDArray[np.int64]) -> float:
    """Share of steps equal to the commonest one."""
    if len(ns) < 3:
        return 0.0
    _, counts = np.unique(np.diff(ns), return_counts=True)
    return float(counts.max() / counts.sum())
