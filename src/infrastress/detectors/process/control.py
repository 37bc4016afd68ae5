"""Control rules of the plant: actuators follow them, and switch only when a rule says so."""

from collections.abc import Mapping
from math import ceil
from typing import Any, ClassVar, NamedTuple

import numpy as np

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.conditions import Command, commands, depth, said, sureness
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site
from infrastress.site.control import comparisons
from infrastress.site.process import Comparison

__all__ = ["ControlRuleBroken", "SwitchedWithoutCause"]

_SHUT = 0.02


def _state(view: View, row: int) -> Floats:
    """1 on, 0 off, 0.5 where it switched within the frame, NaN where unknown."""
    mean, last = view.mean[row], view.last[row]
    on, off = np.minimum(mean, last) > _SHUT, np.maximum(mean, last) <= _SHUT
    return np.where(np.isnan(last), np.nan, np.where(on, 1.0, np.where(off, 0.0, 0.5)))


class _Switching(NamedTuple):
    """One comparison that switches an actuator."""

    actuator: str
    when: Comparison
    on: bool


def _opposed(rule: Command, other: Command) -> bool:
    """Whether the other may command otherwise. Two plain comparisons are the plant's own pair of thresholds."""
    if rule.actuator != other.actuator or rule is other or (rule.simple and other.simple):
        return False
    return other.on is None or other.on != rule.on


def _deep(table: SignalTable, view: View, rule: Command) -> Floats:
    """Depth of a comparison in SI; 1 where any other condition surely holds."""
    return depth(table, view, rule.when) if isinstance(rule.when, Comparison) else sureness(table, view, rule.when)


def _margin(table: SignalTable, rule: Command) -> float:
    if not isinstance(rule.when, Comparison):
        return 0.5
    return 2.0 * max(table.accuracy(rule.when.signal), table.resolution(rule.when.signal))


