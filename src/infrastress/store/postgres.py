"""The store in a PostgreSQL database, for several workers and machines; Parquet history in a folder that they share.

An append or commit returns when the server has flushed it. Writers of one partition or lease queue at its row; all lock
in one order (leases, then partitions, each by name), so nobody waits in a circle.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ARRAY, Connection, Executable, Table, bindparam, cast, create_engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.store.database import Database, Locks
from infrastress.store.migrations import migrate
from infrastress.store.parquet import ParquetHistory
from infrastress.store.ports import Store
from infrastress.store.postgres_errors import explain
from infrastress.store.sql import SqlBlobs, SqlCheckpoints, SqlLog, SqlRecords, gaps
from infrastress.store.tables import lease, log_partition

__all__ = ["IDLE_S", "PostgresDatabase", "PostgresStore"]

IDLE_S = 3
"""A transaction that its client leaves idle this long is ended: a worker that was stopped within one (SIGSTOP, a frozen
virtual machine) holds row locks, and its successor waits for them. It must lie below every lease time."""
_LOCK_S, _STATEMENT_S = IDLE_S, 60  # how long to wait for others' locks before a look at who holds them; a statement
_PATIENT_S = 600  # a migration: statements, locks and imports take what they take
_OLDEST = 14

_MIGRATING = 4_726_172_701  # names the advisory lock; any number that no other program of this database uses

_CLIENT = {  # libpq's; a silent network is noticed within about ten seconds
    "application_name": "infrastress",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "11000",
}
_SERVER = {  # the server's, so that it notices a client that is gone, and gives its locks free
    "synchronous_commit": "on",
    "default_transaction_isolation": r"read\ committed",
    "idle_in_transaction_session_timeout": f"{IDLE_S}s",
    "lock_timeout": f"{_LOCK_S}s",
    "statement_timeout": f"{_STATEMENT_S}s",
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "11000",
}


class PostgresDatabase(Database):
    """What is PostgreSQL's own.

    Args:
        url: as of `open_store`, without `folder`.
    """

    def __init__(self, url: URL) -> None:
        query = dict(url.query)
        settings = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
        query["options"] = f"{query.get('options', '')} {settings}".strip()
        engine = create_engine(
            url.set(drivername="postgresql+psycopg", query={**_CLIENT, **query}),
            max_overflow=-1,  # a thread never waits for another's connection
            pool_pre_ping=True,  # a server that was started anew costs no error
            hide_parameters=True,
        )
        reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        super().__init__(engine, _where(url), reader=reader)
        self._statements: dict[tuple[str, Sequence[str]], Executable] = {}
        self._made: set[tuple[str, str]] = set()

    def explain(self, error: DBAPIError) -> StoreError:
        """By SQLSTATE, or what libpq says of a connection."""
        return explain(error.orig, self.where)

    def passing(self, error: DBAPIError) -> bool:
        """Deadlocks and serialisation failures; locks that others hold, behind a look at who does."""
        state = getattr(error.orig, "sqlstate", None)
        if state == "55P03":
            self._end_stopped()
        return state in ("40001", "40P01", "55P03")

    def _end_stopped(self) -> None:
        """End writers of this program whose server waits for its client for longer than `IDLE_S`.

        The server ends by itself what stands idle in a transaction. A client that was stopped within a message, or
        before it took an answer, isn't idle to it, and would hold its locks for ever.
        """
        stopped = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = current_user AND application_name = :name AND pid <> pg_backend_pid() "
            "AND backend_xid IS NOT NULL AND wait_event_type = 'Client' "
            "AND state_change < clock_timestamp() - make_interval(secs => :seconds)"
        )
        with suppress(DBAPIError), self.engine.connect() as connection, connection.begin():
            connection.execute(stopped, {"name": _CLIENT["application_name"], "seconds": IDLE_S})

    def prepare(self, locks: Locks) -> None:
        """Make rows of leases and partitions that aren't there, durably, in order of their names.

        In a transaction of its own, for a row that is made within a longer one locks out of order.
        """
        wanted = {("lease", name) for name in locks.leases} | {("log_partition", name) for name in locks.partitions}
        if wanted <= self._made:
            return
        with self.engine.connect() as connection, connection.begin():
            for table, column, names, blank in (
                (lease, lease.c.partition, locks.leases, {"epoch": 0, "version": 0, "owner": "", "place": 0}),
                (log_partition, log_partition.c.name, locks.partitions, {"retired": 0, "last": 0, "written": 0}),
            ):
                there = set(connection.execute(select(column).where(column.in_(names))).scalars())
                rows = [{column.name: name, **blank} for name in sorted(names - there)]
                if rows:
                    connection.execute(insert(table).values(rows).on_conflict_do_nothing())
        self._made |= wanted

    def hold(self, connection: Connection, locks: Locks) -> None:
        """Lock rows of leases, then of partitions, each by name."""
        for column, names in ((lease.c.partition, locks.leases), (log_partition.c.name, locks.partitions)):
            if names:
                rows = select(column).where(column.in_(sorted(names))).order_by(column)
                connection.execute(rows.with_for_update())

    def upsert(self, table: Table, changing: Sequence[str]) -> Executable:
        """INSERT ... ON CONFLICT DO UPDATE."""
        statement = insert(table)
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={column: statement.excluded[column] for column in changing},
        )

    def insert_all(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """One statement, the columns as arrays."""
        connection.execute(self._from_arrays(table, ()), _columns(rows))

    def upsert_all(
        self, connection: Connection, table: Table, changing: Sequence[str], rows: Sequence[dict[str, Any]]
    ) -> None:
        """One statement, the columns as arrays, in order of keys so that nobody waits in a circle."""
        keys = [column.name for column in table.primary_key.columns]
        ordered = sorted(rows, key=lambda row: [row[key] for key in keys])
        connection.execute(self._from_arrays(table, changing), _columns(ordered))

    def known(self, connection: Connection, table: Table, partition: int, ids: Sequence[str]) -> set[str]:
        """The ids as one array, so that the statement stays the same."""
        wanted = cast(bindparam("ids"), ARRAY(table.c.id.type))
        statement = select(table.c.id).where(table.c.partition == bindparam("number"), table.c.id == func.any(wanted))
        return set(connection.execute(statement, {"number": partition, "ids": list(ids)}).scalars())

    def _from_arrays(self, table: Table, changing: Sequence[str]) -> Executable:
        """INSERT ... SELECT FROM unnest(...), which takes rows several times as fast as one statement a row."""
        key = (table.name, tuple(changing))
        if key not in self._statements:
            names = [column.name for column in table.columns]
            arrays = [cast(bindparam(column.name), ARRAY(column.type)) for column in table.columns]
            source = func.unnest(*arrays).table_valued(*names, name="new").render_derived()
            statement = insert(table).from_select(names, select(*(source.c[name] for name in names)))
            if changing:
                statement = statement.on_conflict_do_update(
                    index_elements=list(table.primary_key.columns),
                    set_={column: statement.excluded[column] for column in changing},
                )
            self._statements[key] = statement
        return self._statements[key]


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


class PostgresStore(Store):
    """All ports in one database.

    Args:
        target: postgresql://USER@HOST:PORT/DATABASE?NAME=VALUE&...; names are libpq's (host for the folder of a local
            socket, sslmode, sslrootcert, passfile, target_session_attrs, ...), and `folder`: where telemetry is
            compacted to, the same folder on every machine. Without it telemetry stays in the database.
        clock: wall clock in ns, stamped on records for retention.
        upgrade: False refuses an older schema.

    Raises:
        ConfigurationError: the URL isn't right, or the driver isn't installed.
        SchemaMismatch: written by a newer version, or an older one and not to be upgraded.
        StoreError: it can't be opened.
    """

    blobs: SqlBlobs
    history: ParquetHistory

    def __init__(self, target: str, *, clock: Callable[[], int] = time.time_ns, upgrade: bool = True) -> None:
        url = _parsed(target)
        folder = url.query.get("folder")
        try:
            self.database = PostgresDatabase(url.difference_update_query(["folder"]))
        except ModuleNotFoundError:
            raise ConfigurationError(
                "the driver for PostgreSQL isn't installed", remedy="pip install 'infrastress[postgres]'"
            ) from None
        try:
            self._open(upgrade=upgrade)
        except BaseException:
            self.database.close()
            raise
        self.log = SqlLog(self.database, clock)
        self.checkpoints = SqlCheckpoints(self.log, self.database)
        self.records = SqlRecords(self.database)
        self.blobs = SqlBlobs(self.database)
        self.history = ParquetHistory(self.log, self.database, Path(str(folder)) if folder else None)

    def _open(self, *, upgrade: bool) -> None:
        """Look whether the server will do, and bring the schema up; processes that come at once queue."""
        try:
            with self.database.engine.connect() as connection, connection.begin():
                self._look(connection)
                for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                    connection.execute(text(f"SET LOCAL {name} = '{_PATIENT_S}s'"))
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
                migrate(connection, upgrade=upgrade)
        except DBAPIError as error:
            raise self.database.explain(error) from error

    def _look(self, connection: Connection) -> None:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if version < _OLDEST:
            raise StoreError(
                f"the server is PostgreSQL {version}", where=self.database.where, remedy=f"take {_OLDEST} or newer"
            )
        if encoding != "UTF8":
            raise StoreError(
                f"the database's encoding is {encoding}",
                where=self.database.where,
                remedy="make another: createdb --encoding UTF8 --template template0 NAME",
            )

    def faults(self) -> list[str]:
        """Everything that isn't as it was written, or may not stay so; reads all of it.

        Raises:
            StoreError: the database can't be read.
        """
        found = []
        with self.database.reading() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            for name in ("fsync", "full_page_writes"):
                if connection.execute(text(f"SHOW {name}")).scalar_one() != "on":
                    found.append(
                        f"{self.database.where}: {name} is off, so a power cut may lose or damage what is kept"
                    )
            broken = select(func.coalesce(func.sum(text("checksum_failures")), 0)).select_from(text("pg_stat_database"))
            if count := connection.execute(broken).scalar_one():
                found.append(f"{self.database.where}: the server has met {count} damaged pages")
            found += gaps(connection)
        return [*found, *self.blobs.faults(), *self.history.faults()]

    def close(self) -> None:
        """Close connections."""
        self.database.close()


def _where(url: URL) -> str:
    """The database for errors and logs: neither user nor password."""
    hosts = url.query.get("host", url.host or "")
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{hosts if isinstance(hosts, str) else ','.join(hosts)}{port}/{url.database}"


def _parsed(target: str) -> URL:
    """The URL; whatever is wrong with it, a password in it is told to nobody."""
    try:
        parts = urlsplit(target)
        if target.count("@") > 1 and "@" in (parts.hostname or "") + (parts.password or ""):
            raise ArgumentError
        url = make_url(target).set(drivername="postgresql+psycopg")
        if not url.database or "@" in (url.host or "") + url.database:
            raise ArgumentError
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the URL of the database can't be understood",
            remedy="write postgresql://USER@HOST:PORT/DATABASE?folder=FOLDER; a password belongs into PGPASSWORD or a "
            "password file (and where it stands in the URL, write @ / : ? # in it as %40 %2F %3A %3F %23)",
        ) from None
    return url
