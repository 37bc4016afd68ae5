"""The demo's folder: marked as the demo's own, held by one demo at a time, cleared of what an earlier one left."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastress.app.files import make_folder, write_json
from infrastress.core.errors import ConfigurationError

__all__ = ["held", "take_folder"]

_MARK = ".infrastress-demo"
_MADE = ("site", "learn", "quiet", "attack", "live", "result", "again", "plots", "bed", "serve.log")


def take_folder(out: Path, *, overwrite: bool = True, keep: Path | None = None) -> Path | None:
    """Remove what an earlier demo left; touch nothing else.

    Args:
        out: the folder, made where it isn't there.
        overwrite: whether what an earlier demo left may be replaced.
        keep: a folder within it that stays.

    Returns:
        Where the folder to be kept lies now; None where there was none.

    Raises:
        ConfigurationError: it holds something else.
    """
    aside = out / ".kept"
    if out.is_dir() and any(out.iterdir()):
        if not (overwrite and (out / _MARK).is_file()):
            raise ConfigurationError(
                "the folder isn't empty and holds no earlier demo",
                where=str(out),
                remedy="name another folder with --out; nothing was removed",
            )
        if keep is not None and keep.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
            keep.rename(aside)
        for name in _MADE:
            if (out / name).is_dir():
                shutil.rmtree(out / name, ignore_errors=True)
            else:
                (out / name).unlink(missing_ok=True)
    make_folder(out)
    write_json(out / _MARK, {"made_by": "infrastress demo"})
    return aside if keep is not None and aside.is_dir() else None


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the folder: another demo must not remove it while this one lives.

    Raises:
        ConfigurationError: another demo holds it.
    """
    if not out.is_dir():
        make_folder(out)
        write_json(out / _MARK, {"made_by": "infrastress demo"})
    handle = os.open(out, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                "another demo runs in this folder", where=str(out), remedy="stop that one, or name another with --out"
            ) from None
        yield
    finally:
        os.close(handle)
