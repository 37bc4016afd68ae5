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


_REST, _ACTIVE, _SPENT = range(3)


@dataclass
class _Run:
    state: int = _REST
    count: int = 0


def episode_id(rule: str, subject: str, began: int) -> str:
    """Name of an episode: hash of rule, subject and onset; 64 bits in hexadecimal."""
    return content_hash(f"{rule}\0{subject}\0{began}".encode())[:16]


class Episodes:
    """State of n subjects' episodes of one rule.

    An episode is raised by the scores and cleared by the rule's release scores, which leave out windows that still
    hold what is over. Such a window would raise it at once again: until the score itself was below 1, or the release
    score says that it is new, the subject is spent.
    """

    def __init__(self, n: int, raise_frames: int, clear_frames: int, clear_score: float) -> None:
        self._raise, self._clear, self._below = raise_frames, clear_frames, clear_score
        self._runs = [_Run() for _ in range(n)]

    def step(self, scores: Floats, release: Floats | None = None) -> list[Change]:
        """Take float64[n, k] scores; NaN is no verdict and neither counts nor breaks a run."""
        if not scores.size:
            return []
        release = scores if release is None else release
        changes: list[Change] = []
        hits = np.any(scores >= 1.0, axis=1).tolist()
        for subject, run in enumerate(self._runs):
            if not hits[subject] and run.state != _ACTIVE:
                if (run.count or run.state) and not np.isnan(scores[subject]).all():
                    run.state, run.count = _REST, 0
                continue
            for frame, (score, left) in enumerate(
                zip(scores[subject].tolist(), release[subject].tolist(), strict=True)
            ):
                if isnan(score):
                    continue
                if run.state == _ACTIVE:
                    run.count = run.count + 1 if left < self._below else 0 if not isnan(left) else run.count
                    if run.count >= self._clear:
                        run.state, run.count = _REST if score < 1.0 else _SPENT, 0
                        changes.append(Change(frame, subject, raised=False))
                    continue
                if score < 1.0:
                    run.state = _REST
                evidence = left if run.state == _SPENT else score
                run.count = run.count + 1 if evidence >= 1.0 else 0
                if run.count >= self._raise:
                    run.state, run.count = _ACTIVE, 0
                    changes.append(Change(frame, subject, raised=True))
        return changes

    def dump(self) -> list[list[int]]:
        """Subjects that are not at rest: [subject, state, count]."""
        return [[i, run.state, run.count] for i, run in enumerate(self._runs) if run.state or run.count]

    def load(self, state: Any) -> None:
        """Inverse of `dump`.

        Raises:
            DecodeError: the state is not of this rule.
        """
        self._runs = [_Run() for _ in self._runs]
        try:
            for subject, known, count in state:
                if known not in (_REST, _ACTIVE, _SPENT):
                    raise ValueError(f"unknown state {known!r}")
                self._runs[subject] = _Run(int(known), int(count))
        except (TypeError, ValueError, IndexError) as error:
            raise DecodeError(f"no state of episodes: {error}") from None
