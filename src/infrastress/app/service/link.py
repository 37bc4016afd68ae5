"""A process's link to its supervisor: it says that it lives, and is told to stop or that something has changed.

Messages are JSON over a pair of sockets. When the supervisor is gone, the process ends at once: it leaves no orphan.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from infrastress.app.service.birth import LARGEST

__all__ = ["Link"]

_ORPHANED = 70
_BEAT_S = 0.25
_TOLD = 200
"""Characters of a text that is told."""


class Link:
    """What a process of the service has of its supervisor.

    Attributes:
        stopping: set when the process is to end, within 5 s.
    """

    def __init__(self, sock: socket.socket, *, orphaned: Callable[[], None] = lambda: os._exit(_ORPHANED)) -> None:
        self._socket, self._orphaned = sock, orphaned
        self._callbacks: dict[str, list[Callable[[Any], None]]] = {}
        self._beaten = float("-inf")
        self.stopping = threading.Event()

    def listen(self) -> None:
        """Begin to hear the supervisor, in a thread."""
        threading.Thread(target=self._hear, name="link", daemon=True).start()

    def ready(self, **told: Any) -> None:
        """The process does its work from now on; `told` are JSON scalars for the status."""
        self._send("ready", told)

    def beat(self, **told: Any) -> None:
        """Say "alive", about once a second from the loop that must not hang; never blocks, and may be called often."""
        now = time.monotonic()
        if told or now - self._beaten >= _BEAT_S:
            self._beaten = now
            self._send("beat", told)

    def failed(self, why: str, *, hopeless: bool = False) -> None:
        """Say why the process ends; `hopeless` where starting it again would mend nothing."""
        self._send("failed", {"why": why, "hopeless": hopeless})

    def stop(self) -> None:
        """Ask the process to end, as a signal does."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._call("stop", None)

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Have something called, in another thread, when the process is to end."""
        self.on("stop", lambda _: callback())
        if self.stopping.is_set():
            callback()

    def on_site(self, callback: Callable[[str], None]) -> None:
        """Have something called, in another thread, with the content hash of a setup that is in force from now on."""
        self.on("site", callback)

    def on(self, what: str, callback: Callable[[Any], None]) -> None:
        """Have something called, in another thread, with each message of a kind."""
        self._callbacks.setdefault(what, []).append(callback)

    def _send(self, what: str, value: dict[str, Any]) -> None:
        short = {
            name: text[:_TOLD] if isinstance(text, str) and what == "beat" else text for name, text in value.items()
        }
        with suppress(OSError):  # the supervisor is busy or gone: it hears the next one, or nobody does
            self._socket.send(msgspec.json.encode({what: short})[:LARGEST], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def _hear(self) -> None:
        while True:
            try:
                data = self._socket.recv(LARGEST)
            except OSError:
                data = b""
            if not data:
                self._orphaned()
                return
            with suppress(msgspec.DecodeError):
                for what, value in msgspec.json.decode(data).items():
                    if what == "stop":
                        self.stop()
                    else:
                        self._call(what, value)

    def _call(self, what: str, value: Any) -> None:
        for callback in self._callbacks.get(what, []):
            callback(value)
