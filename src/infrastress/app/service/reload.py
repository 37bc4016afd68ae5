"""A person's wish that the site folder, as it is now, be put in force: asked by signal, answered in the status."""

import getpass
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec

from infrastress.app.files import write_atomically
from infrastress.app.service.status import Reload, read_status
from infrastress.core.errors import ConfigurationError

__all__ = ["Wish", "request", "take_wish"]

_FILE = "reload.json"
_WAIT_S = 60.0


class Wish(msgspec.Struct, kw_only=True):
    """Who wants it, and why."""

    id: str
    by: str
    why: str = ""


def request(live: Path, *, by: str = "", why: str = "", wait_s: float = _WAIT_S) -> Reload:
    """Ask a running service, and wait for what comes of it.

    Args:
        live: the service's folder, STATE/live.
        by: who asks; the user's name by default.
        why: for the log.
        wait_s: longest wait.

    Raises:
        ConfigurationError: no service runs there, it is another user's, or it doesn't answer.
    """
    status = read_status(live)
    if status is None or not _alive(status.pid):
        raise ConfigurationError("no service runs here", where=str(live), remedy="start it: infrastress serve SITE")
    wish = Wish(id=uuid4().hex[:12], by=by or getpass.getuser(), why=why)
    write_atomically(live / _FILE, msgspec.json.encode(wish))
    try:
        os.kill(status.pid, signal.SIGHUP)
    except PermissionError:
        raise ConfigurationError(
            f"process {status.pid} belongs to another user", where=str(live), remedy="reload as the user it runs as"
        ) from None
    limit = time.monotonic() + wait_s
    while time.monotonic() < limit:
        status = read_status(live)
        if status is not None and status.reload is not None and status.reload.id == wish.id:
            return status.reload
        time.sleep(0.05)
    raise ConfigurationError(
        f"the service didn't answer within {wait_s:g} s", where=str(live), remedy="look at its log"
    )


def take_wish(live: Path) -> Wish:
    """The wish that a signal came with; one of the system where it came alone."""
    wish = Wish(id=uuid4().hex[:12], by="SIGHUP")
    with suppress(OSError, msgspec.MsgspecError):
        wish = msgspec.json.decode((live / _FILE).read_bytes(), type=Wish)
    with suppress(OSError):
        (live / _FILE).unlink(missing_ok=True)
    return wish


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
