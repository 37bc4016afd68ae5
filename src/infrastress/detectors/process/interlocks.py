"""Interlocks: they act when they must, are not bypassed while a tank receives, and agree with the gauge."""

from math import ceil
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Subject
from infrastress.detectors.process.view import SHUT, Floats, SignalTable, View
from infrastress.events.kinds import Suspicion
from infrastress.site import Site
from infrastress.site.assets import LevelSwitch
from infrastress.site.process import Comparison, Interlock

__all__ = ["InterlockBypassed", "InterlockFailed", "SwitchDisagrees", "holds"]

_ON = {"open": True, "running": True, "closed": False, "stopped": False}


def holds(table: SignalTable, view: View, when: Comparison, margin: float = 0.0) -> Floats:
    """1 where the condition holds by at least `margin` (SI; negative: nearly holds), 0 where not, NaN where unknown.

    Over all columns of the view, by the last value of each frame.
    """
    values = view.last[table.row[when.signal]]
    bound = table.si(when.signal, when.value)
    if when.is_ == "above":
        true = values > bound + margin
    elif when.is_ == "below":
        true = values < bound - margin
    else:
        true = (np.abs(values - bound) <= max(table.resolution(when.signal) / 2.0, 1e-9)) == (when.is_ == "equal")
    return np.where(np.isnan(values), np.nan, true)


def _wrong(view: View, row: int, must_be_on: bool) -> Floats:
    """1 where an actuator was in the wrong state during the whole frame, 0 where not, NaN where unknown."""
    mean, last = view.mean[row], view.last[row]
    wrong = (np.minimum(mean, last) <= SHUT) if must_be_on else (np.minimum(mean, last) > SHUT)
    return np.where(np.isnan(last), np.nan, wrong)


class InterlockFailed(Invariant):
    """The condition has held for `within_s` and one frame more, yet the actuator is not in its safe state."""

    rule = "process.interlock_failed"
    raise_frames = 1
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Interlock did not act",
        means="A safety function's condition holds and its actuator has not reached the safe state in time.",
        expected_against_seen="Expected: the safe state within the stated seconds. Seen: another state after it.",
        benign_causes=("position switch of the valve stuck", "planned test with the actuator held", "slow actuator"),
        first_check="Bring the process to a safe state by hand now. Then the safety PLC: forces, bypasses, programme.",
        techniques=("T0880", "T0837"),
    )

    def __init__(self, site: Site, table: SignalTable, width_s: float) -> None:
        self._locks = [i for i in site.interlocks if i.when.signal in table.row and i.actuator in table.row]
        self._wait = [ceil(lock.within_s / width_s) for lock in self._locks]
        self.context = max([2, *(wait + 1 for wait in self._wait)])
        super().__init__(
            site,
            table,
            (
                Subject(lock.id, (table.asset(lock.actuator),), (lock.when.signal, lock.actuator))
                for lock in self._locks
            ),
        )

    def judge(self, view: View) -> Floats:
        """1 where it failed."""
        scores = np.empty((len(self._locks), len(view.ends)))
        for i, lock in enumerate(self._locks):
            true = holds(self.table, view, lock.when)
            wrong = _wrong(view, self.table.row[lock.actuator], _ON[lock.must_be])
            held = true.copy()
            for back in range(1, self._wait[i] + 1):
                held[back:] = np.minimum(held[back:], true[:-back])
                held[:back] = np.nan
            failed = held * wrong
            if lock.bypass is not None and lock.bypass in self.table.row:
                # A bypassed interlock cannot act; that it is bypassed is the other rule's to say.
                bypassed = view.last[self.table.row[lock.bypass]] > 0.5
                failed = np.where(bypassed, 0.0, failed)
            scores[i] = failed[view.context :]
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Condition and actuator."""
        lock, t = self._locks[subject], view.context + frame
        seen = float(view.last[self.table.row[lock.when.signal], t])
        state = float(view.last[self.table.row[lock.actuator], t])
        return Account(
            sentence=f"{lock.id}: {lock.when.signal} has been {lock.when.is_} {lock.when.value:g} for more than "
            f"{lock.within_s:.0f} s ({self.table.say(lock.when.signal, seen)} now), yet {lock.actuator} is "
            f"{state:g}, not {lock.must_be}",
            contributions=(
                self.table.part(lock.actuator, 0.7, expected=float(_ON[lock.must_be]), seen=state),
                self.table.part(lock.when.signal, 0.3, seen=seen),
            ),
            began=int(view.ends[frame]) - (self._wait[subject] + 1) * view.width,
            severity="critical",
            suspicion="actuator_manipulated",
            confidence=0.5,
            techniques=self.card.techniques,
        )


class InterlockBypassed(Invariant):
    """A bypass is on while an actuator that the interlock should drive is away from its safe state."""

    rule = "process.interlock_bypassed"
    raise_frames = 1
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Interlock bypassed while needed",
        means="A safety function is bypassed while what it protects is in operation, such as a tank receiving.",
        expected_against_seen="Expected: no bypass while its actuator is away from the safe state. Seen: both.",
        benign_causes=("proof test or repair under a permit, with a watch set", "bypass forgotten after work"),
        first_check="Is there a permit for this bypass at this hour? If not, stop the operation and take it back.",
        techniques=("T0880", "T0878"),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        locks: dict[str, list[Interlock]] = {}
        for lock in site.interlocks:
            if lock.bypass is not None and lock.bypass in table.row and lock.actuator in table.row:
                locks.setdefault(lock.bypass, []).append(lock)
        self._locks = locks
        super().__init__(
            site,
            table,
            (
                Subject(bypass, (table.asset(bypass),), (bypass, *(lock.actuator for lock in group)))
                for bypass, group in locks.items()
            ),
        )

    def judge(self, view: View) -> Floats:
        """1 where bypassed and needed."""
        c = view.context
        scores = np.empty((len(self._locks), len(view.ends)))
        for i, (bypass, group) in enumerate(self._locks.items()):
            on = view.last[self.table.row[bypass], c:]
            needed: npt.NDArray[np.bool_] = np.zeros(on.shape, bool)
            for lock in group:
                wrong = _wrong(view, self.table.row[lock.actuator], _ON[lock.must_be])[c:]
                needed |= wrong == 1.0
            scores[i] = np.where(np.isnan(on), np.nan, (on > 0.5) & needed)
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Which bypass, which actuator."""
        bypass = self.subjects[subject].key
        t = view.context + frame
        away = [
            lock.actuator
            for lock in self._locks[bypass]
            if _wrong(view, self.table.row[lock.actuator], _ON[lock.must_be])[t] == 1.0
        ]
        return Account(
            sentence=f"{bypass} is on while {', '.join(away)} "
            f"{'is' if len(away) == 1 else 'are'} not {self._locks[bypass][0].must_be}: the safety function is off "
            "while it is needed",
            contributions=(self.table.part(bypass, 1.0, expected=0.0, seen=1.0),),
            began=int(view.ends[frame]) - view.width,
            severity="high",
            suspicion="actuator_manipulated",
            confidence=0.4,
            techniques=self.card.techniques,
        )


