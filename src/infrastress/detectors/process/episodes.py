"""Episodes: from scores to raised and cleared, with persistence and hysteresis, one frame at a time."""

from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash
from infrastress.detectors.process.view import Floats

__all__ = ["Change", "Episodes", "episode_id"]


class Change(NamedTuple):
    """A subject's episode was raised or cleared at a frame of the block."""

    frame: int
    subject: int
    raised: bool


@dataclass
class _Run:
    active: bool = False
    count: int = 0


def episode_id(rule: str, subject: str, began: int) -> str:
    """Name of an episode: hash of rule, subject and onset; 64 bits in hexadecimal."""
    return content_hash(f"{rule}\0{subject}\0{began}".encode())[:16]


class Episodes:
    """State of n subjects' episodes of one rule."""

    def __init__(self, n: int, raise_frames: int, clear_frames: int, clear_score: float) -> None:
        self._raise, self._clear, self._below = raise_frames, clear_frames, clear_score
        self._runs = [_Run() for _ in range(n)]

    def step(self, scores: Floats) -> list[Change]:
        """Take float64[n, k] scores; NaN is no verdict and neither counts nor breaks a run."""
        if not scores.size:
            return []
        changes: list[Change] = []
        hits = np.any(scores >= 1.0, axis=1).tolist()
        for subject, run in enumerate(self._runs):
            if not hits[subject] and not run.active:
                if run.count and not np.isnan(scores[subject]).all():
                    run.count = 0
                continue
            for frame, score in enumerate(scores[subject].tolist()):
                if isnan(score):
                    continue
                if run.active:
                    run.count = run.count + 1 if score < self._below else 0
                else:
                    run.count = run.count + 1 if score >= 1.0 else 0
                if run.count >= (self._clear if run.active else self._raise):
                    run.active, run.count = not run.active, 0
                    changes.append(Change(frame, subject, run.active))
        return changes

    def dump(self) -> list[list[int]]:
        """Subjects that are not at rest: [subject, active, count]."""
        return [[i, int(run.active), run.count] for i, run in enumerate(self._runs) if run.active or run.count]

    def load(self, state: Any) -> None:
        """Inverse of `dump`.

        Raises:
            DecodeError: the state is not of this rule.
        """
        self._runs = [_Run() for _ in self._runs]
        try:
            for subject, active, count in state:
                self._runs[subject] = _Run(bool(active), int(count))
        except (TypeError, ValueError, IndexError) as error:
            raise DecodeError(f"no state of episodes: {error}") from None
