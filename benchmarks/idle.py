"""A unit that does nothing: what the work around a unit costs, or leaves in the log, without one."""

from infrastress.runtime.unit import Unit
from infrastress.store.ports import Output, Record

__all__ = ["Idle"]


class Idle(Unit):
    """Says nothing."""

    def update(self, record: Record) -> list[Output]:
        """Nothing comes of it."""
        del record
        return []

    def dump(self) -> bytes:
        """No state."""
        return b""

    def load(self, data: bytes) -> None:
        """No state."""
        del data
