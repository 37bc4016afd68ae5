"""Telemetry of a simulated run, as instruments show it at any time."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import SimulationError
from infrastress.core.time import SECOND
from infrastress.core.units import scale_of
from infrastress.events import Samples
from infrastress.site import Site

__all__ = ["Telemetry"]

Values = npt.NDArray[np.float64]


class Telemetry:
    """What each instrument shows: its last reading, in the signal's own unit, at its resolution.

    A reading that isn't there (NaN) is shown once its cadence has passed: between the readings of a slow source its
    instruments hold the last.

    Args:
        site: the site model.
        samples: of a run, by time.

    Attributes:
        times: int64[n], ns, rising.
        tags: m signal ids.
        shown: float64[n, m], own units; NaN where there is nothing good to show.

    Raises:
        SimulationError: there is no telemetry.
    """

    def __init__(self, site: Site, samples: Iterable[Samples]) -> None:
        chunks = [chunk for chunk in samples if len(chunk)]
        if not chunks:
            raise SimulationError("the run has no telemetry", remedy="give the scenario a longer duration_h")
        self.tags = chunks[0].tags
        self.times = np.concatenate([chunk.times for chunk in chunks])
        shown = np.concatenate([chunk.values for chunk in chunks])
        sources = site.source_by_id
        for column, tag in enumerate(self.tags):
            signal = site.signal_by_id[tag]
            source = sources.get(signal.source or "")
            scale = scale_of(signal.unit)
            own = (shown[:, column] - scale.offset) / scale.factor
            if signal.resolution > 0:
                own = np.round(own / signal.resolution) * signal.resolution
            shown[:, column] = _held(self.times, np.round(own, 9), (source.cadence_s if source else None) or 0.0)
        self.shown = shown

    @property
    def began(self) -> int:
        """Time of the first reading, ns."""
        return int(self.times[0])

    @property
    def ended(self) -> int:
        """Time of the last reading, ns."""
        return int(self.times[-1])

    def row(self, time: int) -> int:
        """Number of the row shown at a time: the last one not after it."""
        return max(0, int(np.searchsorted(self.times, time, side="right")) - 1)

    def at(self, time: int) -> Values:
        """What all instruments show at a time, in the order of `tags`."""
        found: Values = self.shown[self.row(time)]
        return found


def _held(times: npt.NDArray[np.int64], own: Values, cadence_s: float) -> Values:
    """Fill what is missing with the reading before it, for less than a cadence."""
    last = np.maximum.accumulate(np.where(np.isfinite(own), np.arange(len(own)), -1))
    found = np.where(last >= 0, own[last], np.nan)
    found[(last >= 0) & (times - times[last] >= round(cadence_s * SECOND)) & ~np.isfinite(own)] = np.nan
    return found
