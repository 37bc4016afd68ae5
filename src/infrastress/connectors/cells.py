"""Cells of a column: to float64 in SI units, refusing single cells with their reason."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.connectors.mapping import ColumnMap
from infrastress.core.units import Scale

__all__ = ["ACCEPTED", "EMPTY", "REASONS", "Cells", "read_cells"]

Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

ACCEPTED, EMPTY, TEXT, NAN, INFINITE, BAD = range(6)
REASONS = ("", "", "text-in-number", "nan", "infinite", "bad-value")

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NAN = r"(?i)^[+-]?nan(\(.*\))?$"
_INF = r"(?i)^[+-]?inf(inity)?$"


class Cells(NamedTuple):
    """SI values, NaN where there is none, and a code a cell (index into REASONS)."""

    values: Values
    codes: Codes


def read_cells(column: Any, spec: ColumnMap, scale: Scale, decimal: str, empty: tuple[str, ...]) -> Cells:
    """Read one column.

    Args:
        column: pa.Array of floats, integers, booleans, decimals or text.
        spec: factor, offset, words and bad values of the column.
        scale: of the column's unit, to SI.
        decimal: "." or ",".
        empty: spellings of an empty cell.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string(kind):
        raw, codes = _text(column.cast(pa.string()), spec, decimal, empty)
    elif pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        raw, codes = _numbers(column.cast(pa.int8()) if pa.types.is_boolean(kind) else column)
    elif pa.types.is_decimal(kind):
        raw, codes = _numbers(column.cast(pa.float64()))
    else:
        n = len(column)
        nulls = np.asarray(pc.is_null(column))
        return Cells(np.full(n, np.nan), np.where(nulls, EMPTY, TEXT).astype(np.uint8))
    for bad in spec.bad_values:
        if not isinstance(bad, str):
            codes[(codes == ACCEPTED) & (raw == bad)] = BAD
    values = raw
    if spec.factor != 1.0 or spec.offset != 0.0:
        values = values * spec.factor + spec.offset
    if scale.factor != 1.0 or scale.offset != 0.0:
        values = values * scale.factor + scale.offset
    if (codes == ACCEPTED).all() and np.isfinite(values).all():
        return Cells(values, codes)
    codes[(codes == ACCEPTED) & np.isnan(values)] = NAN
    codes[(codes == ACCEPTED) & np.isinf(values)] = INFINITE
    return Cells(np.where(codes == ACCEPTED, values, np.nan), codes)


def _numbers(column: Any) -> tuple[Values, Codes]:
    codes = np.zeros(len(column), dtype=np.uint8)
    if column.null_count:
        codes[np.asarray(pc.is_null(column))] = EMPTY
        column = column.cast(pa.float64(), safe=False).fill_null(0.0)
    values: Values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values, codes


def _text(column: Any, spec: ColumnMap, decimal: str, empty: tuple[str, ...]) -> tuple[Values, Codes]:
    n = len(column)
    codes = np.full(n, TEXT, dtype=np.uint8)
    values = np.full(n, np.nan)
    text = pc.ascii_trim_whitespace(column).fill_null("")
    words = {word.casefold(): number for word, number in spec.values.items()}
    if words:
        found = pc.index_in(pc.utf8_lower(text), pa.array(list(words))).fill_null(-1).to_numpy(zero_copy_only=False)
        known = found >= 0
        values[known] = np.array(list(words.values()))[found[known]]
        codes[known] = ACCEPTED
    bad_words = [bad for bad in spec.bad_values if isinstance(bad, str)]
    if bad_words:
        codes[_where(pc.is_in(text, pa.array(bad_words)), codes)] = BAD
    codes[_where(pc.is_in(text, pa.array(["", *empty])), codes)] = EMPTY
    if decimal != ".":
        text = pc.if_else(pc.match_substring(text, "."), "text", pc.replace_substring(text, decimal, "."))
    rows = np.flatnonzero(_where(pc.match_substring_regex(text, _NUMBER), codes))
    values[rows] = pc.utf8_ltrim(text.take(pa.array(rows)), "+").cast(pa.float64()).to_numpy(zero_copy_only=False)
    codes[rows] = ACCEPTED
    codes[_where(pc.match_substring_regex(text, _NAN), codes)] = NAN
    codes[_where(pc.match_substring_regex(text, _INF), codes)] = INFINITE
    return values, codes


def _where(mask: Any, codes: Codes) -> npt.NDArray[np.bool_]:
    """Cells of a mask which nothing has claimed yet."""
    unclaimed: npt.NDArray[np.bool_] = np.asarray(mask) & (codes == TEXT)
    return unclaimed