class SwitchDisagrees(Invariant):
    """A tank's gauge and its independent level switch contradict each other beyond both tolerances.

    Margin: six accuracies of the gauge, at least 0.5 % of the tank's height. A trip below the switch while its
    interlock is bypassed is a proof test and gets no verdict.
    """

    rule = "process.switch_disagrees"
    raise_frames = 2
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Gauge and level switch disagree",
        means="The gauge is above the switch's level and the switch is silent, or the switch tripped far below it.",
        expected_against_seen="Expected: switch trips at its level by the gauge, within the margin. Seen: otherwise.",
        benign_causes=("gauge offset after work", "switch stuck or being tested without a bypass", "foam or wave"),
        first_check="Trust the higher of the two: stop receipts into the tank, dip it, then test the switch.",
        techniques=("T0856", "T0878"),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        chosen: list[tuple[LevelSwitch, str, str, str | None]] = []
        bypasses = {lock.when.signal: lock.bypass for lock in site.interlocks}
        for asset in site.assets:
            if not isinstance(asset, LevelSwitch):
                continue
            level = table.of_kind(asset.tank, "level")
            candidates = [s.id for s in site.signals_of.get(asset.id, ()) if s.kind == "switch"]
            trips = [s for s in candidates if s in bypasses] or [s for s in candidates if s not in bypasses.values()]
            if level is not None and trips:
                bypass = bypasses.get(trips[0])
                chosen.append((asset, trips[0], level, bypass if bypass in table.row else None))
        self._switches = chosen
        super().__init__(site, table, (Subject(a.id, (a.tank, a.id), (level, trip)) for a, trip, level, _ in chosen))
        heights = {a.id: a.height_m for a in site.assets if a.type == "tank"}
        self._margin = [
            max(6.0 * table.accuracy(level), 2.0 * table.resolution(level), 0.005 * heights.get(a.tank, 0.0))
            for a, _, level, _ in chosen
        ]

    def judge(self, view: View) -> Floats:
        """1 where they contradict."""
        c = view.context
        scores = np.empty((len(self._switches), len(view.ends)))
        for i, (switch, trip, level, bypass) in enumerate(self._switches):
            gauge, on = view.mean[self.table.row[level], c:], view.last[self.table.row[trip], c:]
            silent = (gauge > switch.level_m + self._margin[i]) & (on < 0.5)
            early = (gauge < switch.level_m - self._margin[i]) & (on > 0.5)
            if bypass is not None:
                early &= ~(view.last[self.table.row[bypass], c:] > 0.5)
            scores[i] = np.where(np.isnan(gauge) | np.isnan(on), np.nan, silent | early)
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Both values."""
        switch, trip, level, _ = self._switches[subject]
        t = view.context + frame
        gauge, on = float(view.mean[self.table.row[level], t]), float(view.last[self.table.row[trip], t])
        early = on > 0.5
        suspicion: Suspicion = "sensor_falsified" if early else "sensor_fault"
        says = "has tripped" if early else "is silent"
        return Account(
            sentence=f"{switch.id} at {switch.level_m:g} m {says} while {level} reads {self.table.say(level, gauge)}",
            contributions=(
                self.table.part(level, 0.5, expected=switch.level_m, seen=gauge),
                self.table.part(trip, 0.5, expected=float(not early), seen=on),
            ),
            began=int(view.ends[frame]) - view.width * self.raise_frames,
            severity="critical" if early else "high",
            suspicion=suspicion,
            confidence=0.5,
            techniques=self.card.techniques,
        )
