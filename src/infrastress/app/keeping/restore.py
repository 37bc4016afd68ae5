"""Restoring: a verified backup becomes a site's folder, whole or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path

from infrastress.app.keeping.backup import LIVE, Place, store_faults
from infrastress.app.keeping.manifest import Manifest, content_faults, read_manifest
from infrastress.app.keeping.staging import staged
from infrastress.core.errors import InputError, SchemaMismatch, StoreError
from infrastress.store.copying import refuse_in_use
from infrastress.store.tables import SCHEMA

__all__ = ["restore_backup"]


def restore_backup(
    backup: Path, target: Path, *, overwrite: bool = False, advance: Callable[[float], None] = lambda _: None
) -> Manifest:
    """Make a site's folder of a backup: site, state, and the store where `serve` looks for it.

    Args:
        backup: a folder that `make_backup` wrote; it isn't changed.
        target: the site's new folder: not there yet, or empty.
        overwrite: replace the site that is there, in one step at the end; its secrets, which the backup left out, stay.
        advance: told how many bytes were done (each is read, written and read again).

    Raises:
        InputError: it is no backup, or it is damaged.
        SchemaMismatch: its store is newer than this version of infrastress.
        ConfigurationError: the target is taken.
        StoreError: the target can't be written, or its store is in use.
    """
    manifest = read_manifest(backup)
    if manifest.kind != "backup":
        raise InputError(f"this is an {manifest.kind}, not a backup", where=str(backup), remedy="name a backup")
    if manifest.schema and manifest.schema > SCHEMA:
        raise SchemaMismatch(
            f"the backup's store has schema {manifest.schema}, this version of infrastress knows up to {SCHEMA}",
            where=str(backup),
            remedy=f"restore it with infrastress {manifest.program} or newer",
        )
    _refuse_damaged(backup, content_faults(backup, manifest, advance=advance))
    if overwrite and target.is_dir():
        running = Place.of(target).paths
        if running.database.is_file():
            refuse_in_use(running)
    with staged(target, replace=overwrite) as part:
        for entry in manifest.files:
            copy = part / _place_of(entry.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / entry.path, copy)
            shutil.copymode(backup / entry.path, copy)
            advance(entry.size)
        if overwrite:
            _keep_left_out(manifest, target, part)
        (part / "state" / LIVE).mkdir(parents=True, exist_ok=True)
        (part / "state" / LIVE).chmod(0o700)
        store = part / "state" / LIVE / "store"
        if manifest.schema and (faults := store_faults(store)):
            raise StoreError(
                f"what was restored has {len(faults)} faults and was thrown away: {faults[0]}",
                where=str(target),
                remedy="is the disk sound? Try another place, or another backup",
            )
        part.chmod(0o755)
    return manifest


def _keep_left_out(manifest: Manifest, old: Path, new: Path) -> None:
    """Carry secrets and keys over from the site that is replaced: a backup without them must not remove them."""
    for name in manifest.left_out:
        place = _place_of(name)
        if (old / place).is_file() and not (new / place).exists():
            (new / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(old / place, new / place)


def _place_of(path: str) -> Path:
    """Where a file of a backup goes in the site's folder.

    Raises:
        InputError: the path leads elsewhere.
    """
    head, _, rest = path.partition("/")
    if head not in ("site", "state", "store") or not rest or ".." in Path(rest).parts or Path(rest).is_absolute():
        raise InputError(f"the manifest names a file that has no place in a backup: {path!r}", remedy="take another")
    if head == "site":
        return Path(rest)
    return Path("state", rest) if head == "state" else Path("state", LIVE, "store", rest)


def _refuse_damaged(backup: Path, faults: list[str]) -> None:
    if faults:
        shown = "; ".join(faults[:3]) + (f"; and {len(faults) - 3} more" if len(faults) > 3 else "")
        raise InputError(f"the backup is damaged: {shown}", where=str(backup), remedy="take another backup")
