"""Ordinary mishaps of telemetry: lost rows, gaps, jittered times, noisy gauges; missing columns and stuck meters."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.options import DepotOptions
from infrastress.simulators.depot.ranges import RANGES, Pair
from infrastress.simulators.randomness import Randomness

__all__ = ["Oddities"]

Span = tuple[float, float]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Oddities:
    """Spans, in seconds, in which telemetry is less than perfect.

    Attributes:
        gaps: the whole source is silent; jitter: moments are off.
        noisy_gauges: by tank; silent, stuck: by signal, whose cells are empty or repeat one value.
        notes: kind, span, assets, signals and text, for the truth.
    """

    gaps: tuple[Span, ...] = ()
    jitter: tuple[Span, ...] = ()
    noisy_gauges: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    silent: dict[str, Span] = field(default_factory=dict)
    stuck: dict[str, Span] = field(default_factory=dict)
    notes: tuple[tuple[str, Span, tuple[str, ...], tuple[str, ...], str], ...] = ()

    @classmethod
    def draw(cls, layout: Layout, calendar: Calendar, draws: Randomness, cadence: float) -> "Oddities":
        """Draw a run's mishaps."""
        r = RANGES

        def spans(name: str, per_day: float, length: Pair) -> list[Span]:
            lengths = draws.stream(f"{name}.length")
            moments = draws.moments(name, per_day, calendar.day_count)
            return [(at, at + float(lengths.uniform(*length))) for at in moments]

        lost = spans("lost", r.lost_rows_per_day, (r.lost_rows[0] * cadence, r.lost_rows[1] * cadence))
        gauges: dict[str, list[Span]] = {}
        chosen = draws.stream("noisy.tank")
        for span in spans("noisy", r.noisy_gauge_per_day, r.noisy_gauge_s):
            tank = list(layout.tanks)[int(chosen.integers(len(layout.tanks)))]
            gauges.setdefault(tank, []).append(span)
        return cls(
            gaps=tuple(sorted(lost + spans("gap", r.gaps_per_day, r.gap_s))),
            jitter=tuple(spans("jitter", r.jitter_spells_per_day, r.jitter_spell_s)),
            noisy_gauges={tank: tuple(found) for tank, found in gauges.items()},
        )

    def told(self, layout: Layout, calendar: Calendar, options: DepotOptions, draws: Randomness) -> "Oddities":
        """These and the mishap that the scenario tells for certain; it changes no other draw."""
        r, kind = RANGES, options.ordinary
        if kind == "none":
            return self
        after = draws.draw("ordinary.begins", r.told_after_h)
        began = 3600 * (after if options.ordinary_begins_h is None else options.ordinary_begins_h)
        pair = {"gap": r.told_gap_s, "silent": r.told_silent_s}.get(kind, r.told_bad_meter_s)
        span = (began, min(began + draws.draw("ordinary.lasts", pair), calendar.length))

        def one(among: list[str]) -> str:
            return among[int(draws.stream("ordinary.target").integers(len(among)))]

        if kind == "gap":
            note = (kind, span, (), (), "the whole source is silent")
            return replace(self, gaps=(*self.gaps, span), notes=(*self.notes, note))
        if kind == "stuck_meter":
            signal = one([signal.id for signal in layout.site.signals if signal.kind == "flow"])
            assets = (layout.site.signal_by_id[signal].asset,)
            stuck = (kind, span, assets, (signal,), f"{signal} shows one value")
            return replace(self, stuck={signal: span}, notes=(*self.notes, stuck))
        tank = one(list(layout.tanks))
        if kind == "silent":
            signals = tuple(signal.id for signal in layout.site.signals if signal.asset == tank)
            empty = ("outstation_silent", span, (tank,), signals, "its cells are empty")
            return replace(self, silent=dict.fromkeys(signals, span), notes=(*self.notes, empty))
        gauges = self.noisy_gauges | {tank: (*self.noisy_gauges.get(tank, ()), span)}
        noisy = (kind, span, (tank,), (layout.level[tank],), f"{layout.level[tank]} is noisy")
        return replace(self, noisy_gauges=gauges, notes=(*self.notes, noisy))

    def rows(self, times: Array, stream: np.random.Generator) -> tuple[npt.NDArray[np.bool_], Array]:
        """Which rows arrive, and by how many seconds their times are off."""
        kept = np.ones(len(times), dtype=bool)
        for begin, end in self.gaps:
            kept[(times >= begin) & (times < end)] = False
        shifts = np.zeros(len(times))
        noise = stream.uniform(-RANGES.jitter_s, RANGES.jitter_s, len(times))
        for begin, end in self.jitter:
            within = (times >= begin) & (times < end)
            shifts[within] = noise[within]
        return kept, shifts
