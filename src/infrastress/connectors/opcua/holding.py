"""Holding: a server reports on change, so an unchanged good value is told again at the cadence while the server lives.

Without it a steady plant and a dead one would look the same downstream. A value is held only as far as the server has
proved it: up to the time of its last message, within one connection. What isn't good is never held.
"""

from collections.abc import Iterator

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
        self._told: dict[str, int] = {}
        self._slot: int | None = None

    def change(self, signal: str, value: float | None, told: int) -> None:
        """A signal has a new good value, or none (None); it was told at a time, ns, 0 when it wasn't."""
        if value is None:
            self._values.pop(signal, None)
        else:
            self._values[signal], self._told[signal] = value, told

    def until(self, proved: int) -> Iterator[tuple[int, dict[str, float]]]:
        """(time, values) at each moment of the grid behind the last one and not behind `proved`, ns.

        The first call tells nothing: of what was before we came nothing is known. Values are those told a cadence
        before or earlier. Whoever feeds changes in order of time calls this with the time of each change first.
        """
        last = proved // self._cadence
        if self._slot is None:
            self._slot = last
        for slot in range(max(self._slot + 1, last - _MOST_SLOTS + 1), last + 1):
            self._slot = slot
            time = slot * self._cadence
            due = {s: value for s, value in self._values.items() if self._told[s] <= time - self._cadence}
            if due:
                self._told.update(dict.fromkeys(due, time))
                yield time, due
