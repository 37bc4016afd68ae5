"""Phrases of sentences (spans, changes of level, flows), the hour of the day, and whether a signal stands still."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from infrastress.core.time import HOUR
from infrastress.detectors.process.view import SignalTable, Times, View
from infrastress.site.process import SignalKind

__all__ = ["ACTUATED", "DEAD_OR_HELD", "change_of_level", "clock_span", "frozen", "held", "local_hours", "volume_flow"]

ACTUATED: frozenset[SignalKind] = frozenset({"state", "switch", "speed", "position", "setpoint"})
"""What is switched or set, and isn't measured."""
DEAD_OR_HELD = "repeats its last digit: dead or held, telemetry alone cannot tell"


def clock_span(seconds: float) -> str:
    """A span as an operator says it: "45 s", "6 min", "2.5 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


def change_of_level(metres: float) -> str:
    """What a level should be doing: "rising 13.2 cm", "still"."""
    if abs(metres) < 0.0005:
        return "still"
    return f"{'rising' if metres > 0 else 'falling'} {abs(metres) * 100:.1f} cm"


def volume_flow(cubic_metres_per_second: float) -> str:
    """A flow in m3/h."""
    hourly = cubic_metres_per_second * 3600
    return "no flow" if abs(hourly) < 0.05 else f"{hourly:.0f} m3/h" if abs(hourly) >= 10 else f"{hourly:.1f} m3/h"


def frozen(view: View, row: int, column: int, frames: int) -> bool:
    """True when a signal's mean and last value are the same number over the frames up to `column`."""
    start = max(0, column - max(1, frames - 1))
    mean, last = view.mean[row, start : column + 1], view.last[row, start : column + 1]
    return bool((last == last[-1]).all() and (abs(mean - last[-1]) <= 1e-9 * max(1.0, abs(float(last[-1])))).all())


def held(view: View, table: SignalTable, signal: str, column: int) -> bool:
    """True when a meter repeats a value to its last digit for three frames, other than the nothing it reads at rest."""
    row = table.row[signal]
    measured = table.signals[row].kind not in ACTUATED
    return measured and frozen(view, row, column, 3) and float(view.last[row, column]) != 0.0


def local_hours(ends: Times, zone: ZoneInfo) -> npt.NDArray[np.intp]:
    """Hour of the local day, 0 to 23, in which each frame ends (an end on the hour belongs to the hour it closes)."""
    hours, index = np.unique((ends - 1) // HOUR, return_inverse=True)
    local = [datetime.fromtimestamp(int(hour) * 3600, UTC).astimezone(zone).hour for hour in hours]
    return np.array(local, dtype=np.intp)[index]
