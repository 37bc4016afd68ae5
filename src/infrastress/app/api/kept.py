"""Which kept messages can be read again: an index of the quarantine in memory, followed record by record."""

from collections import Counter
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import NamedTuple

import msgspec

from infrastress.core.errors import DecodeError, StoreError
from infrastress.core.time import HOUR
from infrastress.events.delivery import Raw
from infrastress.runtime.kept import Kept, Marks, decode_kept
from infrastress.store.ports import Log, Record, Records, Row, type_of

__all__ = ["KeptIndex", "Place", "read_kept"]


class Place(NamedTuple):
    """Where a kept message lies."""

    offset: int
    place: int


class _Message(NamedTuple):
    reasons: tuple[str, ...]
    hour: int


class _Held(NamedTuple):
    source: str
    messages: list[_Message | None]


class KeptIndex:
    """Messages that wait to be read again, by source and reason; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: dict[int, _Held] = {}
        self._same: dict[_Message, _Message] = {}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def take(self, records: Iterable[Record]) -> None:
        """Take records of the quarantine, in order."""
        for record in records:
            kind = type_of(record.subject)
            try:
                if kind == "raw":
                    kept = decode_kept(record.data)
                    messages: list[_Message | None] = [self._message(raw) for raw in kept.messages]
                    with self._lock:
                        self._held[record.offset] = _Held(kept.source, messages)
                elif kind == "reread":
                    self._mark(msgspec.json.decode(record.data, type=Marks))
            except (DecodeError, msgspec.MsgspecError):
                continue  # it is only not shown

    def retire(self, start: int) -> None:
        """Forget what retention removed: records up to an offset."""
        with self._lock:
            for offset in [offset for offset in self._held if offset <= start]:
                del self._held[offset]

    def counts(self) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], Counter[int]]]:
        """By source and reason: how many messages wait, and in which hours (ns) they came."""
        waiting: Counter[tuple[str, str]] = Counter()
        hours: dict[tuple[str, str], Counter[int]] = {}
        with self._lock:
            for source, messages in self._held.values():
                for message in messages:
                    for reason in message.reasons if message else ():
                        waiting[source, reason] += 1
                        hours.setdefault((source, reason), Counter())[message.hour if message else 0] += 1
        return waiting, hours

    def places(self, source: str | None, reason: str | None) -> list[Place]:
        """Messages that wait, in order."""
        with self._lock:
            return [
                Place(offset, place)
                for offset, held in sorted(self._held.items())
                if source is None or held.source == source
                for place, message in enumerate(held.messages)
                if message is not None and (reason is None or reason in message.reasons)
            ]

    def _message(self, raw: Raw) -> _Message:
        message = _Message(tuple(sorted(raw.refused)), raw.received // HOUR * HOUR)
        return self._same.setdefault(message, message)

    def _mark(self, marks: Marks) -> None:
        with self._lock:
            held = self._held.get(marks.offset)
            if held is None:
                return
            for place in marks.done:
                held.messages[place] = None
            for name, left in marks.left.items():
                if held.messages[int(name)] is not None:
                    held.messages[int(name)] = self._message(left)


def read_kept(log: Log, records: Records, site: str, places: Iterable[Place]) -> Iterator[tuple[Place, Kept, Raw]]:
    """The messages of some places, as they stand now.

    Raises:
        StoreError: the store can't be read.
    """
    opened: dict[int, tuple[Kept, dict[int, Raw]]] = {}
    partition = f"quarantine/{site}"
    for at in places:
        if at.offset not in opened:
            try:
                (record,) = log.read(partition, at.offset - 1, 1)
                kept = decode_kept(record.data)
            except (StoreError, DecodeError, ValueError):
                continue  # retired meanwhile
            row: Row | None = records.get("reread", Marks(kept.source, at.offset).key(site))
            marks = msgspec.json.decode(row.data, type=Marks) if row else Marks(kept.source, at.offset)
            opened[at.offset] = (kept, dict(marks.waiting(kept)))
        kept, waiting = opened[at.offset]
        if at.place in waiting:
            yield at, kept, waiting[at.place]
