"""From frames to scores: each meter against the network model, each level and state against the frame before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.detectors.process.twin.moment import Flags, Moment, Reader, Reading, Solver
from infrastress.detectors.process.view import Floats, SignalTable
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["Known", "Twin", "Verdict", "rested"]

_MOST_BAD = 4
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
        strays: int of each actuator, frames in a row in which its state differed from its controls in normal data; -1
            is not judged.
    """

    bias: Floats
    sigma: Floats
    usual: Floats
    limit: Floats
    steady: Floats
    switched: Floats
    strays: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """For the baseline."""
        told: dict[str, Any] = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {**told, "strays": list(self.strays)}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Known":
        """Inverse of `as_json`."""
        return cls(**{name: np.array(told[name], dtype=float) for name in _ARRAYS}, strays=tuple(told["strays"]))


_ARRAYS = ("bias", "sigma", "usual", "limit", "steady", "switched")


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
        self.reader = Reader(table, network)
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
        return self._solver.understand(reading, known.limit, most_bad=_MOST_BAD)

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
            most = known.steady if rested(earlier, states, reported) else known.switched
            off = np.maximum(np.abs(reported.reading.seen[-tanks:] - levels) - doubt, 0.0) / most
            scores[len(own) - tanks : len(own)] = np.fmax(own[-tanks:], off)
            self._stray(reported.reading, states, scores[len(own) :])
        if flipped is not None:
            scores[len(own) + flipped] = np.fmax(
                scores[len(own) + flipped], np.nanmax(np.abs(reported.fit.normalised) / known.limit)
            )
        return Verdict(scores, reported, moment, start, levels, self.strayed, states, flipped)

    def _stray(self, reading: Reading, states: Flags, scores: Floats) -> None:
        self.strayed = np.where(reading.open_ == states, 0, self.strayed + 1)
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
        for i in np.flatnonzero(moment.reading.reported).tolist():
            open_ = moment.reading.open_.copy()
            open_[i] = not open_[i]
            other = replace(moment.reading, open_=open_)
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
