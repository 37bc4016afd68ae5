"""A process of the service: `python -m infrastress.app.service.child NAME FD PARENT`, started by the supervisor."""

import ctypes
import os
import signal
import socket
import sys
from importlib import import_module
from typing import Any

import structlog

from infrastress.app.service.birth import LOG_VARIABLE, take
from infrastress.app.service.link import Link
from infrastress.app.service.logs import configure
from infrastress.core.errors import ConfigurationError, InfrastressError

__all__ = ["PROCESSES", "main"]

PROCESSES = {
    "api": "infrastress.app.api.server",
    "intake": "infrastress.app.service.intake",
    "judge": "infrastress.app.service.judge",
    "notifier": "infrastress.app.notify",
    "portal": "infrastress.app.portal.server",
    "upkeep": "infrastress.app.service.upkeep",
}
"""Modules by name of the process; `run(config, link)` of each does the work, in the order of starting."""
_MEANWHILE = (PROCESSES["api"], "infrastress.store.sqlite")
"""What the API needs, imported while the supervisor reads the site and the door is open already."""
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Do the work of one process; returns its exit status."""
    name, handle, parent = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's
    configure(name, os.environ.get(LOG_VARIABLE))
    sock = socket.socket(fileno=handle)
    config = take(sock)
    opened: dict[str, Any] = {}
    if config is not None and not config.site_id:  # the API, before the site is known
        if config.listen >= 0:
            opened = {"opened": import_module("infrastress.app.api.opened").Opened(config)}
        for module in _MEANWHILE:
            import_module(module)
        config = take(sock)
    if config is None:  # there is nothing to serve
        return 0
    link = Link(sock)
    signal.signal(signal.SIGTERM, lambda *_: link.stop())
    link.listen()
    log = structlog.get_logger()
    try:
        import_module(PROCESSES[name]).run(config, link, **opened)
    except InfrastressError as error:
        log.error("failed", why=str(error))
        link.failed(str(error), hopeless=isinstance(error, ConfigurationError))
        return 1
    except Exception as error:
        log.exception("crashed")
        link.failed(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _die_with(parent: int) -> None:
    """Be killed when the supervisor dies, even where this process hangs; closing the link does the same elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died meanwhile
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
