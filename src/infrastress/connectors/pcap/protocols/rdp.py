"""RDP ([MS-RDPBCGR]): the connection's request and confirm; everything behind is encrypted or isn't read."""

import re
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, Message
from infrastress.connectors.pcap.protocols.it_codes import identity_text
from infrastress.events.network_terms import Action, Protocol

__all__ = ["RdpDissector"]

_COOKIE: Final = re.compile(rb"Cookie: mstshash=([^\r\n]{1,64})")
_PROTOCOLS: Final = {0: "RDP", 1: "TLS", 2: "CredSSP", 4: "RDSTLS", 8: "CredSSP early"}
_FAILURES: Final = {
    1: "SSL required by server", 2: "SSL not allowed by server", 3: "SSL certificate not on server",
    4: "inconsistent flags", 5: "hybrid required by server", 6: "SSL with user authentication required by server",
}  # fmt: skip


class RdpDissector(Dissector):
    """One connection."""

    protocol: ClassVar[Protocol] = Protocol.RDP
    ports: ClassVar[frozenset[int]] = frozenset({3389})

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A connection request of ISO-on-TCP with RDP's cookie or its negotiation behind."""
        if data[:2] != b"\x03\0" or data[5] != 0xE0:
            return False
        pdu = data[: data[2] << 8 | data[3]]
        return b"Cookie: mstshash=" in pdu or (len(pdu) >= 19 and pdu[-8] == 1 and pdu[-6:-4] == b"\x08\0")

    def size(self, data: bytes, at: int) -> int:
        """The first two from their header; then whatever is there."""
        left = len(data) - at
        if self.unread:
            return left
        return 0 if left < 4 else max(4, data[at + 2] << 8 | data[at + 3]) if data[at] == 3 else left

    def read(self, pdu: bytes, client: bool) -> None:
        """The request or the confirm."""
        if self.unread or pdu[0] != 3 or len(pdu) < 7:
            return
        if client and pdu[5] == 0xE0:
            found = _COOKIE.search(pdu)
            message = Message(function_name="connection request", action=Action.SESSION, size=len(pdu))
            message.identity = identity_text(cookie=found[1].decode("utf-8", "replace") if found else None)
            self.ask("request", message)
        elif not client and pdu[5] == 0xD0:
            told = pdu[-8:] if len(pdu) >= 19 else b""
            code = int.from_bytes(told[4:8], "little")
            failed = bool(told) and told[0] == 3
            answer = Message(ok=not failed, exception=code if failed else None, size=len(pdu))
            answer.error = _FAILURES.get(code, f"failure {code}") if failed else None
            asked = self.asked("request")
            if asked is not None and not failed:
                chosen = _PROTOCOLS.get(code) if told else "RDP"
                asked.identity = identity_text(cookie=(asked.identity or "").removeprefix("cookie="), protocol=chosen)
            self.answer("request", answer)
            self.unread = "encrypted"
