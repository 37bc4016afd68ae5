"""Deadlines in event time: what has to be looked at again, in order of (due, key)."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

__all__ = ["Agenda", "Key"]

Key = tuple[str, ...]


class Agenda:
    """One deadline a key; setting it again moves it."""

    def __init__(self) -> None:
        self._due: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Key, due: int) -> None:
        """Look at `key` at `due`, ns."""
        if self._due.get(key) == due:
            return
        self._due[key] = due
        heappush(self._heap, (due, key))
        if len(self._heap) > 64 + 4 * len(self._due):  # what was moved lies there still
            self._heap = [(moment, name) for name, moment in self._due.items()]
            heapify(self._heap)

    def drop(self, key: Key) -> None:
        """Forget a deadline."""
        self._due.pop(key, None)

    def upto(self, now: int) -> Iterator[tuple[int, Key]]:
        """Take what is due by `now`, one by one: what is set meanwhile is taken in its turn."""
        while self._heap and self._heap[0][0] <= now:
            due, key = heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                yield due, key

    def dump(self) -> list[tuple[int, Key]]:
        """All deadlines, sorted."""
        return sorted((due, key) for key, due in self._due.items())

    def load(self, told: list[tuple[int, Key]]) -> None:
        """Inverse of `dump`."""
        self._due = {key: due for due, key in told}
        self._heap = list(told)
        heapify(self._heap)
