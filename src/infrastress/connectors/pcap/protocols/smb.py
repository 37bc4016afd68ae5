"""SMB ([MS-CIFS], [MS-SMB2]) over TCP: commands with their status, names of shares and files as far as clear."""

import struct
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, MalformedError, Message, Writer
from infrastress.connectors.pcap.protocols.it_codes import CREATES, SMB1, SMB2, cut, identity_text
from infrastress.events.network_terms import Action, Protocol

__all__ = ["SmbDissector"]

_OLD, _NEW, _SEALED = b"\xffSMB", b"\xfeSMB", b"\xfdSMB"
_SESSION: Final = (0x81, 0x82, 0x83, 0x85)
_PENDING, _MORE = 0x103, 0xC000_0016
_NEGOTIATE, _TREE, _CREATE, _READ, _WRITE = 0, 3, 5, 8, 9
_FILES: Final = 256
_STATUS: Final = {
    0xC000_0022: "access denied", 0xC000_0034: "object name not found", 0xC000_006D: "logon failure",
    0xC000_00CC: "bad network name", 0xC000_000D: "invalid parameter", 0xC000_0035: "object name collision",
    0xC000_00BA: "file is a directory", 0xC000_0043: "sharing violation",
}  # fmt: skip


class SmbDissector(Dissector):
    """One connection; the message's number ties responses."""

    protocol: ClassVar[Protocol] = Protocol.SMB
    ports: ClassVar[frozenset[int]] = frozenset({139, 445})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._files: dict[bytes, str] = {}

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A message of SMB, or the request of a NetBIOS session for one."""
        if data[0] == 0x81:
            return data[1:4] == b"\0\0\x44"
        return data[0] == 0 and data[4:8] in (_OLD, _NEW, _SEALED)

    def size(self, data: bytes, at: int) -> int:
        """From the length before each message."""
        if len(data) - at < 4:
            return 0
        if data[at] and data[at] not in _SESSION:
            raise MalformedError("no message begins here")
        return 4 + int.from_bytes(data[at + 1 : at + 4], "big")

    def read(self, pdu: bytes, client: bool) -> None:
        """One message, or several in one."""
        body, mark = pdu[4:], pdu[4:8]
        if pdu[0] or not body:
            return
        if mark == _SEALED:
            self.unread = "encrypted"
        elif mark == _OLD:
            self._old(body, client)
        elif mark == _NEW:
            while len(body) >= 64:
                step = int.from_bytes(body[20:24], "little")
                self._new(body[:step] if step else body, client)
                body = body[step:] if step else b""

    def _new(self, data: bytes, client: bool) -> None:
        status, command = struct.unpack_from("<IH", data, 8)
        number = int.from_bytes(data[24:32], "little")
        name, action = SMB2.get(command, (f"command {command}", Action.OTHER))
        if not data[16] & 1:
            message = Message(function=command, function_name=name, action=action, size=len(data))
            self._asks(message, command, data)
            self.ask(number, message)
            return
        if status == _PENDING:
            return
        request = self.asked(number)
        if command == _NEGOTIATE and request is not None and not status:
            request.identity = identity_text(dialect=_dialect(int.from_bytes(data[68:70], "little")))
        if command == _CREATE and not status and request is not None and request.object and len(data) >= 144:
            self._files[data[128:144]] = request.object
            while len(self._files) > _FILES:
                del self._files[next(iter(self._files))]
        self.answer(number, _answer(status, Message(function=command, function_name=name, action=action), len(data)))

    def _asks(self, message: Message, command: int, data: bytes) -> None:
        """Names and sizes of a request."""
        if command == _TREE:
            at, size = struct.unpack_from("<HH", data, 68)
            message.object = _text(data[at : at + size])
        elif command == _CREATE:
            disposition = int.from_bytes(data[100:104], "little")
            at, size = struct.unpack_from("<HH", data, 108)
            message.object = _text(data[at : at + size])
            message.action = Action.FILE_WRITE if disposition in CREATES else Action.OTHER
        elif command in (_READ, _WRITE):
            message.quantity, message.address = struct.unpack_from("<IQ", data, 68)
            message.address = min(message.address or 0, (1 << 63) - 1)
            message.object = self._files.get(data[80:96])

    def _old(self, data: bytes, client: bool) -> None:
        command, status, flags = data[4], int.from_bytes(data[5:9], "little"), data[9]
        name, action = SMB1.get(command, (f"command {command:#04x}", Action.OTHER))
        message = Message(function=command, function_name=name, action=action, size=len(data))
        key = data[26:28] + data[30:32]
        if flags & 0x80:
            self.answer(key, _answer(status, message, len(data)))
            return
        wide = bool(data[11] & 0x80)
        if command == 0x75 and data[32] == 4:
            skip = 43 + int.from_bytes(data[39:41], "little")
            message.object = _old_text(data, skip, wide)
        elif command == 0xA2 and data[32] == 24:
            size = int.from_bytes(data[38:40], "little")
            message.object = _old_text(data, 83, wide, size)
            message.action = Action.FILE_WRITE if data[68] in CREATES else Action.OTHER
        self.ask(key, message)


def _answer(status: int, message: Message, size: int) -> Message:
    failed = status >> 30 == 3 and status != _MORE
    message.ok, message.size, message.exception = not failed, size, status if failed else None
    message.error = _STATUS.get(status, f"status {status:#010x}") if failed else None
    return message


def _dialect(code: int) -> str:
    return "SMB 2.???" if code == 0x02FF else f"SMB {code >> 8}.{code >> 4 & 15}.{code & 15}"


def _text(data: bytes) -> str | None:
    return cut(data.decode("utf-16-le", "replace"))


def _old_text(data: bytes, at: int, wide: bool, size: int = 512) -> str | None:
    """A name, which in Unicode begins at an even place."""
    at += at & 1 if wide else 0
    raw = data[at : at + size]
    return cut(raw.decode("utf-16-le" if wide else "latin-1", "replace").partition("\0")[0])
