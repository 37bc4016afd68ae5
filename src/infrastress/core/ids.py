"""Content ids: canonical JSON and hashes that are the same on every machine."""

from hashlib import sha256
from typing import Any

import msgspec

__all__ = ["canonical_json", "content_hash", "event_id"]

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> bytes:
    """Encode a value as JSON with sorted keys and no spaces; floats in shortest round-trip form."""
    return _ENCODER.encode(value)


def content_hash(data: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal: the name of a blob, a baseline or a site model."""
    return sha256(data).hexdigest()


def event_id(source: str, sequence: int, content: bytes) -> str:
    """Id of an event: hash of its source, the source's sequence number and its content.

    Two equal reports by two neighbours have different sources or sequences and stay two. The content must hold no
    computed float, or the id would change with the order of a sum. 128 bits in hexadecimal.
    """
    digest = sha256()
    digest.update(source.encode())
    digest.update(b"\x00%d\x00" % sequence)
    digest.update(content)
    return digest.hexdigest()[:32]
