"""Tank mass balance: what the gauge says against what meters, gates and temperature explain, over 1 to 16 frames."""

from collections.abc import Mapping
from math import fsum, isnan
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Band, ExpectingInvariant, Learned, Subject
from infrastress.detectors.process.flows import FlowNet
from infrastress.detectors.process.tanks import ControlVolume, TankFarm
from infrastress.detectors.process.tightness import DailyMaxima, band_margin
from infrastress.detectors.process.view import Floats, SignalTable, View, earlier, window_sums
from infrastress.detectors.process.words import change_of_level, clock_span, frozen, local_hours, volume_flow
from infrastress.events.kinds import Contribution, Suspicion
from infrastress.site import Site

__all__ = ["SCALES", "MassBalance"]

SCALES = (1, 2, 4, 8, 16)
_LEAST_FACTOR = 0.5
_DISTRICT_SCALE = 16
"""Frames over which a district without a tank is judged at least: what is missed between two readings averages out."""
_LONG_AGO = 2 * max(SCALES)


class _Residual(NamedTuple):
    """What the gauge's volume changed beyond what was brought: an interval, m3 float64[n, k], and its tolerance."""

    least: Floats
    most: Floats
    tolerance: Floats

    def near(self, value: "Floats | float") -> Floats:
        """The residual nearest to a value."""
        nearest: Floats = np.minimum(np.maximum(value, self.least), self.most)
        return nearest


