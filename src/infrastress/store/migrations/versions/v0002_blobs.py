"""Blobs in the database."""

import sqlalchemy as sa
from alembic import op

from infrastress.store.tables import TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of blobs."""
    op.create_table(
        "blob",
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
