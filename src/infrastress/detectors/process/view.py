"""What the invariants look at: trailing context plus the block's frames, one row a signal of the site model."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.core.units import scale_of
from infrastress.events.frames import Frames
from infrastress.events.kinds import Contribution
from infrastress.site import Site
from infrastress.site.process import Signal

__all__ = ["SHUT", "Floats", "SignalTable", "Times", "View", "earlier", "states_of", "window_sums"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

SHUT = 0.02
"""What is open or on no further than this is shut or off."""
_ABSURD = 1e15
"""No quantity of a plant is larger in SI units: what is, is no value (and could overflow a product)."""
_SI = {"level": "m", "flow": "m3/s", "pressure": "Pa", "temperature": "K", "power": "W"}


class SignalTable:
    """The site's signals (or some that are chosen) in a fixed order, with what a rule needs of each in SI units."""

    def __init__(self, site: Site, chosen: Iterable[str] | None = None) -> None:
        self.site = site
        some = None if chosen is None else (site.signal_by_id[signal] for signal in chosen)
        self.signals: tuple[Signal, ...] = site.signals if some is None else tuple(some)
        self.row = {signal.id: i for i, signal in enumerate(self.signals)}
        self.scale = [scale_of(signal.unit) for signal in self.signals]

    def __len__(self) -> int:
        return len(self.signals)

    def si(self, signal: str, value: float) -> float:
        """A value in the signal's own unit, in SI."""
        scale = self.scale[self.row[signal]]
        return value * scale.factor + scale.offset

    def own(self, signal: str, value: float) -> float:
        """An SI value in the signal's own unit."""
        scale = self.scale[self.row[signal]]
        return (value - scale.offset) / scale.factor

    def step(self, signal: str, value: float) -> float:
        """A difference (resolution, accuracy, rate) in the signal's own unit, in SI."""
        return value * abs(self.scale[self.row[signal]].factor)

    def resolution(self, signal: str) -> float:
        """Smallest step the signal can show, SI."""
        return self.step(signal, self.site.signal_by_id[signal].resolution)

    def accuracy(self, signal: str) -> float:
        """Stated accuracy (one standard deviation), SI; 0 where none is stated."""
        return self.step(signal, self.site.signal_by_id[signal].accuracy)

    def asset(self, signal: str) -> str:
        """The asset a signal belongs to."""
        return self.site.signal_by_id[signal].asset

    def say(self, signal: str, value: float) -> str:
        """An SI value in the signal's own unit, for a sentence."""
        unit = self.site.signal_by_id[signal].unit
        text = f"{self.own(signal, value):.4g}"
        return f"{text} {unit}".rstrip()

    def say_step(self, signal: str, size: float) -> str:
        """A difference in SI in the signal's own unit, for a sentence."""
        unit = self.site.signal_by_id[signal].unit
        return f"{size / abs(self.scale[self.row[signal]].factor):.3g} {unit}".rstrip()

    def part(
        self, signal: str, share: float, *, expected: float | None = None, seen: float | None = None
    ) -> Contribution:
        """A signal's part in a detection, its SI unit named."""
        unit = _SI.get(self.site.signal_by_id[signal].kind, "")
        return Contribution(signal=signal, share=share, expected=expected, seen=seen, unit=unit)

    def of_kind(self, asset: str, kind: str) -> str | None:
        """The first signal of a kind an asset has."""
        for signal in self.site.signals_of.get(asset, ()):
            if signal.kind == kind:
                return signal.id
        return None


@dataclass(frozen=True)
class View:
    """Frames to judge, behind their trailing context.

    Attributes:
        width: frame width, ns.
        ends: int64[k], ends of the frames to judge.
        context: number c of leading columns that were judged before; NaN where there was nothing yet.
        mean, last: float64[m, c + k], SI, one row a signal of `SignalTable`; NaN where there was no finite, sane value.
        count: int32[m, k], rows with a value in the frames to judge.
        cache: results invariants share, by name.
    """

    width: int
    ends: Times
    context: int
    mean: Floats = field(repr=False)
    last: Floats = field(repr=False)
    count: npt.NDArray[np.int32] = field(repr=False)
    cache: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def seconds(self) -> float:
        """Frame width in seconds."""
        return self.width / 1e9

    @classmethod
    def of(cls, frames: Frames, table: SignalTable, before_mean: Floats, before_last: Floats) -> "View":
        """Put frames behind their context; unknown tags are left out, missing ones are NaN."""
        context, k = before_mean.shape[1], len(frames)
        mean = np.full((len(table), context + k), np.nan)
        last = np.full((len(table), context + k), np.nan)
        mean[:, :context] = before_mean
        last[:, :context] = before_last
        count = np.zeros((len(table), k), dtype=np.int32)
        columns = [(table.row[tag], i) for i, tag in enumerate(frames.tags) if tag in table.row]
        if columns:
            rows, taken = (list(part) for part in zip(*columns, strict=True))
            mean[rows, context:] = frames.mean[:, taken].T
            last[rows, context:] = frames.last[:, taken].T
            count[rows] = frames.count[:, taken].T
        for values in (mean, last):
            with np.errstate(invalid="ignore"):
                values[~(np.abs(values) <= _ABSURD)] = np.nan
        return cls(frames.width, frames.ends, context, mean, last, count)

    def without(self, cells: npt.NDArray[np.bool_]) -> "View":
        """The same frames with nothing in some cells, bool[m, c + k]."""
        mean, last = (np.where(cells, np.nan, values) for values in (self.mean, self.last))
        return View(self.width, self.ends, self.context, mean, last, self.count)


def states_of(view: View) -> Floats:
    """float64[m, c + k]: 1 on or open, 0 off or shut, 0.5 where it switched within the frame, NaN where unknown."""
    if "states" not in view.cache:
        on, off = np.minimum(view.mean, view.last) > SHUT, np.maximum(view.mean, view.last) <= SHUT
        view.cache["states"] = np.where(np.isnan(view.last), np.nan, np.where(on, 1.0, np.where(off, 0.0, 0.5)))
    found: Floats = view.cache["states"]
    return found


def earlier(values: Floats, frames: int) -> Floats:
    """`values` shifted so that column t holds what stood at t - frames; NaN at the start."""
    if frames == 0:
        return values
    shifted = np.empty_like(values)
    shifted[..., :frames] = np.nan
    shifted[..., frames:] = values[..., :-frames]
    return shifted


def window_sums(values: Floats, scales: tuple[int, ...]) -> dict[int, Floats]:
    """Trailing sums over 1, 2, 4, ... columns by doubling.

    Every column's sum is the same fixed tree of additions, so it is the same to the last bit however the columns were
    cut into blocks (a running sum would not be). `scales` are powers of two.
    """
    sums: dict[int, Floats] = {}
    width, total = 1, values
    while True:
        if width in scales:
            sums[width] = total
        if width >= max(scales):
            return sums
        total = total + earlier(total, width)
        width *= 2
