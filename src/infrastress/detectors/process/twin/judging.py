"""From frames to scores: each meter against the network model, each level and state against the frame before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.twin.moment import Flags, Moment, Reader, Solver
from infrastress.detectors.process.view import Floats, SignalTable
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["Known", "Twin", "Verdict", "rested"]

_MOST_BAD = 4
_TRIED = 4
"""States at most that are tried the other way round: with dataset04 of BATADAL the one that lies was never behind the
third of these hints."""
_DOUBTED = 3.0
"""Standard deviations of doubted demand that a level may be off by."""


@dataclass(frozen=True)
class Known:
    """What was learned, SI of the network; arrays are by row of the readings or by tank or actuator.

    Attributes:
        bias, sigma: float64[m], of the measurements against the fitted model.
        usual: demand factors.
        limit: float64[m], normalised residuals from which a measurement does not fit.
        steady, switched: float64[t], m by which a level may miss what it was expected at from the frame before, where
            no state changed in between, and where one did.
        slack: float64[t], m by which a level may be off where the model's controls look at it.
        strays: int of each actuator, frames in a row in which its state differed from its controls in normal data; -1
            is not judged.
        rare: of each actuator, whether normal data hardly ever show it on.
    """

    bias: Floats
    sigma: Floats
    usual: Floats
    limit: Floats
    steady: Floats
    switched: Floats
    slack: Floats
    strays: tuple[int, ...]
    rare: tuple[bool, ...]

    def as_json(self) -> dict[str, Any]:
        """For the baseline."""
        told: dict[str, Any] = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {**told, "strays": list(self.strays), "rare": list(self.rare)}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Known":
        """Inverse of `as_json`."""
        arrays = {name: np.array(told[name], dtype=float) for name in _ARRAYS}
        return cls(**arrays, strays=tuple(told["strays"]), rare=tuple(told["rare"]))


_ARRAYS = ("bias", "sigma", "usual", "limit", "steady", "switched", "slack")


@dataclass(frozen=True)
class Verdict:
    """One frame judged.

    Attributes:
        scores: float64[m + a], of the measurements and then the states; 1 is the limit, NaN no verdict.
        reported: the frame, understood as it was reported; None where that was not possible.
        moment: the same, with the state that is `flipped` the other way.
        before: float64[t], m, the levels from which the frame before let expect the next; NaN where there were none.
        levels: float64[t], m, where they were expected; NaN where they were not.
        strayed: frames in a row that each actuator has differed from its controls.
        states: what the controls would have of each actuator; None where that is not known.
        flipped: the actuator whose state, were it the other way, explains what doesn't fit; None where there is none.
    """

    scores: Floats
    reported: Moment | None
    moment: Moment | None
    before: Floats
    levels: Floats
    strayed: npt.NDArray[np.int64]
    states: Flags | None
    flipped: int | None = field(default=None)


class Twin:
    """Judges frame after frame; a frame's verdict depends on it and the one before alone, but for `strayed`.

    Where values are missing it says less, not worse: only a state that is reported can be reported wrongly, and a level
    may miss what is expected by as much more as it would under the demands that are then as likely.

    Attributes:
        reader: of the site's table.
        strayed: frames in a row that each actuator has differed from its controls.
    """

    def __init__(self, table: SignalTable, network: Snapshot, controlled: Snapshot, known: Known) -> None:
        self.network, self._controlled, self.known = network, controlled, known
        self.reader = Reader(table, network, known.rare)
        self._solver = Solver(network, known.sigma, known.usual)
        self.strayed = np.zeros(len(network.actuators), dtype=np.int64)
        self._tanks = len(network.levels)

    def look(self, column: Floats) -> Moment | None:
        """Understand a frame, what doesn't fit set aside."""
        reading = self.reader.read(column)
        if reading is None:
            return None
        known = self.known
        reading = replace(reading, seen=reading.seen - known.bias)
        found = self._solver.understand(reading, known.limit, most_bad=_MOST_BAD)
        for tank in np.flatnonzero(reading.brim).tolist():
            if found is None:
                break
            # Full and nearly full are one digit to a gauge and two plants to the model: what fits better is believed
            full = found.reading.full.copy()
            full[tank] = not full[tank]
            other = self._solver.understand(replace(reading, full=full), known.limit, most_bad=_MOST_BAD)
            if other is not None and other.fit.cost < found.fit.cost:
                found = other
        return found

    def follow(self, earlier: Moment) -> tuple[Floats, Floats, Flags] | None:
        """Levels a frame later, by how much they may be off because measurements are missing, and states.

        None where a level was not reported: an estimate may be metres off, and so would be what follows from it.
        """
        reading, told = earlier.reading, self._told(earlier)
        if np.isnan(told).any():
            return None
        coming = self._controlled.follow(earlier.factors, told, reading.open_, reading.full)
        if coming is None:
            return None
        (levels, states), squares = coming, np.zeros(self._tanks)
        for group in np.flatnonzero(earlier.doubt).tolist():
            factors = earlier.factors.copy()
            factors[group] += earlier.doubt[group]
            other = self._controlled.follow(factors, told, reading.open_, reading.full)
            if other is None:
                return None
            squares += np.square(other[0] - levels)
        return levels, _DOUBTED * np.sqrt(squares), states

    def between(self, earlier: Moment, open_: Flags, levels: Floats) -> tuple[Floats, Floats]:
        """The lowest and highest level of each tank a frame later, whenever in the frame states went to `open_`.

        EPANET switches when a level is reached, a controller at its next scan and by its own gauge. `levels` are those
        that follow by the controls.
        """
        told, reading = self._told(earlier), earlier.reading
        ways = [levels]
        for held in (reading.open_, open_):
            found = self.network.follow(earlier.factors, told, held, reading.full)
            if found is not None:
                ways.append(found[0])
        return np.min(ways, axis=0), np.max(ways, axis=0)

    def contradicts(self, earlier: Moment, open_: Flags, states: Flags) -> Flags:
        """Which states differ from the controls, whatever the levels may be off by: a threshold is no sharper."""
        differs: Flags = open_ != states
        for off in (-self.known.slack, self.known.slack):
            if not differs.any():
                break
            levels = self._told(earlier) + off
            coming = self._controlled.follow(earlier.factors, levels, earlier.reading.open_, self.reader.full(levels))
            if coming is not None:
                differs &= open_ != coming[1]
        return differs

    def off(self, earlier: Moment, now: Moment, levels: Floats, doubt: Floats, *, still: bool) -> Floats:
        """Metres by which each level misses what was expected; `still` where no state changed."""
        low, high = (levels, levels) if still else self.between(earlier, now.reading.open_, levels)
        seen = self._told(now)
        return np.maximum(np.maximum(low - seen, seen - high) - doubt, 0.0)

    def _told(self, moment: Moment) -> Floats:
        return moment.reading.seen[len(moment.reading.seen) - self._tanks :]

    def judge(self, column: Floats, earlier: Moment | None) -> Verdict:
        """Judge a frame, given the one before as understood."""
        known, tanks = self.known, self._tanks
        reported = self.look(column)
        scores = np.full(len(known.sigma) + len(self.strayed), np.nan)
        unknown = np.full(tanks, np.nan)
        if reported is None:
            return Verdict(scores, None, None, unknown, unknown, self.strayed, None)
        flipped, moment = self._flipped(reported)
        own = np.abs(moment.clean.normalised) / known.limit
        for row, size in moment.bad.items():
            own[row] = abs(size) / known.limit[row]
        scores[: len(own)] = own
        scores[len(own) :] = 0.0  # no state is flipped but the one that is
        start, levels, states = unknown, unknown, None
        coming = self.follow(earlier) if earlier is not None else None
        if coming is not None and earlier is not None:
            start, (levels, doubt, states) = self._told(earlier), coming
            still = rested(earlier, states, reported)
            off = self.off(earlier, reported, levels, doubt, still=still) / (known.steady if still else known.switched)
            scores[len(own) - tanks : len(own)] = np.fmax(own[-tanks:], off)
            self._stray(self.contradicts(earlier, reported.reading.open_, states), scores[len(own) :])
        if flipped is not None:
            scores[len(own) + flipped] = np.fmax(
                scores[len(own) + flipped], np.nanmax(np.abs(reported.fit.normalised) / known.limit)
            )
        return Verdict(scores, reported, moment, start, levels, self.strayed, states, flipped)

    def _stray(self, differs: Flags, scores: Floats) -> None:
        self.strayed = np.where(differs, self.strayed + 1, 0)
        for i, normal in enumerate(self.known.strays):
            if normal >= 0:
                # Controllers scan, EPANET acts at the very moment: one frame apart is no contradiction
                scores[i] = self.strayed[i] / (2.0 * normal + 2.0)

    def _flipped(self, moment: Moment) -> tuple[int | None, Moment]:
        """The one state that explains what doesn't fit, if it were reported wrongly; the frame understood with it."""
        if not moment.bad:
            return None, moment
        known = self.known
        best: tuple[int | None, Moment] = (None, moment)
        others = {}
        for i in np.flatnonzero(moment.reading.reported).tolist():
            open_ = moment.reading.open_.copy()
            open_[i] = not open_[i]
            others[i] = replace(moment.reading, open_=open_)
        if len(others) > _TRIED:
            # Most are far off at the first glance, and to find out how far takes fifty solutions of the network each
            hints = {i: self._solver.glance(one, moment, known.limit, most_bad=_MOST_BAD) for i, one in others.items()}
            others = {i: others[i] for i in sorted(sorted(others, key=hints.__getitem__)[:_TRIED])}
        for i, other in others.items():
            found = self._solver.understand(other, known.limit, most_bad=_MOST_BAD)
            if found is not None and (len(found.bad), found.clean.cost) < (len(best[1].bad), best[1].clean.cost):
                best = (i, found)
        flipped, found = best
        if flipped is None or len(found.bad) >= len(moment.bad):
            return None, moment
        return flipped, found


def rested(earlier: Moment, states: Flags, now: Moment) -> bool:
    """Whether no state changed between two frames, neither as reported nor by the controls."""
    return bool((states == now.reading.open_).all() and (earlier.reading.open_ == states).all())
