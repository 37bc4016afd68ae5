"""Files that are numbered and never changed, such as decisions: each appears whole under the next free number."""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from infrastress.app.files import make_folder, write_json

__all__ = ["numbered", "settle", "write_next"]


def numbered(folder: Path, letter: str) -> list[tuple[int, Path]]:
    """Entries such as v0001 or d0001.json by number; what a killed writer left begins with a dot and is none."""
    if not folder.is_dir():
        return []
    found = ((re.fullmatch(rf"{letter}(\d{{4,}})(\.json)?", entry.name), entry) for entry in folder.iterdir())
    return sorted((int(match[1]), entry) for match, entry in found if match)


def write_next(folder: Path, letter: str, fields: Any) -> int:
    """Write JSON as the folder's next file, whole or not at all; returns its number."""
    make_folder(folder)
    handle, scratch = tempfile.mkstemp(prefix=".new-", dir=folder)
    os.close(handle)
    try:
        write_json(Path(scratch), fields)
        number = max((number for number, _ in numbered(folder, letter)), default=0)
        while True:
            number += 1
            try:
                os.link(scratch, folder / f"{letter}{number:04d}.json")
            except FileExistsError:
                continue
            settle(folder)
            return number
    finally:
        Path(scratch).unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Have the folder's new entry survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
