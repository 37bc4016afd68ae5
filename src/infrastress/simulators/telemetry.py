"""Telemetry of a simulated run, as instruments show it at any time."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import SimulationError
from infrastress.core.time import SECOND
from infrastress.core.units import scale_of
from infrastress.events import Samples
from infrastress.site import Site

__all__ = ["Showing", "Telemetry"]

Values = npt.NDArray[np.float64]


class Showing:
    """What instruments show, chunk by chunk; see `Telemetry`.

    Args:
        site: the site model.
        tags: m signal ids.
    """

    def __init__(self, site: Site, tags: tuple[str, ...]) -> None:
        self._signals = [site.signal_by_id[tag] for tag in tags]
        sources = [site.source_by_id.get(signal.source or "") for signal in self._signals]
        cadences = [(source.cadence_s if source else None) or 0.0 for source in sources]
        self._hold = np.array([round(cadence * SECOND) for cadence in cadences], dtype=np.int64)
        self._last = np.full(len(tags), np.nan)
        self._at = np.zeros(len(tags), dtype=np.int64)

    def take(self, chunk: Samples) -> Values:
        """float64[n, m] in own units of the next chunk; NaN where there is nothing good to show."""
        shown = np.empty_like(chunk.values)
        for column, signal in enumerate(self._signals):
            scale = scale_of(signal.unit)
            own = (chunk.values[:, column] - scale.offset) / scale.factor
            if signal.resolution > 0:
                own = np.round(own / signal.resolution) * signal.resolution
            shown[:, column] = np.round(own, 9)
        return self._held(chunk.times, shown)

    def _held(self, times: npt.NDArray[np.int64], own: Values) -> Values:
        """Fill what is missing with the reading before it, for less than a cadence."""
        known = np.isfinite(own)
        last = np.maximum.accumulate(np.where(known, np.arange(len(own))[:, None], -1), axis=0)
        columns = np.broadcast_to(np.arange(own.shape[1]), own.shape)
        value = np.where(last >= 0, own[last, columns], self._last)
        since = np.where(last >= 0, times[last], self._at)
        found: Values = np.where(known | (times[:, None] - since < self._hold), value, np.nan)
        self._last, self._at = value[-1], since[-1]
        return found


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
        showing = Showing(site, self.tags)
        self.shown = np.concatenate([showing.take(chunk) for chunk in chunks])

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
