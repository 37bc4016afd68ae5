"""First schema."""

import sqlalchemy as sa
from alembic import op

from infrastress.store.tables import TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "log_partition",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("retired", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_record",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("log_record_id", "log_record", ["partition", "id"], unique=True)
    op.create_table(
        "lease",
        sa.Column("partition", TEXT, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "lease_state",
        sa.Column("partition", TEXT, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "latest",
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("sort", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("latest_order", "latest", ["kind", "sort", "key"])
    op.create_table(
        "history_partition",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("compacted", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "history_file",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("partition", TEXT, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
    )
