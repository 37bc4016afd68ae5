"""Captures as columns: pcap (both byte orders, micro- and nanoseconds) and pcapng, in chunks of packets, gzip or plain.

A capture that breaks off or holds a damaged record is read up to there; `Capture.fault` says where and why.
"""

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError

__all__ = ["CHUNK_PACKETS", "Capture", "Chunk"]

CHUNK_PACKETS: Final = 16_384
_READ: Final = 1 << 20
_LARGEST: Final = 1 << 18
"""No capture tool writes larger packets (tcpdump's largest snap length); a larger length is damage."""
_LARGEST_BLOCK: Final = 1 << 24
_PCAP: Final = {  # magic as bytes -> byte order, ns of one unit
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
_SECTION: Final = b"\x0a\x0d\x0d\x0a"
Ints = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """Packets one behind the other: `data` holds them all, the columns say where.

    Attributes:
        data: bytes.
        first: number of the first packet within the capture, from 1.
        start, captured, wire: offset in `data`, bytes there, bytes on the wire.
        time: ns UTC. link: link type (LINKTYPE_ numbers).
    """

    data: bytes
    first: int
    start: Ints
    captured: Ints
    wire: Ints
    time: Ints
    link: Ints


@dataclass
class _Rows:
    """What becomes a chunk."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    columns: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def add(self, data: bytes, wire: int, time: int, link: int) -> None:
        self.parts.append(data)
        self.columns.append((self.size, len(data), wire, time, link))
        self.size += len(data)


class _Interface(NamedTuple):
    """Link type, units of time stamps in a second, and seconds to add."""

    link: int
    units: int
    offset: int


class _BrokenError(Exception):
    """A file can't be read on: the byte where, and why."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at, self.reason = at, reason


class Capture:
    """One capture file.

    Args:
        path: the file.

    Attributes:
        fault: why reading ended before the file did, None where it didn't; `fault_at` the byte (unpacked) where.
        packets: read so far. unpacked: bytes of the unpacked file read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: str | None = None
        self.fault_at = 0
        self.packets = self.unpacked = 0

    def __iter__(self) -> Iterator[Chunk]:
        """Chunks of `CHUNK_PACKETS` packets, the last one smaller.

        Raises:
            InputError: the file can't be opened or is no capture.
        """
        try:
            with self._open() as file:
                yield from self._chunks(file)
        except (EOFError, gzip.BadGzipFile) as error:
            self.fault = f"the packed file is damaged: {error}"
        except OSError as error:
            raise InputError(f"{self.path}: {error.strerror or error}") from None

    def _open(self) -> BinaryIO:
        with self.path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return cast(BinaryIO, gzip.open(self.path)) if packed else self.path.open("rb")

    def _chunks(self, file: BinaryIO) -> Iterator[Chunk]:
        magic = file.read(4)
        if not magic:
            raise InputError(f"{self.path} is empty, expected a capture (pcap or pcapng)")
        if magic in _PCAP:
            packets = self._pcap(file, *_PCAP[magic])
        elif magic == _SECTION:
            packets = self._pcapng(file, magic)
        else:
            raise InputError(f"{self.path} is no capture: it begins with {magic.hex()}, neither pcap nor pcapng does")
        rows = _Rows()
        try:
            for data, wire, time, link in packets:
                rows.add(data, wire, time, link)
                if len(rows.columns) == CHUNK_PACKETS:
                    self.unpacked = file.tell()
                    yield self._chunk(rows)
                    rows = _Rows()
        except (EOFError, gzip.BadGzipFile, OSError, struct.error) as error:
            self._stop(self.fault_at, f"reading failed: {error}")
        if rows.columns:
            yield self._chunk(rows)

    def _chunk(self, rows: _Rows) -> Chunk:
        start, captured, wire, time, link = np.array(rows.columns, np.int64).T
        chunk = Chunk(b"".join(rows.parts), self.packets + 1, start, captured, wire, time, link)
        self.packets += len(start)
        return chunk

    def _stop(self, at: int, reason: str) -> None:
        self.fault, self.fault_at = reason, at

    def _pcap(self, file: BinaryIO, order: str, unit: int) -> Iterator[tuple[bytes, int, int, int]]:
        head = file.read(20)
        if len(head) < 20:
            return self._stop(4 + len(head), "capture truncated within its header")
        link = struct.unpack(order + "I", head[16:20])[0] & 0xFFFF  # above: FCS length
        unpack, buffer, position, at = struct.Struct(order + "IIII").unpack_from, b"", 0, 24
        while True:
            more = file.read(_READ)
            if not more:
                break
            buffer, position = buffer[position:] + more, 0
            last = len(buffer) - 16
            while position <= last:
                seconds, fraction, captured, wire = unpack(buffer, position)
                if captured > _LARGEST:
                    return self._stop(at, f"a record of {captured} bytes, none is longer than {_LARGEST}")
                end = position + 16 + captured
                if end > last + 16:
                    break
                yield buffer[position + 16 : end], wire, seconds * 1_000_000_000 + fraction * unit, link
                at += 16 + captured
                position = end
                self.fault_at = at
        if len(buffer) > position:
            self._stop(at + len(buffer) - position, "capture truncated within a record")
        return None

    def _pcapng(self, file: BinaryIO, magic: bytes) -> Iterator[tuple[bytes, int, int, int]]:
        try:
            yield from self._blocks(file, magic)
        except _BrokenError as broken:
            self._stop(broken.at, broken.reason)

    def _blocks(self, file: BinaryIO, magic: bytes) -> Iterator[tuple[bytes, int, int, int]]:
        order, interfaces, at, last = "<", list[_Interface](), 0, 0
        head = magic + file.read(4)
        while head:
            if len(head) < 8:
                raise _BrokenError(at + len(head), "capture truncated within a block")
            if head[:4] == _SECTION:
                mark = file.read(4)
                if len(mark) < 4:
                    raise _BrokenError(at + 8 + len(mark), "capture truncated within a block")
                order = ">" if mark == b"\x1a\x2b\x3c\x4d" else "<"
                if mark not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                    raise _BrokenError(at, "a section without its byte order mark")
                interfaces = []
                head += mark
            kind, length = struct.unpack(order + "II", head[:8])
            if length % 4 or not 12 <= length <= _LARGEST_BLOCK:
                raise _BrokenError(at, f"a block of {length} bytes")
            rest = file.read(length - len(head))
            if len(rest) < length - len(head):
                raise _BrokenError(at + len(head) + len(rest), "capture truncated within a block")
            body = (head + rest)[8 : length - 4]
            try:
                if kind == 1:
                    interfaces.append(_interface(body, order))
                elif kind in (2, 3, 6):
                    packet = _packet(kind, body, order, interfaces, last)
                    last = packet[2]
                    yield packet
            except (struct.error, IndexError, ValueError) as error:
                raise _BrokenError(at, f"a damaged block: {error}") from None
            at += length
            self.fault_at = at
            head = file.read(8)


def _interface(body: bytes, order: str) -> _Interface:
    """An interface description: link type, if_tsresol (option 9), if_tsoffset (14)."""
    link = struct.unpack_from(order + "H", body)[0]
    units, offset, position = 1_000_000, 0, 8
    while position + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, position)
        value = body[position + 4 : position + 4 + length]
        if code == 0:
            break
        if code == 9 and length >= 1:
            units = 2 ** (value[0] & 127) if value[0] & 128 else 10 ** value[0]
        elif code == 14 and length >= 8:
            offset = struct.unpack(order + "q", value[:8])[0]
        position += 4 + length + -length % 4
    return _Interface(link, units, offset)


def _packet(kind: int, body: bytes, order: str, interfaces: list[_Interface], last: int) -> tuple[bytes, int, int, int]:
    """(data, wire length, time, link type) of an enhanced (6), simple (3) or old (2) packet block."""
    if kind == 3:
        wire = struct.unpack_from(order + "I", body)[0]
        return body[4 : 4 + wire], wire, last, interfaces[0].link
    which, high, low, captured, wire = struct.unpack_from(order + ("IIIII" if kind == 6 else "HxxIIII"), body)
    if captured > len(body) - 20:
        raise ValueError(f"a packet of {captured} bytes in a block of {len(body)}")
    interface = interfaces[which]
    time = (high << 32 | low) * 1_000_000_000 // interface.units + interface.offset * 1_000_000_000
    if not 0 <= time < 2**63:
        raise ValueError(f"a time stamp of {high << 32 | low}")
    return body[20 : 20 + captured], wire, time, interface.link
