"""What the system's service manager is told, in systemd's notification protocol, where it asks for it."""

import os
import socket
from contextlib import suppress

__all__ = ["tell_manager"]


def tell_manager(state: str) -> None:
    """Say READY=1, STOPPING=1 or WATCHDOG=1; nothing happens where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.setblocking(False)
        sock.sendto(state.encode(), address.replace("@", "\0", 1))
