"""Lines of a file: a byte stream cut into blocks of whole lines, decompressed and decoded on the way.

A block depends on its offset alone, so reading on from a remembered offset gives the same blocks as never having
stopped.
"""

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from infrastress.core.errors import InputError

__all__ = ["DAMAGE", "MAX_LINE", "Block", "Lines", "open_bytes", "read_head"]

MAX_LINE = 1 << 20
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a damaged compressed file raises."""


class Block(NamedTuple):
    """Whole lines from `offset` to `end`; `too_long` when it stands for one line longer than MAX_LINE (no data)."""

    offset: int
    end: int
    data: bytes
    too_long: bool = False


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, decompressing by content (gzip, xz, bzip2).

    Raises:
        InputError: it can't be opened.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(b"\x1f\x8b"):
            return cast(BinaryIO, gzip.open(path, "rb"))
        if magic.startswith(b"\xfd7zXZ"):
            return cast(BinaryIO, lzma.open(path, "rb"))
        if magic.startswith(b"BZh"):
            return cast(BinaryIO, bz2.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise InputError(f"can't be opened: {error.strerror or error}", where=str(path)) from None


def read_head(path: Path, size: int) -> tuple[bytes, bool]:
    """The first `size` bytes, or what can be had of them from damaged compressed data; and whether more follows.

    Raises:
        InputError: it can't be opened, or not even its beginning can be decompressed.
    """
    data = b""
    with open_bytes(path) as file:
        try:
            while len(data) <= size:
                piece: bytes = cast(Any, file).read1(size + 1 - len(data))  # read would lose what came before damage
                if not piece:
                    break
                data += piece
        except DAMAGE as error:
            if not data:
                what = f"the file can't be decompressed: {error}"
                raise InputError(what, where=str(path), remedy="copy it again") from None
    return data[:size], len(data) > size


class Lines:
    """Blocks of whole lines of a file.

    Args:
        path: file, compressed or not.
        encoding: of the text; anything but UTF-8 is turned into it, and offsets count the UTF-8 bytes.
        size: bytes a block holds at most.
        raw: bytes to read in place of the file's.
    """

    def __init__(
        self, path: Path, encoding: str = "utf-8", size: int = 1 << 22, *, raw: BinaryIO | None = None
    ) -> None:
        self.path = path
        self.size = max(size, 64)
        self.damage: str | None = None
        self._raw: Any = raw if raw is not None else open_bytes(path)
        self._decoder = (
            None if encoding in ("utf-8", "utf-8-sig", "ascii") else codecs.getincrementaldecoder(encoding)("replace")
        )
        self._start = 0
        self._held = b""
        self._done = False

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def block(self, at: int, size: int | None = None) -> Block | None:
        """The block that begins at an offset (a line's start), None at the end of the file."""
        limit = size or self.size
        self._drop_to(at)
        self._fill(limit)
        data = self._held[:limit]
        if not data:
            return None
        if self._done and len(self._held) <= limit:
            return Block(at, at + len(data), data)
        cut = data.rfind(b"\n") + 1
        if cut:
            return Block(at, at + cut, data[:cut])
        if limit < MAX_LINE:
            return self.block(at, MAX_LINE)
        return Block(at, self._end_of_line(at), b"", too_long=True)

    def block_is_last(self, block: Block) -> bool:
        """True when nothing follows the block that was read last."""
        if not self._done and self._start + len(self._held) <= block.end:
            self._fill(len(self._held) + 1)
        return self._done and self._start + len(self._held) <= block.end

    def _end_of_line(self, at: int) -> int:
        while True:
            cut = self._held.find(b"\n") + 1
            if cut:
                return self._start + cut
            at = self._start + len(self._held)
            if self._done:
                return at
            self._drop_to(at)
            self._fill(self.size)

    def _drop_to(self, at: int) -> None:
        if at < self._start:
            raise ValueError("blocks are read forwards")
        while self._start + len(self._held) < at:
            self._start += len(self._held)
            self._held = b""
            if self._decoder is None and self._start < at and isinstance(self._raw, io.BufferedReader):
                self._raw.seek(at)
                self._start = at
                return
            self._fill(min(self.size, at - self._start))
            if self._done and self._start + len(self._held) < at:
                self._start, self._held = at, b""
                return
        self._held = self._held[at - self._start :]
        self._start = at

    def _fill(self, size: int) -> None:
        while len(self._held) < size and not self._done:
            try:
                chunk = self._raw.read1(size - len(self._held))  # read would lose what came before damage
            except DAMAGE as error:
                self.damage = str(error) or type(error).__name__
                chunk = b""
            self._done = not chunk
            if self._decoder is not None:
                try:
                    chunk = self._decoder.decode(chunk, self._done).encode()
                except UnicodeError as error:
                    raise InputError(f"the encoding is another: {error}", where=str(self.path)) from None
            self._held += chunk
