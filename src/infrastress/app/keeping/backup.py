"""Backups: a site with its state and its store in one folder, taken while it runs, verified before it gets its name.

BACKUP/manifest.json    every file with size and SHA-256; how far the log was
BACKUP/site/            the site's folder
BACKUP/state/           what was learned, accounts
BACKUP/store/           the store: opens as it lies
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infrastress.app.baselines import state_folder
from infrastress.app.keeping.manifest import Manifest, content_faults, files_below, read_manifest, write_manifest
from infrastress.app.keeping.staging import staged
from infrastress.connectors.reports.vault import NEVER_BACKED_UP
from infrastress.core.errors import ConfigurationError, InfrastressError, InputError, StoreError
from infrastress.store.copying import copy_store, store_bytes
from infrastress.store.sqlite import Paths, SqliteStore

__all__ = ["LIVE", "Place", "backup_size", "copy_site", "log_spans", "make_backup", "store_faults", "verify_backup"]

LIVE = "live"
"""Folder of the running service below the state: store, status, lock. Of these only the store is kept."""

_ACCOUNTS = "accounts"
_HEAD = 1 << 16
Advance = Callable[[float], None]


@dataclass(frozen=True)
class Place:
    """Where a site's parts lie.

    Attributes:
        site: the site's folder.
        state: its state folder.
        store: folder or URL of its store.
    """

    site: Path
    state: Path
    store: str

    @classmethod
    def of(cls, site: Path, *, state: Path | None = None, database: str | None = None) -> "Place":
        """Of a site as commands name it.

        Raises:
            ConfigurationError: there is no such folder.
        """
        folder = site.parent if site.is_file() else site
        if not folder.is_dir():
            raise ConfigurationError("there is no such site", where=str(site), remedy="name the site's folder")
        at = state_folder(folder, state)
        return cls(folder, at, database or str(at / LIVE / "store"))

    @property
    def paths(self) -> Paths:
        """Files of the store.

        Raises:
            ConfigurationError: it is a server's: that is backed up with the server's own tools.
        """
        if "://" in self.store and not self.store.startswith("sqlite:///"):
            raise ConfigurationError(
                "the store is in a PostgreSQL database, which infrastress doesn't copy",
                remedy="dump it with pg_dump --format=custom, and back up the site's folder beside it",
            )
        return Paths.of(self.store)


def copy_site(
    place: Place, folder: Path, *, secrets: bool, accounts: bool = True, advance: Advance = lambda _: None
) -> dict[str, str]:
    """Copy the files of site and state; returns what was left out, and why.

    Args:
        place: where they lie.
        folder: gets `site/` and `state/`.
        secrets: also files that look like secrets or private keys.
        accounts: also files of the state that nobody else may read: accounts with their password hashes.
        advance: told how many bytes were copied.
    """
    left_out: dict[str, str] = {}
    for source, name in _kept(place, left_out, with_secrets=secrets):
        private = not source.stat().st_mode & 0o077 or source.name.startswith(_ACCOUNTS)
        if not accounts and private and name.startswith("state/"):
            left_out[name] = "private"
        else:
            _copy(source, folder / name, advance)
    return left_out


def backup_size(place: Place) -> int:
    """About how many bytes a backup reads and then verifies, for progress."""
    files = sum(source.stat().st_size for source, _ in _kept(place, {}, with_secrets=True))
    return 2 * (files + store_bytes(place.paths))


def make_backup(
    place: Place, target: Path, *, with_secrets: bool = False, advance: Advance = lambda _: None
) -> Manifest:
    """Back a site up into a folder; nobody is stopped, and a backup that isn't whole never gets its name.

    Args:
        place: where the site's parts lie.
        target: the backup's folder, not there yet.
        with_secrets: also keep files that look like secrets or private keys.
        advance: told how many bytes were done.

    Raises:
        ConfigurationError: the target is taken or lies in what is to be backed up.
        StoreError: something can't be read or written, or the copy has faults.
    """
    paths = place.paths
    for inside in (place.state, place.site):
        if Path(os.path.abspath(target)).is_relative_to(Path(os.path.abspath(inside))) and inside.exists():
            raise ConfigurationError(
                "the backup would lie in what it is a backup of",
                where=str(target),
                remedy="name a folder elsewhere: best on another disk or machine",
            )
    site, version = _model(place.site)
    with staged(target) as part:
        left_out = copy_site(place, part, secrets=with_secrets, advance=advance)
        schema = ""
        if paths.database.is_file():
            copy_store(paths, part / "store", advance=advance)
            schema = schema_in(part / "store")
        manifest = Manifest(
            kind="backup",
            site=site,
            site_version=version,
            schema=schema,
            log=log_spans(part / "store"),
            files=tuple(files_below(part)),
            secrets=with_secrets,
            left_out=left_out,
        )
        write_manifest(part, manifest)
        faults = verify_backup(part, advance=advance)
        if faults:
            raise StoreError(
                f"the backup has {len(faults)} faults and was thrown away: {faults[0]}",
                where=str(target),
                remedy="look at what is named: is the site's own store damaged?",
            )
    return manifest


def verify_backup(folder: Path, *, advance: Advance = lambda _: None) -> list[str]:
    """What is wrong with a backup: every byte against its manifest, then the store as it opens; changes nothing.

    Raises:
        InputError: it is no backup.
    """
    manifest = read_manifest(folder)
    if manifest.kind != "backup":
        raise InputError(f"this is an {manifest.kind}", where=str(folder), remedy="name a backup")
    faults = content_faults(folder, manifest, advance=advance)
    if faults or not manifest.schema:
        return faults
    faults += store_faults(folder / "store")
    if not faults and log_spans(folder / "store") != manifest.log:
        faults.append("store: the log isn't as long as the manifest says")
    return faults


def schema_in(folder: Path) -> str:
    """Schema of a copied store, without touching it."""
    with SqliteStore(folder, frozen=True) as store:
        return store.schema() or ""


def store_faults(folder: Path) -> list[str]:
    """What is wrong with a copied store; reads all of it, changes nothing."""
    try:
        with SqliteStore(folder, frozen=True) as store:
            return store.faults()
    except InfrastressError as error:
        return [str(error)]


def log_spans(folder: Path) -> dict[str, tuple[int, int]]:
    """First and last offset held of each partition of a copied store's log."""
    if not Paths.of(folder).database.is_file():
        return {}
    with SqliteStore(folder, frozen=True) as store:
        return {name: (store.log.start(name) + 1, store.log.end(name)) for name in store.log.partitions()}


