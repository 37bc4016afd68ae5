"""Logs of a sensor that are being written, over rotations, as a source."""

import asyncio
from pathlib import Path
from typing import ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Link, LiveConnector, Sink
from infrastress.connectors.folders import keep_watching
from infrastress.connectors.nids.following import Follower, Mark
from infrastress.connectors.nids.names import log_of, logs_beside, rotated
from infrastress.connectors.nids.reading import LOST, Reading, Said
from infrastress.connectors.nids.told import handed_over
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Delivery
from infrastress.events.kinds import SourceKind

__all__ = ["LogFollower", "LogFollowerOptions"]


class LogFollowerOptions(BaseModel):
    """Options of the connector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    poll_s: float = Field(default=1.0, gt=0)
    retry_max_s: float = Field(default=30.0, gt=0, description="Longest wait where the log can't be read, s")


class _Position(msgspec.Struct, frozen=True):
    """How far each log was read, rows and alerts handed over, what the reading remembers."""

    marks: dict[str, Mark] = {}
    rows: int = 0
    progress: int | None = None
    memory: bytes = b""
    alerts: int = 0


class LogFollower(LiveConnector):
    """Follows the logs of one sensor. Reads only; nothing is moved or deleted."""

    Options: ClassVar[type[BaseModel]] = LogFollowerOptions
    kinds: ClassVar[frozenset[SourceKind]] = frozenset({"network"})
    reading: ClassVar[type[Reading]]
    options: LogFollowerOptions

    def followers(self, path: Path, marks: dict[str, Mark]) -> dict[str, Follower]:
        """Which logs there are to follow, by name; called again at every look. Raises OSError.

        One, the file that `path` names, unless a sensor writes several.
        """
        return {path.name: Follower(path.parent, path.name, rotated(path.name), marks.get(path.name))}

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Follow until cancelled; see the base class."""
        try:
            self._position = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in logs: {error}") from None
        path, self._lost = self.context.folder / self.options.path, 0

        async def watch() -> None:
            sink.report(Link("connecting"))
            open_: dict[str, Follower] = {}
            try:
                await self._watch(sink, path, open_)
            finally:
                for follower in open_.values():
                    follower.close()

        await keep_watching(watch, sink=sink, random=self.context.random, longest_s=self.options.retry_max_s)

    async def _watch(self, sink: Sink, path: Path, open_: dict[str, Follower]) -> None:
        while True:
            found = await asyncio.to_thread(self.followers, path, self._position.marks)
            for name in found.keys() - open_.keys():
                open_[name] = found[name]
            there = 0
            for follower in list(open_.values()):
                busy = True
                while busy:
                    delivery, busy, heard = await asyncio.to_thread(self._step, follower)
                    if delivery is not None:
                        await sink.deliver(delivery)
                there += heard
            if not there:
                raise FileNotFoundError(2, "no log is there yet", str(path))
            loss = f"; it lost {self._lost} packets" if self._lost else ""
            sink.report(Link("up", f"follows {there} logs of {self.reading.sensor} at {path}{loss}"))
            await asyncio.sleep(self.options.poll_s)

    def _step(self, follower: Follower) -> tuple[Delivery | None, bool, bool]:
        """Read a piece: the delivery if there is anything to say, whether there may be more, whether the log is."""
        before, piece = follower.mark, follower.read()
        if piece is None:
            return None, False, False
        now, said, reading = self._position, Said(), self.reading(logs_beside(follower.folder))
        if now.memory:
            reading.load(now.memory)
        for reason, text in piece.wrong:
            said.refuse(reason, piece.name, text)
        reading.read(piece.lines, log_of(follower.name), piece.name, piece.first, said)
        if follower.mark == before and not said.balance.read:
            return None, piece.more, True
        records, events, progress = handed_over(
            said, site=self.site.id, source=self.source.id, rows=now.rows, alerts=now.alerts, progress=now.progress
        )
        marks = {**now.marks, follower.name: follower.mark}
        self._position = _Position(marks, now.rows + len(records), progress, reading.dump(), now.alerts + len(events))
        position, network = msgspec.msgpack.encode(self._position), (records,) if len(records) else ()
        balance, refusals = said.balance, tuple(said.refusals)
        self._lost += balance.cells_refused[LOST]
        return (
            Delivery(self.source.id, position, (), events, refusals, balance, progress, network=network),
            piece.more,
            True,
        )
