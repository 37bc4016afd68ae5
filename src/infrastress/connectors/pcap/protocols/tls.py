"""TLS (RFC 5246, 8446) as far as it is in clear: hellos, alerts before encryption, certificates up to TLS 1.2."""

from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.certificates import certificate_text
from infrastress.connectors.pcap.protocols.it_codes import cut, identity_text
from infrastress.connectors.pcap.protocols.ja4 import is_grease, ja4
from infrastress.events.network_terms import Action, Protocol

__all__ = ["TlsDissector"]

_CHANGE, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_HELLO, _ANSWER, _CERTIFICATE = 1, 2, 11
_LONGEST: Final = 16_384 + 2_048
_MOST: Final = 1 << 17
_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_NAMES: Final = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_ALERTS: Final = {
    40: "handshake failure", 42: "bad certificate", 45: "certificate expired", 46: "certificate unknown",
    48: "unknown CA", 49: "access denied", 70: "protocol version", 71: "insufficient security", 80: "internal error",
    86: "inappropriate fallback", 112: "unrecognized name", 116: "certificate required", 120: "no application protocol",
}  # fmt: skip


class TlsDissector(Dissector):
    """One connection. What follows the handshake is encrypted, and counted as that."""

    protocol: ClassVar[Protocol] = Protocol.TLS
    ports: ClassVar[frozenset[int]] = frozenset({443, 8443})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._parts = {True: b"", False: b""}
        self._closed = {True: False, False: False}
        self._version = 0
        self._told: dict[str, str | None] = {}

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A record's header of a version that exists, with a length that fits."""
        return _CHANGE <= data[0] <= _DATA and data[1] == 3 and data[2] <= 4 and 0 < _u16(data, 3) <= _LONGEST

    def size(self, data: bytes, at: int) -> int:
        """From the record's header."""
        if len(data) - at < 5:
            return 0
        if not _CHANGE <= data[at] <= _DATA + 1 or data[at + 1] != 3:
            raise MalformedError("no record begins here")
        size = _u16(data, at + 3)
        if size > _LONGEST:
            raise MalformedError("a record longer than 2^14 + 2048 bytes")
        return 5 + size

    def read(self, pdu: bytes, client: bool) -> None:
        """One record."""
        kind = pdu[0]
        if kind == _DATA or (kind == _CHANGE and self._version != 0x0304):
            self._closed[client] = True
        if self._closed[client] or kind not in (_ALERT, _HANDSHAKE):
            self.unread = "encrypted" if kind == _DATA or all(self._closed.values()) else ""
            return
        if kind == _ALERT:
            self._alert(pdu[5:], client)
            return
        held = self._parts[client] + pdu[5:]
        while len(held) >= 4 and len(held) >= (size := 4 + int.from_bytes(held[1:4], "big")):
            self._message(held[0], held[4:size], client, size)
            held = held[size:]
        self._parts[client] = held if len(held) <= _MOST else b""

    def gap(self, client: bool) -> None:
        """Half a message is of no use."""
        self._parts[client] = b""

    def _message(self, kind: int, body: bytes, client: bool, size: int) -> None:
        if kind == _HELLO and client and self.asked("hello") is None:
            self._hello(body, size)
        elif kind == _ANSWER and not client and body[2:34] != _RETRY:
            self._answer(body, size)
        elif kind == _CERTIFICATE and not client and len(body) > 6:
            shown = body[6 : 6 + int.from_bytes(body[3:6], "big")]
            text, wrong = certificate_text(shown)
            message = Message(function=_CERTIFICATE, function_name="certificate", action=Action.SESSION, size=size)
            message.identity, message.error = text, wrong
            self.say(message, client)

    def _hello(self, body: bytes, size: int) -> None:
        version, at = _u16(body, 0), 35 + body[34]
        count = _u16(body, at)
        ciphers = _words(body[at + 2 : at + 2 + count])
        at += 2 + count
        extensions = _extensions(body, at + 1 + body[at])
        offered = [code for code in _words(extensions.get(43, b"")[1:]) if not is_grease(code)]
        algorithms = _words(extensions.get(13, b"")[2:])
        first = _alpn(extensions.get(16, b""))
        highest = max(offered, default=version)
        name = extensions.get(0, b"")[5:]
        self._told = {
            "version": _NAMES.get(highest),
            "alpn": cut(first.decode("ascii", "replace")),
            "ja4": ja4(highest, ciphers, list(extensions), algorithms, first),
        }
        message = Message(function=_HELLO, function_name="client hello", action=Action.SESSION, size=size)
        message.object = cut(name.decode("ascii", "replace"))
        message.identity = identity_text(**self._told)
        self.ask("hello", message)

    def _answer(self, body: bytes, size: int) -> None:
        self._version, at = _u16(body, 0), 35 + body[34] + 3
        extensions = _extensions(body, at)
        if len(chosen := extensions.get(43, b"")) == 2:
            self._version = _u16(chosen, 0)
        if (asked := self.asked("hello")) is not None:
            spoken = _alpn(extensions.get(16, b"")).decode("ascii", "replace")
            said = {"version": _NAMES.get(self._version), "alpn": cut(spoken) or self._told.get("alpn")}
            asked.identity = identity_text(**{**self._told, **said})
        answer = Message(function=_ANSWER, function_name="server hello", action=Action.SESSION, ok=True, size=size)
        self.answer("hello", answer)

    def _alert(self, body: bytes, client: bool) -> None:
        """A refusal, where it comes before anything is agreed."""
        if len(body) != 2 or client or self.asked("hello") is None:
            return
        code = body[1]
        message = Message(ok=False, exception=code, error=_ALERTS.get(code, f"alert {code}"), size=2)
        self.answer("hello", message)


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _words(data: bytes) -> list[int]:
    return [_u16(data, at) for at in range(0, len(data) - 1, 2)]


def _extensions(body: bytes, at: int) -> dict[int, bytes]:
    """By code, in their order; the first of each."""
    found: dict[int, bytes] = {}
    if at + 2 > len(body):
        return found
    stop = min(len(body), at + 2 + _u16(body, at))
    at += 2
    while at + 4 <= stop:
        size = _u16(body, at + 2)
        if at + 4 + size > stop:
            raise MalformedError("an extension reaches beyond its hello")
        found.setdefault(_u16(body, at), body[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _alpn(data: bytes) -> bytes:
    """The first protocol of a list."""
    return data[3 : 3 + data[2]] if len(data) > 3 else b""