def _model(folder: Path) -> tuple[str, str]:
    """Id and version of the site model; a site whose model has faults is backed up all the same."""
    from infrastress.site.load import load_site

    with suppress(InfrastressError):
        site = load_site(folder)
        return site.id, site.version
    return "", ""


def _kept(place: Place, left_out: dict[str, str], *, with_secrets: bool) -> Iterator[tuple[Path, str]]:
    """Files of site and state with their names in the backup; what isn't kept is told in `left_out`."""
    live = (place.state / LIVE).resolve()
    unused = state_folder(place.site, None)
    if unused.exists() and unused.resolve() != place.state.resolve():
        left_out["site/state"] = "not the state that is named"
    for root, label in ((place.site, "site"), (place.state, "state")):
        for at, folders, names in os.walk(root):
            here = Path(at)
            skipped = {live, place.state.resolve(), unused.resolve()} if label == "site" else {live}
            folders[:] = sorted(one for one in folders if (here / one).resolve() not in skipped)
            for one in [one for one in folders if (here / one / NEVER_BACKED_UP).exists()]:
                left_out[f"{label}/{(here / one).relative_to(root).as_posix()}"] = "never backed up"
                folders.remove(one)
            for name in sorted(names):
                path = here / name
                told = f"{label}/{path.relative_to(root).as_posix()}"
                if not path.is_file():
                    left_out[told] = "no file"
                elif not with_secrets and (why := _secret(path)):
                    left_out[told] = why
                else:
                    yield path, told
            for one in folders:
                if (here / one).is_symlink():
                    left_out[f"{label}/{(here / one).relative_to(root).as_posix()}"] = "a link to a folder"


def _secret(path: Path) -> str:
    """Why a file is taken for a secret, "" where it isn't."""
    if "secret" in path.name.casefold():
        return "secrets"
    with path.open("rb") as file:
        return "a private key" if b"PRIVATE KEY-----" in file.read(_HEAD) else ""


def _copy(source: Path, target: Path, advance: Advance) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    advance(target.stat().st_size)
