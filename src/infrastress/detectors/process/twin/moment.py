"""One frame understood by the network model: the state of the plant that fits all meters best, and what doesn't fit.

Unknowns are the demand factors of the network's groups and the levels of its tanks; measurements are flows, pressures,
metered demands and the levels themselves. Levels and states of the frame are reported, demands nobody knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.twin.estimation import Linear, best_step, linear_estimate, spread_of, without_bad
from infrastress.detectors.process.view import Floats, SignalTable
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["Flags", "Moment", "Reader", "Reading", "Solver"]

Flags = npt.NDArray[np.bool_]
Predict = Callable[[Floats], Floats | None]

FACTOR_SD = 0.5
"""How far a demand factor may lie from its usual value, one standard deviation."""
_MOST_FACTOR = 5.0
_LEVEL_SD = 0.1
"""Of a level that nobody reports, as a share of the tank's depth."""
_STEPS, _TURNS = 10, 2
_MOST_KEPT = 4096
_SETTLED = 0.3
_NO_FLOW = 1e-5
_ON = 0.5
_NUDGE = 0.02
_BRIM, _CLASS = 3.0, 0.0025
"""A gauge does not tell a full tank from one that is nearly so within so many steps or standard deviations of it, or
this share of the tank's depth (accuracy class 0.25, usual of level transmitters)."""


@dataclass(frozen=True)
class Reading:
    """What a frame says of the network, SI of the network; NaN is no value.

    Attributes:
        seen: float64[m], flows, pressures, demands and then levels.
        open_: bool of each actuator. reported: those whose state was reported; of the others its flow tells.
        full: tanks reported full; brim: those of which the gauge is too coarse to tell.
    """

    seen: Floats
    open_: Flags
    reported: Flags
    full: Flags
    brim: Flags


@dataclass(frozen=True)
class Moment:
    """A frame, understood.

    Attributes:
        reading: of the frame.
        factors, levels: estimated.
        expected: float64[m], what the measurements should be by those that fit.
        fit: the last linear estimate, with all measurements.
        bad: normalised residuals of the measurements that don't fit, by row, in the order they were set aside.
        clean: the estimate without them.
        doubt: float64[groups], standard deviation that demand factors have only because measurements are missing.
    """

    reading: Reading
    factors: Floats
    levels: Floats
    expected: Floats
    fit: Linear
    clean: Linear
    bad: dict[int, float]
    doubt: Floats


