"""The event clock: the machine's own, or a plant simulated at another speed."""

import os
import time
from dataclasses import dataclass

from infrastress.core.errors import ConfigurationError

__all__ = ["CLOCK_VARIABLE", "EventClock"]

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
