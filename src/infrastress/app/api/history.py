"""History for a plot: of each step the first, lowest, highest and last value that was told; gaps stay gaps."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import unit_si
from infrastress.client import models
from infrastress.core.errors import UnitError
from infrastress.core.time import SECOND, from_iso, to_iso
from infrastress.core.units import scale_of
from infrastress.site.process import Signal

__all__ = ["Asked", "Read", "Units", "as_arrow", "as_csv", "as_history", "moment", "read_history", "scale_for"]

Units = Literal["plant", "si"]
_LATEST = 9_223_372_036 * SECOND
_SILENT = 3
"""Cadences without a value make a gap; without a known cadence, ten mean intervals do."""
_MEAN = 10


def moment(text: str, where: str) -> int:
    """A time asked for, ns; raises ApiError (422) for what is none or lies outside 1970 to 2262."""
    ns = from_iso(text)
    if not 0 <= ns < _LATEST:
        raise ApiError(422, f"{where}: {text} lies outside the years 1970 to 2262")
    return ns


class Asked(NamedTuple):
    """What is asked for: signals, span [begin, end) in ns, number of steps (None: every value), units."""

    signals: Sequence[Signal]
    begin: int
    end: int
    width: int | None
    units: Units

    @property
    def step(self) -> int:
        """Length of a step, ns; 0 where every value is asked for."""
        return max(1, -(-(self.end - self.begin) // self.width)) if self.width else 0


class Read(NamedTuple):
    """One signal in the units asked for: times (int64 ns), values, spans without values, how many the span holds."""

    signal: Signal
    unit: str
    times: Any
    values: Any
    gaps: list[tuple[int, int]]
    total: int


def read_history(plant: Plant, asked: Asked) -> list[Read]:
    """Read and reduce.

    Raises:
        ApiError: without a width, the span holds more values than one answer may (422).
        StoreError: the history can't be read.
    """
    tags = [signal.id for signal in asked.signals]
    history = plant.store.history
    whole = history.summarise(tags, asked.begin, asked.end, asked.step or asked.end - asked.begin)
    total = sum(whole["count"].to_pylist())
    if asked.width is None and total > plant.settings.history_rows:
        raise ApiError(
            422, f"the span holds {total} values, one answer at most {plant.settings.history_rows}",
            remedy="give a width, or ask for a shorter span",
        )  # fmt: skip
    rows = history.read(tags, asked.begin, asked.end) if asked.width is None else None
    found = []
    for signal in asked.signals:
        part = _of(whole, signal.id)
        if rows is None:
            times, values = _corners(part)
        else:
            mine = _of(rows, signal.id)
            times = mine["time"].cast(pa.int64()).to_numpy()
            values = mine["value"].to_numpy()
        factor, offset, unit = scale_for(signal, asked.units)
        count = int(part["count"].to_numpy().sum())
        gaps = _gaps(plant, signal, asked, part, times if rows is not None else None)
        found.append(Read(signal, unit, times, (values - offset) / factor, gaps, count))
    return found


def _of(table: pa.Table, tag: str) -> pa.Table:
    import pyarrow.compute as pc

    return table.filter(pc.equal(table["tag"], tag))


def _corners(part: pa.Table) -> tuple[Any, Any]:
    """First, low, high and last of each step in order of time, each row once."""
    names = ("first", "low", "high", "last")
    times = np.stack([part[f"{name}_time"].to_numpy() for name in names], axis=1)
    values = np.stack([part[name].to_numpy() for name in names], axis=1)
    order = np.argsort(times, axis=1, kind="stable")
    times = np.take_along_axis(times, order, 1).ravel()
    values = np.take_along_axis(values, order, 1).ravel()
    fresh = np.ones(len(times), dtype=bool)
    fresh[1:] = (times[1:] != times[:-1]) | (values[1:] != values[:-1])
    return times[fresh], values[fresh]


def scale_for(signal: Signal, units: Units) -> tuple[float, float, str]:
    """Factor and offset that make SI of what is in the units asked for, and the name of these."""
    if units == "si":
        return 1.0, 0.0, unit_si(signal.unit)
    try:
        scale = scale_of(signal.unit)
    except UnitError:
        return 1.0, 0.0, signal.unit
    return scale.factor, scale.offset, signal.unit


def _gaps(plant: Plant, signal: Signal, asked: Asked, part: pa.Table, times: Any | None) -> list[tuple[int, int]]:
    """Spans in which a value should have come and none did, those at the end of the span among them."""
    if not part.num_rows:
        return [(asked.begin, asked.end)]
    first, last = int(part["first_time"][0].as_py()), int(part["last_time"][-1].as_py())
    count = int(part["count"].to_numpy().sum())
    source = plant.setup.site.source_by_id.get(signal.source or "")
    told = plant.projection.health.get(f"{plant.id}/{signal.source}/{signal.id}")
    cadence = (told.cadence_s if told else 0.0) or (source.cadence_s if source else None) or 0.0
    limit = round(_SILENT * cadence * SECOND) or _MEAN * (last - first) // max(1, count - 1) or asked.end - asked.begin
    if times is not None:
        steps = np.diff(times)
        found = [(int(times[i]), int(times[i + 1])) for i in np.flatnonzero(steps > limit)]
    else:
        lengths, ends = part["gap"].to_numpy(), part["gap_end"].to_numpy()
        found = [(int(ends[i] - lengths[i]), int(ends[i])) for i in np.flatnonzero(lengths > limit)]
    pulse = plant.projection.pulse
    known = max(pulse.clock if pulse else 0, last)
    if min(asked.end, known) - last > limit:
        found.append((last, min(asked.end, known)))
    return found


def as_history(asked: Asked, found: Sequence[Read]) -> models.History:
    """For JSON: columns, with None in the middle of each gap so that no line is drawn across it."""
    series = []
    for one in found:
        middles = np.array([(a + b) // 2 for a, b in one.gaps], dtype=np.int64)
        times = np.concatenate([one.times, middles])
        values = np.concatenate([one.values, np.full(len(middles), np.nan)])
        order = np.argsort(times, kind="stable")
        series.append(
            models.Series(
                signal=one.signal.id,
                unit=one.unit,
                times_ms=(times[order] / 1e6).tolist(),
                values=[value if math.isfinite(value) else None for value in values[order].tolist()],
                gaps=[(to_iso(a), to_iso(b)) for a, b in one.gaps],
                count=one.total,
            )
        )
    return models.History(
        begin=to_iso(asked.begin),
        end=to_iso(asked.end),
        width=asked.width,
        step_s=asked.step / SECOND if asked.width else None,
        units=asked.units,
        series=series,
    )


def as_csv(found: Sequence[Read]) -> str:
    """Lines signal,time,value,unit; times with all digits."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["signal", "time", "value", "unit"])
    for one in found:
        for time, value in zip(one.times.tolist(), one.values.tolist(), strict=True):
            lines.writerow([one.signal.id, to_iso(time), repr(value), one.unit])
    return text.getvalue()


def as_arrow(found: Sequence[Read]) -> bytes:
    """An Arrow IPC stream: signal, time (timestamp[ns, UTC]), value, unit."""
    schema = pa.schema(
        [("signal", pa.string()), ("time", pa.timestamp("ns", "UTC")), ("value", pa.float64()), ("unit", pa.string())]
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for one in found:
            n = len(one.times)
            times = pa.array(one.times, pa.int64()).cast(pa.timestamp("ns", "UTC"))
            names, units = pa.array([one.signal.id] * n, pa.string()), pa.array([one.unit] * n, pa.string())
            writer.write_table(pa.table([names, times, pa.array(one.values, pa.float64()), units], schema=schema))
    data: bytes = sink.getvalue().to_pybytes()
    return data
