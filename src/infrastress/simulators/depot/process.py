"""What the tanks really do: volumes by mass balance, temperatures by mixing and weather.

Volumes are followed at 15 degC, the reference at which product is neither made nor lost (API MPMS 11.1's idea, with a
constant coefficient): V = V15 (1 + b (T - 15)). Mixing conserves V15 and heat, so only the weather expands a tank.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import SimulationError
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.depot.flow import Flow
from infrastress.simulators.depot.plan import Operation, Plan, Plant
from infrastress.site.assets import Tank

__all__ = ["Chunk", "simulate"]

Array = npt.NDArray[np.float64]

CHUNK_S = 86400.0
BALANCE_M3 = 0.05
REFERENCE_C = 15.0


@dataclass(frozen=True)
class Chunk:
    """True process values at n moments.

    Attributes:
        index: running number of the chunk.
        times: seconds after the start, n.
        level: m, n x tanks; temperature: degC, n x tanks; inflow, outflow: m3/s, n x tanks.
        meters: true flow through each meter, m3/s.
    """

    index: int
    times: Array
    level: Array
    temperature: Array
    inflow: Array
    outflow: Array
    meters: dict[str, Array]


@dataclass(frozen=True)
class _Stream:
    """A flow into or out of a tank over one chunk; temperature is None where it is the tank's own."""

    tank: int
    sign: int
    volume: Array
    rate: Array
    temperature: float | None
    from_tank: int | None

    def warmth(self, history: Array) -> Array | float:
        """Temperature of what flows in, given the tanks' temperatures; its own tank's where nothing else is known."""
        if self.from_tank is not None:
            found: Array = history[:, self.from_tank]
            return found
        return history[:, self.tank] if self.temperature is None else self.temperature

    def share(self, history: Array, content: Array, beta: Array) -> Array:
        """What flows in per step over what is there, both at the reference temperature."""
        own, feed = (beta[self.tank] * (one - REFERENCE_C) for one in (history[:, self.tank], self.warmth(history)))
        result: Array = self.volume / content[:, self.tank] * (1 + own) / (1 + feed)
        return result


def simulate(
    *, plant: Plant, calendar: Calendar, plan: Plan, cadence: float, spill: tuple[str, Flow] | None
) -> Iterator[Chunk]:
    """Yield the true process, a day at a time.

    Args:
        plant: what is fixed for the run.
        calendar: its span.
        plan: what moves product.
        cadence: seconds between moments.
        spill: tank and flow of what runs over its brim.

    Raises:
        SimulationError: a balance doesn't close, or a level leaves its tank.
    """
    names, tanks = list(plant.layout.tanks), list(plant.layout.tanks.values())
    beta = np.array([tank.expansion_per_k for tank in tanks])
    area = np.array([plant.area[name] for name in names])
    temperature = np.full(len(names), plant.air_mean)
    reference = np.array([plan.initial_level[name] for name in names]) * area
    reference = reference / (1 + beta * (temperature - REFERENCE_C))
    total = int(calendar.length / cadence) + 1
    per_chunk = int(CHUNK_S / cadence)
    for index, first in enumerate(range(0, total, per_chunk)):
        last = min(first + per_chunk, total)
        edges = cadence * np.arange(first - 1, last, dtype=float)
        edges[0] = max(edges[0], 0.0)
        streams = _streams(names, plan.operations, spill, edges)
        before = reference * (1 + beta * (temperature - REFERENCE_C))
        history = _temperatures(plant, calendar, streams, edges, (temperature, before))
        volume15 = _reference_volumes(streams, history, reference, beta)
        volume = volume15 * (1 + beta * (history - REFERENCE_C))
        level = volume / area
        _check(tanks=tanks, edges=edges, streams=streams, history=history, volume=volume, level=level)
        reference, temperature = volume15[-1], history[-1]
        times = edges[1:]
        inflow, outflow = np.zeros((2, len(times), len(names)))
        for stream in streams:
            (inflow if stream.sign > 0 else outflow)[:, stream.tank] += stream.rate[1:]
        yield Chunk(index, times, level[1:], history[1:], inflow, outflow, _meters(plan.operations, times))


def _streams(
    names: list[str], operations: list[Operation], spill: tuple[str, Flow] | None, edges: Array
) -> list[_Stream]:
    found = []
    for operation in operations:
        flow = operation.flow
        if flow.ended <= edges[0] or flow.began >= edges[-1]:
            continue
        volume, rate = np.diff(flow.volume(edges)), flow.rate(edges)
        origin = names.index(operation.source) if operation.source in names else None
        if operation.target in names:
            found.append(_Stream(names.index(operation.target), 1, volume, rate, operation.temperature, origin))
        if origin is not None:
            found.append(_Stream(origin, -1, volume, rate, None, None))
    if spill is not None and spill[1].ended > edges[0] and spill[1].began < edges[-1]:
        volume, rate = np.diff(spill[1].volume(edges)), spill[1].rate(edges)
        found.append(_Stream(names.index(spill[0]), -1, volume, rate, None, None))
    return found


