"""An append-only box of lines: what `append` has returned from is on disk, whatever is killed next.

A box is a folder's files `NAME-YYYY-MM-DD.log`, one a day. A line is its CRC-32 in hexadecimal, a blank and its data. A
line that a crash tore was never acknowledged: it is told as torn, and what follows is read all the same.
"""

import os
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from infrastress.core.time import SECOND

__all__ = ["Box", "Line", "Place"]

_CRC = 9


class Place(NamedTuple):
    """Behind a line: the file's name, and bytes of it. The first place is empty."""

    file: str = ""
    offset: int = 0


_FIRST = Place()


class Line(NamedTuple):
    """A line's data, None where it is torn, and the place behind it."""

    data: bytes | None
    behind: Place


class Box:
    """One box; one process appends, any number reads.

    Args:
        folder: made with mode 700 where it isn't there.
        name: of the box.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def append(self, lines: Sequence[bytes], now: int) -> None:
        """Write lines down for good: all of them are on disk when it returns.

        Args:
            lines: without a line feed in them.
            now: ns, for the file's name; never earlier than the newest file.

        Raises:
            OSError: they could not be written; none of them counts.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        today = f"{self._name}-{datetime.fromtimestamp(now / SECOND, UTC):%Y-%m-%d}.log"
        path = self._folder / max([today, *self.files()[-1:]])
        fresh = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            # A torn line ends where the next begins.
            head = b"" if not size or os.pread(handle, 1, size - 1) == b"\n" else b"\n"
            data = head + b"".join(b"%08x %s\n" % (zlib.crc32(line), line) for line in lines)
            try:
                _write(handle, data)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if fresh:
            _sync_folder(self._folder)

    def read(self, after: Place = _FIRST) -> Iterator[Line]:
        """Whole lines behind a place, in order."""
        for name in self.files():
            if name < after.file:
                continue
            offset = after.offset if name == after.file else 0
            with (self._folder / name).open("rb") as file:
                file.seek(offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    offset += len(line)
                    yield Line(_checked(line[:-1]), Place(name, offset))

    def files(self) -> list[str]:
        """Names of its files, the oldest first."""
        return sorted(path.name for path in self._folder.glob(f"{self._name}-????-??-??.log"))

    def retire(self, days: float, now: int) -> None:
        """Delete files of days that are further back."""
        oldest = datetime.fromtimestamp(now / SECOND, UTC) - timedelta(days=days + 1)
        for name in self.files()[:-1]:
            if name < f"{self._name}-{oldest:%Y-%m-%d}.log":
                (self._folder / name).unlink(missing_ok=True)


def _checked(line: bytes) -> bytes | None:
    data = line[_CRC:]
    return data if line[: _CRC - 1] == b"%08x" % zlib.crc32(data) and line[_CRC - 1 : _CRC] == b" " else None


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
