"""Ours: settings, and `AlertGrouping` itself over a scenario, first without a baseline, then with what a day taught."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.alerts.data import Scenario
from benchmarks.alerts.scores import Stream, stream_of
from infrastress.core.time import SECOND
from infrastress.detectors.alerts import (
    AlertGrouping,
    GroupingOptions,
    IncidentOptions,
    Novelty,
    Placed,
    QuietTime,
    RawAlert,
    SessionOptions,
    Told,
    learn,
)

__all__ = [
    "DEFAULTS",
    "SESSIONS",
    "STREAMS",
    "Placement",
    "SessionSetting",
    "StreamSetting",
    "place",
    "sessions_of",
    "stream_of_ours",
]

Ints = npt.NDArray[np.int64]


class SessionSetting(NamedTuple):
    """What decides which alerts are one session; seconds."""

    usual_share: float
    gap: float
    gap_least: float
    pace: float


class StreamSetting(NamedTuple):
    """What is told, and what joins; bits and seconds."""

    tell_bits: float
    join: float
    near: float
    tiring: bool


SESSIONS: Final = tuple(
    SessionSetting(*one) for one in product((0.0, 1 / 6, 1 / 3, 1 / 2), (30, 60, 120, 300), (2, 5), (0, 2, 5, 10))
)
STREAMS: Final = tuple(
    StreamSetting(*one) for one in product((6, 9, 12, 16, 20), (1800, 3600, 7200), (0, 300, 900), (False, True))
)


DEFAULTS: Final = SessionSetting(1 / 3, 120, 5, 10), StreamSetting(12, 1800, 300, tiring=True)
"""Those of the component; a test holds them equal."""


class Placement(NamedTuple):
    """Of each alert: session, incident (-1 for none), and when its incident was told with it, s."""

    sessions: Ints
    incidents: Ints
    known: Ints
    told: list[Told]


@lru_cache(maxsize=16)
def quiet_of(scenario: Scenario, share: float) -> QuietTime:
    """What a scenario's first day teaches."""
    return learn(scenario.alerts, scenario.alerts[0].time, scenario.start * SECOND, usual_share=share)


def options_of(session: SessionSetting, stream: StreamSetting | None = None) -> GroupingOptions:
    """The options of the component that a setting stands for."""
    incidents = IncidentOptions() if stream is None else IncidentOptions(
        tell_bits=stream.tell_bits, join_s=stream.join, near_s=stream.near, tiring=stream.tiring
    )  # fmt: skip
    sessions = SessionOptions(gap_s=session.gap, gap_least_s=session.gap_least, pace=session.pace)
    return GroupingOptions(sessions=sessions, incidents=incidents)


def ticking(grouping: AlertGrouping, alerts: Iterable[RawAlert]) -> Iterator[Placed | Told]:
    """Results of a stream with ticks, as a live source has them: what is held is judged when its time is over."""
    hold = int(grouping.options.hold_s * SECOND) + 1
    last = None
    for alert in alerts:
        if last is not None and alert.time - last > hold:
            yield from grouping.update((), last + hold)
        yield from grouping.update((alert,))
        last = alert.time
    if last is not None:
        yield from grouping.update((), last + hold)
    yield from grouping.finish()


def place(
    scenario: Scenario, session: SessionSetting, stream: StreamSetting | None = None, only: Ints | None = None
) -> Placement:
    """Run the component over a scenario.

    Args:
        scenario: whose alerts.
        session: which alerts are one session.
        stream: what is told; None: the defaults.
        only: numbers of the alerts to take; the rest gets -1.
    """
    options = options_of(session, stream)
    count = len(scenario.alerts)
    taken = list(range(count)) if only is None else only.tolist()
    sessions, known = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    incident_of: dict[int, int] = {}
    when: dict[int, int] = {}
    told: list[Told] = []
    offset, start = 0, scenario.start * SECOND
    for learned in (None, quiet_of(scenario, session.usual_share)):
        grouping = AlertGrouping(options, learned)
        most = offset
        part = [scenario.alerts[i] for i in taken if (scenario.alerts[i].time >= start) == (learned is not None)]
        for one in ticking(grouping, part):
            if isinstance(one, Told):
                incident_of.setdefault(one.session + offset, one.incident)
                when.setdefault(one.session + offset, one.known)
                told.append(one)
                continue
            i = int(one.alert.id)
            sessions[i], known[i] = one.session + offset, one.known // SECOND
            most = max(most, one.session + offset)
        offset = most
    incidents, since = np.full(offset + 2, -1, np.int64), np.zeros(offset + 2, np.int64)  # the last is of no session
    for session_number, incident in incident_of.items():
        incidents[session_number], since[session_number] = incident, when[session_number] // SECOND
    incidents, known = incidents[sessions], np.maximum(known, since[sessions])
    return Placement(sessions, incidents, known, told)


def unusual(scenario: Scenario, share: float) -> npt.NDArray[np.bool_]:
    """Which alerts a baseline calls unusual; none within the quiet day."""
    novelty, start = Novelty(quiet_of(scenario, share)), scenario.start * SECOND
    pairs: dict[tuple[str, str], bool] = {}
    for one in scenario.alerts:
        pair = one.host, one.signature
        if pair not in pairs:
            pairs[pair] = novelty.surprise(*pair) > 0
    return np.array([one.time >= start and pairs[one.host, one.signature] for one in scenario.alerts])


def sessions_of(scenario: Scenario, settings: Iterable[SessionSetting]) -> Iterator[tuple[SessionSetting, Ints]]:
    """Sessions by every setting. Usual alerts don't depend on most of it and are grouped once a share."""
    rest: dict[float, tuple[Ints, Ints]] = {}
    for setting in settings:
        if setting.usual_share not in rest:
            strange = unusual(scenario, setting.usual_share)
            numbers = np.flatnonzero(~strange)
            groups = place(scenario, setting, only=numbers).sessions
            rest[setting.usual_share] = np.flatnonzero(strange), groups
        strange_rows, groups = rest[setting.usual_share]
        own = place(scenario, setting, only=strange_rows).sessions
        yield setting, np.where(own >= 0, own + groups.max() + 1, groups)


def stream_of_ours(scenario: Scenario, placement: Placement) -> Stream:
    """What our incidents of a scenario are worth."""
    return stream_of(
        times=scenario.times, labels=scenario.labels, chain=scenario.chain, incidents=placement.incidents,
        known=placement.known, start=scenario.start,
    )  # fmt: skip
