"""When an episode is raised, held, and released: by all windows up, by short windows down.

    at rest     --(a window that does not reach behind the last release is beyond its limit)-->  raised
    raised      --(a frame whose short windows are below half of their limits)-->                recovering
    recovering  --(one that is not)-->                                                           raised
    recovering  --(r such frames in a row)-->                                                    at rest

*Short windows* are those up to the shortest that was beyond its limit in this episode, two frames at least and half of
the longest at most: what was plain at once has to be plain to be held, what was seen in sum alone is held in sum.

*How many quiet frames* it takes follows from what the episode was like. If a share v of its frames was suspicious, r
quiet ones in a row have probability (1 - v)^r while it lasts; it is released when that is below 1 in 1000, at the
latest after 8 frames, half of the longest window. So a deviation that shows in every frame ends after three quiet
frames, and one that shows when a pump runs outlives the pump's rest.

A window that reaches behind the last release counts no more: the plant's past does not hold the alarm, and does not
raise it again. Whatever is new does, at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import DecodeError
from infrastress.detectors.process.episodes import Change
from infrastress.detectors.process.view import Floats

__all__ = ["Holding"]

SUSPICIOUS = 0.5
_UNLIKELY = log(1000.0)
_MOST_QUIET, _MEMORY = 8, 24
_LEAST_SHORT = 2
_SURE = 0.95


@dataclass
class _Run:
    """One subject: whether raised, the frame of its last release, and what the episode was like."""

    active: bool = False
    released: int = -1
    shortest: int = 0
    quiet: int = 0
    frames: float = 0.0
    suspicious: float = 0.0

    def hold(self, suspicious: bool) -> bool:
        """Take a frame of a raised episode; False when it is over."""
        self.suspicious += suspicious
        self.frames += 1.0
        if self.frames > _MEMORY:
            self.suspicious *= _MEMORY / (_MEMORY + 1.0)
            self.frames = float(_MEMORY)
        self.quiet = 0 if suspicious else self.quiet + 1
        share = min((self.suspicious + 1.0) / (self.frames - self.quiet + 1.5), _SURE)
        enough = min(_MOST_QUIET, max(_LEAST_SHORT, ceil(_UNLIKELY / -log(1.0 - share))))
        return self.quiet < enough


class Holding:
    """State of n subjects' episodes; `windows` are the lengths of the evidence windows in frames, rising."""

    def __init__(self, n: int, windows: Sequence[int]) -> None:
        self._windows = tuple(windows)
        self._runs = [_Run() for _ in range(n)]
        self._frame = 0

    def step(self, parts: Floats) -> list[Change]:
        """Take float64[w, n, k] sums over their limits (>= 0); NaN is no verdict: it holds and ends nothing."""
        if not parts.size:
            return []
        changes: list[Change] = []
        with np.errstate(invalid="ignore"):
            hits = np.any(parts >= 1.0, axis=0)
        touched = hits.any(axis=1).tolist()
        for subject, run in enumerate(self._runs):
            if touched[subject] or run.active:
                mine = self._follow(run, parts[:, subject].T, np.flatnonzero(hits[subject]))
                changes += [Change(frame, subject, raised) for frame, raised in mine]
        self._frame += parts.shape[2]
        return changes

    def _follow(self, run: _Run, parts: Floats, hits: npt.NDArray[np.intp]) -> Iterator[tuple[int, bool]]:
        """Frames at which a subject's episode was raised (True) or released; at rest only `hits` need be looked at."""
        frame = 0
        while frame < len(parts):
            if not run.active:
                at = int(np.searchsorted(hits, frame))
                if at == len(hits):
                    return
                frame = int(hits[at])
            part = parts[frame].tolist()
            if part[0] == part[0] and self._take(run, part, self._frame + frame):
                yield frame, run.active
            frame += 1

    def _take(self, run: _Run, part: list[float], now: int) -> bool:
        """One frame of one subject; True when its episode was raised or released."""
        if not run.active:
            reach = self._windows[-1] if run.released < 0 else now - run.released
            beyond = [i for i, window in enumerate(self._windows) if window <= reach and part[i] >= 1.0]
            if not beyond:
                return False
            run.active, run.shortest, run.quiet, run.frames, run.suspicious = True, beyond[0], 0, 1.0, 1.0
            return True
        run.shortest = next((i for i in range(run.shortest) if part[i] >= 1.0), run.shortest)
        longest = min(max(self._windows[run.shortest], _LEAST_SHORT), max(self._windows[-1] // 2, 1))
        worst = max(one for one, window in zip(part, self._windows, strict=True) if window <= longest)
        if run.hold(worst >= SUSPICIOUS):
            return False
        run.active, run.released = False, now
        return True

    def dump(self) -> list[Any]:
        """The frame, and subjects that are raised or were released not long ago."""
        told = []
        for subject, run in enumerate(self._runs):
            since = self._frame - run.released
            if run.active or (run.released >= 0 and since <= self._windows[-1]):
                back = since if run.released >= 0 and since <= self._windows[-1] else -1
                told.append([subject, run.active, back, run.shortest, run.quiet, run.frames, run.suspicious])
        return told

    def load(self, state: Any) -> None:
        """Inverse of `dump`.

        Raises:
            DecodeError: the state is not of these subjects.
        """
        self._runs = [_Run() for _ in self._runs]
        self._frame = self._windows[-1] + 1
        try:
            for subject, active, back, shortest, quiet, frames, suspicious in state:
                released = -1 if back < 0 else self._frame - int(back)
                self._runs[subject] = _Run(
                    bool(active), released, int(shortest), int(quiet), float(frames), float(suspicious)
                )
        except (TypeError, ValueError, IndexError) as error:
            raise DecodeError(f"no state of episodes: {error}") from None
