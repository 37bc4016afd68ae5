"""A growing log that is rotated, by renaming or by copying and truncating: its whole lines, each once.

A file is known by its first line, not by its name or inode: so it is found again when it was renamed, copied or packed.
"""

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from infrastress.connectors.files.lines import DAMAGE, open_bytes
from infrastress.connectors.nids.reading import LONGEST
from infrastress.core.errors import InputError

__all__ = ["Follower", "Mark", "Piece"]

PIECE: Final = 2_000_000
"""Bytes read at once."""
_HEAD: Final = 1 << 16


class Mark(msgspec.Struct, frozen=True):
    """How far a log was read.

    Attributes:
        head: what tells the file in hand: a hash of its first line; empty before the first.
        offset, line: bytes and lines read of it.
        changed: when it was written to last, ns, as far as was seen.
        name: it had when it was opened.
    """

    head: bytes = b""
    offset: int = 0
    line: int = 0
    changed: int = 0
    name: str = ""


class Piece(NamedTuple):
    """What a log has that is new: whole lines, the first's number, and what was found wrong (reason, text)."""

    lines: list[bytes]
    name: str
    first: int
    wrong: tuple[tuple[str, str], ...] = ()
    more: bool = False


class _Found(NamedTuple):
    changed: int
    name: str
    head: bytes


class Follower:
    """Reads one log over its rotations.

    At the very first it begins with the newest file; from then on nothing newer than the file in hand is passed over.

    Args:
        folder: where the log and its rotations lie.
        name: the log's; it need not be there where files are named by time.
        names: what its files are called.
        mark: how far it was read before.
    """

    def __init__(self, folder: Path, name: str, names: "re.Pattern[str]", mark: Mark | None = None) -> None:
        self.folder, self.name = folder, name
        self.mark = mark or Mark()
        self._names = names
        self._file: BinaryIO | None = None
        self._plain = True
        self._known: dict[str, tuple[int, int, int, bytes]] = {}

    def close(self) -> None:
        """Let go of the file in hand."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Piece | None:
        """The next piece; None where there is no such log yet. Raises OSError."""
        mark, wrong = self.mark, list[tuple[str, str]]()
        if self._file is None and not self._resume(wrong):
            return Piece([], mark.name, mark.line, tuple(wrong)) if wrong else None
        data = self._data(wrong)
        cut = data.rfind(b"\n") + 1
        lines = data[:cut].split(b"\n")[:-1]
        mark = self.mark
        if cut:
            self.mark = msgspec.structs.replace(
                mark, offset=mark.offset + cut, line=mark.line + len(lines), changed=self._changed()
            )
            return Piece(lines, mark.name, mark.line + 1, tuple(wrong), True)
        if len(data) >= LONGEST:
            self._skip(len(data))
            return Piece([], mark.name, mark.line, (*wrong, ("line-too-long", f"line {mark.line + 1}")), True)
        newer = self._newer()
        if newer is not None:
            if data:
                wrong.append(("cut-line", f"{len(data)} bytes of a line that was never finished"))
            self._open(newer)
            return Piece([], mark.name, mark.line + bool(data), tuple(wrong), True)
        return Piece([], mark.name, mark.line, tuple(wrong))

    def _data(self, wrong: list[tuple[str, str]]) -> bytes:
        """What follows in the file in hand; where it was truncated, in the copy that was made of it."""
        file, mark = self._file, self.mark
        if file is None:
            return b""
        if self._plain and _head_of(file) != mark.head:
            self.close()
            copy = next((one for one in self._scan() if one.head == mark.head), None)
            if copy is None:
                wrong.append(("log-gone", f"truncated behind byte {mark.offset}, and no copy is there"))
                self.mark = msgspec.structs.replace(mark, head=b"gone")
                return b""
            self._open(copy, mark.offset, mark.line)
            file = self._file
        if file is None:
            return b""
        try:
            file.seek(self.mark.offset)
            return file.read(PIECE)
        except DAMAGE as error:
            wrong.append(("file-damaged", f"{self.mark.name} behind byte {self.mark.offset}: {error}"))
            return b""

    def _skip(self, size: int) -> None:
        """Pass over a line that doesn't end within a piece, as far as it has been written."""
        file, mark = self._file, self.mark
        rest = b"-"
        while file is not None and rest and b"\n" not in rest:
            rest = file.read(PIECE)
            size += len(rest)
        end = rest.find(b"\n") + 1
        size -= len(rest) - end if end else 0
        self.mark = msgspec.structs.replace(mark, offset=mark.offset + size, line=mark.line + 1)

    def _resume(self, wrong: list[tuple[str, str]]) -> bool:
        """Open the file to go on with; whether there is one."""
        files, mark = self._scan(), self.mark
        if not mark.head:
            exact = [one for one in files if one.name == self.name]
            if not exact and (self.folder / self.name).exists():
                return False  # just begun: what was rotated away before is history
            if not files:
                return False
            self._open((exact or files)[-1])
            return True
        here = [one for one in files if one.head == mark.head]
        if here:
            plain = [one for one in here if one.name == self.name] or [one for one in here if not _packed(one.name)]
            self._open((plain or here)[0], mark.offset, mark.line)
            return True
        newer = self._newer(files)
        if newer is None:
            return False
        if mark.head != b"gone":
            wrong.append(("log-gone", f"{mark.name} was not there any more to be read behind byte {mark.offset}"))
        self._open(newer)
        return True

    def _open(self, found: _Found, offset: int = 0, line: int = 0) -> None:
        self.close()
        try:
            self._file = open_bytes(self.folder / found.name)
        except InputError as error:
            raise FileNotFoundError(error.what) from None
        self._plain = not _packed(found.name)
        self.mark = Mark(found.head, offset, line, found.changed, found.name)

    def _changed(self) -> int:
        file = self._file
        return os.fstat(file.fileno()).st_mtime_ns if file is not None and self._plain else self.mark.changed

    def _newer(self, files: list[_Found] | None = None) -> _Found | None:
        """The oldest file that was written to after the one in hand."""
        mark, changed = self.mark, self._changed()
        for one in self._scan() if files is None else files:
            if one.head != mark.head and (one.changed, one.name) > (changed, mark.name) and one.changed >= changed:
                return one
        return None

    def _scan(self) -> list[_Found]:
        """The log's files that hold a whole line, in the order in which they were written to last."""
        known = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if not self._names.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    look = (status.st_ino, status.st_mtime_ns, status.st_size)
                    before = self._known.get(entry.name)
                    head = before[3] if before is not None and before[:3] == look else self._head(entry.name)
                    known[entry.name] = (*look, head)
        self._known = known
        return sorted(_Found(changed, name, head) for name, (_, changed, _, head) in known.items() if head)

    def _head(self, name: str) -> bytes:
        try:
            with open_bytes(self.folder / name) as file:
                return _head_of(file)
        except (*DAMAGE, InputError):
            return b""


def _head_of(file: BinaryIO) -> bytes:
    """What tells a file: its first line's hash; empty where it has no whole line yet."""
    file.seek(0)
    data = file.read(_HEAD)
    end = data.find(b"\n") + 1
    if not end and len(data) < _HEAD:
        return b""
    return sha256(data[: end or _HEAD]).digest()[:16]


def _packed(name: str) -> bool:
    return name.endswith((".gz", ".xz", ".bz2"))
