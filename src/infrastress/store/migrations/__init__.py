"""Migrations of the SQL schema: an older store is brought up, a newer one refused.

Alembic is only loaded when there is something to migrate.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from infrastress.core.errors import SchemaMismatch, StoreError
from infrastress.store.tables import SCHEMA

__all__ = ["SCRIPTS", "migrate", "schema_of"]

SCRIPTS = Path(__file__).parent


def migrate(
    connection: Connection, *, upgrade: bool = True, scripts: Path = SCRIPTS, newest: str = SCHEMA
) -> str | None:
    """Bring a database to the newest schema within the caller's transaction.

    Args:
        connection: in a write transaction.
        upgrade: False refuses an older schema; an empty database is made ready either way.
        scripts: folder of the migrations.
        newest: the last of them.

    Returns:
        The version found, None when it was empty.

    Raises:
        SchemaMismatch: it is newer than this version of infrastress, or older and not to be upgraded.
        StoreError: it is another program's database.
    """
    found = schema_of(connection)
    if found == newest:
        return found
    if found is not None and not (found.isdecimal() and int(found) < int(newest)):
        raise SchemaMismatch(
            f"the store has schema {found}, this version of infrastress knows up to {newest}",
            remedy="open it with the version that wrote it, or a newer one",
        )
    if found is not None and not upgrade:
        raise SchemaMismatch(
            f"the store has schema {found}, this version of infrastress needs {newest}",
            remedy="stop what uses it and run infrastress upgrade SITE: it makes a verified backup first",
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, newest)
    return found


def schema_of(connection: Connection) -> str | None:
    """The schema of a database, None where it is empty; raises StoreError for another program's."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise StoreError("the database belongs to another program", remedy="name another database, file or folder")
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
