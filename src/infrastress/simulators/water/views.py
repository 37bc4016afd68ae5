"""What the operator and the historian see: concealment, repeated and empty cells, resolution, rows lost."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.water.faults import PlantFault
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.oddities import Oddities
from infrastress.simulators.water.options import Concealment
from infrastress.simulators.water.simulation import Outcome
from infrastress.simulators.water.story import Story

__all__ = ["operator_view", "samples_of"]

Array = npt.NDArray[np.float64]
CHUNK_ROWS = 20_000
DAY = 86400.0


def operator_view(
    layout: Layout,
    outcome: Outcome,
    *,
    story: Story | None,
    fault: PlantFault | None,
    oddities: Oddities,
    concealment: Concealment,
) -> Array:
    """Rows of telemetry as they reach the control room, n x m, in the network's SI units; NaN is an empty cell."""
    seen, seconds = outcome.told.copy(), outcome.seconds
    keys = [(meter.quantity, meter.element) for meter in layout.meters]
    if story is not None:
        during = np.flatnonzero((seconds >= story.began) & (seconds < story.ended))
        hidden = np.array([i for i, key in enumerate(keys) if key in story.hidden], dtype=np.int64)
        stale = np.array([i for i, key in enumerate(keys) if key in story.stale], dtype=np.int64)
        if len(during) and len(hidden) and concealment == "constant":
            seen[np.ix_(during, hidden)] = seen[max(int(during[0]) - 1, 0), hidden]
        elif len(during) and len(hidden):
            seen[np.ix_(during, hidden)] = seen[np.ix_(_before(during, seconds), hidden)]
        if len(during) and len(stale):
            seen[np.ix_(during, stale)] = seen[np.ix_(_before(during, seconds), stale)]
    silent = [] if story is None else [(story.silent, story.began, story.ended)]
    silent += [] if fault is None else [(fault.silent, fault.began, fault.ended)]
    for inputs, began, ended in silent:
        for i in [i for i, key in enumerate(keys) if key in inputs]:
            seen[(seconds >= began) & (seconds < ended), i] = np.nan
    for asset, (began, ended) in oddities.silent:
        for i in [i for i, meter in enumerate(layout.meters) if meter.signal.asset == asset]:
            seen[(seconds >= began) & (seconds < ended), i] = np.nan
    return seen


def _before(during: npt.NDArray[np.int64], seconds: Array) -> npt.NDArray[np.int64]:
    """Rows of the day before; of as many days before that nothing of the span is shown, from the first row on."""
    step = seconds[1] - seconds[0] if len(seconds) > 1 else DAY
    day = max(1, round(DAY / step))
    back = np.ceil((during - during[0] + 1) / day) * day
    found = during - back.astype(np.int64)
    while (found < 0).any():  # no day has passed: what there is, again and again
        found = np.where(found < 0, found + max(1, int(during[0])), found)
    result: npt.NDArray[np.int64] = np.minimum(found, max(int(during[0]) - 1, 0))
    return result


def samples_of(
    layout: Layout, seen: Array, seconds: Array, calendar: Calendar, oddities: Oddities
) -> Iterator[Samples]:
    """Samples in chunks: SI, at each signal's resolution and range, each source at its own cadence."""
    values = np.full_like(seen, np.nan)
    names = {source.id: source for source in layout.site.sources}
    for meter in layout.meters:
        factor, offset = meter.scale
        own = (seen[:, meter.column] * meter.factor - offset) / factor
        low, high = meter.signal.range or (-np.inf, np.inf)
        own = np.clip(own, low, high)
        if meter.signal.resolution > 0:
            own = np.round(np.round(own / meter.signal.resolution) * meter.signal.resolution, 9)
        source = names.get(meter.signal.source or "")
        if source is not None and source.cadence_s:
            own = np.where(seconds % round(source.cadence_s) == 0, own, np.nan)
        values[:, meter.column] = own * factor + offset
    kept = np.isfinite(values).any(axis=1)
    for began, ended in oddities.gaps:
        kept &= ~((seconds >= began) & (seconds < ended))
    rows = np.flatnonzero(kept)
    tags = tuple(meter.signal.id for meter in layout.meters)
    source_id = layout.meters[0].signal.source or ""
    for first in range(0, len(rows), CHUNK_ROWS):
        chosen = rows[first : first + CHUNK_ROWS]
        times = calendar.start + seconds[chosen].astype(np.int64) * SECOND
        yield Samples(layout.site.id, source_id, first, times, tags, values[chosen])