class Reader:
    """Takes readings out of columns of values, one row a signal of the table.

    Args:
        table: of the site.
        network: whose meters are read.
        rare: actuators that normal data hardly ever show on: how well their flow fits then is not known, so that it is
            no value while they are.
    """

    def __init__(self, table: SignalTable, network: Snapshot, rare: Sequence[bool] = ()) -> None:
        meters = [*network.measured, *network.levels]
        self.signals = tuple(m.signal.id for m in meters)
        self.states = tuple(m.signal.id for m in network.actuators)
        self._rows = np.array([table.row[one] for one in self.signals], dtype=np.intp)
        self._states = np.array([table.row[one] for one in self.states], dtype=np.intp)
        self._factors = np.array([m.factor for m in meters])
        self._flows = np.array(network.flows_of, dtype=np.intp)
        self.rare = tuple(rare) or (False,) * len(self.states)
        self._rare = np.array(self.rare, dtype=bool) & (self._flows >= 0)
        self._tanks = len(network.levels)
        self._tops = network.tops
        steps = [table.resolution(m.signal.id) / m.factor for m in network.levels]
        self._near = np.maximum(np.array(steps), 2e-3)
        stated = np.array([table.accuracy(m.signal.id) / m.factor for m in network.levels])
        depth = network.tops - network.bottoms
        self._brim = np.maximum(_BRIM * np.maximum(self._near, stated), _CLASS * depth)

    def scaled(self, values: Floats) -> Floats:
        """SI of the network of SI of the signals, by row of `signals`."""
        scaled: Floats = values / self._factors
        return scaled

    def unscaled(self, value: float, row: int) -> float:
        """SI of the signal of SI of the network."""
        return float(value * self._factors[row])

    def read(self, column: Floats) -> Reading | None:
        """A frame's reading; None where a state is known neither by its signal nor by its flow."""
        seen = self.scaled(column[self._rows])
        state = column[self._states]
        flow = np.where(self._flows >= 0, seen[self._flows], np.nan)
        reported = ~np.isnan(state)
        if (np.isnan(flow) & ~reported).any():
            return None
        state = np.where(reported, state, np.abs(flow) > _NO_FLOW)
        seen[self._flows[self._rare & (state > _ON)]] = np.nan
        levels = seen[len(seen) - self._tanks :]
        with np.errstate(invalid="ignore"):
            brim = np.abs(levels - self._tops) <= self._brim
        return Reading(seen, state > _ON, reported, self.full(levels), brim)

    def on(self, values: Floats) -> Floats:
        """Share of frames, float64[signals, k], in which each actuator is reported on; 0 where it never reports."""
        state = values[self._states]
        known = np.maximum(np.isfinite(state).sum(axis=1), 1)
        share: Floats = (np.nan_to_num(state) > _ON).sum(axis=1) / known
        return share

    def full(self, levels: Floats) -> Flags:
        """Which tanks are full at these levels, m."""
        with np.errstate(invalid="ignore"):
            full: Flags = levels >= self._tops - self._near
        return full


