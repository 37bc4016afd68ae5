"""Holding: a server reports on change, so an unchanged good value is told again at the cadence while the server lives.

Without it a steady plant and a dead one would look the same downstream. A value is held only as far as the server has
proved it: up to the time of its last message, within one connection. What isn't good is never held.
"""

from collections.abc import Iterator, Mapping

__all__ = ["Holding"]

_MOST_SLOTS = 100


class Holding:
    """The current good values of one connection, and the grid on which they are told again.

    Args:
        cadence: ns between two tellings.
    """

    def __init__(self, cadence: int) -> None:
        self._cadence = cadence
        self._values: dict[str, float] = {}
        self._told = 0

    def begin(self, proved: int) -> None:
        """The server has been heard for the first time: nothing is told of what was before."""
        self._told = proved // self._cadence

    def change(self, signal: str, value: float | None) -> None:
        """A signal has a new good value, or none (None)."""
        if value is None:
            self._values.pop(signal, None)
        else:
            self._values[signal] = value

    def until(self, proved: int) -> Iterator[tuple[int, Mapping[str, float]]]:
        """(time, values) of each moment of the grid that lies behind the last one told and not behind `proved`, ns.

        Whoever feeds changes in order of time calls this with the time of each change first.
        """
        last = proved // self._cadence
        first = max(self._told + 1, last - _MOST_SLOTS + 1)
        for slot in range(first, last + 1):
            self._told = slot
            if self._values:
                yield slot * self._cadence, self._values
