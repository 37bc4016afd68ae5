"""Cursor on Target: events in XML (MITRE, CoT Event Schema 2.0), as drone detectors, radars and TAK servers send them.

An event is read by expat with no DTD, so that there are no entities; its size is bounded by who cuts the stream.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any, Final
from xml.parsers import expat

from infrastress.connectors.listening import Frame
from infrastress.connectors.records import Refused
from infrastress.connectors.tracks.reading import Located, TrackReader
from infrastress.core.time import SECOND
from infrastress.events import TrackPoint
from infrastress.events.kinds import TrackedObject

__all__ = ["CotFrames", "CotReader"]

_UNKNOWN: Final = 9_999_999.0
"""What CoT writes for a height or an error that isn't known."""
_WANTED: Final = ("event", "point", "track", "contact")
_ELEMENTS: Final = 500
_END: Final = b"</event>"
_BEGIN: Final = re.compile(rb"<event(?=[\s/>])|\A")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CotReader(TrackReader):
    """Reads one event a message."""

    def read(self, message: bytes, received: int | None) -> Located:
        """As `TrackReader.read`; the time is the event's own."""
        del received
        if message[:1] == b"\xbf":
            raise Refused("tak-protobuf")
        said = _parse(message)
        event, point = said.get("event"), said.get("point")
        if event is None:
            raise Refused("no-cot-event")
        kind = event.get("type", "")
        if not kind.startswith("a-"):
            raise Refused("no-track", dropped=True)  # pings, chats, drawings
        if not event.get("uid") or point is None:
            raise Refused("cot-incomplete")
        latitude, longitude = _number(point, "lat"), _number(point, "lon")
        if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise Refused("no-position")
        height, error = _number(point, "hae"), _number(point, "ce")
        known = height is not None and abs(height) < _UNKNOWN and self.ground_m is not None
        track = said.get("track", {})
        speed, course = _number(track, "speed"), _number(track, "course")
        body = TrackPoint(
            track=event["uid"][:120],
            sensor=self.sensor,
            what=_object(kind),
            latitude=latitude,
            longitude=longitude,
            altitude_m=round(height - self.ground_m, 2) if known and height is not None and self.ground_m else None,
            speed_m_s=speed if speed is not None and speed >= 0 else None,
            course_deg=course % 360.0 if course is not None else None,
            accuracy_m=error if error is not None and 0 < error < _UNKNOWN else None,
            identity=said.get("contact", {}).get("callsign", "")[:120],
        )
        return Located(_time(event.get("time", "")), body)

    @staticmethod
    def framing(longest: int) -> "CotFrames":
        """As `TrackReader.framing`."""
        return CotFrames(longest)


class CotFrames:
    """Cuts a stream at the end of each event; what is too long is passed over up to the next end."""

    def __init__(self, longest: int) -> None:
        self.bad = False
        self._longest = longest
        self._rest = b""
        self._searched = 0
        self._skip = False

    def feed(self, data: bytes) -> list[Frame]:
        """Events that are whole now."""
        self._rest += data
        found: list[Frame] = []
        while True:
            end = self._rest.find(_END, self._searched)
            if end < 0:
                break
            message, self._rest, self._searched = self._rest[: end + len(_END)], self._rest[end + len(_END) :], 0
            if self._skip:
                self._skip = False
            elif len(message) > self._longest:
                found.append(Frame(message[:100], too_long=True))
            else:
                found += [Frame(part) for part in _apart(message)]
        self._searched = max(0, len(self._rest) - len(_END) + 1)
        if len(self._rest) > self._longest:
            if not self._skip:
                found.append(Frame(self._rest[:100], too_long=True))
            self._skip, self._rest, self._searched = True, self._rest[-len(_END) + 1 :], 0
        return found

    def end(self) -> list[Frame]:
        """An event that was cut."""
        rest, self._rest, self._searched = self._rest.strip(), b"", 0
        return [Frame(rest)] if rest and not self._skip else []


def _apart(message: bytes) -> list[bytes]:
    """An event, behind what of others before it had no own end (`<event .../>`, or cut): that spoils no other."""
    *_, last = _BEGIN.finditer(message)
    start = last.start()
    declared = message[:start].rstrip()
    if declared.endswith(b"?>"):
        start = max(declared.rfind(b"<?xml"), 0)
    return [part for part in (message[:start].strip(), message[start:].strip()) if part]


def _parse(message: bytes) -> dict[str, dict[str, str]]:
    """Attributes of the first of each element that is wanted."""
    found: dict[str, dict[str, str]] = {}
    count = 0

    def begins(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _ELEMENTS:
            raise Refused("cot-too-many-elements")
        if count == 1 and name != "event":
            raise Refused("no-cot-event")
        if name in _WANTED:
            found.setdefault(name, attributes)

    def refused(*_: Any) -> None:
        raise Refused("xml-doctype")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begins
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refused
    try:
        parser.Parse(message, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Refused("no-xml") from None
    return found


def _number(fields: dict[str, str], name: str) -> float | None:
    """A finite number of an attribute; None where there is none."""
    try:
        value = float(fields[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("time-unreadable") from None
    since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000


def _object(kind: str) -> TrackedObject:
    """What an atom of CoT's tree of types is: battle dimension, then function (MIL-STD-2525B, Q is unmanned)."""
    parts = kind.split("-")
    dimension = parts[2] if len(parts) > 2 else ""
    function = parts[3:]
    if dimension == "A":
        return "drone" if any(part in ("Q", "q") for part in function) else "aircraft"
    if dimension in ("S", "U"):
        return "vessel"
    if dimension == "G":
        if function[:2] == ["E", "V"]:
            return "vehicle"
        return "person" if function[:1] == ["U"] else "unknown"
    return "unknown"
