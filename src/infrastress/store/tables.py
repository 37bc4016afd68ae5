"""Tables of the store, the same for every SQL backend; `migrations/` holds how they came to be."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

__all__ = [
    "METADATA",
    "SCHEMA",
    "history_file",
    "history_partition",
    "latest",
    "lease",
    "lease_state",
    "log_partition",
    "log_record",
]

SCHEMA = "0001"
"""Newest migration this version knows. Migrations are numbered in a row."""

METADATA = MetaData()

# Names and bounds of partitions. `last` gives out offsets, so a writer reads and raises it in its own transaction.
log_partition = Table(
    "log_partition",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
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
    Column("id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("log_record_id", "partition", "id", unique=True),
)

lease = Table(
    "lease",
    METADATA,
    Column("partition", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("owner", String, nullable=False),
    Column("place", BigInteger, nullable=False),
)

# Apart from `lease`, so that a renewal or a commit without a new state doesn't rewrite a large one.
lease_state = Table(
    "lease_state",
    METADATA,
    Column("partition", String, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

latest = Table(
    "latest",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("sort", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("latest_order", "kind", "sort", "key"),
)

history_partition = Table(
    "history_partition",
    METADATA,
    Column("name", String, primary_key=True),
    Column("compacted", BigInteger, nullable=False),
)

# Only files named here are history; others in the folder are left-overs of a kill.
history_file = Table(
    "history_file",
    METADATA,
    Column("name", String, primary_key=True),
    Column("partition", String, nullable=False),
    Column("day", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
)
