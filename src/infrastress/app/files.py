"""Output files: written whole or not at all."""

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["make_folder", "write_atomically", "write_json"]


def make_folder(folder: Path) -> Path:
    """Make a folder and its parents.

    Raises:
        ConfigurationError: a file stands in the way.
    """
    from infrastress.core.errors import ConfigurationError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigurationError(
            "a file stands where a folder is to be made", where=str(folder), remedy="name another folder"
        ) from None
    return folder


def write_atomically(file: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `file` by `data`: after a power cut it holds either the old or the new content."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(file: Path, value: Any) -> None:
    """Replace `file` by indented JSON with sorted keys."""
    write_atomically(file, msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n")
