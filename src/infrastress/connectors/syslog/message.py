"""Syslog messages: RFC 5424, and RFC 3164 as far as it says what is where."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infrastress.connectors.moments import MomentReader

__all__ = ["Malformed", "Message", "parse"]

_PRIORITY = re.compile(rb"<(0|[1-9]\d{0,2})>")
_NEW = re.compile(rb"([1-9]\d{0,2}) (?=- |\d{4}-)")
_FIELDS = re.compile(rb"([!-~]+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ")
_NAME = rb"[!#-<>-\\^-~]{1,32}"
_PARAMETER = rb" (" + _NAME + rb')="((?:[^"\\\]]|\\.)*)"'
_ELEMENT = re.compile(rb"\[(" + _NAME + rb")((?: " + _NAME + rb'="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL)
_PARAMETERS = re.compile(_PARAMETER, re.DOTALL)
_ESCAPED = re.compile(rb'\\(["\\\]])')
_OLD = re.compile(
    rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ 0-3]?\d) ([0-2]\d):([0-5]\d):([0-5]\d) "
    rb"([!-~]{1,255})(?: |$)"
)
_TAG = re.compile(rb"([!-9;-Z\\^-~]{1,48})(?:\[([!-Z\\^-~]{1,128})\])?: ?")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_ISO = MomentReader("iso", None)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Malformed(Exception):  # noqa: N818 - an outcome of one message, never seen outside this package
    """It is no syslog message: `reason` is a short fixed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Message(NamedTuple):
    """A message; what it doesn't tell is empty, its time None.

    Attributes:
        priority: facility times 8 plus severity.
        time: ns UTC.
        host, app, process, kind: HOSTNAME, APP-NAME or TAG, PROCID, MSGID.
        data: structured data, by SD-ID and name.
        text: what it says; bytes that are no UTF-8 and control characters are written out.
    """

    priority: int
    time: int | None
    host: str
    app: str
    process: str
    kind: str
    data: Mapping[str, Mapping[str, str]]
    text: str


def parse(line: bytes, now: int, zone: ZoneInfo) -> Message:
    """Read a message.

    Args:
        line: without its framing.
        now: time of receipt, ns UTC; RFC 3164 leaves the year open, which is the one that comes nearest.
        zone: of times without zone (RFC 3164).

    Raises:
        Malformed: it is none.
    """
    priority = _PRIORITY.match(line)
    if priority is None:
        raise Malformed("no-priority")
    number, rest = int(priority[1]), line[priority.end() :]
    if number > 191:
        raise Malformed("priority")
    version = _NEW.match(rest)
    if version is None:
        return _old(number, rest, now, zone)
    if version[1] != b"1":
        raise Malformed("version")
    return _new(number, rest[version.end() :])


def _new(priority: int, rest: bytes) -> Message:
    fields = _FIELDS.match(rest)
    if fields is None:
        raise Malformed("header")
    stamp, host, app, process, kind = ("" if field == b"-" else field.decode("ascii") for field in fields.groups())
    time: int | None = None
    if stamp:
        fraction = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", stamp)
        told = _ISO.read(stamp) if fraction else ""
        if isinstance(told, str):
            raise Malformed("time-unreadable")
        time = told
    data, rest = _structured(rest[fields.end() :])
    return Message(priority, time, host, app, process, kind, data, _text(rest))


def _structured(rest: bytes) -> tuple[dict[str, dict[str, str]], bytes]:
    """Structured data, and the message behind it."""
    data: dict[str, dict[str, str]] = {}
    if rest[:1] == b"-":
        at = 1
    else:
        at = 0
        while element := _ELEMENT.match(rest, at):
            found = data.setdefault(element[1].decode("ascii"), {})
            for parameter in _PARAMETERS.finditer(element[2]):
                found[parameter[1].decode("ascii")] = _text(_ESCAPED.sub(rb"\1", parameter[2]))
            at = element.end()
        if not data:
            raise Malformed("structured-data")
    if len(rest) > at and rest[at : at + 1] != b" ":
        raise Malformed("structured-data")
    return data, rest[at + 1 :]


def _old(priority: int, rest: bytes, now: int, zone: ZoneInfo) -> Message:
    time: int | None = None
    host = app = process = ""
    head = _OLD.match(rest)
    if head is not None:
        month, day, hour, minute, second = _MONTHS.index(head[1]) + 1, *(int(head[i]) for i in range(2, 6))
        time = _nearest(month, day, hour, minute, second, now=now, zone=zone)
        host, rest = head[6].decode("ascii"), rest[head.end() :]
        tag = _TAG.match(rest)
        if tag is not None:
            app, process = tag[1].decode("ascii"), (tag[2] or b"").decode("ascii")
            rest = rest[tag.end() :]
    return Message(priority, time, host, app, process, "", {}, _text(rest))


def _nearest(month: int, day: int, hour: int, minute: int, second: int, *, now: int, zone: ZoneInfo) -> int:
    """The time of this date and clock that is nearest to now."""
    about = _EPOCH + timedelta(microseconds=now // 1000)
    found: list[int] = []
    for year in (about.year - 1, about.year, about.year + 1):
        try:
            passed = datetime(year, month, day, hour, minute, second, tzinfo=zone) - _EPOCH
        except (ValueError, OverflowError):  # 29 February, 31 June
            continue
        found.append((passed.days * 86_400 + passed.seconds) * 1_000_000_000)
    if not found:
        raise Malformed("time-unreadable")
    return min(found, key=lambda time: abs(time - now))


def _text(data: bytes) -> str:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda character: f"\\x{ord(character[0]):02x}", text)
