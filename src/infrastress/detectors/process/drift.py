"""Slow drift of a tank's balance: a two-sided CUSUM of what meters and temperature leave unexplained."""

from collections.abc import Mapping
from math import isnan
from typing import Any, ClassVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.tanks import TankFarm
from infrastress.detectors.process.tightness import DailyMaxima
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import frozen
from infrastress.events.kinds import Suspicion
from infrastress.site import Site

__all__ = ["BalanceDrift"]

_LEAST_FACTOR = 0.5
_LEAK_M_PER_S = 1e-3 / 3600.0
"""Level change a still tank may always show without reason: 1 mm/h (evaporation, breathing, gauge drift)."""


class BalanceDrift(Invariant):
    """S+ = max(0, S+ + e - k), S- = max(0, S- - e - k) over the unexplained step e, m3 (Page's CUSUM).

    E. S. Page, Continuous Inspection Schemes, Biometrika 41 (1954) 100-115. k allows three standard deviations of
    every open meter as a lasting bias, 30 % of the thermal step (one thermometer for a whole tank), unmeasured
    warming, and 1 mm/h. The limit h is twice the gauge's six-sigma difference, or learned. One step adds at most h/2,
    so that a gauge put right again is no drift the other way; sums stop at 2 h, so that an episode can clear. A missing
    value adds nothing. It is said after a quarter of an hour: what shows sooner is the fast balance's to say.
    """

    rule = "process.balance_drift"
    heeds_trust = True
    clear_frames = 10
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Tank slowly gains or loses",
        means="Over hours the level departs from what meters, temperature and closed valves explain.",
        expected_against_seen="Expected: unexplained volume stays within the limit. Seen: it adds up beyond it.",
        benign_causes=(
            "leaking valve to another tank",
            "meter factor off",
            "evaporation, water draw-off",
            "gauge drift",
        ),
        first_check="Dip the tank and compare; walk the bund for product; check valves between tanks of one product.",
        techniques=("T0856", "T0832"),
    )

    def __init__(self, site: Site, table: SignalTable, farm: TankFarm) -> None:
        self.farm = farm
        self.raise_frames = max(2, round(900.0 / site.runtime.frame_s))
        self._volumes = tanks = tuple(area for area in farm.volumes if area.gauges)
        super().__init__(
            site,
            table,
            (Subject(a.id, tuple(g.tank.id for g in a.gauges), tuple(g.level for g in a.gauges)) for a in tanks),
        )
        self._judged = [not area.demand for area in tanks]
        self._limit = [2.0 * area.tolerance for area in tanks]
        self._sums = [[0.0, 0.0] for _ in tanks]
        self._daily = DailyMaxima(1)
        self._running: Floats = np.empty((len(tanks), 0))

    def _run(self, view: View) -> Floats:
        """Signed sum of larger size at each frame, m3."""
        balance, c = self.farm.over(view), view.context
        tanks = slice(len(self._volumes))
        beyond = self.farm.unexplained(view)[tanks, c:]
        thermal = np.abs(balance.thermal[tanks, c:])
        allowance = 3.0 * balance.flow_sigma[tanks, c:] + balance.warmth[tanks, c:] + 0.3 * thermal
        out = np.full(beyond.shape, np.nan)
        for i, area in enumerate(self._volumes):
            if not self._judged[i]:
                continue
            up, down = self._sums[i]
            least, cap = _LEAK_M_PER_S * area.area * view.seconds, 2.0 * self._limit[i]
            most = 0.5 * self._limit[i]
            values = []
            for step, k in zip(beyond[i].tolist(), allowance[i].tolist(), strict=True):
                if not isnan(step) and not isnan(k):
                    e = min(most, max(-most, step))
                    up = min(cap, max(0.0, up + e - k - least))
                    down = min(cap, max(0.0, down - e - k - least))
                    values.append(up if up >= down else -down)
                else:
                    values.append(float("nan"))
            self._sums[i] = [up, down]
            out[i] = values
        return out

    def judge(self, view: View) -> Floats:
        """Sum over its limit."""
        self._running = self._run(view)
        scores: Floats = np.abs(self._running) / np.array([[limit] for limit in self._limit]).reshape(
            len(self._limit), 1
        )
        return scores

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """How much, and which way."""
        area, value = self._volumes[subject], float(self._running[subject, frame])
        t = view.context + frame
        limit = self._limit[subject]
        stuck = any(frozen(view, self.table.row[gauge.level], t, 4) for gauge in area.gauges)
        moving = bool(self.farm.over(view).moving[subject, t])
        over = value < 0 and any(g.full(float(view.mean[self.table.row[g.level], t])) for g in area.gauges)
        suspicion: Suspicion = (
            "process_fault" if over or not (stuck or moving) else "sensor_fault" if stuck else "unknown"
        )
        way = "gained" if value > 0 else "lost"
        state = "with its meters counted" if moving else "with every way shut"
        spilled = "; the tank is full: it runs over" if over else ""
        return Account(
            sentence=f"{area.id} has {way} {abs(value):.1f} m3 ({abs(value) / area.area * 100:.1f} cm) that "
            f"nothing explains, {state}; normally it stays within {limit:.1f} m3{spilled}",
            contributions=tuple(
                self.table.part(
                    gauge.level,
                    gauge.area / area.area,
                    expected=float(view.mean[self.table.row[gauge.level], t]) - value / area.area,
                    seen=float(view.mean[self.table.row[gauge.level], t]),
                )
                for gauge in area.gauges
            ),
            began=int(view.ends[frame]) - self.raise_frames * view.width,
            severity="medium",
            suspicion=suspicion,
            confidence=0.5,
            techniques=self.card.techniques,
        )

    def observe(self, view: View) -> None:
        """Keep daily maxima of the sums."""
        if self.subjects:
            ratios = np.abs(self._run(view)) / np.array(self._limit).reshape(len(self._limit), 1)
            self._daily.observe(view.ends, np.fmax.reduce(ratios, axis=0)[None, :])

    def learned(self, share: float) -> Learned | None:
        """Limits by the rule of `tightness` over all tanks together, never below half of the untrained ones."""
        factor = self._daily.limit(0, share)
        if factor is None:
            return None
        factor = max(_LEAST_FACTOR, factor)
        words = tuple(
            f"{area.id}: unexplained volume never adds up to more than {factor * self._limit[i]:.2g} m3"
            for i, area in enumerate(self._volumes)
            if self._judged[i]
        )
        return Learned({"factor": factor}, words)

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take the learned factor."""
        self._limit = [limit * float(baseline.get("factor", 1.0)) for limit in self._limit]

    def dump(self) -> Any:
        """The sums."""
        return self._sums

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        if not isinstance(state, list) or len(state) != len(self.subjects):
            raise DecodeError("no state of balance drift")
        self._sums = [[float(value) for value in row] for row in state]
