"""Zeek's logs as a source: recorded, and as they are written."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from infrastress.connectors.nids.following import Follower, Mark
from infrastress.connectors.nids.live import LogFollower
from infrastress.connectors.nids.names import log_of, rotated
from infrastress.connectors.nids.reading import Reading
from infrastress.connectors.nids.recorded import LogConnector
from infrastress.connectors.zeek.reading import LOGS, ZeekReading

__all__ = ["ZeekConnector", "ZeekLogConnector"]

_STREAMED = "json_streaming_"


class ZeekLogConnector(LogConnector):
    """Reads one recorded log of Zeek, written as JSON."""

    name: ClassVar[str] = "zeek_log"
    reading: ClassVar[type[Reading]] = ZeekReading


class ZeekConnector(LogFollower):
    """Follows Zeek's logs in a folder: `path` is where it writes them (`logs/current`), as JSON."""

    name: ClassVar[str] = "zeek"
    reading: ClassVar[type[Reading]] = ZeekReading

    def followers(self, path: Path, marks: dict[str, Mark]) -> dict[str, Follower]:
        """One for each log that is there and taken; certificates before the sessions that show them."""
        found = {file.name for file in path.iterdir()}
        names = sorted({*marks, *_bases(found)}, key=lambda name: (log_of(name) != "x509", name))
        return {name: Follower(path, name, rotated(name), marks.get(name)) for name in names}


def _bases(files: Iterable[str]) -> set[str]:
    """Names of logs by the names of their files, rotations and all."""
    logs = {(file.startswith(_STREAMED), log_of(file)) for file in files if ".log" in file}
    return {f"{_STREAMED if streamed else ''}{log}.log" for streamed, log in logs if log in LOGS}
