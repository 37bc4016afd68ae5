"""Phrases of sentences: spans, changes of level, flows; and whether a signal stands still to its last digit."""

from infrastress.detectors.process.view import View

__all__ = ["change_of_level", "clock_span", "frozen", "volume_flow"]


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
