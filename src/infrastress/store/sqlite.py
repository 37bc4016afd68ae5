"""The store in one folder: an SQLite database, blobs and Parquet history beside it.

Write-ahead log with synchronous=FULL: a commit has returned from fsync before it is acknowledged. Several processes may
open one store; one writes at a time.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Executable, Table, create_engine, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from infrastress.core.errors import StoreError
from infrastress.store.blobs import FolderBlobs, make_folder
from infrastress.store.database import Database, Locks
from infrastress.store.migrations import migrate, schema_of
from infrastress.store.parquet import ParquetHistory
from infrastress.store.ports import Store
from infrastress.store.sql import SqlCheckpoints, SqlLog, SqlRecords, gaps

__all__ = ["Paths", "SqliteDatabase", "SqliteStore", "explain"]

_BUSY_MS = 30_000
_SETTLE_S = 2.0
_PAGE = 8192  # batches of telemetry are 100s of kB: fewer links than with the default page
_CHECKPOINT = 4000  # pages of write-ahead log before it is copied back: about 32 MB

_REMEDIES = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free space or extend the disk; nothing acknowledged was lost"),
    sqlite3.SQLITE_IOERR: ("the disk can't be read or written", "look at the system's log for disk faults or quotas"),
    sqlite3.SQLITE_READONLY: ("the database is read-only", "give this user the right to write the folder"),
    sqlite3.SQLITE_CANTOPEN: ("the database can't be opened", "check that the folder exists and may be written"),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", "stop, keep the files, and restore the last backup"),
    sqlite3.SQLITE_NOTADB: ("the file is no SQLite database", "name another file, or restore the last backup"),
    sqlite3.SQLITE_BUSY: (f"another process held the database for {_BUSY_MS // 1000} s", "stop the other process"),
    sqlite3.SQLITE_LOCKED: ("another connection holds the table", "stop the other process"),
}


def explain(error: BaseException | None, where: str) -> StoreError:
    """SQLite's error as ours, by its primary result code."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what, remedy = _REMEDIES.get(code, ("the database refused", "report this"))
    return StoreError(f"{what}: {error}", where=where, remedy=remedy)


class Paths(NamedTuple):
    """Where a store keeps what."""

    database: Path
    blobs: Path
    history: Path

    @classmethod
    def of(cls, target: str | Path) -> "Paths":
        """Of a folder (store.db, blobs/, history/) or of an sqlite:/// URL (X.db, X.blobs/, X.history/)."""
        text = str(target)
        if text.startswith("sqlite:///"):
            file = Path(text.removeprefix("sqlite:///"))
            return cls(file, file.with_name(f"{file.stem}.blobs"), file.with_name(f"{file.stem}.history"))
        folder = Path(target)
        return cls(folder / "store.db", folder / "blobs", folder / "history")


class SqliteDatabase(Database):
    """What is SQLite's own.

    Args:
        file: the database; its folder exists.
        frozen: nobody changes it while it is open, and nothing is written, not even beside it.
    """

    def __init__(self, file: Path, *, frozen: bool = False) -> None:
        url = URL.create("sqlite+pysqlite", database=str(file))
        if frozen:
            name = f"file:{quote(str(file.absolute()))}"
            url = URL.create("sqlite+pysqlite", database=name, query={"immutable": "1", "uri": "true"})
        engine = create_engine(url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare_frozen if frozen else _prepare)
        event.listen(engine, "begin", _begin)
        super().__init__(engine, str(file))
        self._upserts: dict[str, Executable] = {}

    def explain(self, error: DBAPIError) -> StoreError:
        """By SQLite's primary result code."""
        return explain(error.orig, self.where)

    def prepare(self, locks: Locks) -> None:
        """Nothing: a write transaction excludes all others (`BEGIN IMMEDIATE`)."""

    def hold(self, connection: Connection, locks: Locks) -> None:
        """Nothing, for the same reason."""

    def upsert(self, table: Table, changing: Sequence[str]) -> Executable:
        """INSERT ... ON CONFLICT DO UPDATE."""
        if table.name not in self._upserts:
            statement = insert(table)
            self._upserts[table.name] = statement.on_conflict_do_update(
                index_elements=list(table.primary_key.columns),
                set_={column: statement.excluded[column] for column in changing},
            )
        return self._upserts[table.name]


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin does
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        f"page_size={_PAGE}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={_CHECKPOINT}",
        "journal_size_limit=67108864",
        "cache_size=-32768",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_frozen(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON").close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that turned to writing could fail half-way with "busy"; writers queue at the start instead.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class SqliteStore(Store):
    """All ports in one folder.

    Args:
        target: a folder, made if it isn't there, or an sqlite:/// URL.
        clock: wall clock in ns, stamped on records for retention.
        upgrade: False refuses an older schema.
        frozen: only read it as it lies there, whatever its schema: a copy that nobody works at.

    Raises:
        SchemaMismatch: written by a newer version, or an older one and not to be upgraded.
        StoreError: it can't be opened.
    """

    blobs: FolderBlobs
    history: ParquetHistory

    def __init__(
        self, target: str | Path, *, clock: Callable[[], int] = time.time_ns, upgrade: bool = True, frozen: bool = False
    ) -> None:
        self.paths = Paths.of(target)
        try:
            if not frozen:
                make_folder(self.paths.database.parent)
        except OSError as error:
            raise StoreError(
                f"the folder can't be made: {error.strerror}",
                where=str(self.paths.database.parent),
                remedy="name a folder this user may write",
            ) from error
        self.database = SqliteDatabase(self.paths.database, frozen=frozen)
        try:
            if not frozen:
                self._migrate(self.database.engine, upgrade=upgrade)
        except BaseException:
            self.database.close()
            raise
        self.log = SqlLog(self.database, clock)
        self.checkpoints = SqlCheckpoints(self.log, self.database)
        self.records = SqlRecords(self.database)
        self.blobs = FolderBlobs(self.paths.blobs)
        self.history = ParquetHistory(self.log, self.database, self.paths.history)

    def _migrate(self, engine: Engine, *, upgrade: bool) -> None:
        try:
            with engine.connect().execution_options(write=True) as connection, connection.begin():
                migrate(connection, upgrade=upgrade)
        except DBAPIError as error:
            raise self.database.explain(error) from error

    def settle(self) -> None:
        """Copy the write-ahead log back and give its room to the disk again, where nobody is in the way just now."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.paths.database, timeout=_SETTLE_S)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def spare(self) -> int:
        """Bytes inside the database's file that hold nothing any more and are used before it grows; 0 if unreadable."""
        try:
            with self.database.reading() as connection:
                return int(connection.execute(text("PRAGMA freelist_count")).scalar_one()) * _PAGE
        except StoreError:
            return 0

    def schema(self) -> str | None:
        """The schema as it lies there."""
        with self.database.reading() as connection:
            return schema_of(connection)

    def faults(self) -> list[str]:
        """Everything on disk that isn't as it was written; reads all of it.

        Raises:
            StoreError: the database can't be read at all.
        """
        with self.database.reading() as connection:
            found = [row for row in connection.execute(text("PRAGMA integrity_check")).scalars() if row != "ok"]
            found += gaps(connection)
        return [*found, *self.blobs.faults(), *self.history.faults()]

    def close(self) -> None:
        """Release the database; the last to close copies the write-ahead log back."""
        self.database.close()
