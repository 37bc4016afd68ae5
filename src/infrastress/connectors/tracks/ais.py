r"""AIS: position reports of vessels (ITU-R M.1371-5) in NMEA 0183 sentences, decoded by pyais.

A report has no time but the second of its minute. Received live it is the moment nearest to the reception that has that
second; in a recording the receiver's time stands in the tag block (`\c:1700000000*hh\`), or there is none.
"""

from typing import Any, Final

from infrastress.connectors.listening import Frame
from infrastress.connectors.records import Refused
from infrastress.connectors.tracks.reading import Located, TrackReader
from infrastress.core.time import SECOND
from infrastress.events import TrackPoint
from infrastress.events.kinds import TrackedObject

__all__ = ["AisFrames", "AisReader"]

_KNOT_M_S: Final = 1852.0 / 3600.0
_REPORTS: Final[dict[int, TrackedObject]] = {
    1: "vessel", 2: "vessel", 3: "vessel", 9: "aircraft", 18: "vessel", 19: "vessel", 27: "vessel",
}  # fmt: skip
_ACCURATE_M: Final = 10.0
"""What the flag of position accuracy promises (M.1371-5, table 48: high is 10 m or better)."""


class AisReader(TrackReader):
    """Reads one sentence a message; what takes several (names, texts) is no report of a position."""

    def read(self, message: bytes, received: int | None) -> Located:
        """As `TrackReader.read`."""
        from pyais import decode
        from pyais.exceptions import AISBaseException
        from pyais.messages import AISSentence, NMEASentenceFactory

        try:
            sentence = NMEASentenceFactory.produce(message)
            if not isinstance(sentence, AISSentence):
                raise Refused("no-ais")
            if not sentence.is_valid:
                raise Refused("ais-checksum")
            told = self._told(sentence)
            if sentence.frag_cnt > 1:
                raise Refused("no-track", dropped=True)
            report: Any = decode(message)
        except (AISBaseException, ValueError, IndexError, TypeError, AttributeError, KeyError):
            raise Refused("no-ais") from None
        what = _REPORTS.get(report.msg_type)
        if what is None:
            raise Refused("no-track", dropped=True)  # names, base stations, buoys
        latitude, longitude = float(report.lat), float(report.lon)
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise Refused("no-position", dropped=True)  # 91 and 181: not available
        moment = told if told is not None else received
        if moment is None:
            raise Refused("no-time")
        speed, course = _speed(report), float(getattr(report, "course", 360.0))
        point = TrackPoint(
            track=str(report.mmsi),
            sensor=self.sensor,
            what=what,
            latitude=latitude,
            longitude=longitude,
            altitude_m=float(report.alt) if what == "aircraft" and report.alt < 4095 else None,
            speed_m_s=speed,
            course_deg=course if course < 360 else None,
            accuracy_m=_ACCURATE_M if getattr(report, "accuracy", False) else None,
            identity=str(report.mmsi),
        )
        return Located(_on_second(moment, int(getattr(report, "second", 60))), point)

    def _told(self, sentence: Any) -> int | None:
        """The receiver's time in the tag block, ns; s or ms."""
        block = sentence.tag_block
        if block is None:
            return None
        block.init()
        text = block.receiver_timestamp
        if not block.is_valid or not text or not str(text).isdigit():
            return None
        number = int(text)
        return number * SECOND if number < 10**11 else number * (SECOND // 1000)

    @staticmethod
    def framing(longest: int) -> "AisFrames":
        """As `TrackReader.framing`."""
        return AisFrames(longest)


class AisFrames:
    """Cuts a stream into lines; what is too long is passed over up to the next end of a line."""

    def __init__(self, longest: int) -> None:
        self.bad = False
        self._longest = longest
        self._rest = b""
        self._skip = False

    def feed(self, data: bytes) -> list[Frame]:
        """Lines that are whole now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found: list[Frame] = []
        for line in lines:
            if self._skip:
                self._skip = False
            elif len(line) > self._longest:
                found.append(Frame(line[:100], too_long=True))
            elif line.strip(b"\r\0 "):
                found.append(Frame(line.strip(b"\r\0 ")))
        if len(self._rest) > self._longest:
            if not self._skip:
                found.append(Frame(self._rest[:100], too_long=True))
            self._skip, self._rest = True, b""
        return found

    def end(self) -> list[Frame]:
        """A line without its end."""
        rest, self._rest = self._rest.strip(b"\r\0 "), b""
        return [Frame(rest)] if rest and not self._skip else []


def _speed(report: Any) -> float | None:
    """Speed over ground in m/s; 102.3 kn (in message 27: 63, in 9: 1023) is "not available"."""
    knots = float(getattr(report, "speed", 1023.0))
    unknown = {9: 1023.0, 27: 63.0}.get(report.msg_type, 102.3)
    return None if knots >= unknown - 1e-9 else round(knots * _KNOT_M_S, 3)


def _on_second(moment: int, second: int) -> int:
    """The time nearest to `moment` with that second of the minute; `moment` itself where 60 and more say none."""
    if not 0 <= second < 60:
        return moment
    minute = 60 * SECOND
    base = moment - moment % minute + second * SECOND
    return min((base - minute, base, base + minute), key=lambda time: abs(time - moment))
