"""Bodies of pushes: readings, events or a table of text, into an inbox, with a reason for all that can't be read."""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa

from infrastress.connectors.files.keeping import Keeper, read_table
from infrastress.connectors.files.telemetry import telemetry_deliveries
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.records import RecordReader, Refused
from infrastress.connectors.signals import SignalReader
from infrastress.connectors.times import REASONS, Clock
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError, InputError, MappingError
from infrastress.events.delivery import Raw
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["BodyReader", "Form"]

Form = Literal["json", "lines", "csv"]
"""JSON; JSON lines; delimited text as the mapping says."""

_SHOWN = 200
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class BodyReader:
    """Reads what is pushed for one source.

    Args:
        site, source: whose.
        mapping: how to read it: columns, times, the layout, records. The default takes signal ids.
        clock: stamps readings on arrival; None where each has to carry its own time.
        now: tells when a body came, event time in ns.

    Raises:
        MappingError: the mapping doesn't fit the site.
        ConfigurationError: a mapping that only makes sense for files.
    """

    def __init__(
        self,
        site: Site,
        source: Source,
        mapping: Mapping | None,
        clock: EventClock | None,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        where = f"source {source.id}"
        self._site, self._source, self._mapping = site, source, mapping or Mapping()
        self._time = self._mapping.time.column or ""
        if self._mapping.transposed or not self._time:
            raise ConfigurationError(
                "what is pushed can be neither transposed nor counted", where=where, remedy="give each line its time"
            )
        self._now, self._stamp = now if clock is None else clock.now, clock is not None
        self._records = RecordReader(site, source.id, mapping)
        self._signals = SignalReader(self._mapping.columns, site, where)
        self._clock = Clock(self._mapping.time.format, self._mapping.time_zone or site.time_zone)

    def read(self, form: Form, data: bytes, inbox: Inbox) -> None:
        """Put everything of a body into the inbox. What is refused is kept there piece by piece: an item, or a line."""
        came = self._now()
        if form == "csv":
            self._table(data, inbox, Keeper(came), came)
        else:
            self._items(list(_pieces(form, data)), inbox, came)

    def _items(self, pieces: list["_Piece"], inbox: Inbox, came: int) -> None:
        readings: list[tuple[_Piece, dict[str, Any]]] = []
        for piece in pieces:
            inbox.begin()
            try:
                item = msgspec.json.decode(piece.data)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                inbox.refuse("no-json", piece.where, piece.data[:_SHOWN].decode("utf-8", "replace"))
            else:
                if not isinstance(item, dict):
                    inbox.refuse("no-object", piece.where, _shown(item))
                elif self._mapping.records is not None or isinstance(item.get("body"), dict):
                    self._event(piece.where, item, inbox)
                else:
                    readings.append((piece, item))
            inbox.keep(piece.data, came, form="json", where=piece.where)
        texts = [_text(item.get(self._time)) for _, item in readings]
        self._clock.last = None
        times = None if self._stamp or not texts else self._clock.read(pa.array(texts, pa.string()))
        for number, (piece, item) in enumerate(readings):
            inbox.begin()
            code = 0 if times is None else int(times.codes[number])
            if code:
                inbox.refuse(REASONS[code], piece.where, _shown(item))
            else:
                self._reading(piece.where, item, came if times is None else int(times.ns[number]), inbox)
            inbox.keep(piece.data, came, form="json", where=piece.where)

    def _event(self, where: str, item: dict[str, Any], inbox: Inbox) -> None:
        try:
            if self._mapping.records is not None:
                event = self._records.read_fields(item, inbox.next_event)
            else:
                event = self._records.read(msgspec.json.encode(item), inbox.next_event)
            if event.source != self._source.id:
                raise Refused("other-source")  # who may push for one source speaks for no other
        except Refused as refused:
            inbox.refuse(refused.reason, where, _shown(item))
        else:
            inbox.event(event)

    def _reading(self, where: str, item: dict[str, Any], time: int, inbox: Inbox) -> None:
        mapping = self._mapping
        if mapping.layout == "long" or (
            not mapping.columns and {mapping.tag_column, mapping.value_column} <= set(item)
        ):
            quality = item.get(mapping.quality_column) if mapping.quality_column is not None else None
            if quality is not None and str(quality) not in mapping.good_quality:
                inbox.refuse("bad-quality", where, _shown(item))
                return
            cells = {str(item.get(mapping.tag_column)): item.get(mapping.value_column)}
        else:
            aside = {self._time, mapping.label, *mapping.ignore}
            cells = {name: raw for name, raw in item.items() if name not in aside}
        if not cells:
            inbox.refuse("empty", where, _shown(item))
        for name, raw in cells.items():
            if name not in self._signals:
                inbox.refuse_cell("unknown-tag", where, name)
                continue
            value = None if raw in mapping.empty else self._signals.read(name, raw)
            if isinstance(value, float):
                inbox.reading(time, self._signals.signal(name), value, arrived=self._stamp)
            elif value is None:
                inbox.empty_cell()
            else:
                inbox.refuse_cell(value, f"{where}, {name}", _shown(raw))

    def _table(self, data: bytes, inbox: Inbox, keeper: Keeper | None, came: int) -> None:
        inbox.begin()
        try:
            for delivery in telemetry_deliveries(
                self._site, self._source.id, Path("body"), self._mapping,
                parquet=False, after=None, block_bytes=1 << 22, batch_rows=None, raw=BytesIO(data), keeper=keeper,
            ):  # fmt: skip
                inbox.table(delivery, spoils=keeper is None)
        except (InputError, MappingError) as error:
            inbox.refuse("unreadable", "body", error.what)
        inbox.keep(data, came, form="csv", where="body")

    def read_again(self, raw: Raw, inbox: Inbox) -> None:
        """Put what can be read now of a kept piece into the inbox."""
        if raw.about["form"] == "csv" and raw.about["where"] != "body":
            try:
                for delivery in read_table(self._site, self._source.id, self._mapping, raw):
                    inbox.table(delivery)
            except (InputError, MappingError) as error:
                inbox.begin()
                inbox.refuse("unreadable", raw.about["where"], error.what)
                inbox.keep(raw.data, raw.received, **raw.about)
        elif raw.about["form"] == "csv":
            self._table(raw.data, inbox, None, raw.received)
        else:
            self._items([_Piece(raw.about["where"], raw.data)], inbox, raw.received)


class _Piece(NamedTuple):
    """An item of a body: where it stood, and its bytes."""

    where: str
    data: bytes


def _pieces(form: Form, data: bytes) -> Iterator[_Piece]:
    """Items of a body, to be decoded one by one; a body that is no JSON is one piece."""
    if form == "lines":
        lines = enumerate(data.split(b"\n"), start=1)
        yield from (_Piece(f"line {number}", line) for number, line in lines if line.strip())
        return
    try:
        items = _ITEMS.decode(data) if data.lstrip()[:1] == b"[" else None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        items = None
    if items is None:
        yield _Piece("body", data)
    else:
        yield from (_Piece(f"item {number}", bytes(one)) for number, one in enumerate(items, start=1))


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list | bool) else str(value)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value)[:_SHOWN].decode("utf-8", "replace")
