"""Tables of the store, the same for every SQL backend; `migrations/` holds how they came to be."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

__all__ = [
    "METADATA",
    "SCHEMA",
    "TEXT",
    "blob",
    "history_file",
    "history_partition",
    "latest",
    "lease",
    "lease_state",
    "log_partition",
    "log_record",
]

SCHEMA = "0002"
"""Newest migration this version knows. Migrations are numbered in a row."""

METADATA = MetaData()

TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text in order of code points, whatever the language of the database."""

# Names and bounds of partitions. `last` gives out offsets, so a writer reads and raises it in its own transaction.
log_partition = Table(
    "log_partition",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("retired", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("written", BigInteger, nullable=False),
)

# `place` is the record's offset ("offset" is a reserved word of SQL), `written` the wall clock in ns.
log_record = Table(
    "log_record",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("id", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("log_record_id", "partition", "id", unique=True),
)

lease = Table(
    "lease",
    METADATA,
    Column("partition", TEXT, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("place", BigInteger, nullable=False),
)

# Apart from `lease`, so that a renewal or a commit without a new state doesn't rewrite a large one.
lease_state = Table(
    "lease_state",
    METADATA,
    Column("partition", TEXT, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

latest = Table(
    "latest",
    METADATA,
    Column("kind", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("sort", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("latest_order", "kind", "sort", "key"),
)

history_partition = Table(
    "history_partition",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("compacted", BigInteger, nullable=False),
)

# Only files named here are history; others in the folder are left-overs of a kill.
history_file = Table(
    "history_file",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("partition", TEXT, nullable=False),
    Column("day", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("digest", TEXT, nullable=False),
)

# Where there is no folder beside the database; SQLite keeps blobs as files.
blob = Table(
    "blob",
    METADATA,
    Column("digest", TEXT, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
