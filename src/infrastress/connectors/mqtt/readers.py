"""Payloads of messages to readings, events and reports: plain numbers, JSON and words on members."""

from collections.abc import Callable
from re import Match
from typing import Any

import msgspec

from infrastress.connectors.base import Link
from infrastress.connectors.mapping import Mapping, TimeMap
from infrastress.connectors.moments import MomentReader
from infrastress.connectors.mqtt.desk import Desk, Handler, shown
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import Route
from infrastress.connectors.mqtt.topics import fill
from infrastress.connectors.records import RecordReader, Refused
from infrastress.connectors.signals import SignalReader
from infrastress.site import Site

__all__ = ["Bind", "events", "json_values", "numbers", "status"]

Bind = Callable[[str, Match[str]], Handler]
"""The handler of a topic that matches a route's filter."""
_Values = Callable[[Desk, dict[str, Any], int | None, int], bool]
"""Takes the values of an object with its time (None: it has none) and now; False where it holds none that is known."""
_RAW_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_MAX_ITEMS = 100_000


def _drop(reason: str, topic: str) -> Handler:
    return lambda desk, message, now: desk.drop(reason, topic)


def numbers(route: Route, site: Site, where: str) -> Bind:
    """The payload is one value; it has the time at which it came."""
    reader = SignalReader(route.columns, site, where)

    def bind(topic: str, match: Match[str]) -> Handler:
        name = fill(route.template, topic, match)
        if name not in reader:
            return _drop("not-mapped", topic)
        signal, read = reader.signal(name), reader.read

        def take(desk: Desk, message: Publish, now: int) -> None:
            if message.retained:
                desk.drop("retained-without-time", topic)
                return
            try:
                text = message.payload.decode()
            except UnicodeDecodeError:
                desk.refuse("encoding", message, topic)
                return
            told = read(name, text)
            if isinstance(told, float):
                desk.inbox.reading(desk.came(signal, now), signal, told)
            else:
                desk.refuse(told or "empty", message, topic)

        return take

    return bind


def json_values(route: Route, site: Site, where: str) -> Bind:
    """An object, or an array of them: many values of one time, or one value with its name."""
    reader = SignalReader(route.columns, site, where)
    moments = MomentReader(route.time_format, route.time_zone or site.time_zone)
    good = frozenset(route.good_quality)

    def one_value(topic: str, match: Match[str]) -> _Values:
        def take(desk: Desk, record: dict[str, Any], time: int | None, now: int) -> bool:
            name = fill(route.template, topic, match, tag=str(_at(record, route.tag or "")))
            if name not in reader:
                desk.drop("not-mapped", name)
                return True
            raw = _at(record, route.value)
            if route.quality is not None and str(_at(record, route.quality)) not in good:
                desk.inbox.refuse_cell("bad-quality", name, f"{raw} ({_at(record, route.quality)})")
            else:
                desk.value(reader.signal(name), reader.read(name, raw), time, now, at=(name, raw))
            return True

        return take

    def many_values(topic: str, match: Match[str]) -> _Values | None:
        before, _, behind = fill(route.template, topic, match, field="\0").partition("\0")
        paths = [
            (name[len(before) : len(name) - len(behind)], name)
            for name in reader
            if name.startswith(before) and name.endswith(behind) and len(name) > len(before) + len(behind)
        ]
        if not paths:
            return None

        def take(desk: Desk, record: dict[str, Any], time: int | None, now: int) -> bool:
            found = False
            for path, name in paths:
                raw = _at(record, path, _ABSENT)
                if raw is not _ABSENT:
                    found = True
                    desk.value(reader.signal(name), reader.read(name, raw), time, now, at=(name, raw))
            return found

        return take

    def bind(topic: str, match: Match[str]) -> Handler:
        values = one_value(topic, match) if route.tag else many_values(topic, match)
        if values is None:
            return _drop("not-mapped", topic)

        def take(desk: Desk, message: Publish, now: int) -> None:
            whole = _json(message.payload)
            records = _at(whole, route.items, _ABSENT) if route.items else whole
            records = records if isinstance(records, list) else [records]
            if not records or len(records) > _MAX_ITEMS or whole is _ABSENT:
                desk.refuse("no-json" if whole is _ABSENT else "no-records", message, topic)
                return
            for record in records:
                if not isinstance(record, dict):
                    desk.refuse("no-object", message, topic)
                    continue
                time: int | str | None = None
                if route.time is not None:
                    raw = _at(record, route.time)
                    time = moments.read(_at(whole, route.time) if raw is None and whole is not record else raw)
                elif message.retained:
                    desk.drop("retained-without-time", topic)
                    continue
                if isinstance(time, str):
                    desk.inbox.refuse(time, topic, shown(message.payload))
                elif not values(desk, record, time, now):
                    desk.refuse("no-known-field", message, topic)

        return take

    return bind


def events(route: Route, site: Site, source: str) -> Bind:
    """An object, or an array of them, that become events."""
    mapping = Mapping(
        time=TimeMap(column=None if route.records is None else route.records.time, format=route.time_format)
        if route.records is not None
        else TimeMap(),
        time_zone=route.time_zone,
        records=route.records,
    )
    reader = RecordReader(site, source, mapping)

    def bind(topic: str, match: Match[str]) -> Handler:
        def take(desk: Desk, message: Publish, now: int) -> None:
            if message.retained:
                desk.drop("retained-event", topic)  # it was told when it happened
                return
            items: list[Any] = [message.payload]
            if message.payload.lstrip()[:1] == b"[":
                try:
                    items = _RAW_ITEMS.decode(message.payload)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    items = []
                if not items:
                    desk.refuse("no-event", message, topic)
            for item in items:
                try:
                    desk.inbox.event(reader.read(bytes(item), desk.inbox.next_event))
                except Refused as refused:
                    desk.inbox.refuse(refused.reason, topic, shown(bytes(item)), dropped=refused.dropped)

        return take

    return bind


def status(route: Route) -> Bind:
    """Words that tell whether a member is there: a last will, usually retained."""

    def bind(topic: str, match: Match[str]) -> Handler:
        member = fill(route.template, topic, match)

        def take(desk: Desk, message: Publish, now: int) -> None:
            word = shown(message.payload).strip()
            if word in route.up:
                desk.report(Link("up", f"{topic} says {word!r}", member))
            elif word in route.down:
                desk.report(Link("down", f"{topic} says {word!r}", member))
            else:
                desk.refuse("no-status", message, topic)
                return
            desk.drop("status", topic)

        return take

    return bind


_ABSENT: Any = object()


def _json(payload: bytes) -> Any:
    """Decoded; `_ABSENT` where it is no JSON."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _ABSENT


def _at(record: Any, path: str, absent: Any = None) -> Any:
    """What lies at a dotted path; a key that holds dots itself comes first."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for part in path.split("."):
        if isinstance(record, dict) and part in record:
            record = record[part]
        elif isinstance(record, list) and part.isdigit() and int(part) < len(record):
            record = record[int(part)]
        else:
            return absent
    return record
