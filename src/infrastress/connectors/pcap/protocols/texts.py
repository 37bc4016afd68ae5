"""What is spoken in lines or begins with a word: FTP, HTTP, VNC, Telnet, TFTP."""

from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.it_codes import FTP, HTTP, TFTP, cut, identity_text
from infrastress.events.network_terms import Action, Protocol, Transport

__all__ = ["FtpDissector", "HttpDissector", "TelnetDissector", "TftpDissector", "VncDissector"]

_LINE: Final = 2_048
_HEAD: Final = 16_384
_METHODS: Final = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"PATCH ", b"CONNECT ", b"TRACE ")
_BEGINS: Final = (*_METHODS, b"HTTP/1.")


class FtpDissector(Dissector):
    """FTP's commands with their replies (RFC 959); passwords aren't kept."""

    protocol: ClassVar[Protocol] = Protocol.FTP
    ports: ClassVar[frozenset[int]] = frozenset({21})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A greeting or one of the first commands; mail servers greet in the same way, and say so."""
        return data.startswith((b"220 ", b"220-", b"USER ", b"AUTH TLS")) and b"SMTP" not in data[:200].upper()

    def size(self, data: bytes, at: int) -> int:
        """A line."""
        left = len(data) - at
        end = -1 if self.unread else data.find(b"\n", at, at + _LINE)
        return end + 1 - at if end >= 0 else left if self.unread or left >= _LINE else 0

    def read(self, pdu: bytes, client: bool) -> None:
        """A command or a reply."""
        if self.unread:
            return
        text = pdu.decode("utf-8", "replace").strip()
        if client:
            verb, _, rest = text.partition(" ")
            verb = verb.upper()
            message = Message(function_name=cut(verb, 16), action=FTP.get(verb, Action.OTHER), size=len(pdu))
            message.object = None if verb in ("PASS", "ACCT") else cut(rest)
            self.ask("command", message)
        elif text[:3].isdigit() and text[3:4] in ("", " "):
            self._reply(int(text[:3]), text, len(pdu))

    def _reply(self, code: int, text: str, size: int) -> None:
        waiting = self.asked("command")
        if waiting is None:
            if code == 220:
                message = Message(function_name="banner", action=Action.SESSION, size=size)
                message.identity = identity_text(banner=text[4:])
                self.say(message, False)
            return
        if code < 200:
            return  # there is more to come
        self.answer("command", Message(ok=code < 400, exception=code if code >= 400 else None, size=size))
        if code == 234:
            self.unread = "encrypted"


class HttpDissector(Dissector):
    """HTTP/1's requests with their status (RFC 9112): method, host and path; bodies are passed over."""

    protocol: ClassVar[Protocol] = Protocol.HTTP
    ports: ClassVar[frozenset[int]] = frozenset({80, 8080})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._asked = self._answered = 0

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A method or a status line."""
        return data.startswith(_BEGINS)

    def size(self, data: bytes, at: int) -> int:
        """A head with as much of its body as is there; else a piece of a body."""
        left = len(data) - at
        if not data.startswith(_BEGINS, at):
            return left
        end = data.find(b"\r\n\r\n", at, at + _HEAD)
        if end < 0:
            return 0 if left < _HEAD else left
        length = _header(data[at:end], b"content-length")
        body = int(length) if length.isdigit() and len(length) < 10 else 0
        return min(left, end + 4 - at + body)

    def read(self, pdu: bytes, client: bool) -> None:
        """A request, a response, or a piece of a body."""
        if not pdu.startswith(_BEGINS):
            return
        head = pdu.partition(b"\r\n\r\n")[0]
        first, _, rest = head.partition(b"\r\n")[0].decode("utf-8", "replace").partition(" ")
        if not client and first.startswith("HTTP/"):
            code = int(rest[:3])
            if code >= 200:
                self._answered += 1
                message = Message(ok=code < 400, exception=code if code >= 400 else None, size=len(pdu))
                self.answer(self._answered, message)
        elif client and not first.startswith("HTTP/"):
            self._asked += 1
            path = rest.partition(" ")[0].partition("?")[0]
            host = "" if "://" in path else _header(head, b"host").decode("utf-8", "replace")
            message = Message(function_name=first, action=HTTP.get(first, Action.OTHER), size=len(pdu))
            message.object = cut(host + path)
            self.ask(self._asked, message)

    def gap(self, client: bool) -> None:
        """Which response is of which request isn't known any more."""
        self._answered = self._asked


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return b""


class VncDissector(Dissector):
    """The banners of VNC's RFB (RFC 6143)."""

    protocol: ClassVar[Protocol] = Protocol.VNC
    ports: ClassVar[frozenset[int]] = frozenset({5900, 5901})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A banner."""
        return data.startswith(b"RFB 00")

    def size(self, data: bytes, at: int) -> int:
        """A banner of 12 bytes, then anything."""
        left = len(data) - at
        return left if self.unread or data[at : at + 4] != b"RFB "[:left] else 12 if left >= 12 else 0

    def read(self, pdu: bytes, client: bool) -> None:
        """The server's banner."""
        if not client and not self.unread:
            message = Message(function_name="banner", action=Action.SESSION, size=len(pdu))
            message.identity = identity_text(banner=pdu[:12].decode("ascii", "replace").strip())
            self.say(message, client)
        if client:
            self.unread = "pictures, keys and mouse"


class TelnetDissector(Dissector):
    """That a terminal was opened (RFC 854); what is typed isn't read."""

    protocol: ClassVar[Protocol] = Protocol.TELNET
    ports: ClassVar[frozenset[int]] = frozenset({23})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """The negotiation of an option."""
        return len(data) >= 3 and data[0] == 0xFF and 0xFB <= data[1] <= 0xFE

    def size(self, data: bytes, at: int) -> int:
        """Whatever is there."""
        return len(data) - at

    def read(self, pdu: bytes, client: bool) -> None:
        """The first of it."""
        if not self.unread:
            self.say(Message(function_name="negotiation", action=Action.SESSION, size=len(pdu)), client)
            self.unread = "a terminal"


class TftpDissector(Dissector):
    """TFTP's requests (RFC 1350); the file itself goes between other ports."""

    protocol: ClassVar[Protocol] = Protocol.TFTP
    transports = frozenset({Transport.UDP})
    ports: ClassVar[frozenset[int]] = frozenset({69})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A name of a file and a mode that exists."""
        if data[0] != 0 or data[1] not in TFTP:
            return False
        parts = data[2:].split(b"\0")
        return len(parts) >= 3 and bool(parts[0]) and parts[1].lower() in (b"octet", b"netascii", b"mail")

    def size(self, data: bytes, at: int) -> int:
        """The datagram."""
        return len(data) - at

    def read(self, pdu: bytes, client: bool) -> None:
        """A request."""
        if not self.sniff(pdu):
            raise MalformedError("no request")
        name, action = TFTP[pdu[1]]
        message = Message(function=pdu[1], function_name=name, action=action, size=len(pdu))
        message.object = cut(pdu[2:].partition(b"\0")[0].decode("utf-8", "replace"))
        self.say(message, client)