class Solver:
    """Finds the state that fits a reading best.

    dh/dx is taken once for each combination of states and full tanks, at usual demands and half-full tanks, and kept;
    where steps by it don't settle it is taken anew at the place reached. So a moment depends on its reading alone.

    Args:
        network: to solve with.
        sigma: float64[m], standard deviations of the measurements.
        usual: float64, usual demand factors.
    """

    def __init__(self, network: Snapshot, sigma: Floats, usual: Floats) -> None:
        self.network, self._sigma, self._usual = network, sigma, usual
        self._depth = network.tops - network.bottoms
        self._groups = len(usual)
        self._kept: dict[bytes, Floats | None] = {}

    def understand(self, reading: Reading, limit: Floats | None = None, *, most_bad: int = 0) -> Moment | None:
        """The state that fits best; None where EPANET finds none.

        Args:
            reading: of the frame.
            limit: float64[m], normalised residuals from which a measurement is bad; None looks for none.
            most_bad: how many may be set aside.
        """
        sigma, groups = self._sigma, self._groups
        slopes = self._usual_slopes(reading)
        start, prior, predict = self._search(reading)
        x, expected = start, predict(start)
        for _ in range(_TURNS):
            if expected is None or slopes is None:
                return None
            x, expected, settled = self._step(predict, slopes, (x, expected), reading.seen, (prior, start))
            if settled or expected is None:
                break
            slopes = _slopes(predict, x, expected, groups, reading.full)
        if expected is None or slopes is None:
            return None
        off = reading.seen - expected
        fit = linear_estimate(slopes, off, sigma, prior, x - start)
        bad: dict[int, float] = {}
        clean = fit
        if limit is not None:
            bad, clean = without_bad(slopes, off, sigma, prior, x - start, limit=limit, most=most_bad)
        best = self._within(x + clean.step)
        usual = spread_of(slopes, sigma, np.where(np.arange(len(prior)) < groups, prior, 0.0))
        more = np.where(fit.spread > 1.05 * usual, np.square(fit.spread) - np.square(usual), 0.0)
        return Moment(
            reading,
            best[:groups],
            best[groups:],
            expected + slopes @ clean.step,
            fit,
            clean,
            bad,
            np.sqrt(more[:groups]),
        )

    def glance(self, reading: Reading, near: Moment, limit: Floats, *, most_bad: int) -> tuple[int, float]:
        """How many measurements don't fit, and how badly the others, by one step from a state found for other states.

        A fraction of the cost of understanding it, and no more than a hint at what that would find.
        """
        slopes = self._usual_slopes(reading)
        start, prior, predict = self._search(reading)
        x = np.concatenate([near.factors, near.levels])
        expected = predict(x)
        if expected is None or slopes is None:
            return len(reading.seen), np.inf
        off = reading.seen - expected
        bad, clean = without_bad(slopes, off, self._sigma, prior, x - start, limit=limit, most=most_bad)
        return len(bad), clean.cost

    def _search(self, reading: Reading) -> tuple[Floats, Floats, Predict]:
        """Where the search for a reading's state begins, 1 / variance of what is known of it, and what predicts."""
        network, groups = self.network, self._groups
        told = reading.seen[len(reading.seen) - len(self._depth) :]
        unknown = np.isnan(told)
        known = np.where(unknown, network.bottoms + self._depth / 2, told)
        doubt = np.where(unknown, (_LEVEL_SD * self._depth) ** -2, 0.0)
        prior = np.concatenate([np.full(groups, FACTOR_SD**-2), doubt])
        return np.concatenate([self._usual, known]), prior, self._predict(reading, known)

    def _predict(self, reading: Reading, full_at: Floats) -> Predict:
        """Measurements by the unknowns, with a reading's states; levels of full tanks are those of `full_at`."""
        network, groups = self.network, self._groups

        def predict(at: Floats) -> Floats | None:
            found = network.solve(at[:groups], at[groups:], reading.open_, reading.full)
            return None if found is None else np.concatenate([found, np.where(reading.full, full_at, at[groups:])])

        return predict

    def _step(
        self, predict: Predict, slopes: Floats, at: tuple[Floats, Floats], seen: Floats, known: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats | None, bool]:
        """Some steps by these slopes: where they lead, what is expected there, and whether they have settled."""
        (x, expected), (prior, start) = at, known
        for _ in range(_STEPS):
            moved = self._within(x + best_step(slopes, seen - expected, self._sigma, prior, x - start)) - x
            x = x + moved
            told = predict(x)
            if told is None:
                return x, None, False
            # Broyden's update (1965): the slopes along the step taken are now known
            size = float(moved @ moved)
            if size > 0.0:
                slopes = slopes + np.outer(told - expected - slopes @ moved, moved / size)
            expected = told
            if bool((np.abs(slopes @ moved) < _SETTLED * self._sigma).all()):
                return x, expected, True
        return x, expected, False

    def _usual_slopes(self, reading: Reading) -> Floats | None:
        network, groups = self.network, self._groups
        key = reading.open_.tobytes() + reading.full.tobytes()
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            levels = network.bottoms + self._depth / 2
            middle = np.concatenate([self._usual, levels])
            predict = self._predict(reading, levels)
            expected = predict(middle)
            self._kept[key] = None if expected is None else _slopes(predict, middle, expected, groups, reading.full)
        return self._kept[key]

    def _within(self, x: Floats) -> Floats:
        factors = np.clip(x[: self._groups], 0.0, _MOST_FACTOR)
        levels = np.clip(x[self._groups :], self.network.bottoms, self.network.tops)
        return np.concatenate([factors, levels])


def _slopes(predict: Predict, x: Floats, expected: Floats, groups: int, full: Flags) -> Floats | None:
    """dh/dx by differences, float64[m, n]; a full tank's level moves nothing."""
    slopes = np.zeros((len(expected), len(x)))
    for column in range(len(x)):
        if column >= groups and full[column - groups]:
            slopes[len(expected) - len(full) + column - groups, column] = 1.0
            continue
        nudge = _NUDGE if column < groups else -_NUDGE
        moved = x.copy()
        moved[column] += nudge
        told = predict(moved)
        if told is None:
            return None
        slopes[:, column] = (told - expected) / nudge
    return slopes
