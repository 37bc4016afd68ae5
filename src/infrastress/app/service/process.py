"""One process of the service, as its supervisor sees it: started, watched, started again."""

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from infrastress.app.service.birth import LARGEST, Born, bear, hand_over
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.status import ChildStatus

__all__ = ["Process", "Timing"]

_KILLED_S = 2.0
"""A process that was killed has ended by then, unless its disk hangs."""


@dataclass(frozen=True)
class Timing:
    """How patient the supervisor is, s.

    Attributes:
        hang_s: without a beat a process is taken to hang.
        start_s: the same until it is ready for the first time.
        first_s, longest_s: before a process that ended is started again; doubles in between.
        steady_s: one that has worked so long begins anew with `first_s`.
        stop_s: given to each process to end.
    """

    hang_s: float = 15.0
    start_s: float = 60.0
    first_s: float = 0.2
    longest_s: float = 30.0
    steady_s: float = 60.0
    stop_s: float = 5.0


class Process:
    """A process that is kept running.

    Args:
        name: of `child.PROCESSES`.
        config: what it is told, asked at each start.
        timing: see there.
        on_change: called when its state has changed.
        born: such a process that was started already.
    """

    def __init__(
        self,
        name: str,
        config: Callable[[], ServiceConfig],
        timing: Timing,
        on_change: Callable[[], None],
        born: Born | None = None,
    ) -> None:
        self.name, self._config, self._timing, self._on_change = name, config, timing, on_change
        self._born = born
        self._log = structlog.get_logger().bind(child=name)
        self._child: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._began = self._beaten = 0.0
        self._again: float | None = None
        self._why = ""
        self._wait_s = timing.first_s
        self.status = ChildStatus(since=time.time_ns())
        self.hopeless = ""
        """Why starting it again would mend nothing, as it says itself."""

    @property
    def alive(self) -> bool:
        """Whether there is such a process."""
        return self._child is not None

    def start(self) -> None:
        """Start it."""
        config = self._config()
        born, self._born = self._born or bear(self.name), None
        self._child, ours = born.child, born.socket
        with suppress(OSError):  # it has ended already: that is noticed soon
            hand_over(ours, config, config.listen)
        ours.setblocking(False)
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)
        self._began = self._beaten = time.monotonic()
        self._again, self._why = None, ""
        self.status.told = {}
        self._set("starting", pid=self._child.pid)

    def send(self, what: str, value: Any = True) -> None:
        """Tell it something; one that is away hears it from its configuration when it starts again."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send(msgspec.json.encode({what: value}), socket.MSG_NOSIGNAL)

    def check(self) -> None:
        """Notice that it ended or hangs, and start it again when that is due."""
        now = time.monotonic()
        if self._child is None:
            if self._again is not None and now >= self._again:
                self._start_again(now)
            return
        self.status.beat_age_s = round(now - self._beaten, 1)
        status = self._child.poll()
        if status is not None:
            self._ended(status)
            return
        patience_s = self._timing.start_s if self.status.state == "starting" else self._timing.hang_s
        if now - self._beaten > patience_s and self.status.state != "hung":
            self._log.error("hangs", seconds=round(now - self._beaten, 1))
            self._why = f"it hung: not heard of for {patience_s:g} s"
            self._set("hung", pid=self._child.pid)
            self.kill()  # on a disk that hangs it may take its time to end: nobody waits for it here

    def _start_again(self, now: float) -> None:
        self.status.restarts += 1
        try:
            self.start()
        except OSError as error:  # no memory or no handles just now
            self._release()
            self._log.error("can't be started", why=str(error))
            self._again = now + self._timing.longest_s

    async def stop(self) -> None:
        """Have it end; killed where it doesn't within its time."""
        self._again = None
        if self._child is not None:
            self.send("stop")
            limit = time.monotonic() + self._timing.stop_s
            while self._child.poll() is None and time.monotonic() < limit:
                await asyncio.sleep(0.02)
            if self._child.poll() is None:
                self._log.warning("killed", why=f"it didn't end within {self._timing.stop_s:g} s")
                self.kill()
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(_KILLED_S)
            self._release()
        self._set("stopped")

    def kill(self) -> None:
        """End it at once; nothing that was acknowledged is lost by that."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGKILL)

    def _ended(self, status: int) -> None:
        self._hear()  # its last words
        self._release()
        now = time.monotonic()
        if now - self._began > self._timing.steady_s:
            self._wait_s = self._timing.first_s
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        self.status.last_error = self._why or f"it ended with {how}"
        self._log.error("ended", why=self.status.last_error, again_in_s=round(self._wait_s, 2))
        self._again = now + self._wait_s
        self._wait_s = min(self._timing.longest_s, 2 * self._wait_s)
        self._set("restarting")

    def _release(self) -> None:
        self._child = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _hear(self) -> None:
        while self._socket is not None:
            try:
                data = self._socket.recv(LARGEST)
            except OSError:
                return
            if not data:
                asyncio.get_running_loop().remove_reader(self._socket)
                return
            with suppress(msgspec.DecodeError, AttributeError):
                for what, told in msgspec.json.decode(data).items():
                    self._heard(what, told)

    def _heard(self, what: str, told: dict[str, Any]) -> None:
        self._beaten = time.monotonic()
        if what == "failed":
            self._why = told["why"]
            self.hopeless = told["why"] if told["hopeless"] else ""
            return
        self.status.told.update(told)
        if what == "ready" and self.status.state == "starting":
            self._log.info("ready", seconds=round(time.monotonic() - self._began, 2))
            self.hopeless = ""
            self._set("ready", pid=self.status.pid)

    def _set(self, state: Any, *, pid: int = 0) -> None:
        self.status.state, self.status.pid, self.status.since = state, pid, time.time_ns()
        self._on_change()
