"""Rates: no signal can change faster than the plant allows."""

from math import fsum
from typing import ClassVar

import numpy as np

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Subject
from infrastress.detectors.process.tanks import TankFarm
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier
from infrastress.site import Site

__all__ = ["RateOfChange"]


class RateOfChange(Invariant):
    """|x(t) - x(t-1)| <= max_rate * frame + 6 sqrt(2) accuracies + 2 resolutions.

    The rate is `max_rate_per_h` of the signal, and for a level where it is smaller or nothing is stated: the capacity
    of all connections on one side of the tank over its area, with a quarter to spare.
    """

    rule = "process.rate"
    raise_frames = 1
    clear_frames = 5
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Faster than the plant can change",
        means="A value changed in one frame by more than the process physically allows.",
        expected_against_seen="Expected: at most the maximum rate times the frame, plus six standard deviations of "
        "noise. Seen: a larger step.",
        benign_causes=("instrument re-zeroed or swapped", "electrical disturbance", "data gap closed by a stale value"),
        first_check="Look at the trend at full resolution: one spike is an instrument, a lasting step is a swap, a "
        "calibration or a value written by someone.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable, farm: TankFarm) -> None:
        rates: dict[str, float] = {}
        for signal in table.signals:
            if signal.max_rate_per_h is not None:
                rates[signal.id] = table.step(signal.id, signal.max_rate_per_h) / 3600.0
        for area in farm.volumes:
            if len(area.gauges) != 1 or area.demand:
                continue
            sides = [[farm.net.branches[b].capacity for b in side] for side in (area.inward, area.outward)]
            if area.area > 0 and all(capacity is not None for side in sides for capacity in side):
                most = max(fsum(capacity or 0.0 for capacity in side) for side in sides)
                level = area.gauges[0].level
                rates[level] = min(rates.get(level, np.inf), 1.25 * most / area.area)
        self._rate = np.array([[rates[key]] for key in rates]).reshape(len(rates), 1)
        super().__init__(site, table, (Subject(key, (table.asset(key),), (key,)) for key in rates))
        self._rows = np.array([table.row[key] for key in rates], dtype=np.intp)
        self._noise = np.array(
            [[6.0 * 2.0**0.5 * table.accuracy(key) + 2.0 * table.resolution(key)] for key in rates]
        ).reshape(len(rates), 1)

    def judge(self, view: View) -> Floats:
        """Step over allowed step."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        values = view.mean[self._rows]
        steps = np.abs(values - earlier(values, 1))[:, view.context :]
        scores: Floats = steps / (self._rate * view.seconds + self._noise)
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """The step, and what it may be."""
        key, t = self.subjects[subject].key, view.context + frame
        before, now = (float(view.mean[self._rows[subject], i]) for i in (t - 1, t))
        most = float(self._rate[subject, 0]) * view.seconds
        say = self.table.say
        scale = self.table.scale[self.table.row[key]].factor
        unit = self.site.signal_by_id[key].unit
        return Account(
            sentence=f"{key} went from {say(key, before)} to {say(key, now)} in {view.seconds:.0f} s; the plant allows "
            f"{most / scale:.3g} {unit}".rstrip(),
            contributions=(self.table.part(key, 1.0, expected=before, seen=now),),
            began=int(view.ends[frame]) - view.width,
            severity="medium",
            suspicion="sensor_fault",
            confidence=0.6,
            techniques=self.card.techniques,
        )
