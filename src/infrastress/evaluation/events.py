"""Events, not points: alarm episodes against what really happened, their delays and the rate of false ones.

Point-adjusted scores are left out on purpose: they let a single lucky point claim a whole attack.
"""

from collections.abc import Callable, Iterable, Sequence
from math import exp, lgamma, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError
from infrastress.core.time import DAY
from infrastress.events import Detection, Event

__all__ = [
    "Episode",
    "FalseRate",
    "Outcome",
    "episodes_from_detections",
    "episodes_from_flags",
    "false_rate",
    "flags_of",
    "merge_episodes",
    "outcomes",
    "poisson_interval",
    "rate_of",
]

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Episode(NamedTuple):
    """A half-open span of time, ns UTC, with a name."""

    began: int
    ended: int
    name: str = ""


class Outcome(NamedTuple):
    """What became of one true event: the first alarm that covers part of it, and its delay in seconds."""

    truth: Episode
    detected: bool
    delay_s: float | None
    alarm: str


class FalseRate(NamedTuple):
    """False episodes, and per 30 quiet days with the exact 95 % Poisson interval (Garwood 1936)."""

    episodes: int
    quiet_days: float
    per_30_days: float
    low: float
    high: float


def episodes_from_detections(events: Iterable[Event], end: int, *, notices: bool = False) -> list[Episode]:
    """Alarm episodes of detections: from raised to cleared; one that never cleared lasts to `end` (ns).

    Events that are no detections are passed over, and those that call nobody unless `notices` are asked for.
    """
    open_: dict[tuple[str, str], tuple[int, str]] = {}
    closed: list[Episode] = []
    for event in sorted(events, key=lambda one: (one.occurred, one.source, one.sequence)):
        body = event.body
        if not isinstance(body, Detection):
            continue
        key = (body.detector, body.episode)
        if body.phase == "raised" and (body.calls or notices):
            open_.setdefault(key, (event.occurred, body.rule))
        elif key in open_:
            began, rule = open_.pop(key)
            closed.append(Episode(began, max(event.occurred, began), rule))
    closed += [Episode(began, max(end, began), rule) for began, rule in open_.values()]
    return sorted(closed)


def episodes_from_flags(times: Times, flags: Flags, name: str = "") -> list[Episode]:
    """Runs of True on a time grid; a run ends where the next step begins (the last step is as long as the median)."""
    if len(times) != len(flags):
        raise InputError(f"{len(flags)} flags for {len(times)} times")
    if not len(times):
        return []
    step = int(np.median(np.diff(times))) if len(times) > 1 else 0
    after = np.concatenate([times[1:], [times[-1] + step]])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [Episode(int(times[a]), int(after[b - 1]), name) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def merge_episodes(episodes: Iterable[Episode], gap: int = 0) -> list[Episode]:
    """Union of episodes; two with at most `gap` ns between them become one, named by the earlier."""
    merged: list[Episode] = []
    for episode in sorted(episodes):
        if merged and episode.began <= merged[-1].ended + gap:
            merged[-1] = merged[-1]._replace(ended=max(merged[-1].ended, episode.ended))
        else:
            merged.append(episode)
    return merged


def flags_of(episodes: Iterable[Episode], times: Times) -> Flags:
    """Flags on a rising time grid: step i is flagged when an episode is on at times[i], or began and ended in the step.

    An alarm never flags a step before it was raised.
    """
    flags = np.zeros(len(times), dtype=bool)
    for episode in episodes:
        first = int(np.searchsorted(times, episode.began, side="left"))
        last = int(np.searchsorted(times, episode.ended, side="left"))
        flags[first : max(last, first + 1)] = True
    return flags


def outcomes(truth: Sequence[Episode], alarms: Iterable[Episode]) -> list[Outcome]:
    """For each true event the first alarm that is on during it; one that was on already counts with delay 0."""
    ordered = sorted(alarms)
    found: list[Outcome] = []
    for event in truth:
        hit = next((alarm for alarm in ordered if _touch(alarm, event)), None)
        delay = None if hit is None else max(0, hit.began - event.began) / 1e9
        found.append(Outcome(event, hit is not None, delay, hit.name if hit else ""))
    return found


def false_rate(truth: Sequence[Episode], alarms: Iterable[Episode], span: tuple[int, int], grace: int = 0) -> FalseRate:
    """Alarm episodes that touch no true event, over the time in `span` that is quiet.

    Args:
        truth: true events.
        alarms: alarm episodes; merge them first when several rules speak at once.
        span: begin and end of what was watched, ns.
        grace: ns behind a true event in which an alarm still belongs to it (the plant recovers).
    """
    events = merge_episodes(event._replace(ended=event.ended + grace) for event in truth)
    count = sum(1 for alarm in alarms if not any(_touch(alarm, event) for event in events))
    busy = sum(max(0, min(event.ended, span[1]) - max(event.began, span[0])) for event in events)
    return rate_of(count, (span[1] - span[0] - busy) / DAY)


def rate_of(count: int, quiet_days: float) -> FalseRate:
    """The rate of so many false episodes in so many quiet days; NaN where there were none."""
    if quiet_days <= 0:
        return FalseRate(count, 0.0, float("nan"), float("nan"), float("nan"))
    low, high = poisson_interval(count)
    return FalseRate(count, quiet_days, count * 30 / quiet_days, low * 30 / quiet_days, high * 30 / quiet_days)


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a Poisson mean after `count` events (Garwood, Biometrika 28, 1936, p. 437)."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _cdf(count - 1, mean), tail, rising=True)
    return low, _solve(lambda mean: _cdf(count, mean), tail, rising=False)


def _solve(value: Callable[[float], float], target: float, *, rising: bool) -> float:
    """Bisection over a monotone function of the mean."""
    low, high = 0.0, 1.0
    while (value(high) < target) == rising:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if (value(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _cdf(count: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    return min(1.0, sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1)))


def _touch(a: Episode, b: Episode) -> bool:
    """True when the half-open spans share time; an alarm of no length counts as its instant."""
    return a.began < b.ended and (a.ended > b.began or a.began == a.ended == b.began)
