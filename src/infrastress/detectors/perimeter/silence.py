"""Dead devices: one that tells at a cadence of its own, and no more, while others of its source go on.

That a whole source is silent is the watch's to say (`runtime/watch.py`) where the site is served; here it is one
notice of the source, not one a device.
"""

from statistics import median

import msgspec

from infrastress.core.time import DAY, SECOND
from infrastress.detectors.perimeter.base import PerimeterOptions

__all__ = ["Pulse", "Silence"]

_GAPS = 16
_LEAST_GAPS = 8
_HALF_LIFE = 7 * DAY
"""In which an old longest gap counts half: readings that came faster for a while are no new cadence."""
_REGULAR = 2.0
"""A cadence is one where no gap is longer than twice the middle one; what speaks when something happens has none."""


class Pulse(msgspec.Struct, array_like=True):
    """How a device tells: when last, through which source, its newest gaps and the longest lately, ns."""

    last: int
    source: str
    gaps: list[int] = msgspec.field(default_factory=list)
    peak: int = 0
    silent: bool = False


class Silence:
    """Pulses of the devices of a site."""

    def __init__(self, options: PerimeterOptions) -> None:
        self._times, self._least = options.silent_times, round(options.silent_least_s * SECOND)
        self.pulses: dict[str, Pulse] = {}
        self.sources: dict[str, int] = {}

    def heard(self, device: str, source: str, now: int) -> bool:
        """Take that a device told something; whether it had been silent."""
        self.sources[source] = max(now, self.sources.get(source, 0))
        known = self.pulses.get(device)
        if known is None:
            self.pulses[device] = Pulse(now, source)
            return False
        gap = now - known.last
        if gap <= 0:
            return False
        was, known.silent = known.silent, False
        known.last, known.source = now, source
        if not was:  # what ended a silence is no cadence
            known.gaps = [*known.gaps[-_GAPS + 1 :], gap]
            known.peak = max(gap, round(known.peak * 0.5 ** (gap / _HALF_LIFE)))
        return was

    def due(self, device: str) -> int | None:
        """When it will be silent, ns; None while it has no cadence."""
        known = self.pulses[device]
        if len(known.gaps) < _LEAST_GAPS or max(known.gaps) > _REGULAR * median(known.gaps):
            return None
        return known.last + max(self._least, round(self._times * known.peak))

    def alone(self, device: str) -> bool:
        """Whether others of its source went on telling after it should have: it is the device, not the way."""
        known = self.pulses[device]
        return self.sources[known.source] > known.last + round(1.2 * known.peak)
