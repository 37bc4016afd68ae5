"""Built-in types of OPC UA as bytes (OPC 10000-6, clause 5.2): a cursor that reads node ids, texts, variants."""

import struct
from typing import Final
from uuid import UUID

from infrastress.connectors.pcap.protocols.base import MalformedError

__all__ = ["Cursor"]

_FORMATS: Final = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d"}
_SIZES: Final = {13: 8, 14: 16, 19: 4}
_DEEPEST: Final = 16


class Cursor:
    """Reads one message from a place on.

    Raises:
        MalformedError, struct.error, IndexError: a field reaches beyond the message.
    """

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def skip(self, size: int) -> None:
        """Pass over some bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise MalformedError("a field reaches beyond the PDU")
        self.at += size

    def u8(self) -> int:
        """One byte."""
        self.at += 1
        return self.data[self.at - 1]

    def u16(self) -> int:
        """Two bytes."""
        return int(self._unpack("<H", 2))

    def u32(self) -> int:
        """Four bytes."""
        return int(self._unpack("<I", 4))

    def octets(self) -> bytes:
        """A string of bytes behind its length; -1 is none."""
        length = int(self._unpack("<i", 4))
        if length <= 0:
            return b""
        self.skip(length)
        return self.data[self.at - length : self.at]

    def text(self) -> str:
        """A string."""
        return self.octets().decode("utf-8", "replace")

    def count(self) -> int:
        """The length of an array, not more than can follow."""
        length = int(self._unpack("<i", 4))
        if length > len(self.data) - self.at:
            raise MalformedError("an array longer than the message")
        return max(length, 0)

    def node(self) -> str:
        """A node id as text ("i=85", "ns=2;s=Pump"); of an expanded one the namespace and server are passed over."""
        kind = self.u8()
        what = kind & 0x3F
        space, name = 0, ""
        if what == 0:
            name = f"i={self.u8()}"
        elif what == 1:
            space, name = self.u8(), f"i={self.u16()}"
        elif what == 2:
            space, name = self.u16(), f"i={self.u32()}"
        elif what == 3:
            space, name = self.u16(), f"s={self.text()}"
        elif what == 4:
            space = self.u16()
            self.skip(16)
            name = f"g={UUID(bytes_le=self.data[self.at - 16 : self.at])}"
        elif what == 5:
            space, name = self.u16(), f"b={self.octets().hex()}"
        else:
            raise MalformedError("an unknown kind of node id")
        if kind & 0x80:
            self.octets()
        if kind & 0x40:
            self.skip(4)
        return f"ns={space};{name}" if space else name

    def localized(self) -> str:
        """A localized text; its locale is passed over."""
        mask = self.u8()
        if mask & 1:
            self.octets()
        return self.text() if mask & 2 else ""

    def qualified(self) -> None:
        """A qualified name, passed over."""
        self.skip(2)
        self.octets()

    def extension(self) -> tuple[str, bytes]:
        """An extension object: the type of its encoding, its body."""
        kind = self.node()
        return kind, self.octets() if self.u8() else b""

    def diagnostic(self, depth: int = 0) -> None:
        """Diagnostic information, passed over."""
        mask = self.u8()
        if depth > _DEEPEST:
            raise MalformedError("values nested too deeply")
        self.skip(4 * sum(bool(mask & bit) for bit in (1, 2, 4, 8)))
        if mask & 16:
            self.octets()
        if mask & 32:
            self.skip(4)
        if mask & 64:
            self.diagnostic(depth + 1)

    def variant(self, depth: int = 0) -> list[float]:
        """The numbers of a variant, single or array; those of other types are passed over."""
        head = self.u8()
        kind, count = head & 0x3F, self.count() if head & 0x80 else 1
        numbers = list[float]()
        if kind in _FORMATS:
            size = struct.calcsize(_FORMATS[kind])
            numbers = [float(n) for n in struct.unpack_from(f"<{count}{_FORMATS[kind]}", self.data, self.at)]
            self.skip(count * size)
        else:
            for _ in range(count if kind else 0):
                self._other(kind, numbers, depth)
        if head & 0x40:
            self.skip(4 * self.count())
        return numbers

    def value(self, depth: int = 0) -> tuple[list[float], int]:
        """A data value: its numbers and status code."""
        mask = self.u8()
        numbers = self.variant(depth) if mask & 1 else []
        status = self.u32() if mask & 2 else 0
        self.skip(8 * bool(mask & 4) + 2 * bool(mask & 16) + 8 * bool(mask & 8) + 2 * bool(mask & 32))
        return numbers, status

    def _other(self, kind: int, numbers: list[float], depth: int) -> None:
        if depth > _DEEPEST:
            raise MalformedError("values nested too deeply")
        if kind in _SIZES:
            self.skip(_SIZES[kind])
        elif kind in (12, 15, 16):
            self.octets()
        elif kind in (17, 18):
            self.node()
        elif kind == 20:
            self.qualified()
        elif kind == 21:
            self.localized()
        elif kind == 22:
            self.extension()
        elif kind == 23:
            numbers += self.value(depth + 1)[0]
        elif kind == 24:
            numbers += self.variant(depth + 1)
        elif kind == 25:
            self.diagnostic()
        else:
            raise MalformedError("an unknown type of value")

    def _unpack(self, form: str, size: int) -> int | float:
        number: int | float = struct.unpack_from(form, self.data, self.at)[0]
        self.at += size
        return number
