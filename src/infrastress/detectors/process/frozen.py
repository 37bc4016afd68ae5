"""Frozen signals: a signal with noise that repeats its last digit for longer than it ever did."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.detectors.process.words import clock_span
from infrastress.site import Site
from infrastress.site.process import WEATHER

__all__ = ["FrozenSignal"]

_DISCRETE = frozenset({"state", "switch", "setpoint", "position"}) | WEATHER
_NOISY_FRAMES = 30
_LEAST_FRAMES = 5


class FrozenSignal(Invariant):
    """Frames in a row with the very same value, against three times the longest such run of normal data.

    Learned for signals whose normal runs are at most 30 frames: one that stands still for hours by itself says
    nothing by standing still. A flow is judged only while it is not zero. Nothing learned: no verdict.
    """

    rule = "process.frozen"
    raise_frames = 1
    clear_frames = 2
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Signal repeats its last digit",
        means="A signal that always shows some noise has shown exactly the same number for too long.",
        expected_against_seen="Expected: a change of the last digit within the learned number of frames. Seen: none.",
        benign_causes=(
            "gauge or transmitter hung up",
            "historian or gateway repeats the last good value",
            "mechanics stuck",
        ),
        first_check="Read the instrument at the device. If the device moves and the screen does not, look at the path "
        "between: gateway, PLC logic, forced values.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        chosen = [signal for signal in table.signals if signal.kind not in _DISCRETE]
        super().__init__(site, table, (Subject(s.id, (s.asset,), (s.id,)) for s in chosen))
        self._rows = np.array([table.row[s.id] for s in chosen], dtype=np.intp)
        self._least = np.array(
            [[6.0 * max(table.accuracy(s.id), table.resolution(s.id)) if s.kind == "flow" else -1.0] for s in chosen]
        ).reshape(len(chosen), 1)
        self._step = np.array(
            [[table.resolution(s.id) or 1e-9 * abs(table.scale[table.row[s.id]].factor)] for s in chosen]
        ).reshape(len(chosen), 1)
        self._limit = np.full((len(chosen), 1), np.nan)
        self._run = np.zeros(len(chosen), dtype=np.int64)
        self._longest = DailyMaxima(len(chosen))

    def _runs(self, view: View) -> Floats:
        """Frames in a row that equal their forerunner, ending at each frame; carried over blocks."""
        last, mean = view.last[self._rows], view.mean[self._rows]
        with np.errstate(invalid="ignore"):
            # On the grid of the last digit, so that training data finer than the instrument teach the same.
            shown = np.rint(last / self._step)
            flat = np.abs(mean - last) <= 0.5 * self._step
            same = flat & (shown == earlier(shown, 1)) & (np.abs(last) > self._least)
        same = same[:, view.context :]
        k = same.shape[1]
        if not k:
            return np.empty(same.shape)
        index = np.arange(k)
        broken = np.maximum.accumulate(np.where(same, -1, index), axis=1)
        runs = np.where(broken >= 0, index - broken, index + 1 + self._run[:, None])
        self._run = runs[:, -1].copy()
        return runs.astype(np.float64)

    def judge(self, view: View) -> Floats:
        """Run over allowed run; NaN where nothing was learned."""
        scores: Floats = self._runs(view) / self._limit
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """How long, and how long is normal."""
        key = self.subjects[subject].key
        limit = float(self._limit[subject, 0])
        value = float(view.last[self._rows[subject], view.context + frame])
        # It is raised at the first frame that reaches the limit.
        span = np.ceil(limit) * view.seconds
        return Account(
            sentence=f"{key} has stood at exactly {self.table.say(key, value)} for {clock_span(span)}; in normal data "
            f"its last digit never rested longer than {clock_span(limit / 3 * view.seconds)}",
            contributions=(self.table.part(key, 1.0, seen=value),),
            began=int(view.ends[frame]) - int(np.ceil(limit)) * view.width,
            severity="medium",
            suspicion="sensor_fault",
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Keep the longest run of each day."""
        runs = self._runs(view)
        present = np.isfinite(view.last[self._rows, view.context :])
        self._longest.observe(view.ends, np.where(present, runs, np.nan))

    def learned(self, share: float) -> Learned | None:
        """Three times the longest run of noisy signals, at least five frames."""
        del share
        baseline, words = {}, []
        for i, subject in enumerate(self.subjects):
            peaks = self._longest.peaks(i)
            if not len(peaks) or peaks.max() > _NOISY_FRAMES:
                continue
            limit = max(float(_LEAST_FRAMES), 3.0 * float(peaks.max()))
            baseline[subject.key] = limit
            words.append(f"{subject.key} changes its last digit at least every {limit / 3:.0f} frames")
        return Learned(baseline, tuple(words)) if baseline else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take limits of signals that the site still has."""
        for i, subject in enumerate(self.subjects):
            if subject.key in baseline:
                self._limit[i, 0] = baseline[subject.key]

    def dump(self) -> Any:
        """Runs that are under way."""
        return self._run.tolist()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        if not isinstance(state, list) or len(state) != len(self.subjects):
            raise DecodeError("no state of frozen signals")
        self._run = np.array(state, dtype=np.int64)
