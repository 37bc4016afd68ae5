"""A process of the service is born: with a socket to its supervisor, over which it is told its configuration.

Nothing heavy is imported here: the API's process is born before the site is read, and imports meanwhile.
"""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass

__all__ = ["LOG_VARIABLE", "Born", "bear"]

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
