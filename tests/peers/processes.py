"""Servers as processes of their own on loopback: started, killed, started again on the same port."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ServerProcess", "free_port", "program"]

_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of loopback that nobody uses just now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def program(name: str) -> str | None:
    """Where a program is; also where Debian keeps servers, which isn't in everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path=_PLACES)


class ServerProcess:
    """A program that serves a port of loopback.

    Args:
        command: the program and its words.
        port: that it will serve.
        log: file of what it says.
    """

    def __init__(self, command: Sequence[str | Path], port: int, log: Path) -> None:
        self._command = list(command)
        self.port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                alive = self._process.poll() is None and time.monotonic() < deadline
                assert alive, self._log.read_text(errors="replace")[-2000:]
                time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it: SIGKILL as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """As a crash does."""
        self.stop(signal.SIGKILL)
