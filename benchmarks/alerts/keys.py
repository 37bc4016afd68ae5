"""Rivals: a key and a gap. A group ends when nothing of its key came for longer than the gap."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.alerts.data import Scenario
from benchmarks.alerts.scores import Stream, stream_of
from infrastress.core.time import SECOND
from infrastress.detectors.alerts import RawAlert, learn

__all__ = ["GAPS", "KEYS", "LEAST", "groups_by", "never_seen", "stream_by", "trivial"]

Ints = npt.NDArray[np.int64]
GAPS: Final = (0, 1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400)
"""Seconds."""
LEAST: Final = (1, 2, 3, 5, 10, 30, 100)
"""Alerts from which on a group is told as an incident."""
KEYS: Final[Mapping[str, Callable[[RawAlert], tuple[str, ...]]]] = {
    "time": lambda alert: (),
    "host": lambda alert: (alert.host,),
    "host and family": lambda alert: (alert.host, alert.family),
    "signature": lambda alert: (alert.signature,),
    "host and signature": lambda alert: (alert.host, alert.signature),
}


def codes_of(scenario: Scenario, key: Callable[[RawAlert], tuple[str, ...]]) -> Ints:
    """A number for each alert, equal where the key is."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(key(alert), len(numbers)) for alert in scenario.alerts], dtype=np.int64)


def groups_by(times: Ints, codes: Ints, gap: float) -> Ints:
    """Group of each alert, numbers from 0 on; alerts are in order of time."""
    order = np.argsort(codes, kind="stable")
    begins = np.ones(len(order), bool)
    begins[1:] = (np.diff(codes[order]) != 0) | (np.diff(times[order]) > gap)
    groups = np.empty(len(order), np.int64)
    groups[order] = np.cumsum(begins) - 1
    return groups


def trivial(scenario: Scenario) -> Iterator[tuple[str, Ints]]:
    """One group, and every alert its own."""
    yield "one group", np.zeros(len(scenario.alerts), np.int64)
    yield "every alert its own", np.arange(len(scenario.alerts), dtype=np.int64)


def never_seen(scenario: Scenario) -> npt.NDArray[np.bool_]:
    """Alerts of a host and signature that the quiet day didn't hold; none within it."""
    start = scenario.start * SECOND
    quiet = learn(scenario.alerts, scenario.alerts[0].time, start)
    known = {(pair.host, pair.signature) for pair in quiet.pairs}
    return np.array([one.time >= start and (one.host, one.signature) not in known for one in scenario.alerts])


def stream_by(scenario: Scenario, groups: Ints, least: int, told: npt.NDArray[np.bool_] | None = None) -> Stream:
    """A rival's incidents: groups from the `least`-th alert on, each alert told when it comes or with that one.

    Args:
        scenario: whose alerts.
        groups: of all alerts.
        least: alerts from which on a group is told.
        told: alerts that count; others are in no incident.
    """
    kept = np.arange(len(groups)) if told is None else np.flatnonzero(told)
    order = kept[np.argsort(groups[kept], kind="stable")]
    firsts = np.flatnonzero(np.r_[True, np.diff(groups[order]) != 0])
    sizes = np.diff(np.r_[firsts, len(order)])
    big = sizes >= least
    incidents, known = np.full(len(groups), -1, np.int64), scenario.times.copy()
    members = order[np.repeat(big, sizes)]
    incidents[members] = groups[members]
    moments = scenario.times[order[firsts[big] + least - 1]]
    known[members] = np.maximum(known[members], np.repeat(moments, sizes[big]))
    return stream_of(
        times=scenario.times, labels=scenario.labels, chain=scenario.chain, incidents=incidents, known=known,
        start=scenario.start,
    )  # fmt: skip


class KeySetting(NamedTuple):
    """A gap, and the least size of an incident."""

    gap: float
    least: int = 1
