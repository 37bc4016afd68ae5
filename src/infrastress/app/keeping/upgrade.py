"""Upgrades: a verified backup, a trial on a copy, and only then the site's own store, in one transaction."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from infrastress.app.keeping.backup import Place, make_backup
from infrastress.app.keeping.readable import unreadable
from infrastress.core.errors import InfrastressError, SchemaMismatch, StoreError
from infrastress.store import open_store
from infrastress.store.blobs import FolderBlobs
from infrastress.store.copying import refuse_in_use, schema_at, upgrade_store
from infrastress.store.sqlite import Paths
from infrastress.store.tables import SCHEMA

__all__ = ["Upgrade", "upgrade_dumped", "upgrade_site"]

_TRIAL = ".upgrade-trial-"


class Upgrade(NamedTuple):
    """What an upgrade did: schema before ("" where there is no store) and now; the backup, None where none was made."""

    before: str
    now: str
    backup: Path | None


def upgrade_site(
    place: Place, backup: Path | None = None, *, advance: Callable[[float], None] = lambda _: None
) -> Upgrade:
    """Bring a site's store to the schema of this version.

    Whatever fails, and wherever it is killed, the store is as it was before, or wholly upgraded.

    Args:
        place: where the site's parts lie; nothing may have the store open.
        backup: where the backup goes; a folder beside the site's, named by schema and time, by default.
        advance: told how many bytes of the backup were done.

    Raises:
        ConfigurationError: the store is in PostgreSQL (see `upgrade_dumped`).
        SchemaMismatch: the store is newer than this version.
        StoreError: the store is in use, the backup or the trial failed; nothing was changed.
    """
    paths = place.paths
    found = schema_at(paths)
    if found is None:
        return Upgrade("", SCHEMA, None)
    _sweep(paths)
    if found == SCHEMA:
        return Upgrade(found, SCHEMA, None)
    if not (found.isdecimal() and int(found) < int(SCHEMA)):
        raise SchemaMismatch(
            f"the store has schema {found}, this version of infrastress knows up to {SCHEMA}",
            where=str(paths.database),
            remedy="use the version that wrote it, or a newer one",
        )
    refuse_in_use(paths)
    site = place.site.resolve()
    now = datetime.now(UTC)
    target = backup or site.with_name(f"{site.name}.before-upgrade-{found}-{now:%Y%m%dT%H%M%SZ}")
    make_backup(place, target, advance=advance)
    _try_on_copy(paths, target)
    refuse_in_use(paths)
    upgrade_store(paths)
    return Upgrade(found, SCHEMA, target)


def upgrade_dumped(url: str) -> Upgrade:
    """Bring a store on a server to the schema of this version; its owner has dumped it.

    Raises:
        StoreError: it can't be migrated, or not be read afterwards.
    """
    try:
        open_store(url, upgrade=False).close()
        return Upgrade(SCHEMA, SCHEMA, None)
    except SchemaMismatch:
        before = "an older schema"
    with open_store(url) as store:
        if faults := unreadable(store):
            raise StoreError(
                f"{len(faults)} records can't be read after the migration: {faults[0]}",
                remedy="restore the dump with pg_restore, and report this",
            )
    return Upgrade(before, SCHEMA, None)


def _try_on_copy(paths: Paths, backup: Path) -> None:
    """Migrate a copy and read every kind of record of it.

    Raises:
        StoreError: that failed.
    """
    trial = Path(tempfile.mkdtemp(prefix=_TRIAL, dir=paths.database.parent))
    try:
        shutil.copyfile(backup / "store" / "store.db", trial / "store.db")
        upgrade_store(Paths.of(trial))
        with open_store(trial, upgrade=False) as store:
            faults = unreadable(store, FolderBlobs(Paths.of(backup / "store").blobs))
        if faults:
            raise StoreError(
                f"{len(faults)} records of the migrated copy can't be read: {faults[0]}", remedy="report this"
            )
    except (InfrastressError, OSError) as error:
        raise StoreError(
            f"the trial on a copy failed, so the store was left as it is: {error}",
            where=str(trial),
            remedy=f"go on with the version that you had; the backup is in {backup}",
        ) from error
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _sweep(paths: Paths) -> None:
    """Remove trials that were killed."""
    for trial in paths.database.parent.glob(f"{_TRIAL}*"):
        shutil.rmtree(trial, ignore_errors=True)
