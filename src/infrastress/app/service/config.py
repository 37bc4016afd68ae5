"""What every process of the service is told."""

from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

__all__ = ["ServiceConfig"]


@dataclass(frozen=True)
class ServiceConfig:
    """One for all processes.

    Attributes:
        site: the site folder (or file) as named on the command line; it may hold an edit that isn't in force yet.
        site_id: the site's id.
        store: a folder or URL, for `open_store`.
        state: where learned state, accounts and sessions are.
        live: the folder of this service's own files: status, lock.
        host, port: as asked for; what is bound is `listen`.
        listen: file descriptor of the API's listening TCP socket, in each process its own; -1 where there is none.
        connections, secrets: files named on the command line.
        setup: content hash of the setup in force when the process was started.
        keep_every: one telemetry row of so many is kept, as the disk stood when the process was started.
    """

    site: Path
    site_id: str
    store: str
    state: Path
    live: Path
    host: str = "127.0.0.1"
    port: int = 0
    listen: int = -1
    connections: Path | None = None
    secrets: Path | None = None
    setup: str = ""
    keep_every: int = 1

    def encode(self) -> bytes:
        """For another process."""
        return msgspec.json.encode(
            {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        )

    @classmethod
    def decode(cls, data: bytes) -> "ServiceConfig":
        """Inverse of `encode`."""
        fields = msgspec.json.decode(data)
        for name in ("site", "state", "live", "connections", "secrets"):
            fields[name] = None if fields[name] is None else Path(fields[name])
        return cls(**fields)
