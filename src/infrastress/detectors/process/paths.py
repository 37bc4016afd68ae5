"""Pump and valve states against flow: no flow where nothing is open, and flow where a pump runs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Band, ExpectingInvariant, Learned, Subject
from infrastress.detectors.process.flows import FlowNet, gate
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import DEAD_OR_HELD, held
from infrastress.site import Site

__all__ = ["FlowWithoutPath", "PumpFlow"]

_LEARN_DAYS = 5


class FlowWithoutPath(ExpectingInvariant):
    """A meter reads a flow while no connection it serves is open.

    Limit: six accuracies and two resolutions, or what was learned with everything closed.
    """

    rule = "process.flow_without_path"
    heeds_trust = True
    raise_frames = 2
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Flow while everything is shut",
        means="A meter reads a flow although every way it serves is closed or stopped by its reported states.",
        expected_against_seen="Expected: zero within the meter's noise. Seen: a flow.",
        benign_causes=(
            "valve passes or its position switch is wrong",
            "meter zero drifted",
            "a way not in the site model",
        ),
        first_check="Check at the valve or pump whether it is really shut; then who commands it, and from where.",
        techniques=("T0831", "T0856"),
    )

    def __init__(self, site: Site, table: SignalTable, net: FlowNet) -> None:
        self.net = net
        ways: dict[str, list[int]] = {}
        for b, branch in enumerate(net.branches):
            if branch.meter is not None:
                ways.setdefault(branch.meter, []).append(b)
        self._own: dict[str, str] = {}
        for signal in table.signals:
            if signal.kind == "flow" and signal.id not in ways:
                state = table.of_kind(signal.asset, "state")
                if state is not None:
                    self._own[signal.id] = state
        self._ways = ways
        meters = [s.id for s in table.signals if s.id in ways or s.id in self._own]
        super().__init__(site, table, (Subject(m, self._assets(m, site, table), (m,)) for m in meters))
        self._rows = np.array([table.row[m] for m in meters], dtype=np.intp)
        self._limit = np.array(
            [[max(6.0 * table.accuracy(m) + 2.0 * table.resolution(m), 1e-9)] for m in meters]
        ).reshape(len(meters), 1)
        self._most = DailyMaxima(len(meters))

    @staticmethod
    def _assets(meter: str, site: Site, table: SignalTable) -> tuple[str, ...]:
        del site
        return (table.asset(meter),)

    def _shut_flow(self, view: View) -> Floats:
        """|flow| where everything is shut, 0 where something may be open, NaN where unknown."""
        c = view.context
        rates = np.abs(view.mean[self._rows, c:])
        rates[self._maybe(view)[:, c:] & ~np.isnan(rates)] = 0.0
        return rates

    def _maybe(self, view: View) -> npt.NDArray[np.bool_]:
        """Where something that a meter serves may be open, over all columns of the view."""
        flows = self.net.over(view)
        own = [i for i, subject in enumerate(self.subjects) if subject.key in self._own]
        states = [self.table.row[self._own[self.subjects[i].key]] for i in own]
        maybe = np.zeros(view.mean[self._rows].shape, dtype=np.bool_)
        maybe[own] = gate(view.mean[states], view.last[states])[1]
        for i, subject in enumerate(self.subjects):
            for b in self._ways.get(subject.key, ()):
                maybe[i] |= flows.maybe[b]
        return maybe

    def judge(self, view: View) -> Floats:
        """Flow over its limit."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        scores: Floats = self._shut_flow(view) / self._limit
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """The flow, and what is shut."""
        meter, t = self.subjects[subject].key, view.context + frame
        value = float(view.mean[self._rows[subject], t])
        still = held(view, self.table, meter, t)
        shut = self._own[meter] if meter in self._own else f"all {len(self._ways[meter])} ways it serves"
        verb = "is" if meter in self._own else "are"
        return Account(
            sentence=f"{meter} reads {self.table.say(meter, value)} while {shut} {verb} "
            f"shut; its noise is at most {self.table.say(meter, float(self._limit[subject, 0]))}"
            f"{f'; it {DEAD_OR_HELD}' if still else ''}",
            contributions=(self.table.part(meter, 1.0, expected=0.0, seen=value),),
            began=int(view.ends[frame]) - view.width * self.raise_frames,
            severity="high",
            suspicion="sensor_fault" if still else "actuator_manipulated",
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def rests_on(self, signal: str) -> tuple[str, ...]:
        """The meter, and the states of all ways it serves."""
        if signal in self._own:
            return signal, self._own[signal]
        gates = (state for b in self._ways.get(signal, ()) for state in self.net.branches[b].gates)
        return (signal, *dict.fromkeys(gates)) if signal in self._ways else ()

    def band(self, view: View, signal: str) -> Band:
        """No flow within the limit where everything is shut, anything elsewhere."""
        at = next(i for i, subject in enumerate(self.subjects) if subject.key == signal)
        shut, limit = ~self._maybe(view)[at, view.context :], float(self._limit[at, 0])
        low, high = np.where(shut, -limit, -np.inf), np.where(shut, limit, np.inf)
        return Band(np.where(shut, 0.0, np.nan), low, high, self.judge(view)[at])

    def observe(self, view: View) -> None:
        """Keep daily maxima of flow with everything shut."""
        if self.subjects:
            self._most.observe(view.ends, self._shut_flow(view))

    def learned(self, share: float) -> Learned | None:
        """Limits by the rule of `tightness`, never below the meter's two resolutions."""
        baseline, words = {}, []
        for i, subject in enumerate(self.subjects):
            limit = self._most.limit(i, share)
            if limit is None:
                continue
            floor = max(2.0 * self.table.accuracy(subject.key) + 2.0 * self.table.resolution(subject.key), 1e-9)
            baseline[subject.key] = max(limit, floor)
            words.append(f"{subject.key} stays below {self.table.say(subject.key, max(limit, floor))} when all is shut")
        return Learned(baseline, tuple(words)) if baseline else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take limits of meters that the site still has."""
        for i, subject in enumerate(self.subjects):
            if subject.key in baseline:
                self._limit[i, 0] = baseline[subject.key]


class PumpFlow(ExpectingInvariant):
    """A pump that runs steadily moves something: at least half and at most twice what it moved before.

    Learned from at least five days on which it ran. A pump's duty is set anew with every operation, so a tighter band
    would tell operations apart, not faults. Where normal data show it running without flow (a recirculating pump) the
    band reaches to zero and the rule says nothing. Nothing learned: no verdict. Valves are not judged: an open valve
    need not have flow.
    """

    rule = "process.pump_flow"
    heeds_trust = True
    raise_frames = 3
    context = 4
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Pump runs, its flow does not fit",
        means="A pump reports running while its meter reads less or more than the pump moved in normal data.",
        expected_against_seen="Expected: flow within the learned band while running. Seen: outside of it.",
        benign_causes=("suction blocked, closed or empty", "running against a closed valve", "meter fault or bypass"),
        first_check="Is the pump really running (current, sound)? Are suction and discharge open? Then the meter.",
        techniques=("T0856", "T0831"),
    )

    def __init__(self, site: Site, table: SignalTable, net: FlowNet) -> None:
        pairs: list[tuple[str, str, str]] = []
        for asset in site.assets:
            if asset.type != "pump":
                continue
            state = table.of_kind(asset.id, "state")
            meters = {b.meter for b in net.branches if asset.id in b.connection.through and b.meter is not None}
            own = table.of_kind(asset.id, "flow")
            meter = own if own is not None else meters.pop() if len(meters) == 1 else None
            if state is not None and meter is not None:
                pairs.append((asset.id, state, meter))
        self._pairs = pairs
        super().__init__(site, table, (Subject(pump, (pump,), (state, meter)) for pump, state, meter in pairs))
        self._states = np.array([table.row[state] for _, state, _ in pairs], dtype=np.intp)
        self._meters = np.array([table.row[meter] for _, _, meter in pairs], dtype=np.intp)
        self._low = np.full((len(pairs), 1), np.nan)
        self._high = np.full((len(pairs), 1), np.nan)
        self._most, self._least = DailyMaxima(len(pairs)), DailyMaxima(len(pairs))

    def _running_flow(self, view: View) -> Floats:
        """Flow where the pump has run steadily over this frame and two before; NaN elsewhere."""
        surely = gate(view.mean[self._states], view.last[self._states])[0]
        steady = surely.copy()
        steady[:, 1:] &= surely[:, :-1]
        steady[:, :1] = False
        return np.where(steady, view.mean[self._meters], np.nan)[:, view.context :]

    def judge(self, view: View) -> Floats:
        """Distance from the band's middle over its half width; 0 when the pump stands."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        flow = self._running_flow(view)
        half = (self._high - self._low) / 2.0
        scores = np.abs(flow - (self._high + self._low) / 2.0) / half
        stands = view.last[self._states, view.context :] <= 0.02
        return np.where(stands & ~np.isnan(self._low), 0.0, scores)

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """The flow against the band."""
        pump, state, meter = self._pairs[subject]
        value = float(view.mean[self._meters[subject], view.context + frame])
        say, low, high = self.table.say, float(self._low[subject, 0]), float(self._high[subject, 0])
        running = float(view.last[self._states[subject], view.context + frame])
        return Account(
            sentence=f"{pump} runs and {meter} reads {say(meter, value)}; running it moved "
            f"{say(meter, max(0.0, 2 * low))} to {say(meter, high / 2)} in normal data",
            contributions=(
                self.table.part(meter, 0.5, expected=low if value < low else high, seen=value),
                self.table.part(state, 0.5, seen=running),
            ),
            began=int(view.ends[frame]) - view.width * self.raise_frames,
            severity="medium",
            suspicion="unknown",
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def rests_on(self, signal: str) -> tuple[str, ...]:
        """The meter and the pump's state, where a band was learned."""
        at = self._pump_of(signal)
        return () if at is None else (signal, self._pairs[at][1])

    def band(self, view: View, signal: str) -> Band:
        """The learned band while the pump runs steadily, anything else while it doesn't."""
        at = self._pump_of(signal) or 0
        runs = ~np.isnan(self._running_flow(view)[at])
        low, high = float(self._low[at, 0]), float(self._high[at, 0])
        score = self.judge(view)[at]
        return Band(np.full(len(score), np.nan), np.where(runs, low, -np.inf), np.where(runs, high, np.inf), score)

    def _pump_of(self, meter: str) -> int | None:
        """The first pump of a meter with a learned band."""
        learned = (i for i, pair in enumerate(self._pairs) if pair[2] == meter and np.isfinite(self._low[i, 0]))
        return next(learned, None)

    def observe(self, view: View) -> None:
        """Keep daily extremes of flow while running."""
        if self.subjects:
            flow = self._running_flow(view)
            self._most.observe(view.ends, flow)
            self._least.observe(view.ends, -flow)

    def learned(self, share: float) -> Learned | None:
        """Half of the least and twice the most of each pump's days."""
        del share
        baseline, words = {}, []
        for i, (pump, _, meter) in enumerate(self._pairs):
            most, least = self._most.peaks(i), -self._least.peaks(i)
            if len(most) < _LEARN_DAYS:
                continue
            low, high = float(least.min()), float(most.max())
            floor = 2.0 * self.table.accuracy(meter) + 2.0 * self.table.resolution(meter)
            # At or near zero without flow the pump recirculates by design, and running says nothing.
            baseline[pump] = [-high if low <= floor else 0.5 * low, 2.0 * high]
            words.append(f"{pump} running moves {self.table.say(meter, low)} to {self.table.say(meter, high)}")
        return Learned(baseline, tuple(words)) if baseline else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take bands of pumps that the site still has."""
        for i, (pump, _, _) in enumerate(self._pairs):
            if pump in baseline:
                self._low[i, 0], self._high[i, 0] = baseline[pump]
