"""From blocks to views: runs of consecutive frames behind their trailing context, gaps filled by frames without values.

Every process detector reads its blocks through this, so that all agree on what a missing or repeated frame is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.process.view import Floats, SignalTable, Times, View
from infrastress.events.frames import Frames

__all__ = ["FrameStream", "scores_at"]


class FrameStream:
    """What a detector remembers of the telemetry: the last `context` frames, and where it stands."""

    def __init__(self, name: str, table: SignalTable, width: int, context: int) -> None:
        self._name, self._table, self._width, self._context = name, table, width, context
        self.mean = np.full((len(table), context), np.nan)
        self.last = self.mean.copy()
        self.end: int | None = None

    def views(self, frames: Frames) -> Iterator[View]:
        """Views of the runs of consecutive frames; missing frames in between count as frames without values.

        Frames at or before the last one judged are left out: they have been judged.

        Raises:
            DecodeError: the frames are not on the site's grid.
        """
        if not len(frames):
            return
        if frames.width != self._width:
            raise DecodeError(
                f"frames of {frames.width / 1e9:g} s, the site's grid is {self._width / 1e9:g} s", where=self._name
            )
        ends = frames.ends
        start = 0 if self.end is None else int(np.searchsorted(ends, self.end, side="right"))
        while start < len(ends):
            if self.end is not None and (missing := int(ends[start] - self.end) // self._width - 1) > 0:
                yield self._advance(self._silent(self.end, missing))
            breaks = np.flatnonzero(np.diff(ends[start:]) != self._width)
            stop = start + int(breaks[0]) + 1 if len(breaks) else len(ends)
            run = Frames(
                frames.width,
                ends[start:stop],
                frames.tags,
                frames.mean[start:stop],
                frames.last[start:stop],
                frames.count[start:stop],
            )
            yield self._advance(run)
            start = stop

    def _silent(self, end: int, missing: int) -> Frames:
        ends = end + self._width * np.arange(1, missing + 1, dtype=np.int64)
        none = np.empty((missing, 0))
        return Frames(self._width, ends, (), none, none, np.empty((missing, 0), dtype=np.int32))

    def _advance(self, frames: Frames) -> View:
        view = View.of(frames, self._table, self.mean, self.last)
        self.mean = view.mean[:, -self._context :].copy()
        self.last = view.last[:, -self._context :].copy()
        self.end = int(frames.ends[-1])
        return view

    def dump(self) -> dict[str, Any]:
        """What stands in `mean`, `last` (as bytes) and `end`, by name."""
        return {"end": self.end, "mean": self.mean.tobytes(), "last": self.last.tobytes()}

    def load(self, mean: bytes, last: bytes, end: int | None) -> None:
        """Take what stood in `mean`, `last` (as bytes) and `end`.

        Raises:
            ValueError: the bytes are of another number of signals or frames.
        """
        shape = (len(self._table), self._context)
        self.mean = np.frombuffer(mean).reshape(shape).copy()
        self.last = np.frombuffer(last).reshape(shape).copy()
        self.end = end


def scores_at(asked: Times, judged: Sequence[tuple[Times, Floats]], most: float) -> Floats:
    """Scores float64[k] of the frames that end at `asked`, out of those judged; NaN where none was, `most` at most."""
    told = np.full(len(asked), np.nan)
    for ends, scores in judged:
        at = np.searchsorted(asked, ends)
        known = (at < len(told)) & (asked[np.minimum(at, len(told) - 1)] == ends) if len(told) else at < 0
        told[at[known]] = np.minimum(scores[known], most)
    return told
