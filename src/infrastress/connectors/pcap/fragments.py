"""IP fragments into datagrams, bounded in number, bytes and time. The first copy of a byte wins."""

from typing import Final, NamedTuple

__all__ = ["Fragments", "Whole"]

OPEN_DATAGRAMS: Final = 1024
OPEN_BYTES: Final = 1 << 22
LIFE_NS: Final = 30_000_000_000
PARTS: Final = 256


class Whole(NamedTuple):
    """A datagram that is whole: its payload, and how many packets brought it."""

    payload: bytes
    packets: int


class _Open:
    __slots__ = ("end", "held", "packets", "parts", "since")

    def __init__(self, since: int) -> None:
        self.since, self.end, self.held, self.packets = since, -1, 0, 0
        self.parts: dict[int, bytes] = {}


class Fragments:
    """Datagrams whose fragments are still coming.

    Attributes:
        dropped: packets given up on since last asked.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._open: dict[bytes, _Open] = {}
        self._bytes = 0

    def add(self, key: bytes, offset: int, data: bytes, more: bool, time: int) -> Whole | None:
        """A fragment of the datagram named by addresses, protocol and identification; the datagram once it is whole."""
        entry = self._open.get(key)
        if entry is not None and time - entry.since > LIFE_NS:
            self._drop(key)
            entry = None
        if entry is None:
            entry = self._open[key] = _Open(time)
        entry.packets += 1
        if not more:
            entry.end = offset + len(data)
        if offset not in entry.parts:
            entry.parts[offset] = data
            entry.held += len(data)
            self._bytes += len(data)
        if len(entry.parts) > PARTS:
            self._drop(key)
            return None
        whole = self._whole(entry)
        if whole is not None:
            self._forget(key)
            return Whole(whole, entry.packets)
        while len(self._open) > OPEN_DATAGRAMS or self._bytes > OPEN_BYTES:
            self._drop(next(iter(self._open)))
        return None

    def finish(self) -> None:
        """Nothing more comes."""
        for key in list(self._open):
            self._drop(key)

    def _whole(self, entry: _Open) -> bytes | None:
        if entry.end < 0 or entry.held < entry.end:
            return None
        out = bytearray()
        for offset in sorted(entry.parts):
            if offset > len(out):
                return None
            out += entry.parts[offset][len(out) - offset :]
        return bytes(out[: entry.end]) if len(out) >= entry.end else None

    def _forget(self, key: bytes) -> None:
        self._bytes -= self._open.pop(key).held

    def _drop(self, key: bytes) -> None:
        self.dropped += self._open[key].packets
        self._forget(key)
