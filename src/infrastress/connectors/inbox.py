"""The inbox of a live connector: readings, events and refusals as they come, handed over as deliveries.

A reading is one value of one signal. Readings become rows: in order of time, a row takes readings of different signals
that lie within the time resolution of its first, and has that one's time. So a plant whose 10,000 signals each have a
time of their own gives some wide rows a second instead of 10,000 narrow ones, and no value is ever lost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple, Self

import msgspec
import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events import Event, Samples, encode_event
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["Inbox"]

MAX_REFUSALS = 20
"""Refusals handed over as examples with one delivery; all are counted."""
_SHOWN = 200
LONGEST_RAW = 256_000
"""Bytes of a message that is kept because something of it was refused."""
_MOST_RAW, _MOST_RAW_BYTES = 2_000, 4_000_000
"""Messages kept with one delivery."""
_FAULTS = 5
_AGAIN = 1 << 40
"""What is read again is numbered from here: no source has told so many rows before."""


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
        self._skip: Counter[tuple[str, int]] = Counter()
        self._before: tuple[tuple[str, int], ...] = ()
        self._clear()

    @classmethod
    def again(cls, site: Site, source: Source, raw: Raw, number: int, *, resolution_s: float = 0.0) -> Self:
        """An inbox for a kept message that is read again: what was taken of it before is not taken twice.

        Args:
            site: whose.
            source: whose.
            raw: the message.
            number: of the message within its source; what comes of it is numbered by it.
            resolution_s: as in the constructor.
        """
        first = _AGAIN + number * 1000
        inbox = cls(site, source, msgspec.msgpack.encode(_Position(first, first)), resolution_s=resolution_s)
        inbox._skip, inbox._before = Counter(raw.taken), raw.taken
        return inbox

    def _clear(self) -> None:
        self._readings: list[tuple[int, str, float]] = []
        self._events: list[Event] = []
        self._refusals: list[Refusal] = []
        self._balance = Balance()
        self._raw: list[Raw] = []
        self._raw_bytes = 0
        self._spoilt: list[Refusal] = []
        self._arrived: set[int] = set()
        self._first = self._first_event = 0

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

    def begin(self) -> None:
        """A message comes: what is taken and refused from now on belongs to it, until the next `begin`."""
        self._first, self._first_event = len(self._readings), len(self._events)
        if self._spoilt:
            self._spoilt = []
        if self._arrived:
            self._arrived = set()

    @property
    def spoilt(self) -> bool:
        """Whether something of the message since `begin` was refused, so that it should be kept."""
        return bool(self._spoilt)

    def keep(self, data: bytes, received: int, **about: str) -> None:
        """Have the message since `begin` kept, if something of it was refused, so that it can be read again.

        Args:
            data: its bytes.
            received: when it came, event time in ns.
            about: what else is needed to read it again.
        """
        if not self._spoilt:
            return
        refused = Counter(refusal.reason for refusal in self._spoilt)
        self._spoilt, faults = [], tuple(self._spoilt[:_FAULTS])
        if not self._room(len(data)):
            return
        taken = []
        for i in range(self._first, len(self._readings)):
            time, signal, _ = self._readings[i]
            taken.append((signal, 0 if i in self._arrived else time))
        taken += [("", _mark(event)) for event in self._events[self._first_event :]]
        self._hold(Raw(data, received, about, dict(sorted(refused.items())), faults, tuple(taken)))

    def _room(self, size: int) -> bool:
        """Whether one more message is kept; one that isn't is counted as refused, and not as kept."""
        fits = size <= LONGEST_RAW and self._raw_bytes + size <= _MOST_RAW_BYTES
        return fits and len(self._raw) < _MOST_RAW

    def _hold(self, raw: Raw) -> None:
        if not self._room(len(raw.data)):
            return
        if self._before:
            raw = msgspec.structs.replace(raw, taken=tuple(dict.fromkeys((*self._before, *raw.taken))))
        self._raw.append(raw)
        self._raw_bytes += len(raw.data)

    def reading(self, time: int, signal: str, value: float, *, arrived: bool = False) -> None:
        """Take a value in SI at a time, ns UTC; `arrived` where that is when it came, for it told no time."""
        if self._skip and self._again(signal, 0 if arrived else time):
            return
        if arrived:
            self._arrived.add(len(self._readings))
        self._readings.append((time, signal, value))

    def event(self, event: Event) -> None:
        """Take an event."""
        if self._skip and self._again("", _mark(event)):
            return
        self._events.append(event)

    def _again(self, name: str, mark: int) -> bool:
        """Whether this was taken before."""
        left = self._skip[name, mark]
        if left:
            self._skip[name, mark] = left - 1
        return left > 0

    def refuse(self, reason: str, where: str, what: str, *, dropped: bool = False) -> None:
        """A message that can't be read is quarantined, or dropped where that is expected and harmless."""
        self._balance.read += 1
        (self._balance.dropped if dropped else self._balance.quarantined)[reason] += 1
        if not dropped:
            self._example(reason, where, what)
            self._spoil(reason, where, what)

    def refuse_cell(self, reason: str, where: str, what: str, *, spoils: bool = True) -> None:
        """A single value that can't be read; the rest of its message stays.

        `spoils` is False for what isn't this message's fault, such as that others before it are missing.
        """
        self._balance.cells_refused[reason] += 1
        self._example(reason, where, what)
        if spoils:
            self._spoil(reason, where, what)

    def _spoil(self, reason: str, where: str, what: str) -> None:
        self._spoilt.append(Refusal(reason, where[:_SHOWN], what[:_SHOWN]))

    def empty_cell(self) -> None:
        """A value that isn't there."""
        self._balance.cells_empty += 1

    def refused(self, balance: Balance, refusals: Iterable[Refusal], kept: Iterable[Raw] = ()) -> None:
        """Take over what another reader refused of a part of what came: its counts, its examples, what it keeps."""
        own = self._balance
        own.read += balance.quarantined.total() + balance.dropped.total()
        own.quarantined += balance.quarantined
        own.dropped += balance.dropped
        own.cells_refused += balance.cells_refused
        own.cells_empty += balance.cells_empty
        for refusal in refusals:
            self._example(*refusal)
        for raw in kept:
            self._hold(raw)

    def table(self, delivery: Delivery, *, spoils: bool = False) -> None:
        """Take over what another reader delivers: rows as readings, with what it refused and keeps.

        With `spoils` its refusals are those of the message since `begin`, which is kept as a whole.
        """
        self.refused(delivery.balance, delivery.refusals, delivery.raw)
        self._spoilt += delivery.refusals if spoils else ()
        for samples in delivery.samples:
            for row, column in np.argwhere(np.isfinite(samples.values)).tolist():
                self.reading(int(samples.times[row]), samples.tags[column], float(samples.values[row, column]))
        for event in delivery.events:
            self.event(event)

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
            tuple(self._raw),
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


def _mark(event: Event) -> int:
    """Tells an event of a message from its others, whatever number it has."""
    content = encode_event(msgspec.structs.replace(event, id="", sequence=0))
    return int.from_bytes(sha256(content).digest()[:6])


def _row(time: int, cells: dict[str, float]) -> _Row:
    tags = tuple(sorted(cells))
    return _Row(time, tags, tuple(cells[tag] for tag in tags))
