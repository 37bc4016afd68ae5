"""Bodies of pushes: readings, events or a table of text, into an inbox, with a reason for all that can't be read."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from infrastress.connectors.files.telemetry import telemetry_deliveries
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.records import RecordReader, Refused
from infrastress.connectors.signals import SignalReader
from infrastress.connectors.times import REASONS, Clock
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError, InputError, MappingError
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["BodyReader", "Form"]

Form = Literal["json", "lines", "csv"]
"""JSON; JSON lines; delimited text as the mapping says."""

_SHOWN = 200


class BodyReader:
    """Reads what is pushed for one source.

    Args:
        site, source: whose.
        mapping: how to read it: columns, times, the layout, records. The default takes signal ids.
        clock: stamps readings on arrival; None where each has to carry its own time.

    Raises:
        MappingError: the mapping doesn't fit the site.
        ConfigurationError: a mapping that only makes sense for files.
    """

    def __init__(self, site: Site, source: Source, mapping: Mapping | None, clock: EventClock | None) -> None:
        where = f"source {source.id}"
        self._site, self._source, self._mapping = site, source, mapping or Mapping()
        self._time = self._mapping.time.column or ""
        if self._mapping.transposed or not self._time:
            raise ConfigurationError(
                "what is pushed can be neither transposed nor counted", where=where, remedy="give each line its time"
            )
        self._arrival = clock
        self._records = RecordReader(site, source.id, mapping)
        self._signals = SignalReader(self._mapping.columns, site, where)
        self._clock = Clock(self._mapping.time.format, self._mapping.time_zone or site.time_zone)

    def read(self, form: Form, data: bytes, inbox: Inbox) -> None:
        """Put everything of a body into the inbox."""
        if form == "csv":
            self._table(data, inbox)
        else:
            self._items(list(_decoded(form, data, inbox)), inbox)

    def _items(self, items: list[tuple[str, Any]], inbox: Inbox) -> None:
        readings: list[tuple[str, dict[str, Any]]] = []
        for where, item in items:
            if not isinstance(item, dict):
                inbox.refuse("no-object", where, _shown(item))
            elif self._mapping.records is not None or isinstance(item.get("body"), dict):
                self._event(where, item, inbox)
            else:
                readings.append((where, item))
        if not readings:
            return
        if self._arrival is not None:
            now = self._arrival.now()
            for where, item in readings:
                self._reading(where, item, now, inbox)
            return
        texts = [_text(item.get(self._time)) for _, item in readings]
        self._clock.last = None
        times = self._clock.read(pa.array(texts, pa.string()))
        for (where, item), time, code in zip(readings, times.ns.tolist(), times.codes.tolist(), strict=True):
            if code:
                inbox.refuse(REASONS[code], where, _shown(item))
            else:
                self._reading(where, item, time, inbox)

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
                inbox.reading(time, self._signals.signal(name), value)
            elif value is None:
                inbox.empty_cell()
            else:
                inbox.refuse_cell(value, f"{where}, {name}", _shown(raw))

    def _table(self, data: bytes, inbox: Inbox) -> None:
        try:
            for delivery in telemetry_deliveries(
                self._site, self._source.id, Path("body"), self._mapping,
                parquet=False, after=None, block_bytes=1 << 22, batch_rows=None, raw=BytesIO(data),
            ):  # fmt: skip
                inbox.refused(delivery.balance, delivery.refusals)
                for samples in delivery.samples:
                    for row, column in np.argwhere(np.isfinite(samples.values)).tolist():
                        inbox.reading(int(samples.times[row]), samples.tags[column], float(samples.values[row, column]))
        except (InputError, MappingError) as error:
            inbox.refuse("unreadable", "body", error.what)


def _decoded(form: Form, data: bytes, inbox: Inbox) -> Iterator[tuple[str, Any]]:
    """Items of a body with where each stood; what is no JSON is refused."""
    parts = [("body", data)]
    if form == "lines":
        lines = enumerate(data.split(b"\n"), start=1)
        parts = [(f"line {number}", line) for number, line in lines if line.strip()]
    for where, text in parts:
        try:
            item = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            inbox.refuse("no-json", where, text[:_SHOWN].decode("utf-8", "replace"))
            continue
        if isinstance(item, list) and form == "json":
            yield from ((f"item {number}", one) for number, one in enumerate(item, start=1))
        else:
            yield where, item


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list | bool) else str(value)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value)[:_SHOWN].decode("utf-8", "replace")
