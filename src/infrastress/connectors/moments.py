"""Single times of a live source, to int64 nanoseconds UTC: results and reasons as in `connectors.times`."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from infrastress.connectors.times import EPOCHS, REASONS, Clock

__all__ = ["MomentReader"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MomentReader:
    """Reads times in one format.

    Args:
        fmt: as in `connectors.mapping.TimeMap.format`.
        zone: IANA name for times without offset; None refuses them.

    Raises:
        MappingError: no such format or zone.
    """

    def __init__(self, fmt: str, zone: str | None) -> None:
        self._clock = Clock(fmt, zone)
        self._iso = fmt == "iso"
        self._unit = EPOCHS.get(fmt)
        self._limit = (2**63 - 1) // self._unit if self._unit else 0

    def read(self, raw: Any) -> int | str:
        """A time in ns, or the reason why it can't be read.

        Args:
            raw: text, number or None.
        """
        if self._unit is not None and type(raw) is int and -self._limit < raw < self._limit:
            return raw * self._unit
        if self._iso and type(raw) is str and (told := _plain_iso(raw)) is not None:
            return told
        if raw is None or isinstance(raw, bool | dict | list):
            return REASONS[4] if raw is None else REASONS[1]
        self._clock.last = None  # judged by itself
        text = f"{raw:.9f}" if isinstance(raw, float) else str(raw)
        times = self._clock.read(pa.array([text], pa.string()))
        return REASONS[times.codes[0]] if times.codes[0] else int(times.ns[0])


def _plain_iso(text: str) -> int | None:
    """The usual forms, 2026-01-31T12:00:00[.123456](Z|+01:00); None for all others."""
    if not 20 <= len(text) <= 32 or text[10] != "T" or text[4] != "-" or not (text[-1] == "Z" or text[-6] in "+-"):
        return None
    if text[19] == "." and len(text) - (1 if text[-1] == "Z" else 6) > 26:
        return None
    try:
        passed = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return None
    if not -9_000_000_000 < passed.days * 86_400 < 9_000_000_000:
        return None
    return ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1_000
