"""A whole copy of a store in one folder, taken while others go on writing; and its schema brought up with nobody there.

The copy is of one moment: the database as one snapshot, and the history files that this snapshot names. Blobs come
last: what the snapshot speaks of was written before it.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infrastress.core.errors import StoreError
from infrastress.store.blobs import make_folder
from infrastress.store.migrations import migrate
from infrastress.store.parquet import unchanged
from infrastress.store.sql import gaps
from infrastress.store.sqlite import Paths, SqliteDatabase, explain

__all__ = ["copy_store", "flush_tree", "refuse_in_use", "schema_at", "store_bytes", "upgrade_store"]

_PAGES = 512  # copied between two looks at the clock: 4 MB


def store_bytes(paths: Paths) -> int:
    """About how many bytes a copy holds, for progress; 0 where there is no store."""
    found = [paths.database, Path(f"{paths.database}-wal")]
    found += [path for folder in (paths.blobs, paths.history) for path in folder.rglob("*")]
    return sum(path.stat().st_size for path in found if path.is_file())


def copy_store(paths: Paths, folder: Path, *, advance: Callable[[float], None] = lambda _: None) -> None:
    """Copy a store into a folder that `SqliteStore` opens. Its schema stays as it is; nobody is stopped.

    Compaction and retention wait while history files are copied.

    Args:
        paths: where the store lies.
        folder: for the copy; new or empty.
        advance: told how many bytes were copied.

    Raises:
        StoreError: the store can't be read or the copy can't be written.
    """
    if not paths.database.is_file():
        raise StoreError("there is no store", where=str(paths.database), remedy="name the site's folder or --database")
    out = Paths.of(folder)
    try:
        make_folder(folder)
        with closing(_connect(paths.database)) as source:
            with unchanged(paths.history):
                source.execute("BEGIN")
                names = [name for (name,) in source.execute("SELECT name FROM history_file ORDER BY name")]
                for name in names:
                    advance(_copy(paths.history / name, out.history / name))
            _copy_database(source, out.database, advance)
        for path in sorted(paths.blobs.rglob("*")):
            if path.is_file() and path.suffix != ".part":
                advance(_copy(path, out.blobs / path.relative_to(paths.blobs)))
    except sqlite3.Error as error:
        raise explain(error, str(paths.database)) from error
    except OSError as error:
        raise StoreError(
            f"can't be copied: {error.strerror}",
            where=str(error.filename or folder),
            remedy="free space where the copy goes, or check rights",
        ) from error


def _copy_database(source: sqlite3.Connection, file: Path, advance: Callable[[float], None]) -> None:
    """Page by page: the source's open snapshot keeps every step at one moment, whoever writes meanwhile."""
    (page,) = source.execute("PRAGMA page_size").fetchone()
    left: int | None = None

    def copied(_: int, remaining: int, total: int) -> None:
        nonlocal left
        advance(((total if left is None else left) - remaining) * page)
        left = remaining

    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as target:
            source.backup(target, pages=_PAGES, progress=copied)
            target.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file that any program can read
    except sqlite3.Error as error:
        raise explain(error, str(file)) from error


def _copy(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target.stat().st_size


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30)
    connection.execute("PRAGMA cache_size=-8192")
    return connection


def schema_at(paths: Paths) -> str | None:
    """The schema of a store as it lies there, None where there is none; raises StoreError."""
    if not paths.database.is_file():
        return None
    try:
        with closing(_connect(paths.database)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise explain(error, str(paths.database)) from error
    return str(row[0]) if row else None


def refuse_in_use(paths: Paths) -> None:
    """Make sure that no other process has the database open.

    A database leaves its write-ahead log only where nobody else is there; the next to open it takes it up again.

    Raises:
        StoreError: another process has it open.
    """
    try:
        with closing(_connect(paths.database)) as connection:
            connection.execute("PRAGMA busy_timeout=2000")
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise explain(error, str(paths.database)) from error
        raise StoreError(
            "another process has the store open",
            where=str(paths.database),
            remedy="stop `infrastress serve` (and whatever else uses this site), then call again",
        ) from None


def upgrade_store(paths: Paths) -> str | None:
    """Bring a store to the newest schema and check it, in one transaction: all of it, or nothing.

    Returns:
        The schema found.

    Raises:
        SchemaMismatch: it is newer than this version of infrastress.
        StoreError: it can't be migrated, or has faults afterwards; it is as it was before.
    """
    database = SqliteDatabase(paths.database)
    try:
        with database.engine.connect().execution_options(write=True) as connection, connection.begin():
            found = migrate(connection)
            faults = [row for row in connection.execute(text("PRAGMA integrity_check")).scalars() if row != "ok"]
            faults += gaps(connection)
            if faults:
                raise StoreError(
                    f"the store has {len(faults)} faults after the migration, which was taken back: {faults[0]}",
                    where=str(paths.database),
                    remedy="keep the backup, and report this",
                )
    except DBAPIError as error:
        raise database.explain(error) from error
    finally:
        database.close()
    return found


def flush_tree(folder: Path) -> None:
    """Flush every file and folder below, and the folder itself, to disk; raises OSError."""
    for at, _, names in os.walk(folder, topdown=False):
        for path in (*(Path(at, name) for name in names), Path(at)):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
