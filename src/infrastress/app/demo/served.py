"""The service of a demo: `infrastress serve` in a process of its own, which ends when the demo does."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from infrastress.app.api.settings import STORY_VARIABLE
from infrastress.app.service.status import Status, read_status
from infrastress.core.clock import CLOCK_VARIABLE
from infrastress.core.errors import ConfigurationError
from infrastress.testbed.bed import Wiring

__all__ = ["PORT", "Served", "port_to_use"]

PORT = 8470
_STOP_S, _KILLED_S = 25.0, 5.0
_PR_SET_PDEATHSIG = 1


def port_to_use(wanted: int | None) -> int:
    """The port asked for, else the usual one, else 0 for any that is free."""
    if wanted is not None:
        return wanted
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT


class Served:
    """A site that is served, with all processes of its service.

    Args:
        wiring: of the testbed.
        state: the site's state folder.
        port: of the API; 0 takes a free one.
        story: the scenario's name.
        log: file to which the service writes its log.
    """

    def __init__(self, wiring: Wiring, state: Path, *, port: int, story: str, log: Path) -> None:
        self._live, self._log = state / "live", log
        words = [
            "serve", str(wiring.site), "--state", str(state), "--port", str(port), "--log", str(log),
            "--connections", str(wiring.connections), "--secrets", str(wiring.secrets),
        ]  # fmt: skip
        with log.open("ab") as stream:
            # A session of its own: Ctrl-C reaches the demo alone, which ends everything in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "infrastress", *words],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                env={**os.environ, CLOCK_VARIABLE: wiring.clock, STORY_VARIABLE: story},
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
            )

    @property
    def status(self) -> Status | None:
        """What the supervisor says; None before it has said anything."""
        status = read_status(self._live)
        return status if status is not None and status.pid == self._process.pid else None

    @property
    def address(self) -> str:
        """Where the API answers; empty before it does.

        Raises:
            ConfigurationError: the service has ended.
        """
        if self._process.poll() is not None:
            raise ConfigurationError(
                "the service has ended by itself", where=str(self._log), remedy="its log's last lines say why"
            )
        status = self.status
        return status.address if status is not None and status.children["api"].state == "ready" else ""

    def stop(self) -> None:
        """End it and all its processes, in order; by force where that takes too long."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        limit = time.monotonic() + _STOP_S
        while self._process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
        if self._process.poll() is None:  # its processes end with it
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILLED_S)

    def hurry(self) -> None:
        """End at once, while `stop` waits."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)  # the second one


def _end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the demo is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
