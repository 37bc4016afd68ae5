"""Time: int64 nanoseconds UTC inside, ISO 8601 with offset at the edges."""

import re
from datetime import UTC, datetime, timedelta, timezone

from infrastress.core.errors import InputError

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND", "from_iso", "to_iso"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})",
)


def from_iso(text: str) -> int:
    """Nanoseconds since 1970 UTC of an ISO 8601 time; an offset or Z is required.

    Raises:
        InputError: the text is no time, or has no offset.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is no time", remedy="write ISO 8601 with an offset, like 2026-03-01T03:00:00Z")
    day, clock, fraction, offset = match.groups()
    zone = UTC
    try:
        if offset != "Z":
            sign = -1 if offset[0] == "-" else 1
            zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])))
        moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    except ValueError as error:
        raise InputError(f"{text!r} is no time: {error}") from None
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return whole * SECOND + int((fraction or "0").ljust(9, "0"))


def to_iso(ns: int) -> str:
    """ISO 8601 in UTC with Z; fraction only when there is one, without trailing zeros."""
    seconds, fraction = divmod(ns, SECOND)
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"
