"""The first visible effect of a disturbance: from when on a detector could have known.

An attack that changes a switching point does nothing until the level gets there, and a concealed one may never show.
Delays are therefore counted from the first visible effect: the end of the first frame at which any telemetry signal, as
the operator sees it, differs from the undisturbed run of the same seed by more than its noise, and does so in the next
frame too. Both runs share every random number, so that what is left is the disturbance. A cell that is empty in one of
them alone differs. Where no signal ever does, there is nothing to see, and the case is counted apart.

More than its noise is: more than six standard deviations, estimated from the second differences of normal frames by
their median absolute deviation, and more than six steps of the signal's resolution; for a state, any change.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from infrastress.core.units import scale_of
from infrastress.events.frames import Frames
from infrastress.site import Site

__all__ = ["LASTS", "TIMES", "first_visible", "noise_of", "tolerances"]

Floats = npt.NDArray[np.float64]

TIMES, LASTS = 6.0, 2
"""So many standard deviations or steps, and frames in a row."""
_STATES = frozenset({"state", "switch", "position"})


def noise_of(values: Floats) -> Floats:
    """Standard deviation of each column's noise, float64[m] of float64[n, m]; 0 where too little is known."""
    second = np.diff(values, n=2, axis=0)
    found = np.zeros(values.shape[1])
    for i, column in enumerate(second.T):
        known = column[np.isfinite(column)]
        if len(known) >= 10:
            # a second difference of independent noise has the variance 1 + 4 + 1
            found[i] = 1.4826 * float(np.median(np.abs(known - np.median(known)))) / np.sqrt(6.0)
    return found


def tolerances(site: Site, tags: Sequence[str], normal: Floats) -> Floats:
    """By how much each signal has to differ, SI, float64[m]; `normal` is float64[n, m] of normal operation."""
    noise = noise_of(normal)
    found = np.zeros(len(tags))
    for i, tag in enumerate(tags):
        signal = site.signal_by_id[tag]
        step = signal.resolution * scale_of(signal.unit).factor
        found[i] = 0.5 * (step or 1.0) if signal.kind in _STATES else TIMES * max(float(noise[i]), step)
    return found


def first_visible(run: Frames, undisturbed: Frames, tolerance: Floats) -> tuple[int, str] | None:
    """End (ns) of the first frame with a visible effect, and the signal that shows it most; None where there is none.

    Frames that only one of the runs has differ in every cell that isn't empty.
    """
    ends = np.union1d(run.ends, undisturbed.ends)
    ours, theirs = _on(run, ends), _on(undisturbed, ends)
    apart = np.abs(ours - theirs)
    one_empty = np.isnan(ours) != np.isnan(theirs)
    times = np.where(one_empty, np.inf, np.nan_to_num(apart, nan=0.0) / np.maximum(tolerance, 1e-12))
    differs = times > 1.0
    lasting = differs.copy()
    for later in range(1, LASTS):
        lasting[: len(ends) - later] &= differs[later:]
        lasting[len(ends) - later :] = False
    frames = np.flatnonzero(lasting.any(axis=1))
    if not len(frames):
        return None
    first = int(frames[0])
    signal = int(np.argmax(np.where(lasting[first], times[first], -1.0)))
    return int(ends[first]), run.tags[signal]


def _on(frames: Frames, ends: npt.NDArray[np.int64]) -> Floats:
    found = np.full((len(ends), len(frames.tags)), np.nan)
    found[np.searchsorted(ends, frames.ends)] = frames.last
    return found
