"""How full the store is, measured by upkeep and kept as the newest record of its kind: whoever asks reads no table."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from infrastress.app.files import write_atomically
from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash
from infrastress.core.time import DAY, HOUR
from infrastress.store.ports import Output, Store
from infrastress.store.sizes import Size, sizes_of

__all__ = ["Backup", "Measure", "Part", "growth_per_day", "measure", "note_backup", "read_backup", "read_measure"]

_KIND = "storage"
_BACKUP = "backup.json"
_FINE, _COARSE = 36 * HOUR, 60 * DAY
_LEAST = HOUR
"""A growth is told of at least so much time."""


class Part(msgspec.Struct):
    """What one kind takes, as in `store.sizes.Size`."""

    kind: str
    count: int
    size: int
    oldest: int | None = None


class Measure(msgspec.Struct):
    """A measurement. Times are of the wall clock, ns.

    Attributes:
        at: when it was taken; it took `seconds`.
        parts: by kind.
        past: (when, bytes of all parts) of earlier ones and this one: all of the last day and a half, one a day before.
        removed: records and rows that the round of upkeep removed.
    """

    at: int
    seconds: float
    parts: list[Part]
    past: list[tuple[int, int]]
    removed: int = 0

    @property
    def total(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


class Backup(msgspec.Struct):
    """The last backup: when (wall clock, ns), where to, how large."""

    at: int
    to: str
    size: int
    files: int


def measure(store: Store, site: str, *, now: int, seconds: float = 0.0, removed: int = 0) -> Measure:
    """Look at all of the store, and keep what was found.

    Raises:
        StoreError: it can't be read or written; Fenced where another measures at the same time.
    """
    before = read_measure(store, site)
    parts = [Part(*size) for size in _merged(sizes_of(store, site))]
    total = sum(part.size for part in parts)
    past = _thinned([*(before.past if before else ()), (now, total)], now)
    found = Measure(now, seconds, parts, past, removed)
    name, data = f"upkeep/{site}", msgspec.json.encode(found)
    lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), "upkeep")
    lease.commit(
        lease.offset, None, [Output(content_hash(data)[:32], f"status/{site}:{_KIND}", data, f"{site}/{_KIND}", now)]
    )
    lease.release()
    return found


def read_measure(store: Store, site: str) -> Measure | None:
    """The newest; None before the first.

    Raises:
        StoreError: the store can't be read.
    """
    row = store.records.get(_KIND, f"{site}/{_KIND}")
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(row.data, type=Measure) if row else None
    return None


def _merged(sizes: Sequence[Size]) -> list[Size]:
    found: dict[str, Size] = {}
    for one in sizes:
        known = found.get(one.kind, Size(one.kind, 0, 0, None))
        eldest = [moment for moment in (known.oldest, one.oldest) if moment is not None]
        found[one.kind] = Size(one.kind, known.records + one.records, known.size + one.size, min(eldest, default=None))
    return list(found.values())


def _thinned(past: Sequence[tuple[int, int]], now: int) -> list[tuple[int, int]]:
    """All of the last day and a half, the last of each day before that."""
    days = {at // DAY: (at, total) for at, total in past if now - _COARSE < at <= now - _FINE}
    return [*days.values(), *((at, total) for at, total in past if at > now - _FINE)]


def growth_per_day(past: Sequence[tuple[int, int]], *, over: int = 7 * DAY) -> float | None:
    """Bytes a day by which a store grows: the slope of a line through what was measured in the last week.

    Args:
        past: (when in ns, bytes), in order of time.
        over: how far back, ns.

    Returns:
        None where less than an hour was measured.
    """
    if not past:
        return None
    recent = [(at, total) for at, total in past if at >= past[-1][0] - over]
    if recent[-1][0] - recent[0][0] < _LEAST:
        return None
    days = [(at - recent[0][0]) / DAY for at, _ in recent]
    mean, level = sum(days) / len(days), sum(total for _, total in recent) / len(recent)
    spread = sum((day - mean) ** 2 for day in days)
    return sum((day - mean) * (total - level) for day, (_, total) in zip(days, recent, strict=True)) / spread


def note_backup(live: Path, backup: Backup) -> None:
    """Remember the last backup beside the store, where there is a live site at all."""
    if live.is_dir():
        write_atomically(live / _BACKUP, msgspec.json.encode(backup))


def read_backup(live: Path) -> Backup | None:
    """The last backup; None where none is known of.

    Raises:
        DecodeError: the note can't be read.
    """
    try:
        return msgspec.json.decode((live / _BACKUP).read_bytes(), type=Backup)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DecodeError(f"the note of the last backup can't be read: {error}", where=str(live / _BACKUP)) from None
