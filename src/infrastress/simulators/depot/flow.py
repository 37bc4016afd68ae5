"""Flow over time as a piecewise linear curve, integrated in closed form.

Pumps and valves ramp; between ramps a rate wanders slowly. So a flow is a row of knots joined by straight lines, its
volume a row of parabolas, and no time step is needed to know either at any moment.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["Flow"]

Array = npt.NDArray[np.float64]

WANDER_S = 600.0


@dataclass(frozen=True)
class Flow:
    """A flow that begins and ends at rest.

    Attributes:
        t: knots in seconds, strictly rising.
        q: flow at the knots, m3/s, 0 at both ends.
    """

    t: Array
    q: Array

    @classmethod
    def steady(
        cls, start: float, rate: float, volume: float, *, ramp: float, wander: float, stream: np.random.Generator
    ) -> "Flow":
        """Ramp up to about `rate` and go on for at least `volume`; the end is to be cut by the caller.

        Args:
            start: seconds.
            rate: m3/s.
            volume: m3.
            ramp: seconds from rest to full rate.
            wander: relative standard deviation of the rate, a new knot every ten minutes.
            stream: random numbers.
        """
        count = int(volume / rate / WANDER_S * 1.05) + 4
        levels = rate * (1.0 + wander * np.clip(stream.standard_normal(count), -3, 3))
        t = start + ramp + WANDER_S * np.arange(count)
        return cls(np.concatenate([[start], t, [t[-1] + ramp]]), np.concatenate([[0.0], levels, [0.0]]))

    @classmethod
    def total_of(cls, parts: "list[Flow]") -> "Flow":
        """Sum of flows."""
        t = np.unique(np.concatenate([part.t for part in parts]))
        return cls(t, np.sum([part.rate(t) for part in parts], axis=0))

    @classmethod
    def batch(cls, start: float, rate: float, volume: float, ramp: float) -> "Flow":
        """A trapezium of exactly `volume` m3."""
        ramp = min(ramp, volume / rate)
        plateau = volume / rate - ramp
        knots = np.array([start, start + ramp, start + ramp + plateau, start + 2 * ramp + plateau])
        keep = np.concatenate([[True], np.diff(knots) > 1e-6])
        return cls(knots[keep], np.array([0.0, rate, rate, 0.0])[keep])

    @cached_property
    def _volumes(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(np.diff(self.t) * (self.q[1:] + self.q[:-1]) / 2)])

    @property
    def began(self) -> float:
        """First knot, seconds."""
        return float(self.t[0])

    @property
    def ended(self) -> float:
        """Last knot, seconds."""
        return float(self.t[-1])

    @property
    def began_closing(self) -> float:
        """Last knot but one, seconds: where the last ramp to rest begins."""
        return float(self.t[-2])

    @property
    def total(self) -> float:
        """Whole volume, m3."""
        return float(self._volumes[-1])

    def rate(self, times: Array) -> Array:
        """Flow at times (seconds), m3/s."""
        return np.interp(times, self.t, self.q, left=0.0, right=0.0)

    def volume(self, times: Array) -> Array:
        """Volume that has flowed by times (seconds), m3."""
        clipped = np.clip(times, self.t[0], self.t[-1])
        left = np.clip(np.searchsorted(self.t, clipped, side="right") - 1, 0, len(self.t) - 2)
        since = clipped - self.t[left]
        slope = (self.q[left + 1] - self.q[left]) / (self.t[left + 1] - self.t[left])
        result: Array = self._volumes[left] + since * (self.q[left] + slope * since / 2)
        return result

    def when(self, volume: float) -> float:
        """The moment, in seconds, by which `volume` m3 has flowed; the end where it never does."""
        if volume >= self.total:
            return self.ended
        low, high = self.began, self.ended
        for _ in range(60):
            middle = (low + high) / 2
            if float(self.volume(np.array([middle]))[0]) < volume:
                low = middle
            else:
                high = middle
        return high

    def stopped(self, at: float, ramp: float) -> "Flow":
        """The same flow, brought to rest in `ramp` seconds from the moment `at`."""
        before = self.t < at - 1e-6
        here = float(self.rate(np.array([at]))[0])
        return Flow(np.concatenate([self.t[before], [at, at + ramp]]), np.concatenate([self.q[before], [here, 0.0]]))

    def stopped_after(self, volume: float, ramp: float) -> "Flow":
        """The same flow, stopped so that about `volume` m3 has flowed in all."""
        at = self.when(volume)
        here = float(self.rate(np.array([at]))[0])
        return self.stopped(max(self.when(volume - here * ramp / 2), float(self.t[1])), ramp)

    def paused(self, at: float, length: float, ramp: float) -> "Flow":
        """The same flow with a rest of `length` seconds from the moment `at`; the remainder comes later."""
        before, after = self.t < at - 1e-6, self.t > at + 1e-6
        here = float(self.rate(np.array([at]))[0])
        shift = length + 2 * ramp
        rest = [at, at + ramp, at + ramp + length, at + shift]
        return Flow(
            np.concatenate([self.t[before], rest, self.t[after] + shift]),
            np.concatenate([self.q[before], [here, 0.0, 0.0, here], self.q[after]]),
        )

    def since(self, at: float) -> "Flow":
        """What of it flows from the moment `at` on, as a flow of its own (it begins with a step of one millisecond)."""
        after = self.t > at + 2e-3
        here = float(self.rate(np.array([at]))[0])
        return Flow(
            np.concatenate([[at, at + 1e-3], self.t[after]]),
            np.concatenate([[0.0, here], self.q[after]]),
        )
