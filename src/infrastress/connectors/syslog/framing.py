"""Messages in a stream of bytes: RFC 6587, octet counting and lines, told by the first byte of each."""

from infrastress.connectors.listening import Frame

__all__ = ["Frames"]

_DIGITS = 10
_LF = 10


class Frames:
    """Cuts a stream into messages, however it was cut on the way.

    Args:
        longest: bytes of a message at most.

    Attributes:
        bad: a length couldn't be read, and nothing behind it can be told apart.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.bad = False
        self._rest = b""
        self._skip = 0
        self._skip_line = False

    def feed(self, data: bytes) -> list[Frame]:
        """Messages that are whole now."""
        data = self._rest + data if self._rest else data
        found: list[Frame] = []
        at = 0
        while at < len(data) and not self.bad:
            if self._skip:
                skipped = min(self._skip, len(data) - at)
                self._skip -= skipped
                at += skipped
            elif self._skip_line:
                end = data.find(b"\n", at)
                self._skip_line = end < 0
                at = len(data) if end < 0 else end + 1
            elif data[at] in b"\n\r\0 ":
                at += 1
            else:
                behind = self._counted(data, at, found) if data[at] in b"123456789" else self._line(data, at, found)
                if behind is None:
                    break
                at = behind
        self._rest = data[at:]
        return found

    def end(self) -> list[Frame]:
        """What is left when the stream ends: a last line without its end."""
        rest, self._rest = self._rest, b""
        return [Frame(rest.rstrip(b"\r\0"))] if rest[:1] == b"<" else []

    def _counted(self, data: bytes, at: int, found: list[Frame]) -> int | None:
        space = data.find(b" ", at, at + _DIGITS + 1)
        if space < 0:
            self.bad = len(data) - at > _DIGITS or not data[at:].isdigit()
            return None
        if not data[at:space].isdigit():
            self.bad = True
            return None
        size, start = int(data[at:space]), space + 1
        if size > self._longest:
            if len(data) - start < min(size, 100):
                return None
            found.append(Frame(data[start : start + 100], too_long=True))
            self._skip = size
            return start
        if len(data) - start < size:
            return None
        found.append(Frame(data[start : start + size]))
        return start + size

    def _line(self, data: bytes, at: int, found: list[Frame]) -> int | None:
        end = data.find(b"\n", at)
        if (end if end >= 0 else len(data)) - at > self._longest:
            found.append(Frame(data[at : at + 100], too_long=True))
            self._skip_line = True
            return at
        if end < 0:
            return None
        found.append(Frame(data[at:end].rstrip(b"\r\0")))
        return end + 1
