"""What the instruments say: bias, noise, resolution, a lying gauge, lost rows; telemetry as the historian sees it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.oddities import Oddities
from infrastress.simulators.depot.plan import Interval, Plan, Plant
from infrastress.simulators.depot.process import Chunk
from infrastress.simulators.depot.ranges import RANGES
from infrastress.simulators.depot.story import StoryLine
from infrastress.simulators.depot.weather import Weather
from infrastress.simulators.randomness import Randomness

__all__ = ["Instruments"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    position: int
    factor: float
    offset: float
    resolution: float
    low: float
    high: float


class Instruments:
    """Turns true process values into samples.

    Args:
        plant, calendar, plan, draws: of the run.
        story: what is told on top, or None.
        oddities: ordinary mishaps of telemetry.
        switches: intervals in which switch and bypass signals are 1.
    """

    def __init__(
        self,
        *,
        plant: Plant,
        calendar: Calendar,
        plan: Plan,
        draws: Randomness,
        story: StoryLine | None,
        oddities: Oddities,
        switches: Iterable[Interval],
    ) -> None:
        self.layout, self.calendar, self.draws = plant.layout, calendar, draws
        self.story, self.oddities = story, oddities
        site = self.layout.site
        self.tags = tuple(signal.id for signal in site.signals)
        self.columns = {}
        for i, signal in enumerate(site.signals):
            low, high = signal.range or (-np.inf, np.inf)
            self.columns[signal.id] = _Column(i, *self.layout.scale(signal.id), low, high)
        self.source = site.signal_by_id[next(iter(self.layout.level.values()))].source or "scada"
        self.intervals: list[Interval] = [*switches]
        for operation in plan.operations:
            self.intervals += operation.states
        self.lines: dict[str, str] = {}
        for by_tank in self.layout.receipts.values():
            for connection in by_tank.values():
                if connection.through and connection.through[0] in self.layout.pressures:
                    self.lines[self.layout.pressures[connection.through[0]]] = connection.flow or ""
        tanks = len(self.layout.tanks)
        self.level_bias = RANGES.gauge_bias_m * draws.stream("bias.level").standard_normal(tanks)
        self.temperature_bias = RANGES.thermometer_bias_k * draws.stream("bias.temperature").standard_normal(tanks)
        self.meters = tuple(signal.id for signal in site.signals if signal.kind == "flow")
        biases = RANGES.meter_bias * np.clip(draws.stream("bias.meter").standard_normal(len(self.meters)), -2, 2)
        self.meter_bias = dict(zip(self.meters, biases.tolist(), strict=True))
        self.held: float | None = None
        self.stuck: dict[str, float] = {}
        self.weather = Weather(site, draws)

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Samples]:
        """Samples of each chunk, SI units, rows lost and shifted as the oddities say."""
        sequence = 0
        for chunk in chunks:
            values = np.zeros((len(chunk.times), len(self.tags)))
            self._tanks(chunk, values)
            self._meters(chunk, values)
            self._states(chunk, values)
            for signal, own in self.weather.read(chunk.times, chunk.index):
                self._put(values, signal, own)
            for column in self.columns.values():
                own = np.clip(values[:, column.position], column.low, column.high)
                if column.resolution > 0:
                    own = np.round(np.round(own / column.resolution) * column.resolution, 9)
                values[:, column.position] = own * column.factor + column.offset
            self._spoil(chunk.times, values)
            kept, shifts = self.oddities.rows(chunk.times, self.draws.stream("jitter", chunk.index))
            times = self.calendar.start + np.round((chunk.times[kept] + shifts[kept]) * 1000).astype(np.int64) * (
                SECOND // 1000
            )
            if len(times):
                yield Samples(self.layout.site.id, self.source, sequence, times, self.tags, values[kept])
            sequence += len(times)

    def _put(self, values: Array, signal: str, own: Array) -> None:
        values[:, self.columns[signal].position] = own

    def _tanks(self, chunk: Chunk, values: Array) -> None:
        shape = chunk.level.shape
        noise = self.draws.stream("noise.level", chunk.index).standard_normal(shape)
        ripple = self.draws.stream("ripple.level", chunk.index).standard_normal(shape)
        moving = (chunk.inflow + chunk.outflow) > 0
        seen = chunk.level + self.level_bias + RANGES.gauge_noise_m * noise + RANGES.gauge_ripple_m * ripple * moving
        warm = self.draws.stream("noise.temperature", chunk.index).standard_normal(shape)
        temperature = chunk.temperature + self.temperature_bias + RANGES.thermometer_noise_k * warm
        for i, tank in enumerate(self.layout.tanks):
            readings = seen[:, i]
            for begin, end in self.oddities.noisy_gauges.get(tank, ()):
                within = (chunk.times >= begin) & (chunk.times < end)
                readings = np.where(within, readings + RANGES.noisy_gauge_m * ripple[:, i], readings)
            if self.story is not None and tank == self.story.tank and self.story.gauge is not None:
                readings = self._lying(self.story, chunk, readings, chunk.level[:, i], noise[:, i])
            self._put(values, self.layout.level[tank], readings)
            self._put(values, self.layout.temperature[tank], temperature[:, i])

    def _lying(self, story: StoryLine, chunk: Chunk, honest: Array, level: Array, noise: Array) -> Array:
        after = chunk.times >= story.freeze_at
        if not after.any():
            return honest
        if self.held is None:
            self.held = float(honest[int(np.argmax(after))])
        shown = np.full(len(honest), self.held)
        if story.gauge == "spoof_normal":
            shown += RANGES.gauge_noise_m * noise
        elif story.gauge == "drift":
            shown += story.share * (level - story.freeze_level) + RANGES.gauge_noise_m * noise
        return np.where(after, shown, honest)

    def _meters(self, chunk: Chunk, values: Array) -> None:
        noise = self.draws.stream("noise.flow", chunk.index).standard_normal((len(self.meters), len(chunk.times)))
        for i, meter in enumerate(self.meters):
            flow = chunk.meters.get(meter)
            if flow is None:
                continue
            own = flow * 3600.0 * (1 + self.meter_bias[meter]) * (1 + RANGES.meter_noise * noise[i])
            self._put(values, meter, np.where(own < RANGES.meter_cutoff_m3h, 0.0, own))
        hiss = self.draws.stream("noise.pressure", chunk.index).standard_normal((len(self.lines), len(chunk.times)))
        for i, (pressure, meter) in enumerate(self.lines.items()):
            load = chunk.meters.get(meter, np.zeros(len(chunk.times))) * 3600.0 / 900.0
            self._put(values, pressure, 1.2 + 4.5 * load**2 + RANGES.pressure_noise_bar * hiss[i])

    def _spoil(self, times: Array, values: Array) -> None:
        """Cells that are empty or repeat one value, as the oddities say."""
        for signal, (begin, end) in self.oddities.stuck.items():
            column = values[:, self.columns[signal].position]
            within = (times >= begin) & (times < end)
            if within.any():
                column[within] = self.stuck.setdefault(signal, float(column[int(np.argmax(within))]))
        for signal, (begin, end) in self.oddities.silent.items():
            values[(times >= begin) & (times < end), self.columns[signal].position] = np.nan

    def _states(self, chunk: Chunk, values: Array) -> None:
        for signal, begin, end in self.intervals:
            if begin <= chunk.times[-1] and end > chunk.times[0]:
                first, last = np.searchsorted(chunk.times, [begin, end])
                values[first:last, self.columns[signal].position] = 1.0
