"""The status file: how the service and its processes stand, written by the supervisor every second.

It has a fixed size and is rewritten in place, so that it still tells the truth when the disk is full.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["FILE", "ChildStatus", "DiskStatus", "Reload", "Status", "StatusFile", "read_status"]

FILE = "status.json"
SIZE = 64 * 1024
"""Bytes of the file, filled up with spaces."""
_TRIES = 5

ChildState = Literal["starting", "ready", "restarting", "hung", "stopped"]


class ChildStatus(msgspec.Struct, kw_only=True):
    """How a process stands.

    Attributes:
        state: `hung`: it has stopped to beat and is being killed. `restarting`: it ended and is started again soon.
        pid: 0 while there is none.
        since: when this state began, wall clock in ns.
        restarts: how often it was started again.
        last_error: why it ended last.
        told: what it says of itself.
        beat_age_s: how long ago it last said "alive".
    """

    state: ChildState = "starting"
    pid: int = 0
    since: int = 0
    restarts: int = 0
    last_error: str = ""
    told: dict[str, str | int | float | bool | None] = {}
    beat_age_s: float = 0.0


class DiskStatus(msgspec.Struct, kw_only=True):
    """Room for the store, bytes.

    Attributes:
        level: `low`: telemetry is thinned. `critical`: only changes of state and one row of each frame are kept.
        free, total: of the disk; `spare`: free inside the database's own file.
        ballast: held in reserve for alarms.
    """

    level: Literal["ok", "low", "critical", "unknown"] = "unknown"
    free: int = 0
    total: int = 0
    spare: int = 0
    ballast: int = 0


class Reload(msgspec.Struct, kw_only=True):
    """What came of a person's wish to put the site folder in force."""

    id: str
    at: int
    by: str
    why: str = ""
    ok: bool = False
    changed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Status(msgspec.Struct, kw_only=True):
    """How the service stands. Times are of the wall clock, ns UTC.

    Attributes:
        pid, started: of the supervisor.
        written: when this was written; older than a few seconds means that the supervisor hangs or is gone.
        site_id, site_version, setup: what is in force; `setup` is the content hash of model, options, baselines.
        address: of the API; empty where there is none.
        ready: every process does its work.
        stopping: it is being stopped.
        children: by name: intake, judge, api, notifier, upkeep.
        disk: see there.
        notes: what people should know, such as a baseline that isn't enforced.
        reload: the latest.
    """

    pid: int
    started: int
    written: int = 0
    site_id: str = ""
    site_version: str = ""
    setup: str = ""
    address: str = ""
    ready: bool = False
    stopping: bool = False
    children: dict[str, ChildStatus] = {}
    disk: DiskStatus = msgspec.field(default_factory=DiskStatus)
    notes: tuple[str, ...] = ()
    reload: Reload | None = None


class StatusFile:
    """The file, as its writer has it.

    Args:
        folder: made before.
    """

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, status: Status) -> None:
        """Rewrite it; what doesn't fit is cut from the notes. A disk that can't be written changes nothing."""
        status.written = time.time_ns()
        data = msgspec.json.encode(status)
        if len(data) > SIZE:
            status = msgspec.structs.replace(status, notes=("the status is too long to be shown",), reload=None)
            data = msgspec.json.encode(status)[:SIZE]
        with suppress(OSError):
            os.pwrite(self._handle, data.ljust(SIZE), 0)

    def close(self) -> None:
        """Release the file."""
        os.close(self._handle)


def read_status(folder: Path) -> Status | None:
    """The status as last written; None where there is none (yet)."""
    for _ in range(_TRIES):  # a read may meet a write half-way
        try:
            return msgspec.json.decode((folder / FILE).read_bytes().rstrip(), type=Status)
        except OSError:
            return None
        except msgspec.MsgspecError:
            time.sleep(0.01)
    return None
