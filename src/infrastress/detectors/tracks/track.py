"""One track: smoothed, with what is remembered of where it was and headed."""

import math
from typing import Final, NamedTuple

import msgspec

from infrastress.core.time import SECOND
from infrastress.detectors.tracks.options import NATURE, Nature, TrackOptions
from infrastress.detectors.tracks.smoothing import GATE, Smooth, begin, distance, predict, update
from infrastress.events import TrackPoint
from infrastress.events.kinds import TrackedObject

__all__ = ["Track", "Where"]

_STRAYS: Final = 3
"""Points off the track, one behind the other, that are a new place and no stray."""
_NAMED: Final = 8


class Where(NamedTuple):
    """A point on the site's ground: m, its standard deviation in one axis, and the velocity told, m/s in its axes."""

    x: float
    y: float
    sigma: float
    velocity: tuple[float, float] | None


class Track(msgspec.Struct):
    """A track that goes on.

    Attributes:
        number, sensor: what names it.
        time: of its last point, ns. pause: smoothed time between its points, s.
        inside: closed zones it is in, and since when, ns. toward: those it heads for: since when, and when last, ns.
        beside: closed zones near which it lingers.
        anchor: where it stays, and since when: x, y, ns.
        evidence: ids of its last points.
    """

    number: str
    sensor: str
    what: TrackedObject
    identity: str
    time: int
    state: Smooth
    high: bool = False
    pause: float = 0.0
    strays: int = 0
    inside: dict[str, int] = {}
    toward: dict[str, tuple[int, int]] = {}
    beside: list[str] = []
    anchor: tuple[float, float, int] = (0.0, 0.0, 0)
    evidence: tuple[str, ...] = ()

    @classmethod
    def first(cls, point: TrackPoint, at: int, where: Where, options: TrackOptions, event: str) -> "Track":
        """A track of its first point."""
        nature = NATURE[point.what]
        state = begin(where.x, where.y, where.sigma, where.velocity, nature.fastest / 3)
        high = point.altitude_m is not None and point.altitude_m > options.ceiling_m
        anchor = (state.x, state.y, at)
        return cls(
            point.track,
            point.sensor,
            point.what,
            point.identity,
            at,
            state,
            high=high,
            anchor=anchor,
            evidence=(event,),
        )

    @property
    def nature(self) -> Nature:
        """How its kind moves."""
        return NATURE[self.what]

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.sensor}\0{self.number}"

    def due(self, options: TrackOptions) -> int:
        """When it counts as lost unless it says more, ns."""
        return self.time + round(max(options.patience_s, 5 * self.pause) * SECOND)

    def go_on(self, point: TrackPoint, at: int, where: Where, options: TrackOptions, event: str) -> float | None:
        """Take a later point in.

        Returns:
            The speed in m/s that a jump would have needed, where the track goes on at a place that it can't have
            reached; else None.
        """
        dt = (at - self.time) / SECOND
        x, y, sigma = where.x, where.y, where.sigma
        ahead = predict(self.state, dt, self.nature.q)
        if point.what != "unknown":
            self.what = point.what
        self.identity = point.identity or self.identity
        self.high = point.altitude_m is not None and point.altitude_m > options.ceiling_m
        if distance(ahead, x, y, sigma) > GATE:
            self.strays += 1
            if self.strays < _STRAYS:
                return None
            speed = math.hypot(x - self.state.x, y - self.state.y) / dt
            self.state = begin(x, y, sigma, where.velocity, self.nature.fastest / 3)
            self._heard(at, dt, event, options.linger_m)
            self.toward = {}
            return speed if speed > self.nature.fastest else None
        self.state = update(ahead, x, y, sigma)
        self._heard(at, dt, event, options.linger_m)
        return None

    def _heard(self, at: int, dt: float, event: str, linger_m: float) -> None:
        self.strays = 0
        self.pause = dt if not self.pause else self.pause + 0.3 * (dt - self.pause)
        self.time = at
        x, y, _ = self.anchor
        if math.hypot(self.state.x - x, self.state.y - y) > linger_m + 2 * self.state.sigma:
            self.anchor = (self.state.x, self.state.y, at)
        self.evidence = (*self.evidence, event)[-_NAMED:]

    def heads(self) -> bool:
        """Whether it moves, in a direction that is known to about 20 degrees."""
        return self.state.speed >= 0.7 and math.sqrt(self.state.vv) < 0.35 * self.state.speed
