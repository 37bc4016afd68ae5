"""SSH (RFC 4253) as far as it is in clear: banners, and what each side offers (HASSH)."""

from hashlib import md5
from typing import ClassVar, Final

from infrastress.connectors.pcap.protocols.base import Dissector, Message, Writer
from infrastress.connectors.pcap.protocols.it_codes import identity_text
from infrastress.events.network_terms import Action, Protocol

__all__ = ["SshDissector", "hassh"]

_LONGEST: Final = 35_000
_BANNER: Final = 255
_OFFER: Final = 20


class SshDissector(Dissector):
    """One connection. Behind both offers everything counts as encrypted."""

    protocol: ClassVar[Protocol] = Protocol.SSH
    ports: ClassVar[frozenset[int]] = frozenset({22})

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._banners: dict[bool, Message] = {}
        self._offered: set[bool] = set()

    @classmethod
    def sniff(cls, data: bytes) -> bool:
        """A banner."""
        return data.startswith(b"SSH-")

    def size(self, data: bytes, at: int) -> int:
        """A line, or a packet by its length; what can't be one is encrypted."""
        left = len(data) - at
        if data[at : at + 4] == b"SSH-"[:left]:
            end = data.find(b"\n", at, at + _BANNER)
            return end + 1 - at if end >= 0 else left if left >= _BANNER else 0
        if self.unread or left < 4:
            return left if self.unread else 0
        length = int.from_bytes(data[at : at + 4], "big")
        return 4 + length if 2 <= length <= _LONGEST else left

    def read(self, pdu: bytes, client: bool) -> None:
        """A banner or a packet."""
        if pdu.startswith(b"SSH-"):
            text = pdu.decode("utf-8", "replace").strip()
            message = Message(function_name="banner", action=Action.SESSION, identity=identity_text(banner=text))
            message.size, message.time, message.packet = len(pdu), self.writer.time, self.writer.packet
            self._banners.setdefault(client, message)
        elif len(pdu) > 22 and pdu[5] == _OFFER and client not in self._offered:
            self._offered.add(client)
            self._tell(client, hassh(pdu[6 : len(pdu) - pdu[4]], client))
        else:
            self._offered.add(client)
        if len(self._offered) == 2:
            self.unread = "encrypted"

    def finish(self) -> None:
        """Banners that no offer followed."""
        for client in (True, False):
            self._tell(client, None)
        super().finish()

    def _tell(self, client: bool, fingerprint: str | None) -> None:
        message = self._banners.pop(client, None)
        if message is not None:
            banner = (message.identity or "").removeprefix("banner=")
            message.identity = identity_text(banner=banner, **{"hassh" if client else "hassh_server": fingerprint})
            time, packet = message.time, message.packet
            self.say(message, client)
            message.time, message.packet = time, packet


def hassh(offer: bytes, client: bool) -> str:
    """The MD5 of key exchange, encryption, authentication and compression algorithms, of the direction it sends in.

    Args:
        offer: from the cookie on.
        client: whose.
    """
    at, lists = 16, []
    for _ in range(8):
        size = int.from_bytes(offer[at : at + 4], "big")
        if at + 4 + size > len(offer):
            raise ValueError("a list reaches beyond the packet")
        lists.append(offer[at + 4 : at + 4 + size])
        at += 4 + size
    chosen = [lists[0], *lists[2 if client else 3 :: 2][:3]]
    return md5(b";".join(chosen), usedforsecurity=False).hexdigest()
