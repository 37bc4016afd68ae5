"""Capture files that are still being written: which there are, in what order, and the packets behind a byte."""

import gzip
import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from infrastress.connectors.pcap.capture import Capture, Chunk

__all__ = ["PIECE", "Folder", "Found", "GrowingFile"]

PIECE: Final = 8_000_000
"""Bytes read at once."""
_ENDINGS: Final = (".pcap", ".pcapng", ".cap", ".gz")
_HEAD: Final = 1 << 16
_PACKETS: Final = (2, 3, 6)
_PACKED: Final = (EOFError, gzip.BadGzipFile, zlib.error)


class Found(NamedTuple):
    """A capture file: when its first packet was taken (ns), its name. So files lie in the order they were written."""

    first: int
    name: str


class Folder:
    """A folder of captures; a file is looked into again only when it was written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, tuple[int, int, int | None]] = {}

    def files(self) -> list[Found]:
        """The captures that hold a packet, in order; raises OSError."""
        known = {}
        with os.scandir(self.path) as entries:
            for entry in entries:
                stem = entry.name.rstrip("0123456789")  # tcpdump -C numbers behind the ending
                if (
                    entry.name.startswith(".")
                    or not stem.endswith(_ENDINGS)
                    or not entry.is_file(follow_symlinks=False)
                ):
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                look = (status.st_mtime_ns, status.st_size)
                before = self._known.get(entry.name)
                first = before[2] if before is not None and before[:2] == look else _first(self.path / entry.name)
                known[entry.name] = (*look, first)
        self._known = known
        return sorted(Found(first, name) for name, (_, _, first) in known.items() if first is not None)


def _first(path: Path) -> int | None:
    """Time of the first packet; None where there is none yet, or where it is no capture."""
    try:
        with _open(path) as file:
            head = file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return None
    for chunk in _Piece(path, head, 0):
        return int(chunk.time[0])
    return None


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


class _Piece(Capture):
    """Part of a capture in memory: its header, then whole records; one that is cut at the end isn't read."""

    def __init__(self, path: Path, data: bytes, packets: int) -> None:
        super().__init__(path)
        self._data = data
        self._whole = 0
        self.packets = packets

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks(io.BytesIO(self._data)) if self._data[:4] else iter(())

    @property
    def whole(self) -> int:
        """Bytes up to the end of the last whole record."""
        return self.fault_at if self.fault is None else self._whole

    def _stop(self, at: int, reason: str) -> None:
        self._whole = self.fault_at
        super()._stop(at, reason)


class GrowingFile:
    """One capture file, read as far as it has been written.

    Args:
        path: the file.
        base: packets counted before its first, over all files.

    Attributes:
        offset: byte (unpacked) behind the last whole record that was read.
        packets: read of this file.
        fault: why nothing behind can be read, empty as long as it can.
    """

    def __init__(self, path: Path, base: int) -> None:
        self.path, self.base = path, base
        self.offset = self.packets = 0
        self.fault = ""
        self._head = b""

    def chunks(self, until: int | None = None) -> Iterator[Chunk]:
        """Chunks of what has been written since, at most `PIECE` bytes; packets are numbered over all files.

        Args:
            until: no record that ends behind this byte.

        Raises:
            OSError: the file is gone.
        """
        try:
            with _open(self.path) as file:
                file.seek(self.offset)
                data = file.read(PIECE if until is None else max(0, min(PIECE, until - self.offset)))
        except _PACKED:
            return  # packed, and not yet whole
        if self.fault or not data:
            return
        piece = _Piece(self.path, self._head + data, self.base + self.packets)
        yield from piece
        used = max(0, piece.whole - len(self._head))
        if self.offset == 0 and not piece.packets - self.base:
            used = 0  # the header alone: read again with the first packet
        self._remember(data[:used])
        self.offset += used
        self.packets = piece.packets - self.base
        if piece.fault and not piece.fault.startswith("capture truncated"):
            self.fault = f"{piece.fault}, at byte {self.offset}"

    def unread(self) -> str:
        """Of a file that nobody writes any more: why it can't be read to its end; empty where it was."""
        if self.fault:
            return self.fault
        try:
            with _open(self.path) as file:
                file.seek(self.offset)
                left = len(file.read(PIECE))
        except _PACKED as error:
            return f"the packed file is damaged: {error}"
        return f"{left} bytes of a record that was never finished" if left else ""

    def _remember(self, used: bytes) -> None:
        """Keep what is needed to read on: the header of pcap, sections and interfaces of pcapng."""
        if not self._head and used[:4] != b"\x0a\x0d\x0d\x0a":
            self._head = used[:24]
            return
        if self._head and self._head[:4] != b"\x0a\x0d\x0d\x0a":
            return
        at = 0
        while at + 12 <= len(used):
            order = ">" if (self._head or used)[8:12] == b"\x1a\x2b\x3c\x4d" else "<"
            if used[at : at + 4] == b"\x0a\x0d\x0d\x0a":
                order = ">" if used[at + 8 : at + 12] == b"\x1a\x2b\x3c\x4d" else "<"
                self._head = b""
            kind, size = struct.unpack_from(order + "II", used, at)
            if kind not in _PACKETS:
                self._head += used[at : at + size]
            at += size
