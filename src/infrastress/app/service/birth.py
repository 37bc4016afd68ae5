"""A process of the service is born: with a socket to its supervisor, over which it is told its configuration.

Nothing heavy is imported here: the API's process is born before the site is read, and imports meanwhile.
"""

import ipaddress
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from infrastress.app.service.config import ServiceConfig
from infrastress.core.errors import ConfigurationError

__all__ = ["LARGEST", "LOG_VARIABLE", "Born", "bear", "bear_api", "hand_over", "is_loopback", "listen", "take"]

LARGEST = 64 * 1024
"""Bytes of a message over a link at most."""
_BACKLOG = 512

LOG_VARIABLE = "INFRASTRESS_LOG"
"""Environment variable by which the processes of the service are told the log file."""


@dataclass(frozen=True)
class Born:
    """A process that waits for its configuration: `socket` is our end of its link."""

    child: "subprocess.Popen[bytes]"
    socket: socket.socket

    def end(self) -> None:
        """End it where it still lives; for one that nobody has taken over."""
        self.socket.close()
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def bear_api(site: Path, host: str, port: int) -> tuple[Born, socket.socket | None]:
    """Start the API before anything is known of the site, with its socket where that is this machine's own.

    A port that can't be had, and an address that others reach, are left to whoever has checked the site.
    """
    listening = None
    if is_loopback(host):
        with suppress(ConfigurationError):
            listening = listen(host, port)
    born = bear("api")
    early = ServiceConfig(site=site.absolute(), site_id="", store="", state=Path(), live=Path(), host=host, port=port)
    hand_over(born.socket, early, listening)
    return born, listening


def hand_over(link: socket.socket, config: ServiceConfig, listening: socket.socket | int | None) -> None:
    """Tell a process its configuration, with the listening socket where there is one; raises OSError."""
    handle = listening.fileno() if isinstance(listening, socket.socket) else listening
    socket.send_fds(link, [config.encode()], [] if handle is None or handle < 0 else [handle])


def take(link: socket.socket) -> ServiceConfig | None:
    """What a process is told, with the listening socket as `listen`; None where nobody tells it anything any more."""
    told, handles, _, _ = socket.recv_fds(link, LARGEST, 1)
    return replace(ServiceConfig.decode(told), listen=handles[0] if handles else -1) if told else None


def is_loopback(host: str) -> bool:
    """Whether an address or name is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """The API's socket, bound here so that callers wait while the API is started again, and nobody else takes it.

    Raises:
        ConfigurationError: there is no such address, or the port can't be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise ConfigurationError(
            f"no such address: {error.strerror}", where=f"--host {host}", remedy="name an address of this machine"
        ) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"port {port} of {host} can't be used: {error.strerror}",
            remedy="stop the program that uses it, or name another port with --port",
        ) from None
    return listening


def bear(name: str) -> Born:
    """Start the process of that name, one of `child.PROCESSES`; raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = [sys.executable, "-m", "infrastress.app.service.child", name, str(theirs.fileno()), str(os.getpid())]
    with theirs:
        try:
            # A session of its own: Ctrl-C at the terminal reaches the supervisor alone.
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:
            ours.close()
            raise
    return Born(child, ours)
