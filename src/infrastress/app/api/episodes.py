"""Anomalous spans by signal: the episodes of detections that a signal takes part in, read from the log once.

Detections lie in the log alone, in order of time and by no signal. One reader follows them, a few records each time
somebody asks, and keeps their episodes in memory up to a bound: all that stand, and of those that are over the newest.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from infrastress.app.api.tail import Tail
from infrastress.events import Detection, Event
from infrastress.events.kinds import Contribution
from infrastress.fusion.alarms import alarm_key
from infrastress.store.ports import Log

__all__ = ["Episode", "Episodes"]

_KEPT = 50_000
"""Episodes that are over, of all signals together."""
_BACK = 100_000
"""Records of the log looked through when the first one asks."""


@dataclass
class Episode:
    """A detection from onset to clearing. Times are ns UTC; `cleared` is 0 while it stands.

    Attributes:
        event, body: what raised it, without clearing.
        began, raised, cleared: onset, first word of it, end.
        alarms: the alarm that it belongs to by its key, or by the key of a belated one.
    """

    event: Event
    body: Detection
    began: int
    raised: int
    cleared: int = 0

    @property
    def alarms(self) -> tuple[str, str]:
        """The alarm it belongs to: by its key, and by the key it has when it came belated."""
        return alarm_key(self.event, self.body, belated=False), alarm_key(self.event, self.body, belated=True)

    def part(self, signal: str) -> Contribution:
        """A signal's part in it."""
        return next(part for part in self.body.contributions if part.signal == signal)


class Episodes:
    """Episodes by signal; threads may share it.

    Args:
        log: where detections lie.
        site: id of the site.
        kept, back: bounds, see the module.
    """

    def __init__(self, log: Log, site: str, *, kept: int = _KEPT, back: int = _BACK) -> None:
        self._tail, self._kept = Tail(log, f"fusion/{site}", back), kept
        self._lock = Lock()
        self._standing: dict[str, Episode] = {}
        self._over: deque[Episode] = deque()
        self._of: dict[str, deque[Episode]] = {}
        self.since = 0

    def of(self, signal: str, begin: int, end: int) -> list[Episode]:
        """Episodes that touch [begin, end), in order of onset.

        Raises:
            StoreError: the log can't be read.
        """
        with self._lock:
            self._follow()
            over = [one for one in self._of.get(signal, ()) if one.began < end and one.cleared >= begin]
            standing = [one for one in self._standing.values() if one.began < end and _takes_part(one, signal)]
        return sorted([*over, *standing], key=lambda one: (one.began, one.event.id))

    def standing(self) -> dict[str, list[Episode]]:
        """Episodes that stand, by signal."""
        found: dict[str, list[Episode]] = {}
        with self._lock:
            self._follow()
            for one in self._standing.values():
                for part in one.body.contributions:
                    found.setdefault(part.signal, []).append(one)
        return found

    def _follow(self) -> None:
        """Take what is new; where something before it was missed, nothing is known but from there on."""
        for event in self._tail.news():
            self._since_missed()
            self._take(event)
        self._since_missed()

    def _since_missed(self) -> None:
        if self._tail.missed:
            self._tail.missed, self.since = False, 1  # until the first record that is held says when that is

    def _take(self, event: Event) -> None:
        body = event.body
        if not isinstance(body, Detection):
            return
        if self.since == 1:
            self.since = event.occurred
        key = f"{body.detector}\0{body.episode}"
        if body.phase == "raised":
            if body.contributions and key not in self._standing:
                self._standing[key] = Episode(event, body, min(body.began, event.occurred), event.occurred)
            return
        one = self._standing.pop(key, None)
        if one is None:
            return
        one.cleared = max(event.occurred, one.raised)
        self._over.append(one)
        for signal in _signals(one):
            self._of.setdefault(signal, deque()).append(one)
        while len(self._over) > self._kept:
            self._forget(self._over.popleft())

    def _forget(self, one: Episode) -> None:
        """Of each of its signals it is the first: all lie in the order in which they were cleared."""
        self.since = max(self.since, one.cleared)
        for signal in _signals(one):
            left = self._of[signal]
            left.popleft()
            if not left:
                del self._of[signal]


def _signals(one: Episode) -> Iterable[str]:
    return dict.fromkeys(part.signal for part in one.body.contributions)


def _takes_part(one: Episode, signal: str) -> bool:
    return any(part.signal == signal for part in one.body.contributions)
