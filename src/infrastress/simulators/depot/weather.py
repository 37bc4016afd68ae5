"""The wind at the mast: a breeze that swings over the day, with gusts. Nothing in the process follows it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.randomness import Randomness
from infrastress.site import Site

__all__ = ["Weather"]

Array = npt.NDArray[np.float64]
_DAY, _SWING = 86_400.0, 11_000.0


class Weather:
    """What the site's signals of kind `wind_direction` (deg) and `wind_speed` (m/s) show.

    Args:
        site: the site model.
        draws: of the run.
    """

    def __init__(self, site: Site, draws: Randomness) -> None:
        self._signals = [signal for signal in site.signals if signal.kind in ("wind_direction", "wind_speed")]
        self._draws = draws
        self._from = draws.draw("wind.from", RANGES.wind_from_deg)
        self._speed = draws.draw("wind.speed", RANGES.wind_m_s)
        self._phases = draws.stream("wind.phases").uniform(0.0, 2 * np.pi, 4)

    def read(self, times: Array, index: int) -> Iterator[tuple[str, Array]]:
        """Signals and their values at times in seconds, of a chunk of the run."""
        day, swing = 2 * np.pi * times / _DAY, 2 * np.pi * times / _SWING
        for signal in self._signals:
            gusts = self._draws.stream(f"wind.{signal.id}", index).standard_normal(len(times))
            if signal.kind == "wind_direction":
                turn = 0.7 * np.sin(day + self._phases[0]) + 0.3 * np.sin(swing + self._phases[1])
                own = (self._from + RANGES.wind_swing_deg * turn + RANGES.wind_gust_deg * gusts) % 360.0
            else:
                breeze = 1.0 + 0.3 * np.sin(day + self._phases[2]) + 0.15 * np.sin(swing + self._phases[3])
                own = np.maximum(self._speed * breeze + RANGES.wind_gust_m_s * gusts, 0.0)
            yield signal.id, own
