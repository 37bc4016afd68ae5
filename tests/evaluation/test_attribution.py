"""Whom detections blame, what they suspect, and how soon after the first visible effect; vectors worked out by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.time import SECOND
from infrastress.evaluation.attribution import (
    Cause,
    attribute,
    blamed,
    by_chance,
    delay_s,
    first_visible,
    popularity,
    rank_of,
    right,
    suspected,
)
from infrastress.evaluation.events import Episode
from infrastress.events import Detection, Event, make_event
from infrastress.events.kinds import Contribution

ASSET_OF = {"L1": "T1", "F1": "P1", "S1": "P1"}


def said(
    at: int,
    shares: dict[str, float],
    *,
    phase: Any = "raised",
    episode: str = "e",
    assets: tuple[str, ...] = (),
    **fields: Any,
) -> Event:
    """A detection at `at` ns that blames signals by share."""
    body = Detection(
        detector="d", detector_version="1", rule="r", episode=episode, phase=phase, source_kind="telemetry",
        sentence="x", began=at, until=at, **{"severity": "high", "score": 1.0, **fields},
        contributions=tuple(Contribution(signal=one, share=share) for one, share in shares.items()),
    )  # fmt: skip
    return make_event(site="s", source="d", sequence=at, occurred=at, assets=assets, body=body)


def test_shares_are_weighed_by_severity_and_score() -> None:
    one = said(10, {"L1": 0.75, "F1": 0.25}, score=2.0)  # 4 x 2: T1 6, P1 2
    other = said(20, {}, episode="f", severity="low", score=50.0, assets=("P1", "V1"))  # 1 x 10: 5 each
    assert blamed([one, other], 0, 100, ASSET_OF) == [("P1", 7.0), ("T1", 6.0), ("V1", 5.0)]


def test_shares_need_not_add_up_to_one_and_unknown_signals_count_for_the_detections_own_assets() -> None:
    found = blamed([said(10, {"L1": 2.0, "X9": 6.0}, assets=("V1",))], 0, 100, ASSET_OF)
    assert found == [("V1", 3.0), ("T1", 1.0)]
    assert blamed([said(10, {"L1": 0.0, "F1": 0.0})], 0, 100, ASSET_OF) == [("P1", 2.0), ("T1", 2.0)]


def test_only_what_is_on_during_the_event_counts() -> None:
    early = [said(10, {"L1": 1.0}), said(20, {}, phase="cleared")]
    standing = said(15, {"F1": 1.0}, episode="f")
    late = said(40, {"L1": 1.0}, episode="g")
    assert blamed([*early, standing, late], 20, 40, ASSET_OF) == [("P1", 4.0)]


def test_ties_go_by_id_and_the_best_true_asset_counts() -> None:
    ranking = blamed([said(10, {"F1": 0.5, "L1": 0.5})], 0, 100, ASSET_OF)
    assert ranking == [("P1", 2.0), ("T1", 2.0)]
    assert rank_of(ranking, ["T1"]) == 2
    assert rank_of(ranking, ["T1", "P1"]) == 1
    assert rank_of(ranking, ["V9"]) is None


def test_what_is_suspected_is_the_weightiest_times_its_confidence() -> None:
    weak = said(10, {}, score=9.0, suspicion="process_fault", confidence=0.2)  # 4 x 9 x .2 = 7.2
    sure = said(20, {}, episode="f", score=2.0, suspicion="sensor_falsified", confidence=0.95)  # 7.6
    unsure = said(30, {}, episode="g", score=10.0, suspicion="unknown", confidence=0.9)
    assert suspected([weak, sure], 0, 100) == "sensor_falsified"
    assert suspected([weak, sure, unsure], 0, 100) == "sensor_falsified"  # "unknown" only where nothing else is said
    assert suspected([unsure], 0, 100) == "unknown"
    assert suspected([], 0, 100) is None


def test_a_frozen_gauge_may_be_a_fault_or_a_lie() -> None:
    assert right("level_spoofed", "sensor_falsified") is True
    assert right("level_spoofed", "process_fault") is False
    assert right("gauge_stuck", "sensor_fault") is True
    assert right("never heard of", "sensor_fault") is None


def test_delay_counts_from_what_could_be_seen() -> None:
    alarms = [Episode(5 * SECOND, 12 * SECOND), Episode(30 * SECOND, 40 * SECOND)]
    assert delay_s(alarms, 10 * SECOND, 60 * SECOND) == 0.0
    assert delay_s(alarms, 10 * SECOND, 60 * SECOND, standing=False) == 20.0
    assert delay_s(alarms, 20 * SECOND, 60 * SECOND) == 10.0
    assert delay_s(alarms, 41 * SECOND, 60 * SECOND) is None
    assert delay_s(alarms, 10 * SECOND, 10 * SECOND) is None  # it never showed


def test_the_first_visible_effect_is_a_step_of_the_resolution_or_a_cell_more_or_less() -> None:
    times = np.array([0, 1, 2, 3])
    twin = np.array([[1.0, 1.0, 1.0, 1.0], [5.0, np.nan, 5.0, 5.0]])
    least = np.array([[0.1], [1.0]])
    seen = twin.copy()
    assert first_visible(times, seen, twin, least) is None
    seen[0] += [0.0, 0.05, 0.11, 0.3]
    assert first_visible(times, seen, twin, least) == 2
    seen[1, 1] = 5.0
    assert first_visible(times, seen, twin, least) == 1


@pytest.mark.parametrize(
    ("candidates", "true", "k", "chance"),
    [(10, 2, 3, 1 - 56 / 120), (10, 1, 1, 0.1), (2, 2, 1, 1.0), (3, 1, 5, 1.0), (4, 0, 2, 0.0)],
)
def test_chance(candidates: int, true: int, k: int, chance: float) -> None:
    assert by_chance(candidates, true, k) == pytest.approx(chance)


def test_popularity_counts_events_and_breaks_ties_by_id() -> None:
    causes = [Cause(0, 1, assets=("T1", "P1")), Cause(1, 2, assets=("T1",)), Cause(2, 3, assets=("A0", "A0"))]
    assert popularity(causes) == ["T1", "A0", "P1"]


def test_attribution_of_three_events_beside_its_rivals() -> None:
    causes = (
        Cause(0, 100, "one", ("T1",), "level_spoofed", visible=20 * SECOND),
        Cause(200 * SECOND, 300 * SECOND, "two", ("P1",), "actuator_held"),
        Cause(400 * SECOND, 500 * SECOND, "three", ("P1",), "pump_trip"),
        Cause(600 * SECOND, 700 * SECOND, "four"),
    )
    causes = (causes[0]._replace(ended=100 * SECOND), *causes[1:])
    events = [
        said(30 * SECOND, {"L1": 0.6, "F1": 0.4}, suspicion="sensor_falsified"),
        said(60 * SECOND, {}, phase="cleared"),
        said(210 * SECOND, {"L1": 0.6, "F1": 0.4}, episode="f", suspicion="process_fault"),
        said(250 * SECOND, {}, episode="f", phase="cleared"),
    ]
    found = attribute([(events, causes)], ASSET_OF, ["A0", "P1", "T1", "V1"])
    assert [one.rank for one in found.blames] == [1, 2, None, None]
    assert [one.delay_s for one in found.blames] == [10.0, 10.0, None, None]
    assert [one.counted_from for one in found.blames] == ["first visible effect", "label", "label", "label"]
    rows = {row.name: (row.top1, row.top3, row.events) for row in found.rows}
    assert rows["these detections"] == (pytest.approx(1 / 3), pytest.approx(2 / 3), 3)
    # Left one out: one is guessed from two and three (P1), the others from one and each other (P1 before T1: a tie)
    assert rows["popularity"] == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert rows["always the first"] == (0.0, 1.0, 3)
    assert rows["by chance"] == (0.25, pytest.approx(0.75), 3)
    assert found.confusion == {
        "level_spoofed": {"sensor_falsified": 1},
        "actuator_held": {"process_fault": 1},
        "pump_trip": {"not found": 1},
    }
    assert (found.right, found.judged) == (1, 3)
    told = found.as_dict()
    assert told["events"][0]["blamed"][0] == {"asset": "T1", "weight": 2.4}
    assert told["table"][0]["top1"] == pytest.approx(1 / 3)


def test_an_asset_may_be_named_by_its_signal() -> None:
    found = attribute([([said(10, {"F1": 1.0})], [Cause(0, 100, assets=("S1", "L1"))])], ASSET_OF, ["P1", "T1"])
    assert found.blames[0].cause.assets == ("P1", "T1")
    assert found.blames[0].rank == 1


@given(st.permutations(range(5)))
def test_the_order_of_detections_does_not_matter(order: list[int]) -> None:
    events = [said(i, {"L1": i + 0.1, "F1": 1.0}, episode=str(i), score=1.0 + i / 7) for i in range(5)]
    assert blamed([events[i] for i in order], 0, 100, ASSET_OF) == blamed(events, 0, 100, ASSET_OF)
