"""Folders that are there whole or not at all: made beside their place under another name, flushed, then renamed."""

import ctypes
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.store.blobs import flush_folders, make_folder
from infrastress.store.copying import flush_tree

__all__ = ["staged"]

_PART = ".infrastress-part"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux's renameat2


@contextmanager
def staged(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A folder that takes the place of `target` when the block ends well, and is gone when it doesn't.

    What killed calls left beside it is swept.

    Args:
        target: not there yet, or an empty folder.
        replace: throw away the folder that is there, at the very end and in one step.

    Raises:
        ConfigurationError: something is at `target`, or another process is writing there.
        StoreError: it can't be written.
    """
    target = Path(os.path.abspath(target))
    _refuse_taken(target, replace=replace)
    part = target.with_name(f".{target.name}{_PART}")
    try:
        make_folder(target.parent)
        _sweep(target.parent)
        with _claimed(part):
            try:
                yield part
                flush_tree(part)
                _refuse_taken(target, replace=replace)
                _place(part, target)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except OSError as error:
        raise StoreError(
            f"can't be written: {error.strerror or error}",
            where=str(error.filename or target),
            remedy="free space there, check rights, or name another place",
        ) from error


def _refuse_taken(target: Path, *, replace: bool) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ConfigurationError("a file stands there", where=str(target), remedy="name a folder that isn't there yet")
    if target.is_dir() and not replace and any(target.iterdir()):
        raise ConfigurationError(
            "the folder isn't empty", where=str(target), remedy="name a folder that isn't there yet, or an empty one"
        )


@contextmanager
def _claimed(part: Path) -> Iterator[None]:
    """Make the folder and lock it; the lock falls with the process."""
    try:
        part.mkdir(mode=0o700)
    except FileExistsError:  # what a killed call left was swept
        raise ConfigurationError(
            "another process is writing there", where=str(part), remedy="wait for it, or name another folder"
        ) from None
    handle = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(parent: Path) -> None:
    for part in parent.glob(f".*{_PART}"):
        handle = os.open(part, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part)
        except BlockingIOError:
            continue  # a living process's
        finally:
            os.close(handle)


def _place(part: Path, target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        _exchange(part, target)
        flush_folders([target.parent])
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.rename(target)  # over an empty folder too
        flush_folders([target.parent])


def _exchange(part: Path, target: Path) -> None:
    """Swap two folders in one step; where the file system can't, in two that leave both."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = (os.fsencode(part), os.fsencode(target))
    if call is not None and call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    old = target.with_name(f"{target.name}.before-{uuid4().hex[:8]}")
    target.rename(old)
    part.rename(target)
    with suppress(OSError):
        shutil.rmtree(old)
