"""A disk that fills up: telemetry is thinned in time, and a reserve is given up so that alarms can still be stored."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from infrastress.app.service.status import DiskStatus

__all__ = ["BALLAST", "KEEP_EVERY", "Bounds", "DiskWatch", "bounds_of"]

BALLAST = "ballast"
"""Name of the reserve file in the store's folder."""
KEEP_EVERY = {"ok": 1, "unknown": 1, "low": 10, "critical": 10**9}
"""Of how many telemetry rows one stays; 10**9 leaves changes of state and one row of each frame alone."""
_MB, _GB = 1024**2, 1024**3
_BACK = 1.25
"""A level is left when there is this much more room than where it began."""


class Bounds(NamedTuple):
    """Bytes of room below which a level begins, bytes of the reserve, and the room below which it is given up."""

    low: int
    critical: int
    ballast: int
    full: int


def bounds_of(total: int) -> Bounds:
    """Bounds for a disk of some bytes: shares of a small one, fixed sizes on a large one."""
    return Bounds(
        low=min(2 * _GB, total // 10),
        critical=min(500 * _MB, total // 25),
        ballast=min(64 * _MB, total // 50),
        full=min(16 * _MB, total // 200),
    )


class DiskWatch:
    """Watches the disk of a store.

    Args:
        folder: the store's; None where the store is a server's, whose disk nobody here can see.
        spare: bytes free inside the database's own file.
        bounds: by the size of the disk unless given.
    """

    def __init__(
        self, folder: Path | None, *, spare: Callable[[], int] = lambda: 0, bounds: Bounds | None = None
    ) -> None:
        self._folder, self._spare, self._bounds = folder, spare, bounds
        self.level: Literal["ok", "low", "critical", "unknown"] = "unknown"

    def look(self) -> DiskStatus:
        """How much room there is; gives the reserve up, or makes it anew, where that is due."""
        if self._folder is None:
            return DiskStatus()
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError:
            self.level = "unknown"
            return DiskStatus()
        bounds, spare = self._bounds or bounds_of(usage.total), self._spare()
        room = usage.free + spare
        self.level = self._judge(room, bounds)
        ballast = self._folder / BALLAST
        held = ballast.stat().st_size if ballast.exists() else 0
        if held and usage.free < bounds.full:
            with suppress(OSError):
                ballast.unlink()
                held = 0
        elif held < bounds.ballast and room > _BACK * bounds.critical + bounds.ballast:
            held = _fill(ballast, bounds.ballast)
        return DiskStatus(level=self.level, free=usage.free, total=usage.total, spare=spare, ballast=held)

    def _judge(self, room: int, bounds: Bounds) -> Literal["ok", "low", "critical"]:
        critical = bounds.critical * (_BACK if self.level == "critical" else 1)
        low = bounds.low * (_BACK if self.level in ("low", "critical") else 1)
        if room < critical:
            return "critical"
        return "low" if room < low else "ok"


def _fill(file: Path, size: int) -> int:
    """Make the reserve, of blocks that are really taken; returns its size, 0 where there was no room."""
    part = file.with_suffix(".part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.posix_fallocate(handle, 0, size)
        finally:
            os.close(handle)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        return 0
    return size
