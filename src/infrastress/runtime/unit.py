"""Units of work: pure functions of a partition's records, with a state that can be dumped and loaded."""

from abc import ABC, abstractmethod

from infrastress.store.ports import Output, Record

__all__ = ["Unit"]


class Unit(ABC):
    """Turns one partition's records into outputs. No clock, no I/O, no randomness.

    `dump` is canonical: equal states give equal bytes. `load(dump())` goes on as if nothing had happened.
    """

    @abstractmethod
    def update(self, record: Record) -> list[Output]:
        """Take the next record; outputs are ordered and their ids are the same on every replay."""

    @abstractmethod
    def dump(self) -> bytes:
        """State as canonical bytes."""

    @abstractmethod
    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""
