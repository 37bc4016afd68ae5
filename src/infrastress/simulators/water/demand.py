"""What customers ask for: the model's base demands and patterns, varied from day to day and from house to house.

Factors are exp(x - s^2/2) of normal x with standard deviation s, so that their mean is 1; those with a memory are
autoregressive of order 1 on knots a quarter of an hour apart, straight in between.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.ranges import RANGES

__all__ = ["Demand", "Extra", "HotSpell"]

Array = npt.NDArray[np.float64]
KNOT_S = 900.0


@dataclass(frozen=True)
class Extra:
    """One customer draws more for a while: position of the junction, m3/s, seconds."""

    junction: int
    flow: float
    began: float
    ended: float


@dataclass(frozen=True)
class HotSpell:
    """Everybody draws more: a half sine from `began` to `ended` up to `top`."""

    began: float
    ended: float
    top: float

    def factor(self, second: float) -> float:
        """At a moment."""
        if not self.began < second < self.ended:
            return 1.0
        return 1.0 + (self.top - 1.0) * float(np.sin(np.pi * (second - self.began) / (self.ended - self.began)))


def _autoregressive(stream: np.random.Generator, knots: int, width: int, deviation: float, memory_s: float) -> Array:
    """Factors, knots x width."""
    keep = np.exp(-KNOT_S / memory_s)
    noise = stream.standard_normal((knots, width)) * np.sqrt(1 - keep**2)
    noise[0] /= np.sqrt(1 - keep**2)
    for i in range(1, knots):
        noise[i] += keep * noise[i - 1]
    result: Array = np.exp(deviation * noise - deviation**2 / 2)
    return result


@dataclass
class Demand:
    """Factors of a run.

    Attributes:
        calendar, draws: of the run.
        nodes: number of nodes.
        varied: whether anything varies at random.
        extras, hot: what is told on top.
        repeated: (began, ended): a span whose factors are those of the day before.
    """

    calendar: Calendar
    draws: Randomness
    nodes: int
    varied: bool
    extras: list[Extra] = field(default_factory=list)
    hot: list[HotSpell] = field(default_factory=list)
    repeated: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self._midnights = [day.midnight for day in self.calendar.days]
        if not self.varied:
            return
        r, draws = RANGES, self.draws
        knots = int(self.calendar.length / KNOT_S) + 2
        self._common = _autoregressive(
            draws.stream("demand.hour"), knots, 1, r.demand_hour, r.demand_hour_memory_h * 3600
        )
        self._each = _autoregressive(
            draws.stream("demand.junction"), knots, self.nodes, r.demand_junction, r.demand_junction_memory_h * 3600
        )
        days = len(self.calendar.days) + 1
        weather = draws.stream("demand.weather").standard_normal(days)
        keep = np.exp(-1 / r.demand_weather_d)
        for i in range(1, days):
            weather[i] = keep * weather[i - 1] + np.sqrt(1 - keep**2) * weather[i]
        single = draws.stream("demand.day").standard_normal(days)
        self._daily = np.exp(
            r.demand_weather * weather - r.demand_weather**2 / 2 + r.demand_day * single - r.demand_day**2 / 2
        )
        self._scale = draws.draw("demand.scale", r.demand_scale)
        self._weekend = draws.draw("demand.weekend", r.demand_weekend)

    def at(self, second: float, model: Array) -> Array:
        """What is asked for at a moment, m3/s by node, given what the model says."""
        asked = model.copy()
        if self.varied:
            when = second
            if self.repeated is not None and self.repeated[0] <= second < self.repeated[1]:
                when = max(second - 86400.0, 0.0)
            whole, part = divmod(when / KNOT_S, 1.0)
            i = int(whole)
            factor = (1 - part) * self._each[i] + part * self._each[i + 1]
            factor *= self._scale * float((1 - part) * self._common[i, 0] + part * self._common[i + 1, 0])
            day = self._day(when)
            factor *= self._daily[day]
            if self.calendar.days[min(day, len(self.calendar.days) - 1)].weekday in ("sat", "sun"):
                factor *= self._weekend
            asked = np.where(asked > 0, asked * factor, asked)
        for spell in self.hot:
            asked = np.where(asked > 0, asked * spell.factor(second), asked)
        for extra in self.extras:
            if extra.began <= second < extra.ended:
                asked[extra.junction] += extra.flow
        return asked

    def _day(self, second: float) -> int:
        return max(bisect_right(self._midnights, second) - 1, 0)
