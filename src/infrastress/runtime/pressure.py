"""Back-pressure: under overload telemetry is thinned first; alarms, observations and state changes never are."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infrastress.events import Samples

__all__ = ["PressurePolicy", "kept_rows"]


@dataclass(frozen=True)
class PressurePolicy:
    """When to thin, and how much.

    Attributes:
        limit: records waiting for detection above which telemetry is thinned.
        steps: every `limit` records more, the next of these "keep one row of n" applies.
    """

    limit: int = 10_000
    steps: tuple[int, ...] = (2, 5, 10, 50)

    def keep_every(self, backlog: int) -> int:
        """1 keeps all; n keeps one telemetry row of n."""
        over = backlog // self.limit
        return 1 if over == 0 else self.steps[min(over, len(self.steps)) - 1]


def kept_rows(
    samples: Samples,
    counted: int,
    every: int,
    width: int,
    switches: Collection[str],
    *,
    first: bool = True,
    last: bool = True,
) -> npt.NDArray[np.bool_]:
    """Which rows stay, as bool[n]: each n-th, the last of each frame, and every row in which a state changed.

    Args:
        samples: rows in order of time.
        counted: rows of this source before these.
        every: keep one of so many.
        width: frame width, ns.
        switches: signals of which no change may be lost.
        first: whether the first row may be such a change, against what went before.
        last: whether the last row stays for its frame, of which more may come.
    """
    n = len(samples)
    keep: npt.NDArray[np.bool_] = (counted + np.arange(n)) % every == 0
    frames = -(-samples.times // width)
    keep |= np.append(frames[1:] != frames[:-1], last)[:n]
    columns = [i for i, tag in enumerate(samples.tags) if tag in switches]
    if n and columns:
        states = samples.values[:, columns]
        same = (states[1:] == states[:-1]) | (np.isnan(states[1:]) & np.isnan(states[:-1]))
        changed = ~same.all(axis=1)
        keep[0] |= first
        keep[1:] |= changed
        keep[:-1] |= changed  # both sides, so that the moment stays sharp
    return keep
