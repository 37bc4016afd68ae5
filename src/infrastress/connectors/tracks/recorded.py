"""Recorded tracks: a file of Cursor on Target events or of AIS sentences, plain or packed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.connectors.base import Connector
from infrastress.connectors.files.lines import DAMAGE, open_bytes
from infrastress.connectors.inbox import MAX_REFUSALS
from infrastress.connectors.listening import Frame
from infrastress.connectors.records import Refused
from infrastress.connectors.tracks.ais import AisReader
from infrastress.connectors.tracks.cot import CotReader
from infrastress.connectors.tracks.reading import TrackReader
from infrastress.core.errors import DecodeError
from infrastress.events import Event, make_event
from infrastress.events.delivery import Balance, Delivery, Refusal

__all__ = ["AisLogConnector", "CotLogConnector", "TrackLogConnector", "TrackLogOptions"]

_CHUNK: Final = 1 << 20
_LONGEST: Final = 256_000


class TrackLogOptions(BaseModel):
    """Options of the connectors. `batch_rows` bounds the messages of a delivery; it changes none of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    sensor: str | None = None
    batch_rows: int | None = Field(default=None, ge=1)


class _Position(msgspec.Struct, frozen=True):
    """Messages read, events handed over."""

    messages: int = 0
    events: int = 0
    progress: int | None = None


class TrackLogConnector(Connector):
    """Reads one file; behind a position it reads from the beginning: packed files can't be entered in the middle."""

    Options: ClassVar[type[BaseModel]] = TrackLogOptions
    reader: ClassVar[type[TrackReader]]
    options: TrackLogOptions

    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """As `Connector.deliveries`."""
        try:
            done = _Position() if after is None else msgspec.msgpack.decode(after, type=_Position)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position in a file of tracks: {error}") from None
        reader = self.reader(self.options.sensor or self.source.id)
        now, size = _Position(), self.options.batch_rows or 10_000
        events: list[Event] = []
        refusals: list[Refusal] = []
        balance, progress, numbered = Balance(), None, 0
        for number, frame in enumerate(self._frames(), start=1):
            balance.read += 1
            try:
                if isinstance(frame, str) or frame.too_long:
                    raise Refused(frame if isinstance(frame, str) else "too-long")
                located = reader.read(frame.line, None)
                progress = located.occurred if progress is None else max(progress, located.occurred)
                events.append(self._event(located.occurred, located.point, numbered))
                numbered += 1
            except Refused as refused:
                (balance.dropped if refused.dropped else balance.quarantined)[refused.reason] += 1
                if not refused.dropped and len(refusals) < MAX_REFUSALS:
                    shown = b"" if isinstance(frame, str) else frame.line[:200]
                    refusals.append(Refusal(refused.reason, f"message {number}", shown.decode("utf-8", "replace")))
            now = _Position(number, numbered, progress)
            if number % size == 0:
                yield from self._handed(done, now, events, refusals, balance)
                events, refusals, balance = [], [], Balance()
        yield from self._handed(done, now, events, refusals, balance)

    def _handed(
        self, done: _Position, now: _Position, events: list[Event], refusals: list[Refusal], balance: Balance
    ) -> Iterator[Delivery]:
        balance.accepted = len(events)
        if now.messages > done.messages and (balance.read or events):
            position = msgspec.msgpack.encode(now)
            yield Delivery(self.source.id, position, (), tuple(events), tuple(refusals), balance, now.progress)

    def _frames(self) -> Iterator[Frame | str]:
        """Messages of the file; at the end a word where it is damaged."""
        framing = self.reader.framing(_LONGEST)
        with open_bytes(self.options.path) as file:
            raw: Any = file
            while True:
                try:
                    chunk = raw.read1(_CHUNK)  # read would lose what came before damage
                except DAMAGE:
                    yield "file-damaged"
                    return
                if not chunk:
                    break
                yield from framing.feed(chunk)
        yield from framing.end()

    def _event(self, occurred: int, body: Any, number: int) -> Event:
        return make_event(site=self.site.id, source=self.source.id, sequence=number, occurred=occurred, body=body)


class CotLogConnector(TrackLogConnector):
    """Reads Cursor on Target."""

    name = "cot_log"
    reader = CotReader


class AisLogConnector(TrackLogConnector):
    """Reads AIS sentences with the receiver's time in their tag blocks."""

    name = "ais_log"
    reader = AisReader
