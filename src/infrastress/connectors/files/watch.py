"""A watched folder: finished files are read as recordings are, and moved away when all of them is durable."""

import asyncio
import heapq
import os
import stat
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Link, LiveConnector, LiveContext, Rereader, Sink
from infrastress.connectors.files import FilesConnector, FilesOptions, Mapping, load_mapping
from infrastress.connectors.files.keeping import Keeper, read_table
from infrastress.connectors.folders import keep_watching
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.records import RecordReader, Refused
from infrastress.core.errors import DecodeError, InfrastressError, InputError, MappingError
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["DONE", "REFUSED", "FolderConnector", "FolderOptions"]

DONE, REFUSED = "done", "refused"
REMEMBERED = 256
"""Files remembered by content, so that one that comes again isn't read again."""
_AT_ONCE = 1000
_HASH = 16
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".swp", "~")
_MAPPING = ".mapping.yaml"


class FolderOptions(BaseModel):
    """Options of the connector.

    A file counts as finished when neither its size nor its time has changed for `settle_s`; a sender that renames its
    files into place can do with 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    mapping: Mapping | Path | None = Field(
        default=None, description="How to read files; without it looked for as for recordings"
    )
    poll_s: float = Field(default=2.0, gt=0)
    settle_s: float = Field(default=4.0, ge=0)
    batch_rows: int = Field(default=5_000, ge=1)
    retry_max_s: float = Field(default=30.0, gt=0, description="Longest wait where the folder can't be used, s")


class _Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """`rows` before the file in hand; `count` of it so far; `inner`, where reading it goes on."""

    rows: int = 0
    progress: int | None = None
    known: bytes = b""
    file: bytes = b""
    name: str = ""
    count: int = 0
    inner: bytes = b""

    def finished(self, digest: bytes) -> "_Position":
        """Behind the file in hand."""
        known = (self.known + digest)[-REMEMBERED * _HASH :]
        return _Position(self.rows + self.count, self.progress, known)

    def knows(self, digest: bytes) -> bool:
        return any(self.known[at : at + _HASH] == digest for at in range(0, len(self.known), _HASH))


class _Found(NamedTuple):
    changed: int
    name: str
    size: int


class FolderConnector(LiveConnector):
    """Reads the files that are put into a folder, each once."""

    name: ClassVar[str] = "folder"
    Options: ClassVar[type[BaseModel]] = FolderOptions
    options: FolderOptions

    def __init__(self, site: Site, source: Source, options: Any, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._folder = context.folder / self.options.path
        self._stood: dict[_Found, float] = {}
        self._links = 0

    async def run(self, sink: Sink, after: bytes | None) -> None:
        """Watch until cancelled; see the base class."""
        try:
            self._position = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position of a folder: {error}") from None

        async def watch() -> None:
            sink.report(Link("connecting"))
            for name in (DONE, REFUSED):
                (self._folder / name).mkdir(exist_ok=True)
            while True:
                waiting = await self._round(sink)
                links = f"; {self._links} symbolic links are not followed" if self._links else ""
                sink.report(Link("up", f"watches {self._folder}, {waiting} files wait{links}"))
                await asyncio.sleep(self.options.poll_s)

        await keep_watching(watch, sink=sink, random=self.context.random, longest_s=self.options.retry_max_s)

    async def _round(self, sink: Sink) -> int:
        """Read every finished file; returns how many are still being written."""
        found = await asyncio.to_thread(self._look)
        now = time.monotonic()
        self._stood = {file: self._stood.get(file, now) for file in found}
        ready = [file for file in found if now - self._stood[file] >= self.options.settle_s]
        ready.sort(key=lambda file: (file.name != self._position.name, file))  # the one in hand first
        for file in ready:
            await self._take(file, sink)
        return len(found) - len(ready)

    def _look(self) -> list[_Found]:
        """The oldest files, at most so many that a full folder can't fill memory."""
        self._links = 0

        def files() -> Iterator[_Found]:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith(".") or name.lower().endswith((*_UNFINISHED, _MAPPING)):
                        continue
                    if entry.is_symlink():
                        self._links += 1
                        continue
                    if (found := _stat(Path(entry.path))) is not None:
                        yield found

        return heapq.nsmallest(_AT_ONCE, files())

    async def _take(self, file: _Found, sink: Sink) -> None:
        path = self._folder / file.name
        if _stat(path) != file:
            return  # written to again, or gone
        digest = await asyncio.to_thread(_digest, path)
        before = self._position
        if before.known.endswith(digest) and not before.file:
            self._move(path, DONE)  # read before; it was stopped ahead of the move
            return
        if before.knows(digest):
            balance = Balance(read=1)
            balance.dropped["duplicate-file"] += 1
            await self._hand(sink, before.finished(digest), Delivery(self.source.id, b"", balance=balance))
            self._move(path, DONE)
            return
        if before.file != digest:
            self._position = _Position(before.rows + before.count, before.progress, before.known, digest, file.name)
        reason = ""
        held: tuple[_Position, Delivery] | None = None  # the last delivery ends the file: one commit less
        try:
            async for one in self._read(path):
                if held is not None:
                    await self._hand(sink, *held)
                held = one
        except InfrastressError as error:
            reason = f"{error.what}\n" + (f"{error.remedy}\n" if error.remedy else "")
        if not reason and _stat(path) != file:
            reason = "It was written to while it was being read; what was read before that counts.\n"
        if held is not None and reason:
            await self._hand(sink, *held)
        if held is None or reason:
            balance = Balance(read=1) if reason else Balance()
            refusals: tuple[Refusal, ...] = ()
            if reason:
                balance.quarantined["unreadable-file"] += 1
                refusals = (Refusal("unreadable-file", file.name[:200], reason.strip()[:200]),)
            held = self._position, Delivery(self.source.id, b"", (), (), refusals, balance)
        await self._hand(sink, held[0].finished(digest), held[1])
        moved = self._move(path, REFUSED if reason else DONE)
        if reason:
            moved.with_name(f"{moved.name}.reason.txt").write_text(reason, encoding="utf-8")

    async def _read(self, path: Path) -> AsyncIterator[tuple[_Position, Delivery]]:
        """The rest of a file, each delivery with the position behind it; raises InputError and MappingError."""
        now = self._position
        options = FilesOptions(path=path, mapping=self._mapping(path), batch_rows=self.options.batch_rows)
        files = FilesConnector(self.site, self.source, options)
        files.keeper = Keeper(self.context.clock.now(), path.name[:200])
        rest = files.deliveries(now.inner or None)
        while (delivery := await asyncio.to_thread(next, rest, None)) is not None:
            samples = tuple(replace(batch, sequence=now.rows + batch.sequence) for batch in delivery.samples)
            count = max([now.count, *(batch.sequence + len(batch) for batch in delivery.samples)])
            progress = max((time for time in (now.progress, delivery.progress) if time is not None), default=None)
            now = _Position(now.rows, progress, now.known, now.file, now.name, count, delivery.position)
            yield now, replace(delivery, samples=samples)

    def rereader(self) -> Rereader:
        """As `LiveConnector.rereader`: lines are kept; a file that couldn't be read at all lies in `refused`."""

        def read(raw: Raw, number: int) -> Delivery:
            inbox = Inbox.again(self.site, self.source, raw, number)
            given = self._mapping(self._folder / raw.about["file"])
            mapping = load_mapping(given) if isinstance(given, Path) else given
            try:
                if raw.about["form"] == "csv":
                    for delivery in read_table(self.site, self.source.id, mapping or Mapping(), raw):
                        inbox.table(delivery)
                else:
                    reader = RecordReader(self.site, self.source.id, mapping)
                    inbox.event(reader.read(raw.data, inbox.next_event))
            except (Refused, InputError, MappingError) as error:
                reason = error.reason if isinstance(error, Refused) else "unreadable"
                what = raw.data[:200].decode("utf-8", "replace") if isinstance(error, Refused) else error.what
                inbox.begin()
                inbox.refuse(reason, raw.about["where"], what)
                inbox.keep(raw.data, raw.received, **raw.about)
            return inbox.delivery() or Delivery(self.source.id, b"")

        return read

    def _mapping(self, path: Path) -> Mapping | Path | None:
        from infrastress.connectors.recordings import find_mapping

        given = self.options.mapping
        if isinstance(given, Path):
            return self.context.folder / given
        return given if given is not None else find_mapping(path, self.context.folder)

    async def _hand(self, sink: Sink, position: _Position, delivery: Delivery) -> None:
        await sink.deliver(replace(delivery, position=msgspec.msgpack.encode(position), progress=position.progress))
        self._position = position

    def _move(self, path: Path, folder: str) -> Path:
        """Move a file away; one of the same name that lies there keeps its place."""
        target = self._folder / folder / path.name
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{path.stem}-{number}{path.suffix}")
        path.rename(target)
        return target


def _stat(path: Path) -> _Found | None:
    """What a regular file looks like from outside; None for anything else, and for one that is gone."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return _Found(status.st_mtime_ns, path.name, status.st_size) if stat.S_ISREG(status.st_mode) else None


def _digest(path: Path) -> bytes:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.digest()[:_HASH]
