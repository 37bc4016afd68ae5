"""Does the embedded database work in this folder? A real database is written, synced and removed."""

import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

__all__ = ["DatabaseProbe", "probe_database"]

_OLDEST = (3, 35, 0)  # UPSERT and RETURNING


class DatabaseProbe(NamedTuple):
    """SQLite's version, and why it can't be used in that folder; None when it can."""

    version: str
    error: str | None


def probe_database(folder: Path) -> DatabaseProbe:
    """Write a table in WAL mode below `folder`, read it from a second connection, and clean up."""
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST:
        return DatabaseProbe(version, "too old")
    try:
        with tempfile.TemporaryDirectory(prefix=".infrastress-doctor-", dir=folder) as place:
            error = _trial(Path(place) / "probe.db")
    except OSError as failed:
        return DatabaseProbe(version, f"no database in {folder}: {failed.strerror}")
    return DatabaseProbe(version, error)


def _trial(file: Path) -> str | None:
    first = sqlite3.connect(file)
    second = sqlite3.connect(file)
    try:
        mode = first.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            return f"no write-ahead log here (journal mode {mode})"
        first.execute("PRAGMA synchronous=FULL")
        with first:
            first.execute("CREATE TABLE probe (value INTEGER)")
            first.execute("INSERT INTO probe VALUES (42)")
        if second.execute("SELECT value FROM probe").fetchall() != [(42,)]:
            return "a second connection doesn't see what was written"
    except sqlite3.Error as error:
        return str(error)
    finally:
        first.close()
        second.close()
    return None
