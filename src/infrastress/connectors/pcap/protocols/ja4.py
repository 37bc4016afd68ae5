"""JA4: the fingerprint of a TLS client by its ClientHello (FoxIO's public description; JA4 alone is BSD-licensed)."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

__all__ = ["is_grease", "ja4"]

_VERSIONS: Final = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_NAME, _ALPN = 0x0000, 0x0010


def is_grease(code: int) -> bool:
    """Whether a code is one of those that mean nothing (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def ja4(version: int, ciphers: Sequence[int], extensions: Sequence[int], algorithms: Sequence[int], alpn: bytes) -> str:
    """The fingerprint.

    Args:
        version: the highest that the client supports.
        ciphers: as offered, in any order.
        extensions: as offered, in any order.
        algorithms: signature algorithms in their order.
        alpn: the first protocol offered, empty where none is.
    """
    ciphers = [code for code in ciphers if not is_grease(code)]
    extensions = [code for code in extensions if not is_grease(code)]
    counts = f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}"
    head = f"t{_VERSIONS.get(version, '00')}{'d' if _NAME in extensions else 'i'}{counts}{_ends(alpn)}"
    signed = ",".join(f"{code:04x}" for code in algorithms if not is_grease(code))
    named = _list(code for code in sorted(extensions) if code not in (_NAME, _ALPN))
    tail = f"{named}_{signed}" if signed else named
    return f"{head}_{_hash(_list(sorted(ciphers)))}_{_hash(tail if extensions else '')}"


def _ends(alpn: bytes) -> str:
    if not alpn:
        return "00"
    first, last = alpn[:1], alpn[-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    return first.hex()[0] + last.hex()[1]


def _list(codes: Iterable[int]) -> str:
    return ",".join(f"{code:04x}" for code in codes)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
