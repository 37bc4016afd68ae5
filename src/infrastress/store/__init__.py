"""Event log, checkpoints, records, blobs and telemetry history behind ports."""

import re
from pathlib import Path

from infrastress.core.errors import ConfigurationError
from infrastress.store.ports import Store

__all__ = ["open_store"]

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def open_store(target: str | Path, *, upgrade: bool = True) -> Store:
    """Open a store, made if it isn't there; an older schema is migrated, or refused.

    Args:
        target: a folder, or a URL: sqlite:///relative.db, sqlite:////absolute.db, postgresql://USER@HOST/DATABASE or
            memory://.
        upgrade: False refuses an older schema: a live site is migrated by `infrastress upgrade` alone.

    Raises:
        ConfigurationError: no backend for this URL, or its driver isn't installed.
        SchemaMismatch: the store was written by a newer version, or an older one and it isn't to be upgraded.
        StoreError: it can't be opened (no rights, no space, damaged).
    """
    url = _URL.match(str(target))
    scheme = url[1].lower() if url else "sqlite"
    if scheme == "memory":
        from infrastress.store.memory import MemoryStore

        return MemoryStore()
    if scheme == "sqlite":
        from infrastress.store.sqlite import SqliteStore

        return SqliteStore(target, upgrade=upgrade)
    if scheme in ("postgresql", "postgres"):
        from infrastress.store.postgres import PostgresStore

        return PostgresStore(str(target), upgrade=upgrade)
    raise ConfigurationError(
        f"no store backend for {scheme}://",
        remedy="give a folder, or a URL that starts with sqlite:/// or postgresql://",
    )
