"""Taking reports: written down and on disk before anybody is told so; many at once with one sync."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from infrastress.connectors.reports.box import Line, Place
from infrastress.connectors.reports.records import Act, Boxes, Record, decode

__all__ = ["Known", "Taker"]


class Known(NamedTuple):
    """Where a report lies."""

    lane: str
    before: Place


class Taker:
    """Appends to the boxes, and finds what lies in them.

    Args:
        boxes: the site's reports.
        clock: event time, ns.

    Attributes:
        taken: reports taken since the start, by lane.
    """

    def __init__(self, boxes: Boxes, clock: Callable[[], int]) -> None:
        self._boxes, self._clock = boxes, clock
        self.taken: Counter[str] = Counter()
        self._known: dict[str, Known] = {}
        self._read: dict[str, Place] = {}
        self._acts: dict[str, list[Act]] = {}
        self._acts_read = Place()
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.look()

    def look(self) -> None:
        """Learn what was appended since, to which box."""
        for lane, box in self._boxes.lanes.items():
            before = self._read.get(lane, Place())
            for line in box.read(before):
                record = decode(line.data, Record) if line.data is not None else None
                if record is not None:
                    self._known.setdefault(record.number, Known(lane, before))
                before = self._read[lane] = line.behind

    async def take(self, record: Record, lane: str) -> None:
        """Returns when it is on disk.

        Raises:
            OSError: it could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((lane, msgspec.json.encode(record), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(done)
        self.taken[lane] += 1

    def find(self, number: str) -> tuple[Record, str] | None:
        """A report and its lane by the public part of its receipt."""
        known = self._known.get(number)
        if known is None:
            self.look()
            known = self._known.get(number)
        if known is None:
            return None
        line: Line | None = next(iter(self._boxes.lanes[known.lane].read(known.before)), None)
        record = decode(line.data, Record) if line is not None and line.data is not None else None
        # A file that retention deleted gives the next one's first line.
        return (record, known.lane) if record is not None and record.number == number else None

    def acts(self, number: str) -> list[Act]:
        """What was done about a report."""
        for line in self._boxes.acts.read(self._acts_read):
            self._acts_read = line.behind
            act = decode(line.data, Act) if line.data is not None else None
            if act is not None:
                self._acts.setdefault(act.number, []).append(act)
        return self._acts.get(number, [])

    async def _write(self) -> None:
        """Write all that waits, again and again until nothing does."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for lane in {lane for lane, _, _ in waiting}:
                mine = [(data, done) for one, data, done in waiting if one == lane]
                try:
                    await asyncio.to_thread(self._boxes.lanes[lane].append, [data for data, _ in mine], self._clock())
                except OSError as error:
                    for _, done in mine:
                        if not done.done():
                            done.set_exception(error)
                else:
                    for _, done in mine:
                        if not done.done():
                            done.set_result(None)
            with suppress(OSError):
                self.look()
