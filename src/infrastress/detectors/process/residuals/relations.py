"""Learned relations: what each signal should be, from a few others a little earlier, positions now, and the hour.

    expected(t) = base + sum over at most K inputs of weight * value(t - lag)

Values are frame means on the grid of the instrument's last digit, SI. Inputs are added up one after the other, so the
result does not depend on how many frames are judged at once, to the last bit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.view import Floats, SignalTable, Times, earlier
from infrastress.detectors.process.words import local_hours

__all__ = ["HOURS", "Input", "Relation", "Relations", "hours_of", "on_grid", "stack"]

HOURS = ("hour.sin1", "hour.cos1", "hour.sin2", "hour.cos2")
"""Inputs of the hour of the local day: its first two harmonics."""


@dataclass(frozen=True)
class Input:
    """A signal (or one of `HOURS`), how many frames ago, and its weight."""

    name: str
    lag: int
    weight: float


@dataclass(frozen=True)
class Relation:
    """What one signal should be, and how far off it normally is.

    Attributes:
        signal: what is expected.
        base: constant, SI.
        inputs: at most K, the most telling first.
        scale: standard deviation of the residual in blocked cross-validation, at least one step of the resolution, SI.
        limits: for each window, the largest normal sum of standardised residuals.
        explained: share of the variance that the relation explains in blocked cross-validation.
    """

    signal: str
    base: float
    inputs: tuple[Input, ...]
    scale: float
    limits: tuple[float, ...]
    explained: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        inputs = [[one.name, one.lag, one.weight] for one in self.inputs]
        return {"base": self.base, "inputs": inputs, "scale": self.scale, "limits": list(self.limits),
                "explained": self.explained}  # fmt: skip

    @classmethod
    def of_json(cls, signal: str, known: Any) -> "Relation":
        """Inverse of `as_json`."""
        inputs = tuple(Input(str(name), int(lag), float(weight)) for name, lag, weight in known["inputs"])
        return cls(signal, known["base"], inputs, known["scale"], tuple(known["limits"]), known["explained"])

    @property
    def memory(self) -> float:
        """How much of a lasting offset of the signal its own past hands on to what is expected of it."""
        return sum(one.weight for one in self.inputs if one.name == self.signal)


class Relations:
    """All relations of a site, ready to be applied to columns of values."""

    def __init__(self, table: SignalTable, lags: int, relations: Iterable[Relation], zone: ZoneInfo) -> None:
        self.relations = tuple(relations)
        self.lags = lags
        self._zone = zone
        self.rows = np.array([table.row[one.signal] for one in self.relations], dtype=np.intp)
        self.scale = np.array([[one.scale] for one in self.relations]).reshape(-1, 1)
        most = max((len(one.inputs) for one in self.relations), default=0)
        nothing = (lags + 1) * len(table) + len(HOURS)
        self._sources = np.full((most, len(self.relations)), nothing, dtype=np.intp)
        self._weights = np.zeros((most, len(self.relations), 1))
        self._base = np.array([[one.base] for one in self.relations]).reshape(-1, 1)
        for i, relation in enumerate(self.relations):
            for k, one in enumerate(relation.inputs):
                if one.name in HOURS:
                    self._sources[k, i] = (lags + 1) * len(table) + HOURS.index(one.name)
                else:
                    self._sources[k, i] = one.lag * len(table) + table.row[one.name]
                self._weights[k, i] = one.weight

    def expect(self, values: Floats, ends: Times) -> Floats:
        """Expected values float64[n, k] of `values` float64[m, k] at int64[k]; NaN where an input is missing."""
        inputs = stack(values, self.lags, hours_of(ends, self._zone))
        expected = np.repeat(self._base, values.shape[1], axis=1)
        for sources, weights in zip(self._sources, self._weights, strict=True):
            expected = expected + weights * inputs[sources]
        return expected


def stack(values: Floats, lags: int, hours: Floats) -> Floats:
    """Rows of inputs: all signals now, one frame ago, ..., `lags` ago; the hour; a row of zeros."""
    late = [earlier(values, lag) for lag in range(lags + 1)]
    return np.vstack([*late, hours, np.zeros((1, values.shape[1]))])


def hours_of(ends: Times, zone: ZoneInfo) -> Floats:
    """Float64[4, k]: sine and cosine of the hour of the local day, first and second harmonic."""
    angle = local_hours(ends, zone) * (2.0 * np.pi / 24.0)
    return np.array([np.sin(angle), np.cos(angle), np.sin(2.0 * angle), np.cos(2.0 * angle)])


def on_grid(values: Floats, resolution: npt.NDArray[np.float64]) -> Floats:
    """Values rounded to multiples of `resolution` float64[m, 1]; where it is 0 they stay."""
    step = np.where(resolution > 0, resolution, 1.0)
    rounded: Floats = np.where(resolution > 0, np.rint(values / step) * step, values)
    return rounded
