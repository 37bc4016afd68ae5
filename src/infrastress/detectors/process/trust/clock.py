"""A source's clock: how many rows come to a frame, against what came in normal data.

A row's time is the source's own. A clock that stands still puts all rows into one frame; one that runs slow puts more
into each, one that runs fast fewer. A clock that is set forward leaves a gap and one set back has its rows refused for
a while: both are told as silence, and live as `health.delayed`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.trust.limits import honest_peaks
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import clock_span
from infrastress.site import Site

__all__ = ["SourceClock"]

_WINDOW = 64
_SPARE, _ROWS = 1.02, 2.0
_BURST, _BURST_ROWS = 3.0, 5.0
_RATE_NEEDS = 3.0
"""Rows a frame from which fewer of them tell a fast clock; else a lost row and a fast clock look the same."""
_LEAST_RATE = 0.6
"""Still fewer are no clock: the source is asked or told less often than in training."""


class SourceClock(Invariant):
    """Rows in 64 frames that have any, over what normal data had; rows in one frame, over three times the most."""

    rule = "process.clock"
    raise_frames, clear_frames = 1, 16
    clear_score = 0.95
    ranks: ClassVar[bool] = False
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="A source's clock is wrong",
        means="The times of a source's rows stand still, or run at another rate than in normal data.",
        expected_against_seen="Expected: as many rows in 64 frames as in normal data. Seen: more (a slow clock, one "
        "that stands still, rows told twice) or fewer in frames that have some (a fast clock).",
        benign_causes=("time service lost, battery dead, clock set by hand", "cadence newly set", "rows sent twice"),
        first_check="Compare the device's clock with a trusted one, then its cadence with the site file. Until then "
        "what this source says is true, but not when it says.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable, width_s: float) -> None:
        members = {
            source.id: np.array([table.row[s.id] for s in table.signals if s.source == source.id], dtype=np.intp)
            for source in site.sources
            if source.kind == "telemetry" and source.cadence_s is not None
        }
        self._members = {source: rows for source, rows in members.items() if len(rows)}
        super().__init__(site, table, [Subject(f"source:{source}", ()) for source in self._members])
        n = len(self._members)
        self._low, self._high = np.zeros((n, 1)), np.full((n, 1), np.inf)
        self._most = np.full((n, 1), np.inf)
        self._late = np.full((n, _WINDOW - 1), -1, dtype=np.int64)
        self._above, self._below, self._single = (DailyMaxima(n) for _ in range(3))
        self._sums: tuple[Floats, Floats] = np.empty((n, 0)), np.empty((n, 0))

    def _rates(self, view: View) -> tuple[Floats, Floats]:
        """Rows in each frame, and rows a frame over the last 64 that have any; NaN where fewer have been seen."""
        k = len(view.ends)
        rows = np.array([view.count[members].max(axis=0) for members in self._members.values()]).reshape(-1, k)
        every = np.hstack([self._late, rows.astype(np.int64)])
        self._late = every[:, -(_WINDOW - 1) :].copy()
        begun = np.cumsum(np.hstack([np.zeros((len(every), 1), np.int64), np.maximum(every, 0)]), axis=1)
        some = np.cumsum(np.hstack([np.zeros((len(every), 1), np.int64), every > 0]), axis=1)
        total, frames = begun[:, _WINDOW:] - begun[:, :-_WINDOW], some[:, _WINDOW:] - some[:, :-_WINDOW]
        full = every[:, :k] >= 0
        known = full & (frames >= _WINDOW // 2)
        self._sums = rows.astype(np.float64), np.where(known, total / np.maximum(frames, 1), np.nan)
        return self._sums

    def judge(self, view: View) -> Floats:
        """The largest of: too many rows, too few, too many at once."""
        if not self.subjects or not len(view.ends):
            return np.empty((len(self.subjects), len(view.ends)))
        rows, rate = self._rates(view)
        burst = np.where(rows > 0, rows / self._most, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            fewer = np.where(rate >= _LEAST_RATE * self._low, self._low / rate, np.nan)
            scores: Floats = np.fmax(np.fmax(rate / self._high, fewer), burst)
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """How many rows, and how many are usual."""
        rows, rate = (float(values[subject, frame]) for values in self._sums)
        low, high = float(self._low[subject, 0]), float(self._high[subject, 0])
        name, most = self.subjects[subject].key.removeprefix("source:"), float(self._most[subject, 0])
        if rows >= most:
            sentence = (
                f"source {name} put {rows:.0f} rows into {clock_span(view.seconds)}, in normal data never more than "
                f"{most / _BURST:.0f}: its clock stands still or rows come again"
            )
            began = 1
        else:
            slow = rate >= high
            sentence = (
                f"source {name} gives {rate:.3g} rows in {clock_span(view.seconds)} over the last "
                f"{clock_span(_WINDOW * view.seconds)}, in normal data {low:.3g} to {high:.3g}: its clock runs "
                f"{'slow or rows are told twice' if slow else 'fast or rows are lost'}"
            )
            began = _WINDOW
        return Account(
            sentence=sentence,
            contributions=(),
            began=int(view.ends[frame]) - began * view.width,
            severity="low",
            suspicion="sensor_fault",
            confidence=0.6,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Keep the most and least of each day."""
        if self.subjects and len(view.ends):
            rows, rate = self._rates(view)
            self._single.observe(view.ends, rows)
            self._above.observe(view.ends, rate)
            self._below.observe(view.ends, -rate)

    def learned(self, share: float) -> Learned | None:
        """Rows a frame: least and most over 64 frames, and the most of a single one."""
        del share
        known, words = {}, []
        for i, source in enumerate(self._members):
            above, below, single = (seen.peaks(i) for seen in (self._above, self._below, self._single))
            if not len(above) or not single.max() > 0.0:
                continue
            high, most = float(honest_peaks(above)[-1]), float(honest_peaks(single)[-1])
            low = -float(honest_peaks(below + single.max())[-1] - single.max())
            high = _SPARE * high + _ROWS / _WINDOW
            low = max(0.0, low / _SPARE - _ROWS / _WINDOW) if low >= _RATE_NEEDS else 0.0
            known[source] = [low, high, max(_BURST * most, most + _BURST_ROWS)]
            words.append(f"source {source} gives at most {high:.3g} rows a frame over {_WINDOW} frames")
        return Learned(known, tuple(words)) if known else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take rates of sources that the site still has."""
        for i, source in enumerate(self._members):
            if source in baseline:
                self._low[i, 0], self._high[i, 0], self._most[i, 0] = baseline[source]

    def dump(self) -> Any:
        """Rows of the last frames; -1 where there was none yet."""
        return self._late.tolist()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        try:
            self._late = np.array(state, dtype=np.int64).reshape(self._late.shape)
        except (TypeError, ValueError):
            raise DecodeError("no state of a source's clock") from None
