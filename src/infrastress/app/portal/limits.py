"""How much one device and one network send: who sends very much waits behind the others, and nobody is refused."""

from collections import OrderedDict

from infrastress.core.time import HOUR

__all__ = ["Meter"]

_MOST = 20_000


class Meter:
    """Counts in sliding hours, as buckets that empty steadily.

    Args:
        per_h: of one name in an hour.
    """

    def __init__(self, per_h: int) -> None:
        self._per_h = per_h
        self._full: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def over(self, name: str, now: int) -> bool:
        """Count one more of a name at a time, ns; whether that is more than it may."""
        level, at = self._full.pop(name, (0.0, now))
        level = max(0.0, level - max(0, now - at) / HOUR * self._per_h) + 1.0
        self._full[name] = (min(level, 2.0 * self._per_h), now)
        while len(self._full) > _MOST:
            self._full.popitem(last=False)
        return level > self._per_h