def _temperatures(
    plant: Plant, calendar: Calendar, streams: list[_Stream], edges: Array, state: tuple[Array, Array]
) -> Array:
    """Liquid temperatures at the edges, degC: dT/dt = q_in/V (T_in - T) + (T_air - T)/tau, exact per step."""
    start, volume = state
    beta = np.array([tank.expansion_per_k for tank in plant.layout.tanks.values()])
    steps = np.diff(edges)[:, None]
    middle = (edges[1:] + edges[:-1]) / 2
    clock = calendar.local_clock(0.0) * 3600.0
    air = plant.air_mean - plant.air_swing * np.cos(2 * np.pi * (clock + middle - 4 * 3600.0) / 86400.0)
    net = np.zeros((len(edges), len(start)))
    for stream in streams:
        net[1:, stream.tank] += stream.sign * np.cumsum(stream.volume)
    content = np.maximum(volume + (net[1:] + net[:-1]) / 2, 1.0)
    history = np.repeat(start[None], len(edges), axis=0)
    for _ in range(2):  # the second pass knows the temperatures of tanks that feed others
        pull = steps / plant.time_constant * np.ones_like(content)
        drive = pull * air[:, None]
        for stream in streams:
            if stream.sign > 0:
                share = stream.share(history[1:], content, beta)
                pull[:, stream.tank] += share
                drive[:, stream.tank] += share * stream.warmth(history[1:])
        keep = np.exp(-pull)
        decay = np.cumprod(keep, axis=0)
        gain = np.divide(1 - keep, pull, out=np.ones_like(pull), where=pull > 0)
        history[1:] = decay * (start + np.cumsum(drive * gain / decay, axis=0))
    return history


def _reference_volumes(streams: list[_Stream], history: Array, start: Array, beta: Array) -> Array:
    """Volumes at 15 degC at the edges, m3."""
    middle = (history[1:] + history[:-1]) / 2
    volumes = np.zeros_like(history)
    for stream in streams:
        shrink = 1 + beta[stream.tank] * (stream.warmth(middle) - REFERENCE_C)
        volumes[1:, stream.tank] += stream.sign * stream.volume / shrink
    return start + np.cumsum(volumes, axis=0)


def _check(
    *,
    tanks: list[Tank],
    edges: Array,
    streams: list[_Stream],
    history: Array,
    volume: Array,
    level: Array,
) -> None:
    """The gross balance, reckoned apart: change of volume = what flowed + the weather's expansion."""
    beta = np.array([tank.expansion_per_k for tank in tanks])
    expected = np.zeros(len(tanks))
    weather = np.diff(history, axis=0)
    middle = (volume[1:] + volume[:-1]) / 2
    for stream in streams:
        expected[stream.tank] += stream.sign * stream.volume.sum()
        if stream.sign > 0:  # what mixing did to the temperature expanded nothing: the inflow shrank as much
            mixed = (history[1:] + history[:-1]) / 2
            gain = stream.share(mixed, middle, beta) * (stream.warmth(mixed) - mixed[:, stream.tank])
            weather[:, stream.tank] -= gain
    swell = (beta / (1 + beta * (history[1:] - REFERENCE_C)) * middle * weather).sum(axis=0)
    error = np.abs(volume[-1] - volume[0] - expected - swell)
    for i, tank in enumerate(tanks):
        allowed = BALANCE_M3 + 1e-3 * abs(swell[i]) + 1e-4 * abs(expected[i])
        if not error[i] <= allowed:  # a NaN fails too
            raise SimulationError(
                f"the mass balance of {tank.id} is off by {error[i]:.3f} m3", where=f"second {edges[-1]:.0f}"
            )
        if not (level[:, i].min() >= 0.0 and level[:, i].max() <= tank.height_m + 0.05):
            raise SimulationError(
                f"the level of {tank.id} leaves the tank: {level[:, i].min():.2f} to {level[:, i].max():.2f} m",
                where=f"second {edges[-1]:.0f}",
            )


def _meters(operations: list[Operation], times: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for operation in operations:
        if operation.flow.ended > times[0] and operation.flow.began < times[-1]:
            through = found.setdefault(operation.meter, np.zeros(len(times)))
            through += operation.flow.rate(times)
    return found