class ControlRuleBroken(Invariant):
    """The condition has held, deeper than its margin, for `within_s` and one frame, and the actuator has not followed.

    Margin: two accuracies or resolutions of the signal, or the learned depth by the rule of `tightness`. A rule that
    normal data themselves break for more than one frame in a hundred in which it applies is not judged (warned).
    A condition of several parts must hold surely, each part by its own margin, and nothing is said while another
    rule that commands otherwise may hold too. Not judged at all: settings, what counts from the start of a simulated
    run, and rules that the site model says not to judge.
    """

    rule = "process.control_rule"
    raise_frames = 1
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Control rule not followed",
        means="A control rule's condition holds and the pump or valve it drives is not in the state it commands.",
        expected_against_seen="Expected: the commanded state within the stated time. Seen: the other state.",
        benign_causes=("actuator in manual or locked out for work", "rule or set point changed on purpose"),
        first_check="Is the actuator in manual? Compare the set points in the controller with the site model.",
        techniques=("T0831", "T0836"),
    )

    def __init__(self, site: Site, table: SignalTable, width_s: float) -> None:
        everything = commands(site, table)
        self._rules = [command for command in everything if command.judged]
        self._against = [[o for o in everything if _opposed(r, o)] for r in self._rules]
        self._wait = [ceil(rule.within_s / width_s) for rule in self._rules]
        self.context = max([2, *(wait + 1 for wait in self._wait)])
        super().__init__(
            site,
            table,
            (
                Subject(r.key, (table.asset(r.actuator),), (*(c.signal for c in comparisons(r.when)), r.actuator))
                for r in self._rules
            ),
        )
        self._margin = [_margin(table, r) for r in self._rules]
        self._judged = [True] * len(self._rules)
        self._depths = DailyMaxima(len(self._rules))
        self._applied, self._broken = [0] * len(self._rules), [0] * len(self._rules)

    def _unheeded(self, view: View) -> Floats:
        """Depth over the whole wait where the actuator is in the wrong state; 0 where it obeys or nothing holds."""
        out = np.empty((len(self._rules), len(view.ends)))
        for i, rule in enumerate(self._rules):
            deep = _deep(self.table, view, rule)
            for other in self._against[i]:
                may = sureness(self.table, view, other.when) * (-1.0 if other.negated else 1.0)
                deep = np.where(may == -1.0, deep, np.nan)
            held = deep.copy()
            for back in range(1, self._wait[i] + 2):
                shifted = earlier(deep, back)
                held = np.minimum(held, shifted)
            state = _state(view, self.table.row[rule.actuator])
            wrong = state == (0.0 if rule.on else 1.0)
            out[i] = np.where(np.isnan(held) | np.isnan(state), np.nan, np.where(wrong, np.maximum(held, 0.0), 0.0))[
                view.context :
            ]
        return out

    def judge(self, view: View) -> Floats:
        """1 where broken beyond the margin."""
        depth = self._unheeded(view)
        margin = np.array(self._margin).reshape(len(self._margin), 1)
        judged = np.array(self._judged, bool).reshape(len(self._judged), 1)
        scores = np.where(np.isnan(depth), np.nan, depth > margin)
        return np.where(judged, scores, np.nan)

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Condition and actuator."""
        rule, t = self._rules[subject], view.context + frame
        state = float(view.last[self.table.row[rule.actuator], t])
        causes = list(dict.fromkeys(part.signal for part in comparisons(rule.when)))
        return Account(
            sentence=f"{said(self.table, view, rule.when, t)}: {rule.actuator} should be {'on' if rule.on else 'off'} "
            f"(rule {rule.key}) and reads {state:g}",
            contributions=(
                self.table.part(rule.actuator, 0.6 if causes else 1.0, expected=float(bool(rule.on)), seen=state),
                *(
                    self.table.part(cause, 0.4 / len(causes), seen=float(view.last[self.table.row[cause], t]))
                    for cause in causes
                ),
            ),
            began=int(view.ends[frame]) - (self._wait[subject] + 1) * view.width,
            severity="high",
            suspicion="actuator_manipulated",
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Keep the depth to which normal data leave each rule unheeded, and how often it applies."""
        depth = self._unheeded(view)
        self._depths.observe(view.ends, depth)
        for i, rule in enumerate(self._rules):
            applies = _deep(self.table, view, rule)[view.context :] > 0.0
            self._applied[i] += int(applies.sum())
            self._broken[i] += int((depth[i] > self._margin[i]).sum())

    def learned(self, share: float) -> Learned | None:
        """Margins, and the rules that normal data do not keep."""
        baseline: dict[str, Any] = {}
        words, warnings = [], []
        for i, rule in enumerate(self._rules):
            if not self._applied[i]:
                continue
            kept = 1.0 - self._broken[i] / self._applied[i]
            limit = self._depths.limit(i, share) or 0.0
            if self._broken[i] > 0.01 * self._applied[i]:
                baseline[rule.key] = None
                warnings.append(
                    f"control rule {rule.key} is kept in only {kept:.0%} of the normal frames it applies to: not judged"
                )
                continue
            baseline[rule.key] = max(self._margin[i], limit)
            words.append(f"{rule.key} held in {kept:.2%} of {self._applied[i]} frames it applied to")
        return Learned(baseline, tuple(words), tuple(warnings)) if baseline else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take margins of rules that the site still has."""
        for i, rule in enumerate(self._rules):
            if rule.key in baseline:
                margin = baseline[rule.key]
                self._judged[i] = margin is not None
                self._margin[i] = self._margin[i] if margin is None else float(margin)


class SwitchedWithoutCause(Invariant):
    """An actuator that rules switch both on and off changed its state while no rule of that direction could apply.

    A rule could apply if its condition holds within its margin in this frame or the one before, or isn't known. Judged
    only where learned: normal data must explain at least 99 of 100 switchings (at least ten seen). Only of actuators
    all of whose rules are one comparison each: how far a clock or a condition of several parts is from applying has no
    one unit.
    """

    rule = "process.switched_without_cause"
    raise_frames = 1
    clear_frames = 3
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Switched without a cause",
        means="A pump or valve that always follows its control rules was switched while none of them applied.",
        expected_against_seen="Expected: a switching only when a rule's condition holds. Seen: one without.",
        benign_causes=("operator took it into manual", "maintenance", "the level shown is not the one control reads"),
        first_check="Ask the control room who switched it. If nobody: which level does the controller really see?",
        techniques=("T0855", "T0836"),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        everything = commands(site, table)
        other = {r.actuator for r in everything if not (r.simple and r.judged)}
        rules = [_Switching(r.actuator, r.when, bool(r.on)) for r in everything if isinstance(r.when, Comparison)]
        on, off = ({r.actuator for r in rules if r.on == side} - other for side in (True, False))
        self._actuators = sorted(on & off)
        self._on = [[r for r in rules if r.actuator == a and r.on] for a in self._actuators]
        self._off = [[r for r in rules if r.actuator == a and not r.on] for a in self._actuators]
        super().__init__(site, table, (Subject(a, (table.asset(a),), (a,)) for a in self._actuators))
        n = len(self._actuators)
        self._margin = [float("nan")] * n
        self._gaps: list[list[float]] = [[] for _ in range(n)]

    def _uncaused(self, view: View) -> Floats:
        """How far the nearest rule of its direction was from applying at each switching (SI); 0 elsewhere."""
        out = np.empty((len(self._actuators), len(view.ends)))
        for i, actuator in enumerate(self._actuators):
            state = _state(view, self.table.row[actuator])
            before = earlier(state, 1)
            gap = {}
            for name, rules in (("on", self._on[i]), ("off", self._off[i])):
                nearest = None
                for rule in rules:
                    deep = depth(self.table, view, rule.when)
                    deep = np.where(np.isnan(deep), np.inf, deep)  # not known: it may have applied
                    deep = np.maximum(deep, earlier(deep, 1))
                    nearest = deep if nearest is None else np.maximum(nearest, deep)
                gap[name] = np.maximum(-nearest, 0.0) if nearest is not None else np.zeros(state.shape)
            went_on, went_off = (state > before) & (state > 0.4), (state < before) & (state < 0.6)
            found = np.where(went_on, gap["on"], np.where(went_off, gap["off"], 0.0))
            out[i] = np.where(np.isnan(state) | np.isnan(before), np.nan, found)[view.context :]
        return out

    def judge(self, view: View) -> Floats:
        """1 at a switching without a cause."""
        gaps = self._uncaused(view)
        margin = np.array(self._margin).reshape(len(self._margin), 1)
        return np.where(np.isnan(gaps) | np.isnan(margin), np.nan, gaps > margin)

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """What switched, and how far its rules were."""
        actuator, t = self._actuators[subject], view.context + frame
        now, before = (float(view.last[self.table.row[actuator], i]) for i in (t, t - 1))
        rules = self._on[subject] if now > before else self._off[subject]
        near = "; ".join(
            f"{r.when.signal} is {self.table.say(r.when.signal, float(view.last[self.table.row[r.when.signal], t]))}, "
            f"not {r.when.is_} {r.when.value:g}"
            for r in rules
        )
        return Account(
            sentence=f"{actuator} went from {before:g} to {now:g} without a cause: {near}",
            contributions=(self.table.part(actuator, 1.0, expected=before, seen=now),),
            began=int(view.ends[frame]) - view.width,
            severity="medium",
            suspicion="actuator_manipulated",
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Keep the gap at every switching."""
        gaps = self._uncaused(view)
        for i, actuator in enumerate(self._actuators):
            state = _state(view, self.table.row[actuator])
            switched = (state != earlier(state, 1))[view.context :]
            self._gaps[i].extend(gaps[i][switched & ~np.isnan(gaps[i])].tolist())

    def learned(self, share: float) -> Learned | None:
        """The margin under which all normal switchings lie, doubled; none where it is no rule."""
        del share
        baseline, words = {}, []
        for i, actuator in enumerate(self._actuators):
            gaps = sorted(self._gaps[i])
            if len(gaps) < 10:
                continue
            signal = (self._on[i] + self._off[i])[0].when.signal
            floor = 2.0 * max(self.table.accuracy(signal), self.table.resolution(signal))
            levels = [self.table.si(r.when.signal, r.when.value) for r in self._on[i] + self._off[i]]
            span = max(levels) - min(levels)
            margin = max(2.0 * gaps[-1], floor)
            if margin >= span:
                continue
            baseline[actuator] = margin
            words.append(f"{actuator}: all {len(gaps)} switchings within {margin / 2:.2g} (SI) of a rule's threshold")
        return Learned(baseline, tuple(words)) if baseline else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take margins of actuators that the site still has."""
        for i, actuator in enumerate(self._actuators):
            if actuator in baseline:
                self._margin[i] = float(baseline[actuator])
