"""Records to events: our own envelope in JSON, or a stranger's JSON object by a mapping."""

from typing import Any, Final

import msgspec

from infrastress.connectors.mapping import Mapping, RecordMap
from infrastress.connectors.times import Clock
from infrastress.core.errors import DecodeError
from infrastress.events import Event, decode_event, encode_event, event_from_json, make_event
from infrastress.events.kinds import KINDS
from infrastress.site import Site

__all__ = ["RecordReader", "Refused"]


_ABSENT: Final = object()
_MOMENTS = frozenset({"begins", "ends"})
"""Fields that are times, written as the time of the record is."""


class Refused(Exception):  # noqa: N818 - an outcome of one record, never seen outside connectors
    """A record is no event of this site: `reason` is a short fixed word; `dropped` when that is expected, harmless."""

    def __init__(self, reason: str, *, dropped: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.dropped = dropped


class RecordReader:
    """Reads records of one source into events.

    Args:
        site: the site model.
        source: id of the source, where neither record nor mapping names another.
        mapping: how to read records that aren't our own events; its `records` part, its time format and zone.
    """

    def __init__(self, site: Site, source: str, mapping: Mapping | None = None) -> None:
        self._site = site
        self._records: RecordMap | None = mapping.records if mapping is not None else None
        if mapping is not None and self._records is not None:
            self._source = self._records.source or source
            self._clock = Clock(mapping.time.format, mapping.time_zone or site.time_zone)
            self._body = KINDS[self._records.kind]
            self._texts = {field.name for field in msgspec.structs.fields(self._body) if field.type is str}

    def read(self, text: bytes, number: int) -> Event:
        """One record.

        Args:
            text: JSON.
            number: the source's number of the record, where it has no own.

        Raises:
            Refused: it is no event of this site.
        """
        try:
            text.decode()
        except UnicodeDecodeError:
            raise Refused("encoding") from None
        if self._records is not None:
            try:
                event = self.read_fields(msgspec.json.decode(text), number)
            except (msgspec.MsgspecError, RecursionError):
                raise Refused("no-event") from None
        else:
            try:
                event = event_from_json(text)
            except DecodeError:
                raise Refused("no-event") from None
        if event.site != self._site.id:
            raise Refused("other-site")
        return event

    def read_fields(self, record: Any, number: int) -> Event:
        """One record already decoded, by the mapping; arguments and errors as `read`."""
        spec = self._records
        if spec is None or not isinstance(record, dict):
            raise Refused("no-event")
        occurred = self._moment(_at(record, spec.time))
        found = {name: _at(record, key) for name, key in spec.fields.items()}
        fields = {name: self._told(spec, name, value) for name, value in found.items() if value is not _ABSENT}
        for name in _MOMENTS & fields.keys():
            fields[name] = self._moment(fields[name])
        try:
            body: Any = msgspec.convert({"kind": spec.kind, **spec.constants, **fields}, self._body, strict=False)
        except msgspec.ValidationError:
            raise Refused("wrong-fields") from None
        event = make_event(
            site=self._site.id,
            source=self._source,
            sequence=number,
            occurred=occurred,
            body=body,
            assets=tuple(told for key in spec.assets if (told := _scalar(_at(record, key)))),
        )
        try:
            return decode_event(encode_event(event))  # a number given as the word "nan" can't be written
        except DecodeError:
            raise Refused("wrong-fields") from None

    def _moment(self, told: Any) -> int:
        """Nanoseconds UTC of a time as the source writes it; raises Refused."""
        import pyarrow as pa

        self._clock.last = None  # an event's time is judged by itself
        times = self._clock.read(pa.array([_scalar(told)], pa.string()))
        if times.codes[0]:
            raise Refused("time-unreadable")
        return int(times.ns[0])

    def _told(self, spec: RecordMap, name: str, value: Any) -> Any:
        """What the mapping says that a word means; a badge or track that is a number is meant as a word."""
        words = spec.values.get(name)
        if words is not None and not isinstance(value, dict | list):
            value = words.get(str(value), value)
        number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if number and name in self._texts else value


def _at(record: dict[str, Any], name: str) -> Any:
    """A field by its name, or by the way to it: the names from the outside in, with dots; `_ABSENT` where none is."""
    if name in record:
        return record[name]
    inside: Any = record
    for part in name.split("."):
        if not isinstance(inside, dict) or part not in inside:
            return _ABSENT
        inside = inside[part]
    return inside


def _scalar(value: Any) -> str | None:
    return None if value is None or value is _ABSENT or isinstance(value, dict | list) else str(value)
