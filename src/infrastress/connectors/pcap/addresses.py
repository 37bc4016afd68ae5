"""Addresses as text, each once."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

__all__ = ["Addresses"]

_MOST: Final = 65_536


class Addresses:
    """A bounded memory of texts, so that equal addresses are one string."""

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}

    def ip(self, octets: bytes) -> str:
        """4 or 16 bytes as an address."""
        text = self._texts.get(octets)
        if text is None:
            text = self._keep(octets, str(IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets)))
        return text

    def mac(self, octets: bytes) -> str:
        """6 bytes as hexadecimal with colons."""
        return self._texts.get(octets) or self._keep(octets, octets.hex(":"))

    def _keep(self, octets: bytes, text: str) -> str:
        if len(self._texts) >= _MOST:
            self._texts.clear()
        self._texts[octets] = text
        return text
