"""The inbox of a live connector: readings, events and refusals as they come, handed over as deliveries.

A reading is one value of one signal. Readings become rows: in order of time, a row takes readings of different signals
that lie within the time resolution of its first, and has that one's time. So a plant whose 10,000 signals each have a
time of their own gives some wide rows a second instead of 10,000 narrow ones, and no value is ever lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec
import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events import Event, Samples
from infrastress.events.delivery import Balance, Delivery, Refusal
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["Inbox"]

MAX_REFUSALS = 20
"""Refusals handed over as examples with one delivery; all are counted."""
_SHOWN = 200


class _Position(msgspec.Struct, frozen=True, omit_defaults=True):
    rows: int = 0
    events: int = 0
    progress: int | None = None
    cursor: bytes = b""


class _Row(NamedTuple):
    time: int
    tags: tuple[str, ...]
    values: tuple[float, ...]


class Inbox:
    """Collects what one source says until it is handed over.

    Args:
        site, source: whose.
        after: position of the last durable delivery, None before the first: numbering goes on behind it.
        resolution_s: time resolution of rows, s; 0 puts only readings of equal time into one row.

    Raises:
        DecodeError: `after` is no position of an inbox.
    """

    def __init__(self, site: Site, source: Source, after: bytes | None, *, resolution_s: float = 0.0) -> None:
        self._site, self._source = site, source
        self._resolution = round(resolution_s * SECOND)
        try:
            self._position = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position of a live source: {error}") from None
        self._clear()

    def _clear(self) -> None:
        self._readings: list[tuple[int, str, float]] = []
        self._events: list[Event] = []
        self._refusals: list[Refusal] = []
        self._balance = Balance()

    @property
    def cursor(self) -> bytes:
        """The connector's own mark of where it was, as last handed over."""
        return self._position.cursor

    @property
    def next_event(self) -> int:
        """Number of the next event of a source that doesn't number its own."""
        return self._position.events + len(self._events)

    @property
    def progress(self) -> int | None:
        """Newest time handed over so far, ns; None before the first."""
        return self._position.progress

    def __len__(self) -> int:
        """How many readings, events and refusals wait."""
        return len(self._readings) + len(self._events) + self._balance.read

    def reading(self, time: int, signal: str, value: float) -> None:
        """Take a value in SI at a time, ns UTC."""
        self._readings.append((time, signal, value))

    def event(self, event: Event) -> None:
        """Take an event."""
        self._events.append(event)

    def refuse(self, reason: str, where: str, what: str, *, dropped: bool = False) -> None:
        """A message that can't be read is quarantined, or dropped where that is expected and harmless."""
        self._balance.read += 1
        (self._balance.dropped if dropped else self._balance.quarantined)[reason] += 1
        if not dropped:
            self._example(reason, where, what)

    def refuse_cell(self, reason: str, where: str, what: str) -> None:
        """A single value that can't be read; the rest of its message stays."""
        self._balance.cells_refused[reason] += 1
        self._example(reason, where, what)

    def empty_cell(self) -> None:
        """A value that isn't there."""
        self._balance.cells_empty += 1

    def refused(self, balance: Balance, refusals: Iterable[Refusal]) -> None:
        """Take over what another reader refused of a part of what came: its counts and its examples."""
        own = self._balance
        own.read += balance.quarantined.total() + balance.dropped.total()
        own.quarantined += balance.quarantined
        own.dropped += balance.dropped
        own.cells_refused += balance.cells_refused
        own.cells_empty += balance.cells_empty
        for refusal in refusals:
            self._example(*refusal)

    def _example(self, reason: str, where: str, what: str) -> None:
        if len(self._refusals) < MAX_REFUSALS:
            self._refusals.append(Refusal(reason, where[:_SHOWN], what[:_SHOWN]))

    def delivery(self, cursor: bytes | None = None) -> Delivery | None:
        """All that waits, as one delivery; None when nothing does and the cursor hasn't moved.

        Args:
            cursor: the connector's own mark of where it is; None leaves it.
        """
        cursor = self._position.cursor if cursor is None else cursor
        cells_refused = self._balance.cells_refused.total()
        if not len(self) and not cells_refused and cursor == self._position.cursor:
            return None
        samples = tuple(self._samples())
        rows = sum(map(len, samples))
        balance = self._balance
        balance.read += rows + len(self._events)
        balance.accepted = rows + len(self._events)
        balance.cells_accepted = len(self._readings)
        times = [time for time, _, _ in self._readings] + [event.occurred for event in self._events]
        before = self._position.progress
        progress = max(times, default=before) if before is None else max([before, *times])
        self._position = _Position(
            self._position.rows + rows, self._position.events + len(self._events), progress, cursor
        )
        delivery = Delivery(
            self._source.id,
            msgspec.msgpack.encode(self._position),
            samples,
            tuple(self._events),
            tuple(self._refusals),
            balance,
            progress,
        )
        self._clear()
        return delivery

    def _samples(self) -> Iterator[Samples]:
        """Rows as batches: neighbours with the same signals share one."""
        run: list[_Row] = []
        number = self._position.rows
        for row in self._rows():
            if run and run[0].tags != row.tags:
                yield self._batch(run, number)
                number += len(run)
                run = []
            run.append(row)
        if run:
            yield self._batch(run, number)

    def _batch(self, rows: Sequence[_Row], number: int) -> Samples:
        times = np.array([row.time for row in rows], dtype=np.int64)
        values = np.array([row.values for row in rows], dtype=np.float64)
        return Samples(self._site.id, self._source.id, number, times, rows[0].tags, values)

    def _rows(self) -> Iterator[_Row]:
        """Readings in order of time, grouped; a signal that speaks again begins the next row."""
        row: dict[str, float] = {}
        begin = 0
        for time, signal, value in sorted(self._readings, key=itemgetter(0)):
            if row and (time - begin > self._resolution or signal in row):
                yield _row(begin, row)
                row = {}
            if not row:
                begin = time
            row[signal] = value
        if row:
            yield _row(begin, row)


def _row(time: int, cells: dict[str, float]) -> _Row:
    tags = tuple(sorted(cells))
    return _Row(time, tags, tuple(cells[tag] for tag in tags))
