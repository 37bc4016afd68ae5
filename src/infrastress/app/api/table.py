"""Tables as CSV, piece by piece, for spreadsheets: no cell of them is taken for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

__all__ = ["cell", "table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS = 500


def cell(value: Any) -> str:
    """A value as a cell: lists with spaces between, None as nothing, text that a spreadsheet would run with a ' before.

    What people and machines on the plant's network wrote comes into these tables, and spreadsheets run what begins
    with = + - or @.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A table in UTF-8 (RFC 4180), its header first, some hundred rows a piece."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
