"""Bounds of single signals: alarm limits, trip limits, the instrument's range, and the range normal data showed."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Band, ExpectingInvariant, Invariant, Learned, Subject
from infrastress.detectors.process.tightness import DailyMaxima, band_margin
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.events.kinds import Severity, Suspicion
from infrastress.site import Site
from infrastress.site.process import WEATHER, Signal

__all__ = ["AlarmLimit", "InstrumentRange", "LearnedRange", "TripLimit"]

_DISCRETE = frozenset({"state", "switch", "setpoint"}) | WEATHER
_LEARN_DAYS = 28


class _Bounds(Invariant):
    """A signal leaves [low, high] (SI); an alarm limit is left only by a dead band of two accuracies or resolutions.

    Bounds that already stand off from normal values, by slack or margin, have no dead band: a pump's flow of 0 would
    never come away from a learned low of 0.
    """

    severity: ClassVar[Severity]
    suspicion: ClassVar[Suspicion]
    confidence: ClassVar[float]
    words: ClassVar[str]
    dead_band: ClassVar[bool] = True

    def __init__(self, site: Site, table: SignalTable) -> None:
        chosen = [(signal, pair) for signal in table.signals if (pair := self.bounds_of(signal)) is not None]
        super().__init__(site, table, (Subject(s.id, (s.asset,), (s.id,)) for s, _ in chosen))
        self._rows = np.array([table.row[s.id] for s, _ in chosen], dtype=np.intp)
        self._low = np.array([[-np.inf if low is None else table.si(s.id, low)] for s, (low, _) in chosen])
        self._high = np.array([[np.inf if high is None else table.si(s.id, high)] for s, (_, high) in chosen])
        self._dead = np.array(
            [[2.0 * max(table.accuracy(s.id), table.resolution(s.id)) if self.dead_band else 0.0] for s, _ in chosen]
        ).reshape(len(chosen), 1)

    @abstractmethod
    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None] | None:
        """Low and high bound in the signal's own unit; None where the rule doesn't apply."""

    def judge(self, view: View) -> Floats:
        """1 and more beyond a bound, 0.9 in the dead band, 0 inside."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        values = view.mean[self._rows, view.context :]
        beyond = np.maximum(self._low - values, values - self._high)
        scores = np.where(beyond > 0.0, 1.0, np.where(beyond > -self._dead, 0.9, 0.0))
        return np.where(np.isnan(values), np.nan, scores)

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Which bound, and by how much."""
        signal = self.subjects[subject].key
        value = float(view.mean[self._rows[subject], view.context + frame])
        low, high = float(self._low[subject, 0]), float(self._high[subject, 0])
        above = value > high
        bound = high if above else low
        side = "above" if above else "below"
        sentence = (
            f"{signal} reads {self.table.say(signal, value)}, {side} {self.words} of {self.table.say(signal, bound)}"
        )
        return Account(
            sentence=sentence,
            contributions=(self.table.part(signal, 1.0, expected=bound, seen=value),),
            began=int(view.ends[frame]) - view.width * self.raise_frames,
            severity=self.severity,
            suspicion=self.suspicion,
            confidence=self.confidence,
            techniques=self.card.techniques,
        )


class AlarmLimit(_Bounds):
    """High and low alarm limits of the site model."""

    rule = "process.alarm_limit"
    severity, suspicion, confidence, words = "low", "process_fault", 0.5, "its alarm limit"
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Alarm limit exceeded",
        means="A measured value is beyond the high or low alarm limit of the site model.",
        expected_against_seen="Expected: between low and high limit. Seen: the frame's mean beyond one of them.",
        benign_causes=("planned operation close to the limit", "limit set for another product or season"),
        first_check="Compare with a neighbouring instrument; follow the alarm response of the control room.",
    )

    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None] | None:
        """Low and high."""
        pair = signal.limits.low, signal.limits.high
        return None if pair == (None, None) else pair


class TripLimit(_Bounds):
    """High-high and low-low limits."""

    rule = "process.trip_limit"
    severity, suspicion, confidence, words = "high", "process_fault", 0.6, "its trip limit"
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Trip limit exceeded",
        means="A measured value is beyond the high-high or low-low limit: control has not held it.",
        expected_against_seen="Expected: inside the trip limits. Seen: the frame's mean beyond one of them.",
        benign_causes=("instrument being calibrated", "trip limit entered wrongly in the site model"),
        first_check="Check that the trip has acted (valve, pump). If not, act by hand, then look for who changed what.",
        techniques=("T0831",),
    )

    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None] | None:
        """Low-low and high-high."""
        pair = signal.limits.low_low, signal.limits.high_high
        return None if pair == (None, None) else pair


class InstrumentRange(_Bounds):
    """What the instrument can show at all."""

    rule = "process.instrument_range"
    severity, suspicion, confidence, words = "low", "sensor_fault", 0.8, "what the instrument can show,"
    dead_band = False
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Value outside the instrument's range",
        means="A value that the instrument cannot measure: broken wire, wrong scaling, or made-up data.",
        expected_against_seen="Expected: within the range of the site model. Seen: the frame's mean outside of it.",
        benign_causes=("broken wire or lost power (often the bottom or top of scale)", "scaling changed at a swap"),
        first_check="Look at the raw signal (mA, counts) and the instrument's own diagnosis.",
        techniques=("T0856",),
    )

    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None] | None:
        """The range, widened by two accuracies so that noise at its end is no fault."""
        if signal.range is None:
            return None
        slack = 2.0 * max(signal.accuracy, signal.resolution)
        return signal.range[0] - slack, signal.range[1] + slack


class LearnedRange(_Bounds, ExpectingInvariant):
    """The range of at least four weeks of normal data, by the rule of `tightness`. Alone it calls nobody: a notice."""

    rule = "process.learned_range"
    heeds_trust = True
    severity, suspicion, confidence, words = "low", "unknown", 0.4, "anything seen in normal data: a bound"
    dead_band = False
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Value never seen in normal data",
        means="A value outside the range that at least four weeks of normal data showed, widened by their scatter.",
        expected_against_seen="Expected: within the learned range. Seen: the frame's mean outside of it.",
        benign_causes=("an operation that the training data did not hold", "season, new product, rebuilt plant"),
        first_check="Ask operations whether something unusual is being done; compare with signals beside it.",
        techniques=("T0831",),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        super().__init__(site, table)
        self._at = {subject.key: i for i, subject in enumerate(self.subjects)}
        self._above = DailyMaxima(len(self.subjects))
        self._below = DailyMaxima(len(self.subjects))

    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None] | None:
        """No bound before anything was learned."""
        return None if signal.kind in _DISCRETE else (None, None)

    def observe(self, view: View) -> None:
        """Keep daily maxima and minima."""
        values = view.mean[self._rows, view.context :]
        self._above.observe(view.ends, values)
        self._below.observe(view.ends, -values)

    def learned(self, share: float) -> Learned | None:
        """A range per signal with four weeks of data."""
        del share
        if len(self._above.days) < _LEARN_DAYS:
            return None
        margin = band_margin((self._above, self._below))
        baseline, words = {}, []
        for i, subject in enumerate(self.subjects):
            if len(self._above.peaks(i)) < _LEARN_DAYS:
                continue
            high, low = self._above.band(i, margin), self._below.band(i, margin)
            if high is None or low is None:
                continue
            resolution = self.table.resolution(subject.key)
            baseline[subject.key] = [-low - resolution, high + resolution]
            words.append(
                f"{subject.key} stays between {self.table.say(subject.key, -low)} and "
                f"{self.table.say(subject.key, high)}"
            )
        return Learned(baseline, tuple(words)) if baseline else None

    def rests_on(self, signal: str) -> tuple[str, ...]:
        """The signal, where a range was learned."""
        at = self._at.get(signal)
        return () if at is None or not np.isfinite(self._low[at, 0]) else (signal,)

    def band(self, view: View, signal: str) -> Band:
        """The range."""
        at = self._at[signal]
        score = self.judge(view)[at]
        low, high = np.full(len(score), self._low[at, 0]), np.full(len(score), self._high[at, 0])
        return Band(np.full(len(score), np.nan), low, high, score)

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take ranges of signals that the site still has."""
        for i, subject in enumerate(self.subjects):
            if subject.key in baseline:
                self._low[i, 0], self._high[i, 0] = baseline[subject.key]
