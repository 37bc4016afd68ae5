"""Episodes, delays and false rates."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.time import DAY, HOUR, SECOND
from infrastress.evaluation.events import (
    Episode,
    episodes_from_detections,
    episodes_from_flags,
    false_rate,
    flags_of,
    merge_episodes,
    outcomes,
    poisson_interval,
)
from infrastress.events import Detection, Event, make_event
from infrastress.events.kinds import Severity


def detection(
    occurred: int,
    phase: str,
    episode: str = "e1",
    rule: str = "limit",
    sequence: int = 0,
    *,
    severity: Severity = "high",
) -> Event:
    body = Detection(
        detector="d", detector_version="1", rule=rule, episode=episode, phase=phase,  # type: ignore[arg-type]  # both phases
        source_kind="telemetry", severity=severity, score=1.0, sentence="x", began=occurred, until=occurred,
    )  # fmt: skip
    return make_event(site="s", source="d", sequence=sequence, occurred=occurred, body=body)


def test_raised_and_cleared_make_an_episode() -> None:
    events = [detection(10, "raised"), detection(30, "cleared", sequence=1), detection(50, "raised", "e2", "rate", 2)]
    assert episodes_from_detections(reversed(events), 90) == [Episode(10, 30, "limit"), Episode(50, 90, "rate")]
    assert episodes_from_detections([detection(5, "cleared")], 90) == []


def test_what_calls_nobody_is_no_alarm() -> None:
    events = [detection(10, "raised", severity="low"), detection(30, "cleared", sequence=1, severity="low")]
    assert episodes_from_detections(events, 90) == []
    assert episodes_from_detections(events, 90, notices=True) == [Episode(10, 30, "limit")]


def test_flags_to_episodes_and_back() -> None:
    times = np.arange(6, dtype=np.int64) * 10
    flags = np.array([False, True, True, False, False, True])
    episodes = episodes_from_flags(times, flags)
    assert episodes == [Episode(10, 30), Episode(50, 60)]
    assert (flags_of(episodes, times) == flags).all()


def test_an_alarm_flags_no_step_before_it() -> None:
    times = np.arange(4, dtype=np.int64) * 10
    assert flags_of([Episode(11, 12)], times).tolist() == [False, False, True, False]


def test_delay_is_from_the_event_to_the_first_alarm() -> None:
    truth = [
        Episode(100 * SECOND, 200 * SECOND),
        Episode(300 * SECOND, 400 * SECOND),
        Episode(500 * SECOND, 600 * SECOND),
    ]
    alarms = [Episode(150 * SECOND, 160 * SECOND, "late"), Episode(290 * SECOND, 310 * SECOND, "early")]
    assert [(one.detected, one.delay_s, one.alarm) for one in outcomes(truth, alarms)] == [
        (True, 50.0, "late"),
        (True, 0.0, "early"),
        (False, None, ""),
    ]


def test_false_rate_counts_quiet_time_only() -> None:
    truth = [Episode(10 * DAY, 20 * DAY)]
    alarms = [Episode(DAY, DAY + HOUR), Episode(15 * DAY, 16 * DAY), Episode(20 * DAY + HOUR, 21 * DAY)]
    rate = false_rate(truth, alarms, (0, 40 * DAY))
    assert (rate.episodes, rate.quiet_days, rate.per_30_days) == (2, 30.0, 2.0)
    assert false_rate(truth, alarms, (0, 40 * DAY), grace=2 * HOUR).episodes == 1


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (4, 1.090, 10.242), (10, 4.795, 18.390)]
)
def test_poisson_interval_as_published(count: int, low: float, high: float) -> None:
    """Garwood's 95 % limits, as tabulated in textbooks."""
    assert poisson_interval(count) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


spans = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 30)).map(lambda p: Episode(p[0], p[0] + p[1])), max_size=12
)


@given(spans, st.integers(0, 10))
def test_merged_episodes_are_apart_and_cover_the_same(episodes: list[Episode], gap: int) -> None:
    merged = merge_episodes(episodes, gap)
    assert all(b.began > a.ended + gap for a, b in pairwise(merged))
    assert all(any(m.began <= e.began and e.ended <= m.ended for m in merged) for e in episodes)
    assert merge_episodes(merged, gap) == merged


@given(spans, spans)
def test_every_alarm_is_false_or_touches(truth: list[Episode], alarms: list[Episode]) -> None:
    rate = false_rate(truth, alarms, (0, 1000))
    assert 0 <= rate.episodes <= len(alarms)
    assert rate.low <= rate.per_30_days <= rate.high
