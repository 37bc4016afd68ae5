"""The stream: one reader of the log, frames encoded once, any number of followers that hold nothing but a number.

A frame holds the newest version of whatever changed since the one before; there are at most five a second. All frames
lie in one ring. A follower walks along it at its own speed; one that the ring has overtaken is dropped and comes back
with the id of the last frame it saw, from where the log itself is read. Ids are positions in the log, so they outlive
the server.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import structlog

from infrastress.app.api.plant import Plant
from infrastress.app.api.position import Position
from infrastress.app.api.projection import TOLD, Changes
from infrastress.app.api.wire import acted_of, decision_of
from infrastress.client import models
from infrastress.core.errors import LogGap, StoreError
from infrastress.events import AlarmAction
from infrastress.store.ports import type_of

__all__ = ["TOPICS", "Dropped", "Frame", "Stream", "Topic", "frame_bytes"]

Topic = Literal["alarms", "acts", "incidents", "health", "pulse", "decisions"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
_CHUNK = 500
_KEPT = 20
"""Records of the quarantine read at once: each may hold megabytes of messages."""
_LOOK_BACK_S = 2 * 86_400
_LOG = structlog.get_logger()


class Dropped(Exception):  # noqa: N818 - an outcome that a follower is told, not a mishap
    """The ring has overtaken a follower."""


@dataclass
class Frame:
    """What changed between two positions: each topic encoded once, and put together once for each choice of topics."""

    number: int
    position: Position
    parts: dict[str, bytes]
    size: int
    put: dict[frozenset[str], bytes | None] = field(default_factory=dict)

    def bytes_for(self, topics: frozenset[str]) -> bytes | None:
        """The frame as it goes over the wire; None where it holds nothing of these topics."""
        if topics not in self.put:
            self.put[topics] = frame_bytes(self.position, {k: v for k, v in self.parts.items() if k in topics})
        return self.put[topics]


def frame_bytes(position: Position, parts: dict[str, bytes], event: str = "update") -> bytes | None:
    """A frame of server-sent events; None where there is nothing to tell."""
    return _encoded(position, parts, event) if parts or event != "update" else None


def _encoded(position: Position, parts: dict[str, bytes], event: str) -> bytes:
    fields = [b'"position":"%s"' % str(position).encode(), *(b'"%s":%s' % (k.encode(), v) for k, v in parts.items())]
    return b"id: %s\nevent: %s\ndata: {%s}\n\n" % (str(position).encode(), event.encode(), b",".join(fields))


class Stream:
    """Reads the log, keeps the projection, makes frames.

    Args:
        plant: the site.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._settings = plant.settings
        self.followers = 0
        self.dropped = 0
        self._ring: deque[Frame] = deque()
        self._bytes = 0
        self._number = 0
        self._position = Position()
        self._epoch = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    @property
    def position(self) -> Position:
        """Where the newest frame ends."""
        return self._position

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Load, then read on in a thread."""
        self._loop = loop
        self._load()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """All followers end; called from the event loop."""
        self._stop.set()
        self._ring_bell()

    def stop(self) -> None:
        """Read no more; returns when the reader has ended."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        self._wake()

    async def follow(self, topics: frozenset[str], after: Position | None) -> AsyncIterator[bytes | None]:
        """Frames behind a position, or from now on; None where there was nothing for a heartbeat's time.

        Raises:
            Dropped: the follower is slower than the ring is long.
        """
        number, epoch = self._number, self._epoch
        if after is None:
            yield self._opening("start", topics)
        else:
            held = self._held(after)
            if held is None:
                with self._lock:
                    behind, number = self._position, self._number
                try:
                    chunks = self._between(after, behind, topics)
                    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                        yield chunk
                except LogGap:
                    number, epoch = self._number, self._epoch
                    yield self._opening("reset", topics)
            else:
                number = held
        while not self._stop.is_set():
            if epoch != self._epoch:
                number, epoch = self._number, self._epoch
                yield self._opening("reset", topics)
            frames = self._behind(number)
            for frame in frames:
                number = frame.number
                data = frame.bytes_for(topics)
                if data is not None:
                    yield data
            if not frames:
                news = self._news
                try:
                    async with asyncio.timeout(self._settings.heartbeat_s):
                        await news.wait()
                except TimeoutError:
                    yield None

    def _opening(self, event: str, topics: frozenset[str]) -> bytes:
        pulse = {"pulse": _json(self._plant.pulse())} if "pulse" in topics else {}
        return _encoded(self._position, pulse, event)

    def _behind(self, number: int) -> list[Frame]:
        with self._lock:
            if not self._ring or self._ring[-1].number <= number:
                return []
            if self._ring[0].number > number + 1:
                raise Dropped
            return [frame for frame in self._ring if frame.number > number]

    def _held(self, after: Position) -> int | None:
        """Number of the newest frame that ends at a position, where the ring goes on behind it."""
        with self._lock:
            if after == self._position:
                return self._number
            for frame in reversed(self._ring):
                if frame.position == after and frame.number + 1 >= self._ring[0].number:
                    return frame.number
        return None

    def _between(self, after: Position, upto: Position, topics: frozenset[str]) -> Iterator[bytes]:
        """What the log says between two positions, a frame for each stretch of records.

        Raises:
            LogGap: some of it was retired, or the log isn't the one that the position came from.
        """
        log, names = self._plant.store.log, self._plant.partitions
        wanted = (
            "alarms" in topics or "incidents" in topics,
            "health" in topics or "pulse" in topics,
            bool({"decisions", "incidents", "acts"} & topics),
        )
        if any(a > u for a, u in zip(after, upto, strict=True)):
            raise LogGap(f"{after} lies ahead of {upto}")
        at = list(after)
        for i, name in enumerate(names):
            if wanted[i] and (at[i] < log.start(name) or upto[i] - at[i] > self._settings.catch_up):
                raise LogGap("records were retired, or are too many", where=name)
        for i, name in enumerate(names):
            while wanted[i] and at[i] < upto[i]:
                records = log.read(name, at[i], _CHUNK, types=TOLD if i == 2 else ())
                records = [record for record in records if record.offset <= upto[i]]
                at[i] = records[-1].offset if len(records) == _CHUNK else upto[i]
                parts = self._parts(self._plant.projection.read(records), fresh=self._plant.pulse().fresh)
                data = frame_bytes(Position(*at), {k: v for k, v in parts.items() if k in topics})
                if data is not None:
                    yield data
            at[i] = upto[i]
        if data := frame_bytes(upto, {"pulse": _json(self._plant.pulse())} if "pulse" in topics else {}):
            yield data

    def _load(self) -> None:
        since = time.time_ns() - _LOOK_BACK_S * 1_000_000_000
        self._plant.projection.load(look_back=since)
        self._plant.projection.refused.clear()
        self._plant.kept.clear()
        self._refused_at = self._plant.store.log.start(f"quarantine/{self._plant.id}")
        self._plant.failing = ""
        with self._lock:
            self._position = self._plant.projection.position
            self._ring.clear()
            self._bytes = 0
            self._epoch += 1

    def _run(self) -> None:
        pending = Changes()
        reached = self._position
        due = 0.0
        was_fresh = self._plant.pulse().fresh
        while not self._stop.is_set():
            try:
                changes, reached = self._read(
                    reached, max(0.01, min(0.25, due - time.monotonic()) if pending else 0.25)
                )
                pending.update(changes)
                self._plant.failing = ""
            except LogGap:
                self._load()
                pending, reached = Changes(), self._position
                self._wake()
            except StoreError as error:
                if not self._plant.failing:
                    _LOG.warning("the store can't be read", error=str(error))
                self._plant.failing = f"the store can't be read: {error.what}"
                self._stop.wait(0.5)
            except Exception as error:  # the one reader must not end: what it can't take it tells
                _LOG.exception("a record can't be told", error=repr(error))
                self._stop.wait(0.5)
            fresh = self._plant.pulse().fresh
            if (pending or fresh != was_fresh) and time.monotonic() >= due:
                self._frame(pending, reached, fresh=fresh, turned=fresh != was_fresh)
                pending, was_fresh = Changes(), fresh
                due = time.monotonic() + self._settings.frame_s

    def _read(self, reached: Position, wait_s: float) -> tuple[Changes, Position]:
        """Take what is new in the three partitions and in the quarantine."""
        log, names = self._plant.store.log, self._plant.partitions
        quarantine = f"quarantine/{self._plant.id}"
        grown = log.wait({**dict(zip(names, reached, strict=True)), quarantine: self._refused_at}, wait_s)
        changes, at = Changes(), list(reached)
        if quarantine in grown:
            records = log.read(quarantine, self._refused_at, _KEPT)
            self._plant.projection.refusals(record for record in records if type_of(record.subject) == "refusal")
            self._plant.kept.take(records)
            self._refused_at = records[-1].offset if records else self._refused_at
        for i, name in enumerate(names):
            if name not in grown:
                continue
            end = log.end(name)
            records = log.read(name, at[i], _CHUNK, types=TOLD if i == 2 else ())
            changes.update(self._plant.projection.apply(records))
            last = records[-1].offset if records else at[i]
            at[i] = last if len(records) == _CHUNK else max(end, last)
        self._plant.projection.position = Position(*at)
        return changes, Position(*at)

    def _frame(self, changes: Changes, position: Position, *, fresh: bool, turned: bool) -> None:
        parts = self._parts(changes, fresh=fresh)
        if turned:
            parts["pulse"] = _json(self._plant.pulse())
        with self._lock:
            self._position = position
            if not parts:
                return
            self._number += 1
            frame = Frame(self._number, position, parts, sum(map(len, parts.values())))
            self._ring.append(frame)
            self._bytes += frame.size
            while len(self._ring) > 1 and (
                self._bytes > self._settings.ring_bytes or len(self._ring) > self._settings.ring_frames
            ):
                self._bytes -= self._ring.popleft().size
        self._wake()

    def _parts(self, changes: Changes, *, fresh: bool) -> dict[str, bytes]:
        """Each topic, encoded."""
        plant, parts = self._plant, dict[str, bytes]()
        if changes.alarms:
            parts["alarms"] = b"[%s]" % b",".join(map(plant.alarm_json, changes.alarms.values()))
        if acts := [event for event in changes.acts if isinstance(event.body, AlarmAction)]:
            parts["acts"] = _list(acted_of(event) for event in acts)
        if changes.incidents:
            parts["incidents"] = _list(plant.incident(entry) for entry in changes.incidents.values())
        if changes.health:
            parts["health"] = _list(plant.change(health, fresh=fresh) for health in changes.health.values())
        if changes.pulse:
            parts["pulse"] = _json(plant.pulse(changes.pulse))
        if changes.decisions:
            parts["decisions"] = _list(decision_of(decided) for decided in changes.decisions)
        return parts

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring_bell)

    def _ring_bell(self) -> None:
        """All who wait go on; whoever waits next waits for the next one."""
        news, self._news = self._news, asyncio.Event()
        news.set()


def _json(model: models.Wire) -> bytes:
    return model.model_dump_json().encode()


def _list(items: "Iterator[models.Wire]") -> bytes:
    return b"[%s]" % b",".join(_json(item) for item in items)
