"""The manifest of a backup or an export: what is in it, byte by byte, and what it is a copy of."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from infrastress import __version__
from infrastress.app.files import write_json
from infrastress.core.errors import InputError
from infrastress.core.ids import canonical_json, content_hash

__all__ = [
    "FORMAT",
    "MANIFEST",
    "FileEntry",
    "Manifest",
    "content_faults",
    "files_below",
    "read_manifest",
    "write_manifest",
]

MANIFEST = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


class FileEntry(msgspec.Struct, frozen=True):
    """One file: path relative to the manifest's folder, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds.

    Attributes:
        kind: "backup" or "export".
        site, site_version: id and content hash of the site model; empty where it can't be loaded.
        schema: of the store; empty where there is none.
        log: first and last offset held of each partition of the log.
        secrets: whether files with secrets are in it.
        left_out: files of the site's folder that are not, and why.
        files: all files but the manifest.
        made: when, ISO 8601 UTC. program: version of infrastress.
    """

    kind: str
    site: str
    site_version: str
    schema: str
    log: dict[str, tuple[int, int]]
    files: tuple[FileEntry, ...]
    secrets: bool = False
    left_out: dict[str, str] = {}
    format: int = FORMAT
    made: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    program: str = __version__


class _Sealed(msgspec.Struct, frozen=True):
    manifest: Manifest
    digest: str


def files_below(folder: Path, *, advance: Callable[[float], None] = lambda _: None) -> Iterator[FileEntry]:
    """Every file below a folder but its manifest, sorted by path, read from disk."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST:
            size, digest = _read(path, advance)
            yield FileEntry(name, size, digest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Seal a folder: its manifest, with a digest of its own, durably."""
    fields = msgspec.to_builtins(manifest)
    write_json(folder / MANIFEST, {"manifest": fields, "digest": content_hash(canonical_json(fields))})


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        InputError: there is none, it is damaged, or of a newer format.
    """
    file = folder / MANIFEST
    remedy = "name a folder that infrastress backup wrote to its end"
    try:
        fields = msgspec.json.decode(file.read_bytes())
        if fields["manifest"]["format"] > FORMAT:
            raise InputError(
                f"the backup has format {fields['manifest']['format']}, this version reads {FORMAT}",
                where=str(file),
                remedy=f"take infrastress {fields['manifest'].get('program', '')} or newer",
            )
        sealed = msgspec.convert(fields, _Sealed)
        whole = content_hash(canonical_json(fields["manifest"])) == sealed.digest
    except OSError as error:
        raise InputError(f"no manifest: {error.strerror}", where=str(file), remedy=remedy) from None
    except (msgspec.MsgspecError, KeyError, TypeError):
        raise InputError("no manifest, or a damaged one", where=str(file), remedy=remedy) from None
    if not whole:
        raise InputError("the manifest is damaged", where=str(file), remedy="take another backup")
    return sealed.manifest


def content_faults(folder: Path, manifest: Manifest, *, advance: Callable[[float], None] = lambda _: None) -> list[str]:
    """What differs from the manifest: files that are missing, others than they were, or strangers; reads all of it."""
    found = []
    expected = {entry.path: entry for entry in manifest.files}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST:
            continue
        entry = expected.pop(name, None)
        if entry is None:
            found.append(f"{name}: not in the manifest")
        elif path.is_symlink():
            found.append(f"{name}: a link instead of a file")
        else:
            try:
                same = _read(path, advance) == (entry.size, entry.sha256)
            except OSError as error:
                found.append(f"{name}: can't be read: {error.strerror}")
            else:
                found += [] if same else [f"{name}: damaged"]
    return [*found, *(f"{name}: missing" for name in sorted(expected))]


def _read(path: Path, advance: Callable[[float], None]) -> tuple[int, str]:
    """Size and SHA-256, from the disk where the system lets us drop its cache."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    return size, digest.hexdigest()
