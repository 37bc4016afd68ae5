"""What is still to happen on the network, in order of time."""

import heapq
from collections.abc import Callable

__all__ = ["Agenda", "Deed"]

Deed = Callable[[int], None]
"""Done at a time, ns."""


class Agenda:
    """Deeds by time; those of one time in the order in which they were noted."""

    def __init__(self) -> None:
        self._deeds: list[tuple[int, int, Deed]] = []
        self._count = 0

    def note(self, at: int, deed: Deed) -> None:
        """Have something done."""
        self._count += 1
        heapq.heappush(self._deeds, (at, self._count, deed))

    def due(self, until: int) -> None:
        """Do all that is due before or at a time."""
        while self._deeds and self._deeds[0][0] <= until:
            at, _, deed = heapq.heappop(self._deeds)
            deed(at)
