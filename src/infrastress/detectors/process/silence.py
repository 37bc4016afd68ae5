"""Silence: a source or signal that should speak and does not. A health finding, no attack."""

from typing import Any, ClassVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Subject
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import clock_span
from infrastress.events.kinds import Contribution
from infrastress.site import Site

__all__ = ["Silence"]


class Silence(Invariant):
    """No value for more than three cadences of the source (at least three frames), whole source or single signal.

    While a whole source is silent its signals get no verdict of their own.
    """

    rule = "process.silence"
    raise_frames = 1
    clear_frames = 1
    clear_score = 1.0
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="No data",
        means="A source or a signal that speaks at a fixed cadence has said nothing for three cadences.",
        expected_against_seen="Expected: a value every cadence. Seen: none.",
        benign_causes=("network or gateway down", "instrument taken out for work", "tag renamed"),
        first_check="Is the device reachable? Is its neighbour on the same gateway silent too?",
        techniques=("T0815",),
    )

    def __init__(self, site: Site, table: SignalTable, width_s: float) -> None:
        cadences = {s.id: s.cadence_s for s in site.sources if s.cadence_s is not None and s.kind == "telemetry"}
        self._members = {
            source: np.array([table.row[s.id] for s in table.signals if s.source == source], dtype=np.intp)
            for source in cadences
        }
        self._members = {source: rows for source, rows in self._members.items() if len(rows)}
        spoken = [(s, cadences[s.source]) for s in table.signals if s.source in cadences]
        self._sources = list(self._members)
        super().__init__(
            site,
            table,
            [Subject(f"source:{source}", ()) for source in self._sources]
            + [Subject(s.id, (s.asset,), (s.id,)) for s, _ in spoken],
        )
        self._rows = np.array([table.row[s.id] for s, _ in spoken], dtype=np.intp)
        self._owner = np.array([self._sources.index(s.source or "") for s, _ in spoken], dtype=np.intp)
        limits = [cadences[source] for source in self._sources] + [cadence for _, cadence in spoken]
        self._limit = np.array([[max(3.0, 3.0 * cadence / width_s)] for cadence in limits]).reshape(len(limits), 1)
        self._age = np.zeros(len(limits), dtype=np.int64)

    def judge(self, view: View) -> Floats:
        """Frames without a value over the allowed number."""
        k = len(view.ends)
        if not self.subjects or not k:
            return np.empty((len(self.subjects), k))
        heard = ~np.isnan(view.last[:, view.context :])
        spoke = np.empty((len(self.subjects), k), bool)
        for i, source in enumerate(self._sources):
            spoke[i] = heard[self._members[source]].any(axis=0)
        spoke[len(self._sources) :] = heard[self._rows]
        index = np.arange(k)
        latest = np.maximum.accumulate(np.where(spoke, index, -1), axis=1)
        ages = np.where(latest >= 0, index - latest, index + 1 + self._age[:, None])
        self._age = ages[:, -1].copy()
        scores = ages / (self._limit + 1.0)
        own = scores[len(self._sources) :]
        own[scores[self._owner] >= 1.0] = np.nan
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Who, and for how long."""
        key = self.subjects[subject].key
        frames = int(np.ceil(float(self._limit[subject, 0]) + 1.0))
        name = key.removeprefix("source:")
        kind = "source" if key.startswith("source:") else "signal"
        signals = self.subjects[subject].signals
        return Account(
            sentence=f"{kind} {name} has given no value for more than {clock_span((frames - 1) * view.seconds)}",
            contributions=tuple(Contribution(signal=signal, share=1.0) for signal in signals),
            began=int(view.ends[frame]) - frames * view.width,
            severity="low",
            suspicion="sensor_fault",
            confidence=0.7,
            techniques=(),
        )

    def dump(self) -> Any:
        """Ages in frames."""
        return self._age.tolist()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        if not isinstance(state, list) or len(state) != len(self.subjects):
            raise DecodeError("no state of silence")
        self._age = np.array(state, dtype=np.int64)
