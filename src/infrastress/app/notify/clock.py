"""A clock that never goes back and never stands still, for how long something has waited."""

import time

from infrastress.core.clock import EventClock

__all__ = ["SteadyClock"]


class SteadyClock:
    """Event time as far as it goes forward; where the wall clock is set back it runs on by the monotonic one.

    A wall clock that jumps ahead (a corrected one, a machine that slept) takes it along: waiting people are told early.

    Args:
        clock: event time.
        last: the latest time that was shown before a restart, ns.
    """

    def __init__(self, clock: EventClock, last: int = 0) -> None:
        self._clock = clock
        self._shown = max(last, clock.now())
        self._tick = time.monotonic_ns()

    def now(self) -> int:
        """Nanoseconds; close to event time in UTC unless the wall clock was set back."""
        tick = time.monotonic_ns()
        passed = round((tick - self._tick) * self._clock.speed)
        self._tick = tick
        self._shown = max(self._shown + passed, self._clock.now())
        return self._shown
