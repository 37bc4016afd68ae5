"""One service a store: a second one is refused, with the process that holds it."""

import fcntl
import os
from pathlib import Path

from infrastress.core.errors import ConfigurationError

__all__ = ["StoreLock"]


class StoreLock:
    """Held by the supervisor for as long as it lives; the kernel gives it back when it dies.

    Args:
        file: beside the store, or in the service's own folder where the store is a database server.

    Raises:
        ConfigurationError: another service holds it, or the file can't be made.
    """

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"can't be made: {error.strerror}", where=str(file), remedy="look at the folder's rights and its disk"
            ) from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise ConfigurationError(
                f"this store is served already, by process {holder or 'unknown'}",
                where=str(file),
                remedy="stop that one first, or give this one another store (--database or --state)",
            ) from None
        os.pwrite(self._handle, f"{os.getpid():<20}".encode(), 0)

    def release(self) -> None:
        """Let another serve."""
        os.close(self._handle)
