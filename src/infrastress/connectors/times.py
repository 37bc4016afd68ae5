"""Times of a column: text or numbers to int64 nanoseconds UTC, refusing single rows.

Every format is matched by one regular expression over the whole column, so that a bad row costs only itself and the
result is the same on every platform. Local times of a zone: a time that a clock change skipped is refused; one that
happened twice is the earlier of the two, unless that would go back behind the row before it: then the later.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial
from math import isnan
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infrastress.core.errors import MappingError
from infrastress.core.time import DAY, HOUR, MINUTE, SECOND

__all__ = ["EPOCHS", "REASONS", "Clock", "Times", "zone_of"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

OK, UNREADABLE, SKIPPED, NO_ZONE, EMPTY = range(5)
REASONS = ("", "time-unreadable", "time-nonexistent", "time-without-zone", "time-empty")

_PARTS = {
    "%Y": r"(?P<year>\d{4})",
    "%y": r"(?P<short>\d{2})",
    "%m": r"(?P<month>\d{1,2})",
    "%d": r"(?P<day>\d{1,2})",
    "%H": r"(?P<hour>\d{1,2})",
    "%I": r"(?P<twelve>\d{1,2})",
    "%p": r"(?P<half>[AaPp])[Mm]",
    "%M": r"(?P<minute>\d{1,2})",
    "%S": r"(?P<second>\d{1,2})",
    "%f": r"(?P<fraction>\d{1,9})",
    "%b": r"(?P<name>[A-Za-z]{3})",
    "%z": r"(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)",
    "%%": "%",
}
_ISO = (
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?)?"
    r" ?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?"
)
EPOCHS = {"epoch_s": SECOND, "epoch_ms": 1_000_000, "epoch_us": 1_000, "epoch_ns": 1}
_EPOCH = r"(?P<sign>-?)(?P<whole>\d{1,19})(?:\.(?P<fraction>\d{1,9})\d*)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Times(NamedTuple):
    """Nanoseconds UTC and a code a row (index into REASONS); times of refused rows are 0."""

    ns: Ints
    codes: Codes


@lru_cache(maxsize=256)
def _pattern(fmt: str) -> str:
    if fmt == "iso":
        return rf"^\s*{_ISO}\s*$"
    if fmt in EPOCHS:
        return rf"^\s*{_EPOCH}\s*$"
    text = ""
    for token in re.findall(r"%.|[^%]+|%$", fmt):
        if token.startswith("%"):
            if token not in _PARTS:
                raise MappingError(f"time format {fmt!r}: {token!r} is not known", remedy=f"known: {' '.join(_PARTS)}")
            text += _PARTS[token]
        else:
            text += re.escape(token)
    names = re.findall(r"\?P<(\w+)>", text)
    if len(set(names)) != len(names):
        raise MappingError(f"time format {fmt!r} names a part twice")
    if not {"day"} <= set(names) or not {"year", "short"} & set(names) or not {"month", "name"} & set(names):
        raise MappingError(f"time format {fmt!r} lacks a year, month or day", remedy='like "%d/%m/%Y %H:%M:%S"')
    return rf"^\s*{text}\s*$"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        MappingError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MappingError(
            f"unknown time zone {name!r}", remedy="use an IANA name such as Europe/Rome or UTC"
        ) from None


class Clock:
    """Reads a time column in one format and zone; remembers the last time for the rule on doubled hours.

    Args:
        fmt: as in `TimeMap.format`.
        zone: for times without offset; None refuses them.
    """

    def __init__(self, fmt: str, zone: str | None, last: int | None = None) -> None:
        self.format = fmt
        self.pattern = _pattern(fmt)
        self.zone = zone_of(zone) if zone is not None else None
        self.fixed = zone in ("UTC", "Etc/UTC", "GMT")
        self.last = last

    def read(self, column: pa.Array) -> Times:
        """Times of a column of text, timestamps or integers."""
        kind = column.type
        if pa.types.is_timestamp(kind):
            times = self._stamps(column)
        elif pa.types.is_date(kind):
            times = self._stamps(column.cast(pa.timestamp("s")))
        else:
            if pa.types.is_floating(kind):
                column = _text_of_floats(column)
            elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                column = column.cast(pa.string())
            times = self._text(column)
        good = np.flatnonzero(times.codes == OK)
        if len(good):
            self.last = int(times.ns[good[-1]])
        return times

    def _stamps(self, column: pa.Array) -> Times:
        zoned = column.type.tz is not None
        codes = np.where(np.asarray(pc.is_null(column)), EMPTY, OK).astype(np.uint8)
        raw = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        unit = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}[column.type.unit]
        limit = np.iinfo(np.int64).max // unit
        codes[(codes == OK) & ((raw > limit) | (raw < -limit))] = UNREADABLE
        ns = np.where(codes == OK, raw, 0) * unit
        return Times(ns, codes) if zoned else self._place(ns, codes)

    def _text(self, column: pa.Array) -> Times:
        n = len(column)
        parts = pc.extract_regex(column, self.pattern)
        codes = np.full(n, OK, dtype=np.uint8)
        missing = np.asarray(pc.is_null(parts))
        if missing.any():
            blank = np.asarray(pc.equal(pc.utf8_trim_whitespace(column).fill_null(""), ""))
            codes[missing] = np.where(blank[missing], EMPTY, UNREADABLE)
        take = partial(_ints, parts)
        if self.format in EPOCHS:
            ns, fine = _epoch(parts, take, EPOCHS[self.format])
            codes[(codes == OK) & ~fine] = UNREADABLE
            return Times(np.where(codes == OK, ns, 0), codes)
        ns, fine = _civil(parts, take)
        codes[(codes == OK) & ~fine] = UNREADABLE
        ns = np.where(codes == OK, ns, 0)
        if parts.type.get_field_index("offset") < 0:
            return self._place(ns, codes)
        offsets = pc.struct_field(parts, "offset").fill_null("")
        naive = np.asarray(pc.equal(offsets, "")) & (codes == OK)
        shift = _offsets(offsets)
        codes[(codes == OK) & (shift == _BAD_OFFSET)] = UNREADABLE
        ns = np.where((codes == OK) & ~naive, ns - np.where(shift == _BAD_OFFSET, 0, shift), ns)
        if naive.any():
            placed = self._place(np.where(naive, ns, 0), np.where(naive, OK, EMPTY).astype(np.uint8), zoned=(ns, naive))
            ns = np.where(naive, placed.ns, ns)
            codes = np.where(naive, placed.codes, codes).astype(np.uint8)
        return Times(np.where(codes == OK, ns, 0), codes)

    def _place(self, local: Ints, codes: Codes, zoned: tuple[Ints, npt.NDArray[np.bool_]] | None = None) -> Times:
        """Turn local wall times into UTC."""
        rows = np.flatnonzero(codes == OK)
        codes = codes.copy()
        if self.zone is None:
            codes[rows] = NO_ZONE
            return Times(np.zeros_like(local), codes)
        if self.fixed or not len(rows):
            return Times(local, codes)
        early, late, skipped = _localise(local[rows], self.zone)
        ns = local.copy()
        ns[rows] = early
        codes[rows[skipped]] = SKIPPED
        doubled = np.flatnonzero((early != late) & ~skipped)
        for i in doubled:  # only the rows of one hour a year come here
            row = rows[i]
            before = self._before(row, ns, codes, zoned)
            if before is not None and early[i] < before:
                ns[row] = late[i]
        return Times(np.where(codes == OK, ns, 0), codes)

    def _before(self, row: int, ns: Ints, codes: Codes, zoned: tuple[Ints, npt.NDArray[np.bool_]] | None) -> int | None:
        for earlier in range(row - 1, -1, -1):
            if codes[earlier] == OK:
                return int(ns[earlier])
            if zoned is not None and not zoned[1][earlier] and zoned[0][earlier]:
                return int(zoned[0][earlier])
        return self.last


_BAD_OFFSET = np.iinfo(np.int64).min


def _ints(parts: Any, name: str, default: int) -> Ints:
    if parts.type.get_field_index(name) < 0:
        return np.full(len(parts), default, dtype=np.int64)
    text = pc.struct_field(parts, name).fill_null("")
    filled = pc.if_else(pc.equal(text, ""), str(default), text)
    numbers: Ints = filled.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def _fraction(parts: Any) -> Ints:
    if parts.type.get_field_index("fraction") < 0:
        return np.zeros(len(parts), dtype=np.int64)
    text = pc.utf8_rpad(pc.struct_field(parts, "fraction").fill_null("0"), 9, "0")
    digits: Ints = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return digits


def _civil(parts: Any, take: Callable[[str, int], Ints]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    year = take("year", 0)
    if parts.type.get_field_index("short") >= 0:
        short = take("short", 0)
        year = np.where(short < 69, 2000 + short, 1900 + short)  # POSIX: 69-99 are 19xx
    month, day = take("month", 1), take("day", 1)
    if parts.type.get_field_index("name") >= 0:
        names = pc.utf8_lower(pc.struct_field(parts, "name"))
        month = pc.index_in(names, pa.array(_MONTHS)).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    hour, minute, second = take("hour", 0), take("minute", 0), take("second", 0)
    fine = (year >= 1678) & (year <= 2261) & (month >= 1) & (month <= 12) & (day >= 1)
    fine &= (hour <= 23) & (minute <= 59) & (second <= 59)
    if parts.type.get_field_index("twelve") >= 0:
        twelve = take("twelve", 12)
        fine &= (twelve >= 1) & (twelve <= 12)
        half = (
            pc.utf8_lower(pc.struct_field(parts, "half")).fill_null("")
            if parts.type.get_field_index("half") >= 0
            else None
        )
        afternoon = np.asarray(pc.equal(half, "p")) if half is not None else np.zeros(len(year), dtype=bool)
        hour = twelve % 12 + np.where(afternoon, 12, 0)
    months = np.where(fine, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - first
    fine &= day <= length
    ns = (first + day - 1) * DAY + hour * HOUR + minute * MINUTE + second * SECOND + _fraction(parts)
    return np.where(fine, ns, 0), fine


def _epoch(parts: Any, take: Callable[[str, int], Ints], unit: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    whole_text = pc.struct_field(parts, "whole").fill_null("0")
    limit = np.iinfo(np.int64).max // unit
    long = np.asarray(pc.greater_equal(pc.utf8_length(whole_text), 19))
    safe = pc.if_else(pa.array(long), "0", whole_text) if unit != 1 else whole_text
    whole = np.zeros(len(parts), dtype=np.int64)
    fine = ~long if unit != 1 else np.ones(len(parts), dtype=bool)
    try:
        whole = safe.cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # 19 digits may still be too many
        numbers = [int(text) for text in safe.to_pylist()]
        fine &= np.array([number <= limit for number in numbers])
        whole = np.array([number if number <= limit else 0 for number in numbers], dtype=np.int64)
    fine &= whole < limit
    ns = np.where(fine, whole, 0) * unit + _fraction(parts) * unit // SECOND
    negative = np.asarray(pc.equal(pc.struct_field(parts, "sign").fill_null(""), "-"))
    return np.where(negative, -ns, ns), fine


def _offsets(texts: Any) -> Ints:
    """Nanoseconds east of UTC; a column has few different offsets, so each is worked out once."""
    coded = texts.dictionary_encode()
    table = np.array([_offset(text) for text in coded.dictionary.to_pylist()] or [0], dtype=np.int64)
    shifts: Ints = table[coded.indices.to_numpy(zero_copy_only=False)]
    return shifts


def _offset(text: str) -> int:
    if text in ("", "Z"):
        return 0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return int(_BAD_OFFSET)
    return (-1 if text[0] == "-" else 1) * (hours * HOUR + minutes * MINUTE)


def _localise(local: Ints, zone: ZoneInfo) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Both readings of each wall time, and which of them never were; looked up once per wall hour quarter."""
    quarters, where = np.unique(local // (15 * MINUTE), return_inverse=True)
    early, late, skipped = (np.empty(len(quarters), dtype=np.int64) for _ in range(3))
    for i, quarter in enumerate(quarters):  # offsets change on quarter hours
        wall = datetime(1970, 1, 1) + timedelta(minutes=15 * int(quarter))
        first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta(0) for fold in (0, 1))
        early[i] = int(first.total_seconds()) * SECOND
        late[i] = int(second.total_seconds()) * SECOND
        skipped[i] = int(first < second)
    return local - early[where], local - late[where], skipped[where].astype(bool)


def _text_of_floats(column: pa.Array) -> pa.Array:
    numbers = column.to_pylist()
    return pa.array([None if number is None or isnan(number) else f"{number:.9f}" for number in numbers], pa.string())
