"""Ordinary mishaps of telemetry: lost rows, short gaps, jittered times, noisy gauges."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.layout import Layout
from infrastress.simulators.depot.ranges import RANGES, Pair
from infrastress.simulators.randomness import Randomness

__all__ = ["Oddities"]

Span = tuple[float, float]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Oddities:
    """Spans, in seconds, in which telemetry is less than perfect."""

    gaps: tuple[Span, ...] = ()
    jitter: tuple[Span, ...] = ()
    noisy_gauges: dict[str, tuple[Span, ...]] = field(default_factory=dict)

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
