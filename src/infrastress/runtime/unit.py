"""Units of work: pure functions of a partition's records, with a state that can be dumped and loaded."""

from abc import ABC, abstractmethod

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.store.ports import Output, Record

__all__ = ["Unit", "refusal"]


def refusal(site: str, record: Record, error: DecodeError) -> Output:
    """Quarantine of a record that a unit can't read, so that one bad record stops nothing behind it."""
    fields = {"reason": "undecodable", "source": "log", "where": f"offset {record.offset}", "what": str(error)}
    data = canonical_json(fields)
    return Output(content_hash(data)[:32], f"quarantine/{site}:refusal", data)


class Unit(ABC):
    """Turns one partition's records into outputs. No clock, no I/O, no randomness.

    `dump` is canonical: equal states give equal bytes. `load(dump())` goes on as if nothing had happened.
    """

    @property
    def failed(self) -> dict[str, str]:
        """Parts of it that are off, and what they threw."""
        return {}

    @abstractmethod
    def update(self, record: Record) -> list[Output]:
        """Take the next record; outputs are ordered and their ids are the same on every replay."""

    @abstractmethod
    def dump(self) -> bytes:
        """State as canonical bytes."""

    @abstractmethod
    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""
