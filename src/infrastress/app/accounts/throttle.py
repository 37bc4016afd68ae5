"""How often somebody may try: buckets that fill with time, and pauses that grow with failed sign-ins."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar

__all__ = ["Buckets", "Failures"]

_KNOWN = 10_000
"""Clients remembered; the one that was quiet longest is forgotten first."""


class Buckets:
    """A bucket for each client: so many requests at once, refilled at a rate.

    Args:
        rate: requests a second in the long run.
        burst: requests at once.
        clock: monotonic seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, client: str, cost: float = 1.0) -> float:
        """Take from a client's bucket; returns 0, or how many seconds until there is enough."""
        now = self._clock()
        with self._lock:
            left, since = self._left.pop(client, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._rate)
            wait = 0.0 if left >= cost else (cost - left) / self._rate
            self._left[client] = (left if wait else left - cost, now)
            while len(self._left) > _KNOWN:
                self._left.popitem(last=False)
            return wait


@dataclass
class _Failed:
    count: int = 0
    last: float = 0.0


class Failures:
    """Failed sign-ins by account and by address: after a few free ones each failure doubles the pause.

    A pause of an account is short, so that whoever fails on purpose can't lock its owner out for long.

    Args:
        clock: monotonic seconds.
    """

    FREE = 5
    LONGEST_S: ClassVar[Mapping[str, float]] = {"account": 60.0, "address": 900.0}
    FORGET_S = 3600.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[tuple[str, str], _Failed] = OrderedDict()
        self._lock = Lock()

    def wait(self, account: str, address: str) -> float:
        """Seconds until another try is looked at; 0 for at once."""
        with self._lock:
            return max(self._wait("account", account), self._wait("address", address))

    def failed(self, account: str, address: str) -> None:
        """A try has failed."""
        now = self._clock()
        with self._lock:
            for key in (("account", account), ("address", address)):
                known = self._failed.pop(key, _Failed())
                if now - known.last > self.FORGET_S:
                    known = _Failed()
                known.count, known.last = known.count + 1, now
                self._failed[key] = known
            while len(self._failed) > _KNOWN:
                self._failed.popitem(last=False)

    def succeeded(self, account: str) -> None:
        """The account is known to be with its owner; the address stays suspected of the others that it tried."""
        with self._lock:
            self._failed.pop(("account", account), None)

    def _wait(self, kind: str, name: str) -> float:
        known = self._failed.get((kind, name))
        if known is None or known.count < self.FREE:
            return 0.0
        pause = min(2.0 ** (known.count - self.FREE), self.LONGEST_S[kind])
        return max(0.0, known.last + pause - self._clock())