class MassBalance(ExpectingInvariant):
    """Over W frames the gauge's volume may change by what its connections can bring, within its tolerance.

    residual_W(t) = V(t) - V(t - W) beyond [sum low, sum high] (interval mass balance); tolerance_W = six standard
    deviations of a volume difference + three of each open meter over W frames + unmeasured warming, times a factor
    learned per tank and W (1 untrained), never below two steps of the gauge's last digit. The score is the largest
    ratio over W, so a frozen gauge is found in the shortest window that shows it and a slow spoof in the longest.

    An episode is over when no window is violated but those that still hold what a shorter one no longer shows.

    A district without a tank, all of whose ways are metered, is judged likewise by what its meters leave for customers.

    A tank with an open connection that nobody meters or bounds is judged by its learned band of unmetered flow alone:
    residual_W / W must stay within what normal data showed at that hour of the day. Where connections bring an
    interval rather than a point, as where a state is missing, any flow within it will do: less known is never worse.
    """

    rule = "process.mass_balance"
    context = max(SCALES) + 2
    clear_frames = 3
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Tank level does not follow its meters",
        means="The volume by the level gauge and the volume by the flow meters of the open connections disagree.",
        expected_against_seen="Expected: change of level = metered inflow - outflow + thermal expansion, within the "
        "learned tolerance. Seen: a change outside of it, in either direction.",
        benign_causes=(
            "gauge float or servo stuck, radar still-pipe fouled",
            "flow meter drifted, gas in the line, meter bypassed for proving",
            "a valve that leaks or a connection that the site model does not know",
            "manual draining of water, sampling, or filling by hose",
        ),
        first_check="Dip the tank by hand or read the independent gauge; compare with the pipeline's own meter. If it "
        "is receiving, be ready to stop the receipt: the true level may be higher than shown.",
        techniques=("T0856", "T0831"),
    )

    def __init__(self, site: Site, table: SignalTable, net: FlowNet, farm: TankFarm) -> None:
        self.net, self.farm = net, farm
        tanks = farm.volumes
        super().__init__(
            site,
            table,
            (Subject(area.id, self._assets(area, table), self._signals(area)) for area in tanks),
        )
        self._factor = np.ones((len(tanks), len(SCALES)))
        self._band = np.full((len(tanks), len(SCALES), 24, 2), np.nan)
        self._since = np.full((len(tanks), len(SCALES)), _LONG_AGO)
        self._left: Floats = np.empty((len(tanks), 0))
        self._zone = ZoneInfo(site.time_zone)
        self._open = np.array([area.demand for area in tanks], bool)
        self._bare = np.array([not area.gauges for area in tanks], bool)
        self._ratios = [DailyMaxima(1) for _ in SCALES]
        self._rise = [DailyMaxima(24 * len(tanks)) for _ in SCALES]
        self._fall = [DailyMaxima(24 * len(tanks)) for _ in SCALES]

    def _assets(self, area: ControlVolume, table: SignalTable) -> tuple[str, ...]:
        """Its tanks; of a district without one also what its meters belong to: any of them may be wrong."""
        if area.gauges:
            return tuple(gauge.tank.id for gauge in area.gauges)
        meters = (self.net.branches[b].meter for b in area.inward + area.outward)
        return tuple(dict.fromkeys((area.district, *(table.asset(meter) for meter in meters if meter is not None))))

    def _signals(self, area: ControlVolume) -> tuple[str, ...]:
        found = [gauge.level for gauge in area.gauges]
        for b in area.inward + area.outward:
            meter = self.net.branches[b].meter
            if meter is not None and meter not in found:
                found.append(meter)
        return tuple(found)

    def _residuals(self, view: View) -> list["_Residual"]:
        """Of every scale over the k frames to judge."""
        known = view.cache.get("residuals")
        if known is not None:
            cached: list[_Residual] = known
            return cached
        balance, c = self.farm.over(view), view.context
        fixed = np.array([[area.tolerance] for area in self.farm.volumes])
        low, high = window_sums(balance.low, SCALES), window_sums(balance.high, SCALES)
        loose = window_sums(3.0 * balance.flow_sigma + balance.warmth, SCALES)
        residuals = []
        for scale in SCALES:
            change = (balance.volume - earlier(balance.volume, scale))[:, c:]
            least, most = change - high[scale][:, c:], change - low[scale][:, c:]
            residuals.append(_Residual(least, most, fixed + loose[scale][:, c:]))
        view.cache["residuals"] = residuals
        return residuals

    def _scores(self, view: View) -> list[Floats]:
        floors = np.array([[area.floor] for area in self.farm.volumes])
        hours = local_hours(view.ends, self._zone)
        scores = []
        for s, (scale, residual) in enumerate(zip(SCALES, self._residuals(view), strict=True)):
            closed = np.abs(residual.near(0.0)) / np.maximum(residual.tolerance * self._factor[:, s : s + 1], floors)
            if self._open.any():
                low, high = self._band[:, s, hours, 0], self._band[:, s, hours, 1]
                span = scale * view.seconds
                half = np.maximum((high - low) / 2.0, floors / span)
                middle = (low + high) / 2.0
                banded = np.abs(residual.near(middle * span) / span - middle) / half
                closed = np.where(self._open[:, None], banded, closed)
                if scale < _DISTRICT_SCALE:
                    closed[self._bare] = np.nan
            scores.append(closed)
        return scores

    def judge(self, view: View) -> Floats:
        """Largest ratio of residual to tolerance over all scales."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        scores = self._scores(view)
        self._left = self._fresh(scores)
        best = scores[0]
        for other in scores[1:]:
            best = np.fmax(best, other)
        return best

    def _fresh(self, scores: list[Floats]) -> Floats:
        """Largest ratio over the scales whose window holds no violation that a shorter scale has shown."""
        best, index = scores[0], np.arange(scores[0].shape[1])
        shown = np.full(scores[0].shape, _LONG_AGO)
        for s, scale in enumerate(SCALES):
            best = np.fmax(best, np.where(shown < scale, np.nan, scores[s]))
            latest = np.maximum.accumulate(np.where(scores[s] >= 1.0, index, -1), axis=1)
            since = np.where(latest >= 0, index - latest, index + 1 + self._since[:, s : s + 1])
            self._since[:, s] = np.minimum(since[:, -1], _LONG_AGO)
            shown = np.minimum(shown, since)
        return best

    def release(self, scores: Floats) -> Floats:
        """Without the long windows that still hold what a shorter one no longer shows."""
        del scores
        return self._left

    def dump(self) -> Any:
        """Frames since each volume was last beyond its tolerance at each scale."""
        return self._since.tolist()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        try:
            since = np.array(state, dtype=np.int64).reshape(self._since.shape)
        except (TypeError, ValueError):
            raise DecodeError("no state of mass balance") from None
        self._since = since

    def rests_on(self, signal: str) -> tuple[str, ...]:
        """The level, the meters and gates of all its tank's connections and of those that share a meter, temperatures.

        Of tanks that somebody may draw from unmetered the levels are expected within a band alone.
        """
        at = self._volume_of(signal)
        if at is None or (self._open[at] and not np.isfinite(self._band[at]).any()):
            return ()
        area = self.farm.volumes[at]
        own = [self.net.branches[b] for b in area.inward + area.outward]
        meters = {branch.meter for branch in own} - {None}
        branches = own + [branch for branch in self.net.branches if branch.meter in meters]
        others = [gauge.level for gauge in area.gauges] + [branch.meter for branch in own]
        others += [state for branch in branches for state in branch.gates]
        others += [gauge.temperature for gauge in area.gauges if gauge.tank.expansion_per_k]
        return (signal, *(one for one in dict.fromkeys(others) if one is not None and one != signal))

    def band(self, view: View, signal: str) -> Band:
        """The level by the window that shows it best: that at its begin plus what was brought, within the tolerance."""
        at, c = self._volume_of(signal) or 0, view.context
        area, balance, scores = self.farm.volumes[at], self.farm.over(view), self._scores(view)
        residuals = self._residuals(view)
        low, high = window_sums(balance.low[at : at + 1], SCALES), window_sums(balance.high[at : at + 1], SCALES)
        level = view.mean[self.table.row[signal]]
        hours = local_hours(view.ends, self._zone)
        ratios = np.array([score[at] for score in scores])
        best = np.argmax(np.where(np.isnan(ratios), -1.0, ratios), axis=0)
        parts = []
        for s, scale in enumerate(SCALES):
            change = (balance.volume[at] - earlier(balance.volume[at], scale))[c:]
            least, most = low[scale][0, c:], high[scale][0, c:]
            if self._open[at]:
                span = scale * view.seconds
                down, up = self._band[at, s, hours, 0], self._band[at, s, hours, 1]
                half = np.maximum((up - down) / 2.0, area.floor / span) * span
                middle = (up + down) / 2.0 * span
                least, most, due = least + middle - half, most + middle + half, np.full(len(change), np.nan)
            else:
                within = np.maximum(residuals[s].tolerance[at] * self._factor[at, s], area.floor)
                least, most, due = least - within, most + within, change - residuals[s].near(0.0)[at]
            began = earlier(level, scale)[c:]
            parts.append([began + moved / area.area for moved in (due, least, most)])
        columns = np.arange(len(best))
        expected, under, over = np.array(parts)[best, :, columns].T
        return Band(expected, under, over, ratios[best, columns])

    def _volume_of(self, signal: str) -> int | None:
        volumes = enumerate(self.farm.volumes)
        return next((i for i, area in volumes if any(gauge.level == signal for gauge in area.gauges)), None)

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """The scale that shows it best, with its numbers."""
        area = self.farm.volumes[subject]
        ratios = [float(score[subject, frame]) for score in self._scores(view)]
        s = max(range(len(SCALES)), key=lambda i: -1.0 if isnan(ratios[i]) else ratios[i])
        scale, t = SCALES[s], view.context + frame
        balance = self.farm.over(view)
        residuals = self._residuals(view)
        span = scale * view.seconds
        change = float(balance.volume[subject, t] - balance.volume[subject, t - scale])
        brought = change - float(residuals[s].near(0.0)[subject, frame])
        metered = fsum(balance.metered[subject, t - scale + 1 : t + 1].tolist()) / span
        if self._open[subject]:
            low, high = (
                float(end) + metered
                for end in self._band[subject, s, int(local_hours(view.ends[frame : frame + 1], self._zone)[0])]
            )
            drawn = (brought - change) / span
            sentence = (
                f"{area.id}: meters leave {drawn * 3600:.0f} m3/h for its customers over {clock_span(span)}; at this "
                f"hour they normally draw {max(0.0, metered - high) * 3600:.0f} to {(metered - low) * 3600:.0f} m3/h"
                if not area.gauges
                else f"{area.id}: level says {change / span * 3600:+.0f} m3/h over {clock_span(span)}; with "
                f"{metered * 3600:+.0f} m3/h metered, normal is {low * 3600:+.0f} to {high * 3600:+.0f} m3/h"
            )
        else:
            within = max(float(residuals[s].tolerance[subject, frame]) * float(self._factor[subject, s]), area.floor)
            sentence = (
                f"{area.id} should be {change_of_level(brought / area.area)} in {clock_span(span)} at "
                f"{volume_flow(metered)}, its level says {change / area.area * 100:+.1f} cm "
                f"(normally within {within / area.area * 100:.1f} cm)"
            )
        rows = [self.table.row[gauge.level] for gauge in area.gauges]
        stuck = [row for row in rows if frozen(view, row, t, 2)]
        # The newest frame alone shows how the gauge behaves now; a longer window mixes before and after.
        now = float(balance.step[subject, t])
        due = now - float(residuals[0].near(0.0)[subject, frame])
        suspicion: Suspicion = "unknown"
        confidence = 0.5
        if stuck:
            suspicion = "sensor_fault"
            sentence += "; the gauge repeats its last digit: dead or held, telemetry alone cannot tell"
        elif self._open[subject]:
            suspicion, confidence = "unknown", 0.4
        elif abs(now) < 0.25 * abs(due):
            suspicion, confidence = "sensor_falsified", 0.6
            sentence += "; the gauge is alive yet does not follow the flow"
        elif abs(due) < 0.25 * abs(now):
            suspicion = "process_fault"
            sentence += "; volume comes or goes that no meter sees"
        receiving = metered > 0 and brought > change
        return Account(
            sentence=sentence,
            contributions=self._shares(view, subject, t, scale=scale, brought=brought, stuck=bool(stuck)),
            began=int(view.ends[frame]) - scale * view.width,
            severity="medium"
            if not area.gauges
            else "critical"
            if receiving and not stuck and not self._open[subject]
            else "high",
            suspicion=suspicion,
            confidence=confidence,
            techniques=() if suspicion == "process_fault" else ("T0856",),
        )

    def _shares(
        self, view: View, subject: int, t: int, *, scale: int, brought: float, stuck: bool
    ) -> tuple[Contribution, ...]:
        """The gauges carry nine tenths where one stands still to the last digit, else gauges and meters half each."""
        area = self.farm.volumes[subject]
        meters: dict[str, float] = {}
        for b in area.inward + area.outward:
            meter = self.net.branches[b].meter
            flow = float(self.net.over(view).high[b, t])
            if meter is not None and abs(flow) > 0.0:
                meters[meter] = abs(flow)
        of_level = 0.0 if not area.gauges else 1.0 if not meters else 0.9 if stuck else 0.5
        found = []
        for gauge in area.gauges:
            level = view.mean[self.table.row[gauge.level]]
            found.append(
                self.table.part(
                    gauge.level,
                    of_level * gauge.area / area.area,
                    expected=float(level[t - scale]) + brought / area.area,
                    seen=float(level[t]),
                )
            )
        total = sum(meters.values())
        for meter, flow in sorted(meters.items()):
            seen = float(view.mean[self.table.row[meter], t])
            found.append(self.table.part(meter, (1 - of_level) * flow / total, seen=seen))
        return tuple(found)

    def observe(self, view: View) -> None:
        """Keep daily maxima of residual over tolerance, and of unmetered flow both ways."""
        if not self.subjects:
            return
        hours = local_hours(view.ends, self._zone)
        for s, (scale, residual) in enumerate(zip(SCALES, self._residuals(view), strict=True)):
            nearest = residual.near(0.0)
            ratios = np.where(self._open[:, None], np.nan, np.abs(nearest) / residual.tolerance)
            self._ratios[s].observe(view.ends, np.fmax.reduce(ratios, axis=0)[None, :])
            if self._open.any():
                rate = nearest / (scale * view.seconds)
                # One series a volume and hour of the day: customers draw by the clock.
                hourly = np.full((len(self.subjects), 24, len(view.ends)), np.nan)
                hourly[:, hours, np.arange(len(view.ends))] = rate
                flat = hourly.reshape(24 * len(self.subjects), len(view.ends))
                self._rise[s].observe(view.ends, flat)
                self._fall[s].observe(view.ends, -flat)

    def learned(self, share: float) -> Learned | None:
        """Factors and bands by the rule of `tightness`."""
        baseline: dict[str, Any] = {}
        words = []
        limits = [ratios.limit(0, share) for ratios in self._ratios]
        factors = [_LEAST_FACTOR if limit is None else max(_LEAST_FACTOR, limit) for limit in limits]
        if any(limit is not None for limit in limits):
            baseline["factor"] = factors
        margin = band_margin((*self._rise, *self._fall)) if self._open.any() else 0.0
        for i, area in enumerate(self.farm.volumes):
            if self._open[i]:
                band = [[self._band_of(s, 24 * i + hour, margin) for hour in range(24)] for s in range(len(SCALES))]
                known = [pair for pair in band[0] if pair is not None]
                if not known:
                    continue
                baseline.setdefault("bands", {})[area.id] = band
                low, high = min(pair[0] for pair in known), max(pair[1] for pair in known)
                words.append(
                    f"{area.id}: unmetered flow between {low * 3600:+.1f} and {high * 3600:+.1f} m3/h over the day"
                )
                continue
            within = max(factors[2] * area.tolerance, area.floor)
            words.append(
                f"{area.id} level explains its meters within {within:.2g} m3 ({within / area.area * 100:.2g} cm) "
                f"over {SCALES[2]} frames, plus three standard deviations of each open meter"
            )
        return Learned(baseline, tuple(words)) if baseline else None

    def _band_of(self, s: int, series: int, margin: float) -> tuple[float, float] | None:
        high, low = self._rise[s].band(series, margin), self._fall[s].band(series, margin)
        return None if high is None or low is None else (-low, high)

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take learned factors and bands of tanks that the site still has."""
        self._factor[:] = baseline.get("factor", 1.0)
        for i, area in enumerate(self.farm.volumes):
            if area.id in baseline.get("bands", {}):
                bands = baseline["bands"][area.id]
                self._band[i] = [[pair or (np.nan, np.nan) for pair in hours] for hours in bands]
