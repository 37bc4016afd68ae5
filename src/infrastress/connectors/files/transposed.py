"""Transposed files, whose lines are signals: turned in memory, then read as any other text."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

from infrastress.connectors.files.lines import DAMAGE, Lines, open_bytes
from infrastress.connectors.mapping import Mapping
from infrastress.core.errors import InputError

__all__ = ["MAX_BYTES", "open_lines"]

MAX_BYTES = 256_000_000
"""A file can't be turned without holding all of it."""


def open_lines(path: Path, mapping: Mapping, size: int = 1 << 22) -> Lines:
    """Lines of a text file, turned where the mapping says so.

    Raises:
        InputError: it can't be opened, or can't be turned: damaged, too large, or lines of unequal length.
    """
    if not mapping.transposed:
        return Lines(path, mapping.encoding, size)
    return Lines(path, size=size, raw=BytesIO(_turned(path, mapping)))


def _turned(path: Path, mapping: Mapping) -> bytes:
    where = str(path)
    with open_bytes(path) as file:
        try:
            data = file.read(MAX_BYTES + 1)
        except DAMAGE as error:
            what = f"a damaged file can't be turned: {error}"
            raise InputError(what, where=where, remedy="copy it again") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"too large to be turned: over {MAX_BYTES} bytes", where=where, remedy="turn it beforehand")
    try:
        text = data.decode("utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding)
    except UnicodeError as error:
        raise InputError(f"the encoding is another: {error}", where=where) from None
    rows: list[list[str]] = []
    for number, line in enumerate(text.splitlines()[mapping.skip_lines :], mapping.skip_lines + 1):
        if not line.strip():
            continue
        fields = _fields(line, mapping.delimiter)
        if fields is None or (rows and len(fields) != len(rows[0])):
            found = f"has {len(fields)} fields, the lines before it {len(rows[0])}" if fields else "has a stray quote"
            raise InputError(f"line {number} {found}: the file can't be turned", where=where)
        rows.append(fields)
    if not rows:
        raise InputError("the file is empty", where=where, remedy="export the recording again")
    out = StringIO()
    out.write("\n" * mapping.skip_lines)  # the reader skips as many again
    csv.writer(out, delimiter=mapping.delimiter, lineterminator="\n").writerows(zip(*rows, strict=True))
    return out.getvalue().encode()


def _fields(line: str, delimiter: str) -> list[str] | None:
    if delimiter == " ":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
