"""Names of log files: which log one is of, whatever a rotation added to its name."""

import re
from pathlib import Path, PurePath
from typing import Final

__all__ = ["log_of", "logs_beside", "rotated"]

_PACKED: Final = re.compile(r"\.(gz|xz|bz2)$")
_TURN: Final = r"(?:[.-]\d[\d.:T_-]*)?"
_STREAMED: Final = "json_streaming_"
"""What Zeek's package for logs that others tail puts before their names."""


def rotated(name: str) -> "re.Pattern[str]":
    """Names of a log and of its rotations: numbers or times behind the name or before its ending, packed or not."""
    path = PurePath(name)
    return re.compile(rf"{re.escape(path.stem)}{_TURN}{re.escape(path.suffix)}{_TURN}(?:\.(?:gz|xz|bz2))?")


def log_of(name: str) -> str:
    """Which log a file is of: "conn" of json_streaming_conn.1.log and conn.00:00:00-01:00:00.log.gz."""
    bare = _PACKED.sub("", name.removeprefix(_STREAMED))
    return re.sub(rf"{_TURN}(\.(json|log))?{_TURN}$", "", bare)


def logs_beside(folder: Path) -> frozenset[str]:
    """Names of the logs in a folder; raises OSError."""
    return frozenset(log_of(file.name) for file in folder.iterdir() if ".log" in file.name)
