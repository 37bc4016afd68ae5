"""What a file holds, told by its content and never by its name."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from infrastress.connectors.files.lines import read_head
from infrastress.core.errors import InputError

__all__ = ["Content", "looks_like"]

Content = Literal["parquet", "json_lines", "text", "capture", "eve", "zeek", "wazuh", "aminer", "cot", "ais"]

_CAPTURES = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a")
"""How pcap begins, in both byte orders with micro- and nanoseconds, and pcapng."""
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x00\x00\x00\x18ftyp", "a video (MP4)"),
    (b"\x00\x00\x00\x20ftyp", "a video (MP4)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file; Parquet is read"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed data; gzip, xz and bzip2 are read"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 1 << 16
_WANTED = "give a CSV or Parquet file of telemetry, or JSON lines of events"


def looks_like(path: Path, *, captures: bool = False) -> Content:
    """Tell a recording by its content; `captures`: what a network sensor or a tracking system wrote is one here.

    Raises:
        InputError: it is empty, can't be opened or decompressed, or is something that is no recording.
    """
    where = str(path)
    head, _ = read_head(path, _HEAD)
    if not head:
        raise InputError("the file is empty", where=where, remedy="export the recording again")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_CAPTURES):
        if not captures:
            raise InputError("this is a packet capture, no table and no events", where=where, remedy=_WANTED)
        return "capture"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"this is {name}, no recording that can be read", where=where, remedy=_WANTED)
    if head.startswith(_UTF16):
        return "text"
    return _told_by_line(head.removeprefix(b"\xef\xbb\xbf").lstrip(), where, captures=captures)


def _told_by_line(text: bytes, where: str, *, captures: bool) -> Content:
    line = text.split(b"\n", 1)[0].strip()
    if captures and (found := _tracks(text, line)) is not None:
        return found
    if line.startswith(b"{"):
        try:
            first = msgspec.json.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            return "json_lines"  # the bad line will be counted
        return (_sensor(first) if captures and isinstance(first, dict) else None) or "json_lines"
    if line.startswith(b"["):
        raise InputError(
            "this is a JSON array; events are read as JSON lines, one object a line",
            where=where,
            remedy="turn it into lines, such as with `jq -c '.[]' FILE`",
        )
    if b"\x00" in text:
        raise InputError("this is binary data of an unknown kind, no recording", where=where, remedy=_WANTED)
    return "text"


def _tracks(text: bytes, line: bytes) -> Content | None:
    """Events of Cursor on Target, or sentences of AIS with or without a tag block before them."""
    if text.startswith((b"<?xml", b"<event")) and b"<event" in text[:4096]:
        return "cot"
    sentence = line.rpartition(b"\\")[2] if line.startswith(b"\\") else line
    return "ais" if sentence.startswith(b"!") and sentence[3:7] in (b"VDM,", b"VDO,") else None


def _sensor(line: dict[str, Any]) -> Content | None:
    """Whose log a line is of.

    Suricata's EVE has its kind of event in it, Zeek's a time and a connection or a path, Wazuh's a rule with its level
    and an agent, AMiner's the component that found it.
    """
    if "event_type" in line and "timestamp" in line and ("src_ip" in line or "stats" in line):
        return "eve"
    if isinstance(line.get("rule"), dict) and "level" in line["rule"] and isinstance(line.get("agent"), dict):
        return "wazuh"
    if "AnalysisComponent" in line and "LogData" in line:
        return "aminer"
    return "zeek" if "ts" in line and ("uid" in line or "_path" in line or "id.orig_h" in line) else None
