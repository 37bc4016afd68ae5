"""A recorded log of a sensor as a source."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Connector
from infrastress.connectors.files.lines import Block, Lines
from infrastress.connectors.nids.names import log_of, logs_beside
from infrastress.connectors.nids.reading import Reading, Said
from infrastress.connectors.nids.told import handed_over
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Delivery

__all__ = ["LogConnector", "LogOptions"]

_BLOCK: Final = 1 << 20


class LogOptions(BaseModel):
    """Options of the connector. `batch_rows` bounds the lines of a delivery; it changes none of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    batch_rows: int | None = Field(default=None, ge=1)


class _Position(msgspec.Struct, frozen=True):
    """Bytes (unpacked) and lines read, rows and alerts handed over, what the reading remembers."""

    offset: int = 0
    line: int = 0
    rows: int = 0
    progress: int | None = None
    memory: bytes = b""
    over: bool = False
    alerts: int = 0


class LogConnector(Connector):
    """Reads one log, plain or packed (gzip, xz, bzip2)."""

    Options: ClassVar[type[BaseModel]] = LogOptions
    reading: ClassVar[type[Reading]]
    options: LogOptions

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position.

        Raises:
            InputError: the file can't be opened.
        """
        try:
            now = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in a log: {error}") from None
        path = self.options.path
        reading, name = self.reading(logs_beside(path.parent) if path.exists() else frozenset()), path.name
        if now.memory:
            reading.load(now.memory)
        with Lines(self.options.path, size=_BLOCK) as lines:
            while not now.over and (block := lines.block(now.offset)) is not None:
                said = Said()
                texts = self._texts(block)
                if texts and lines.damage is not None and lines.block_is_last(block) and not block.data.endswith(b"\n"):
                    said.refuse("file-damaged", f"{name} line {now.line + len(texts)}", texts[-1])
                    reading.read(texts[:-1], log_of(name), name, now.line + 1, said)
                elif block.too_long:
                    said.refuse("line-too-long", f"{name} line {now.line + 1}")
                else:
                    reading.read(texts, log_of(name), name, now.line + 1, said)
                end = block.end if block.too_long else block.offset + sum(map(len, texts))
                yield self._delivery(now, reading, said, offset=end, lines=max(1, len(texts)))
                now = self._now
        if not now.over:
            said = Said()
            reading.finish(said)
            if said.rows or said.alerts:
                yield self._delivery(now, reading, said, offset=now.offset, lines=0, over=True)

    def _texts(self, block: Block) -> list[bytes]:
        """Lines with their ends, as many as one delivery may have."""
        texts = block.data.splitlines(keepends=True) if b"\r" not in block.data else _split(block.data)
        return texts[: self.options.batch_rows]

    def _delivery(
        self, now: _Position, reading: Reading, said: Said, *, offset: int, lines: int, over: bool = False
    ) -> Delivery:
        records, events, progress = handed_over(
            said, site=self.site.id, source=self.source.id, rows=now.rows, alerts=now.alerts, progress=now.progress
        )
        self._now = _Position(
            offset, now.line + lines, now.rows + len(records), progress, reading.dump(), over, now.alerts + len(events)
        )
        position, network = msgspec.msgpack.encode(self._now), (records,) if len(records) else ()
        refusals = tuple(said.refusals)
        return Delivery(self.source.id, position, (), events, refusals, said.balance, progress, network=network)


def _split(data: bytes) -> list[bytes]:
    """Lines end with a line feed and nothing else."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
