"""The event clock: the machine's own, or a plant simulated at another speed; steady where a live site runs by it."""

import os
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from infrastress.core.errors import ConfigurationError

__all__ = ["CLOCK_VARIABLE", "ClockStep", "EventClock", "SteadyClock"]

_STEP_S = 1.0
"""A wall clock that goes this much beside the monotonic one was set."""

CLOCK_VARIABLE = "INFRASTRESS_CLOCK"


@dataclass(frozen=True)
class EventClock:
    """Event time now, ns UTC: origin + speed x (wall time - wall). The default is the machine's own clock.

    Attributes:
        origin, wall: an event time and the wall time at which it is, both ns UTC.
        speed: event seconds per second of wall time.
    """

    origin: int = 0
    wall: int = 0
    speed: float = 1.0

    def now(self) -> int:
        """Event time, ns UTC."""
        passed = time.time_ns() - self.wall
        return self.origin + (passed if self.speed == 1.0 else round(passed * self.speed))

    def wall_s(self, event_s: float) -> float:
        """Seconds of wall time that some seconds of event time take."""
        return event_s / self.speed

    @property
    def text(self) -> str:
        """For `parse`, such as in the environment of another process."""
        return f"{self.origin}:{self.wall}:{self.speed!r}"

    @classmethod
    def parse(cls, text: str) -> "EventClock":
        """Inverse of `text`.

        Raises:
            ConfigurationError: the text is no clock.
        """
        try:
            origin, wall, speed = text.split(":")
            clock = cls(int(origin), int(wall), float(speed))
        except ValueError:
            clock = cls(speed=0.0)
        if not 0.0 < clock.speed < float("inf"):
            raise ConfigurationError(
                f"{text!r} is no clock", where=CLOCK_VARIABLE, remedy="unset it: it is for testbeds"
            )
        return clock

    @classmethod
    def of_environment(cls) -> "EventClock":
        """The clock that `INFRASTRESS_CLOCK` names (a testbed sets it), else the machine's."""
        text = os.environ.get(CLOCK_VARIABLE)
        return cls.parse(text) if text else cls()


class ClockStep(NamedTuple):
    """The machine's clock was set: by how many ns of event time (negative: back), seen at an event time."""

    at: int
    by: int


class _Pace:
    """Where a steady clock stands."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.event: int | None = None
        self.monotonic = 0
        self.behind = False
        self.steps: list[ClockStep] = []

    def follow(self, event: int, monotonic: int, speed: float) -> int:
        """The steady time when the wall clock says `event`."""
        with self.lock:
            if self.event is None:
                self.event = event
            passed = round((monotonic - self.monotonic) * speed) if self.monotonic else 0
            ahead, allowed = event - self.event - passed, round(_STEP_S * speed * 1e9)
            behind = ahead < -allowed
            if ahead > allowed or (behind and not self.behind):
                self.steps.append(ClockStep(self.event, ahead))
            self.event = self.event + passed // 2 if behind else max(self.event, event)
            self.monotonic, self.behind = monotonic, behind
            return self.event


@dataclass(frozen=True)
class SteadyClock(EventClock):
    """An event clock that never goes back, for all that lives in one process.

    A machine's clock that is set ahead (or was suspended) is followed at once. One that is set back is waited for: this
    clock then goes at half its pace until they meet, so that what is stamped by it never lies in what was judged.
    """

    _pace: _Pace = field(default_factory=_Pace, compare=False, repr=False)

    def now(self) -> int:
        """Event time, ns UTC; never less than before."""
        return self._pace.follow(super().now(), time.monotonic_ns(), self.speed)

    def stepped(self) -> list[ClockStep]:
        """Steps of the machine's clock since this was last asked."""
        with self._pace.lock:
            steps, self._pace.steps = self._pace.steps, []
        return steps
