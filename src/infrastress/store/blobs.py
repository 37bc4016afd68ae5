"""Blobs as files named by their SHA-256."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from infrastress.core.errors import StoreError
from infrastress.core.ids import content_hash
from infrastress.store.ports import Blobs

__all__ = ["FolderBlobs", "flush_folders", "make_folder", "write_durably"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, durably; raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    flush_folders(path.parent for path in missing)


def flush_folders(folders: Iterable[Path]) -> None:
    """Flush the entries of folders to disk; raises OSError."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is whole under its name, or absent.

    Raises:
        StoreError: it can't be written.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        make_folder(path.parent)
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        flush_folders([path.parent])
    except OSError as error:
        raise StoreError(
            f"can't be written: {error.strerror}", where=str(path), remedy="free space, or check rights and quotas"
        ) from error


class FolderBlobs(Blobs):
    """Blobs in a folder, by the first two digits of their hash.

    Args:
        folder: made with the first blob.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Write unless an undamaged one is there."""
        digest = content_hash(data)
        try:
            self.get(digest)
        except StoreError:
            write_durably(self._path(digest), data)
        return digest

    def get(self, digest: str) -> bytes:
        """Read and check."""
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(f"no blob {digest}", where=str(path)) from None
        except OSError as error:
            raise StoreError(f"can't be read: {error.strerror}", where=str(path)) from error
        if content_hash(data) != digest:
            raise StoreError("the blob is damaged", where=str(path), remedy="restore it from the last backup")
        return data

    def has(self, digest: str) -> bool:
        """Whether a file of that name is there."""
        return self._path(digest).is_file()

    def all(self) -> Iterator[str]:
        """Digests of all that is kept, sorted."""
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            yield from sorted(folder.name + file.name for file in folder.iterdir() if file.suffix != ".part")

    def extent(self) -> tuple[int, int]:
        """How many there are, and their bytes."""
        count = size = 0
        for digest in self.all():
            with suppress(FileNotFoundError):
                size += self._path(digest).stat().st_size
                count += 1
        return count, size

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):  # a digest may come from an event; it must not lead out of the folder
            raise StoreError(f"{digest!r} is no SHA-256 in hexadecimal", where=str(self._folder))
        return self._folder / digest[:2] / digest[2:]
