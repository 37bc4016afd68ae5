"""Learned relations: what each signal should be, from a few others now and a little earlier, and the hour.

    expected(t) = base + sum over at most K inputs of weight * value(t - lag)

Values are frame means on the grid of the instrument's last digit, SI. Inputs are added up one after the other, so the
result does not depend on how many frames are judged at once, to the last bit. What an input that is missing should be
is told by the relation's other inputs (`gaps`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.residuals.gaps import Spread, Spreads, widened
from infrastress.detectors.process.residuals.modes import Scales, ScaleTree
from infrastress.detectors.process.view import Floats, SignalTable, Times, earlier
from infrastress.detectors.process.words import local_hours

__all__ = ["HOURS", "Input", "Relation", "Relations", "hours_of", "on_grid", "stack"]

HOURS = ("hour.sin1", "hour.cos1", "hour.sin2", "hour.cos2")
"""Inputs of the hour of the local day: its first two harmonics."""
_HALF = 0.5


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
        inputs: at most K, the most telling first; none where the signal rests at `base`.
        scale: standard deviation of the residual in blocked cross-validation, at least one step of the resolution, SI.
        limits: for each window, the largest normal sum of standardised residuals.
        explained: share of the variance that the relation explains in blocked cross-validation.
        scales: the standard deviation by what its pumps and valves do, SI.
        spread: how its inputs vary together; None where that was not learned.
        rests: whether it is a signal that (nearly) never left `base`: a frame in which it did counts one, however far.
    """

    signal: str
    base: float
    inputs: tuple[Input, ...]
    scale: float
    limits: tuple[float, ...]
    explained: float
    scales: ScaleTree | None = None
    spread: Spread | None = None
    rests: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        inputs = [[one.name, one.lag, one.weight] for one in self.inputs]
        return {"base": self.base, "inputs": inputs, "scale": self.scale, "limits": list(self.limits),
                "explained": self.explained, "rests": self.rests,
                "scales": None if self.scales is None else self.scales.as_json(),
                "spread": None if self.spread is None else self.spread.as_json()}  # fmt: skip

    @classmethod
    def of_json(cls, signal: str, known: Any) -> "Relation":
        """Inverse of `as_json`."""
        inputs = tuple(Input(str(name), int(lag), float(weight)) for name, lag, weight in known["inputs"])
        scales, spread = known.get("scales"), known.get("spread")
        return cls(
            signal,
            known["base"],
            inputs,
            known["scale"],
            tuple(known["limits"]),
            known["explained"],
            None if scales is None else ScaleTree.of_json(scales),
            None if spread is None else Spread.of_json(spread),
            known.get("rests", False),
        )

    @property
    def memory(self) -> float:
        """How much of a lasting offset of the signal its own past hands on to what is expected of it."""
        return sum(one.weight for one in self.inputs if one.name == self.signal)

    @property
    def signals(self) -> tuple[str, ...]:
        """The signal, and the others it needs: inputs, and what its scale depends on."""
        inputs = (one.name for one in self.inputs if one.name not in HOURS)
        modes = self.scales.signals if self.scales is not None else ()
        return tuple(dict.fromkeys((self.signal, *inputs, *modes)))


class Relations:
    """All relations of a site, ready to be applied to columns of values.

    Attributes:
        relations: n of them.
        lags: frames an input may lie back.
        rows: int[n], rows of their signals.
        steps: float64[m, 1], last digits of the m signals, SI; 0 where there is none.
    """

    def __init__(
        self, table: SignalTable, lags: int, relations: Iterable[Relation], steps: Floats, zone: ZoneInfo
    ) -> None:
        self.relations = tuple(relations)
        self.lags, self.steps, self._zone = lags, steps, zone
        self.rows = np.array([table.row[one.signal] for one in self.relations], dtype=np.intp)
        self._rests = np.array([[one.rests] for one in self.relations], dtype=bool).reshape(-1, 1)
        self._near = np.maximum(steps[self.rows] * _HALF, 1e-9) if len(self.rows) else np.empty((0, 1))
        self._scales = Scales(table, [one.scales or ScaleTree.flat(one.scale) for one in self.relations])
        most = max((len(one.inputs) for one in self.relations), default=0)
        nothing = (lags + 1) * len(table) + len(HOURS)
        self._sources = np.full((most, len(self.relations)), nothing, dtype=np.intp)
        self._weights = np.zeros((most, len(self.relations), 1))
        self._base = np.array([[one.base] for one in self.relations]).reshape(-1, 1)
        self._spreads = Spreads([one.spread for one in self.relations], most)
        for i, relation in enumerate(self.relations):
            for k, one in enumerate(relation.inputs):
                if one.name in HOURS:
                    self._sources[k, i] = (lags + 1) * len(table) + HOURS.index(one.name)
                else:
                    self._sources[k, i] = one.lag * len(table) + table.row[one.name]
                self._weights[k, i] = one.weight

    def expect(
        self, values: Floats, ends: Times, doubted: npt.NDArray[np.bool_] | None = None
    ) -> tuple[Floats, Floats]:
        """Expected values, and what their residuals are divided by, float64[n, k] each.

        Args:
            values: float64[m, lags + k] on the grid, the k frames to judge behind earlier ones.
            ends: int64[k].
            doubted: bool[m, lags + k], values that are not to be leaned on: as inputs they count as missing, while
                the relation that expects them is still judged.
        """
        start = self.lags
        trusted = values if doubted is None else np.where(doubted, np.nan, values)
        scale = self._scales.at(trusted, start)
        rows = stack(trusted, self.lags, _behind(hours_of(ends, self._zone), start))[:, start:]
        expected = np.repeat(self._base, rows.shape[1], axis=1)
        for sources, weights in zip(self._sources, self._weights, strict=True):
            expected = expected + weights * rows[sources]
        lost = np.isnan(expected)
        if lost.any():
            at, frames = np.nonzero(lost)
            filled, extra = self._spreads.fill(at, self._weights[:, at, 0].T, rows[self._sources[:, at], frames].T)
            expected[at, frames] = self._base[at, 0] + filled
            scale[at, frames] = widened(scale[at, frames], extra)
        return expected, scale

    def shares(self, seen: Floats, expected: Floats, scale: Floats) -> Floats:
        """Standardised residuals float64[n, k]; one for each frame in which a resting signal moved."""
        off = seen - expected
        if not self._rests.any():
            return off / scale
        with np.errstate(invalid="ignore"):
            moved = np.where(np.isnan(off), np.nan, np.where(np.abs(off) > self._near, np.sign(off), 0.0))
        return np.where(self._rests, moved, off / scale)


def _behind(values: Floats, columns: int) -> Floats:
    return np.hstack([np.full((len(values), columns), np.nan), values])


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
