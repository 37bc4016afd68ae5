"""Liveliness: how each signal usually moves, learned as it comes, so that one that stands still says something.

A *telling* is a value at a newer time than the last; a telling that shows the very same number is a *repeat*. Of each
signal the share of repeats is learned, (repeats + 1) / (tellings + 2), and the longest run of repeats; both from runs
that have ended, halved in weight every 20,000 tellings. Whatever was shown while the signal was called frozen teaches
nothing. Signals that are states, switches, setpoints or positions are never judged, nor is a value of exactly zero: a
closed valve and a pump at rest stand still rightly.

A source is frozen when its lively signals (at least 100 tellings, at most one repeat in four, no run above 20) have all
repeated at least twice, at least two of them, and by their shares chance would do this to a source once in a thousand
days at most. A signal alone is frozen when it has been watched for two days and 1,000 tellings, is as lively, and has
repeated three times as long as ever before and for as long as chance would do to a plant of 1,000 such signals once in
a thousand days.
"""

from collections.abc import Sequence
from math import log

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.time import DAY
from infrastress.site.process import WEATHER, Signal

__all__ = ["Liveliness", "LivelinessState"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_STILL = frozenset({"state", "switch", "setpoint", "position"}) | WEATHER
_LEAST, _SHARE, _LONGEST = 100, 0.25, 20
_ALONE, _ALONE_SPAN = 1000, 2 * DAY
_FORGET = 20_000
_RARE_S = 1000 * 86_400.0


class LivelinessState(msgspec.Struct, frozen=True):
    """What is kept, arrays as bytes."""

    seen: bytes
    value: bytes
    run: bytes
    tellings: bytes
    repeats: bytes
    longest: bytes
    first: bytes


class Liveliness:
    """Follows the values of m signals.

    Args:
        signals: in fixed order.

    Attributes:
        seen: int64[m], time of the newest value, ns; 0 before the first.
        value: float64[m], the newest value.
        run: int64[m], repeats in a row up to now.
    """

    def __init__(self, signals: Sequence[Signal]) -> None:
        m = len(signals)
        self._judged = np.array([signal.kind not in _STILL for signal in signals], dtype=np.bool_)
        self.seen: Ints = np.zeros(m, dtype=np.int64)
        self.value: Floats = np.full(m, np.nan)
        self.run: Ints = np.zeros(m, dtype=np.int64)
        self._tellings: Ints = np.zeros(m, dtype=np.int64)
        self._repeats: Ints = np.zeros(m, dtype=np.int64)
        self._longest: Ints = np.zeros(m, dtype=np.int64)
        self._first: Ints = np.zeros(m, dtype=np.int64)

    def take(self, times: Ints, columns: Ints, values: Floats, frozen: Flags) -> Ints:
        """Take rows of a source in its order; returns the columns that told something.

        Args:
            times: int64[n].
            columns: int64[c], which signals.
            values: float64[n, c], NaN where a row tells nothing.
            frozen: bool[m], signals from which nothing is to be learned now.
        """
        good = np.isfinite(values)
        for i, time in enumerate(times.tolist()):
            everything = bool(good[i].all())
            at = columns if everything else columns[good[i]]
            shown = values[i] if everything else values[i][good[i]]
            newer = self.seen[at] < time
            if not newer.all():
                at, shown = at[newer], shown[newer]
            self._row(time, at, shown, frozen)
        told: Ints = columns[good.any(axis=0)]
        return told

    def _row(self, time: int, at: Ints, shown: Floats, frozen: Flags) -> None:
        same = shown == self.value[at]
        self.run[at] += same & (shown != 0.0)
        ended = at[~same]
        if len(ended):
            runs = self.run[ended]
            learns = ~frozen[ended]
            self._tellings[ended] += np.where(learns, runs + 1, 0)
            self._repeats[ended] += np.where(learns, runs, 0)
            self._longest[ended] = np.maximum(self._longest[ended], np.where(learns, runs, 0))
            self.run[ended] = 0
            full = ended[self._tellings[ended] > _FORGET]
            if len(full):
                self._tellings[full] //= 2
                self._repeats[full] //= 2
        self._first[at] = np.where(self.seen[at] == 0, time, self._first[at])
        self.seen[at], self.value[at] = time, shown

    def _surprise(self, least: int) -> tuple[Flags, Floats]:
        """Which signals are lively, and the surprise of a single repeat of each, nats."""
        share = (self._repeats + 1.0) / (self._tellings + 2.0)
        lively = self._judged & (self._tellings >= least) & (share <= _SHARE) & (self._longest <= _LONGEST)
        return lively & (self.value != 0.0), -np.log(share)

    def frozen_sources(self, owner: Ints, cadence_s: Floats) -> Flags:
        """Which of k sources are frozen as a whole, as bool[k].

        Args:
            owner: int64[m], the source of each signal, -1 of none.
            cadence_s: float64[k], how often each source speaks.
        """
        k = len(cadence_s)
        lively, surprise = self._surprise(_LEAST)
        lively &= owner >= 0
        of = owner[lively]
        total = np.bincount(of, weights=(self.run * surprise)[lively], minlength=k)
        moving = np.bincount(of, weights=self.run[lively] < 2, minlength=k)
        count = np.bincount(of, minlength=k)
        with np.errstate(divide="ignore"):
            needed = np.log(_RARE_S / np.maximum(cadence_s, 0.1))
        frozen: Flags = (count >= 2) & (moving == 0) & (total >= needed)
        return frozen

    def frozen_alone(self, cadence_s: Floats) -> Flags:
        """Which signals are frozen by their own history, as bool[m]; `cadence_s`: float64[m]."""
        lively, surprise = self._surprise(_ALONE)
        needed = np.log(_RARE_S / np.maximum(cadence_s, 0.1)) + log(1000.0)
        long = self.seen - self._first >= _ALONE_SPAN
        frozen: Flags = lively & long & (self.run > 3 * self._longest) & (self.run * surprise >= needed)
        return frozen

    def adopt(self, other: "Liveliness", mine: Ints, theirs: Ints) -> None:
        """Take over what is known of signals: those at `mine` here are those at `theirs` there."""
        for name in ("seen", "value", "run", "_tellings", "_repeats", "_longest", "_first"):
            getattr(self, name)[mine] = getattr(other, name)[theirs]

    def dump(self) -> LivelinessState:
        """State; equal histories give equal bytes."""
        arrays = (self.seen, self.value, self.run, self._tellings, self._repeats, self._longest, self._first)
        return LivelinessState(*(array.tobytes() for array in arrays))

    def load(self, state: LivelinessState) -> None:
        """Inverse of `dump`; raises ValueError where it is of another number of signals."""
        m = len(self.seen)
        fields = (state.seen, state.run, state.tellings, state.repeats, state.longest, state.first)
        arrays = [np.frombuffer(data, np.int64).copy() for data in fields]
        value = np.frombuffer(state.value, np.float64).copy()
        if any(len(array) != m for array in (*arrays, value)):
            raise ValueError(f"state of {len(value)} signals, expected {m}")
        self.seen, self.run, self._tellings, self._repeats, self._longest, self._first = arrays
        self.value = value
