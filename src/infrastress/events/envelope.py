"""The envelope every event travels in, its two encodings and its id.

Inside (`encode_event`): canonical JSON with int64 nanosecond times, byte-identical for equal events.
At the edges (`event_to_json`): the same with ISO 8601 times, for `*.jsonl` files and people.
"""

from typing import Any, TypeVar

import msgspec

from infrastress.core.errors import DecodeError, InputError
from infrastress.core.ids import canonical_json, event_id
from infrastress.core.time import from_iso, to_iso
from infrastress.events.kinds import KINDS, Body, Unknown

__all__ = [
    "Event",
    "body_as",
    "decode_event",
    "encode_event",
    "event_body",
    "event_from_json",
    "event_to_json",
    "json_schema",
    "make_event",
]

SCHEMA_VERSION = 1
B = TypeVar("B", bound=msgspec.Struct)

_TIMES = frozenset({"occurred", "observed", "began", "until", "updated", "first_alarm", "watermark", "clock"})
_COMPUTED = frozenset({"score", "confidence", "contributions", "sentence", "why", "timeline"})


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One timestamped thing that happened.

    `occurred` is when it happened (+- `uncertainty_ns`), `observed` when the source said so. `source` names who says
    it and `sequence` counts what that source said. `assets` and `zone` tie it to the site model; `blobs` are content
    hashes of pictures or packets.
    """

    id: str
    site: str
    source: str
    sequence: int
    occurred: int
    observed: int
    body: Body
    assets: tuple[str, ...] = ()
    zone: str = ""
    uncertainty_ns: int = 0
    blobs: tuple[str, ...] = ()
    schema: int = SCHEMA_VERSION

    @property
    def kind(self) -> str:
        """The body's kind, such as "access" or "detection"."""
        if isinstance(self.body, Unknown):
            return self.body.kind_name
        return str(self.body.__struct_config__.tag)


class _Raw(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    site: str
    source: str
    sequence: int
    occurred: int
    observed: int
    body: dict[str, Any]
    assets: tuple[str, ...] = ()
    zone: str = ""
    uncertainty_ns: int = 0
    blobs: tuple[str, ...] = ()
    schema: int = SCHEMA_VERSION


_KNOWN = msgspec.json.Decoder(Event)
_ANY = msgspec.json.Decoder(_Raw)


def make_event(
    *,
    site: str,
    source: str,
    sequence: int,
    occurred: int,
    body: Body,
    observed: int | None = None,
    assets: tuple[str, ...] = (),
    zone: str = "",
    uncertainty_ns: int = 0,
    blobs: tuple[str, ...] = (),
) -> Event:
    """Build an event with its id: hash of source, sequence and content, computed floats and prose left out."""
    content = _fields(body)
    stable = {key: value for key, value in content.items() if key not in _COMPUTED}
    identity = event_id(source, sequence, canonical_json([site, occurred, assets, stable]))
    return Event(
        id=identity,
        site=site,
        source=source,
        sequence=sequence,
        occurred=occurred,
        observed=occurred if observed is None else observed,
        body=body,
        assets=assets,
        zone=zone,
        uncertainty_ns=uncertainty_ns,
        blobs=blobs,
    )


def encode_event(event: Event) -> bytes:
    """Canonical bytes of an event, times in nanoseconds."""
    if isinstance(event.body, Unknown):
        fields: dict[str, Any] = msgspec.to_builtins(event)
        fields["body"] = event_body(event)
        return canonical_json(fields)
    return canonical_json(event)


def decode_event(data: bytes) -> Event:
    """Read an event; fields this version doesn't know are skipped, an unknown kind becomes `Unknown`.

    Raises:
        DecodeError: the bytes are no event.
    """
    try:
        return _KNOWN.decode(data)
    except msgspec.ValidationError as error:
        try:
            raw = _ANY.decode(data)
        except msgspec.MsgspecError as inner:
            raise DecodeError(f"no event: {inner}") from None
        kind = raw.body.get("kind")
        if not isinstance(kind, str) or kind in KINDS:
            raise DecodeError(f"no event: {error}") from None
        fields = {key: value for key, value in raw.body.items() if key != "kind"}
        plain = {name: getattr(raw, name) for name in raw.__struct_fields__ if name != "body"}
        return Event(**plain, body=Unknown(kind_name=kind, fields=fields))
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no event: {error}") from None


def event_to_json(event: Event) -> bytes:
    """One line of a `.jsonl` file (no newline): canonical JSON with ISO 8601 times."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    fields["body"] = event_body(event)
    return canonical_json(_times(fields, to_iso, int))


def event_from_json(line: bytes | str) -> Event:
    """Read a line that `event_to_json` wrote.

    Raises:
        DecodeError: the line is no event.
    """
    try:
        fields = msgspec.json.decode(line)
        return decode_event(canonical_json(_times(fields, from_iso, str)))
    except (msgspec.MsgspecError, InputError, RecursionError) as error:
        raise DecodeError(f"no event: {error}") from None


def json_schema() -> dict[str, Any]:
    """JSON Schema of the inner form of an event (times in nanoseconds)."""
    return msgspec.json.schema(Event)


def body_as(event: Event, kind: type[B]) -> B:
    """The body, of an event that is known to be of a kind.

    Raises:
        DecodeError: it is of another.
    """
    if not isinstance(event.body, kind):
        raise DecodeError(f"event {event.id} is of kind {event.kind}, not {kind.__name__}")
    return event.body


def event_body(event: Event) -> dict[str, Any]:
    """The body's fields, `kind` among them."""
    return _fields(event.body)


def _fields(body: Body) -> dict[str, Any]:
    if isinstance(body, Unknown):
        return {"kind": body.kind_name, **body.fields}
    fields: dict[str, Any] = msgspec.to_builtins(body)
    return fields


def _times(value: Any, convert: Any, kind: type) -> Any:
    if isinstance(value, dict):
        return {
            key: convert(item) if key in _TIMES and type(item) is kind else _times(item, convert, kind)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_times(item, convert, kind) for item in value]
    return value
