"""Measured rates: textbook intervals, kept and read back, refused when strange."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from infrastress.core.errors import DecodeError
from infrastress.evaluation.performance import Performance, Spoken, load_performance, save_performance, total


def rates(*, found: int, windows: int, false_episodes: int = 0, asset_hours: float = 100.0) -> Performance:
    return Performance(
        detector="d",
        detector_version="1",
        rule="r",
        windows=windows,
        found=found,
        asset_hours=asset_hours,
        false_episodes=false_episodes,
        recording="x",
    )


def test_published_intervals() -> None:
    assert rates(found=0, windows=10).tpr_interval() == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert rates(found=9, windows=10).tpr_interval() == pytest.approx((0.5550, 0.9975), abs=1e-4)
    assert rates(found=10, windows=10).tpr_interval() == pytest.approx((0.6915, 1.0), abs=1e-4)
    # Garwood: 0 counts (0, 3.689), 10 counts (4.795, 18.39).
    assert rates(found=1, windows=1, false_episodes=0).fpr_interval() == pytest.approx((0.0, 0.03689), abs=1e-5)
    assert rates(found=1, windows=1, false_episodes=10).fpr_interval() == pytest.approx((0.04795, 0.1839), abs=1e-4)


def test_little_data_is_no_certainty() -> None:
    assert rates(found=5, windows=5).tpr == pytest.approx(5.5 / 6)
    assert rates(found=0, windows=0).tpr == 0.5
    assert rates(found=0, windows=0, false_episodes=0, asset_hours=0.0).fpr_per_asset_hour == 1.0
    assert rates(found=0, windows=1, false_episodes=2, asset_hours=50.0).fpr_per_asset_hour == 0.05


def test_calls_are_told_from_notices_in_windows_of_every_cause() -> None:
    row = replace(
        rates(found=6, windows=8, false_episodes=5), found_calling=4, false_calling=1, faults=Spoken(9, 5, 2),
        works=Spoken(3, 1),
    )  # fmt: skip
    calls, notes = row.speaking(calling=True), row.speaking(calling=False)
    assert (calls.found, calls.false_episodes, calls.faults) == (4, 1, Spoken(9, 2))
    assert (notes.found, notes.false_episodes, notes.faults) == (2, 4, Spoken(9, 3))
    assert calls.works == notes.works == Spoken(3, 1)  # of these nobody counted what called
    assert Spoken(9, 5).rate == pytest.approx(5.5 / 10)


def test_windows_of_faults_and_work_add_up_over_the_recordings_that_had_some() -> None:
    some = replace(rates(found=1, windows=2), faults=Spoken(2, 1, 1))
    more = replace(rates(found=0, windows=1), faults=Spoken(3, 3, 0), works=Spoken(1, 0, 0))
    both = total([some, more, rates(found=1, windows=1)])
    assert (both.faults, both.works) == (Spoken(5, 4, 1), Spoken(1, 0, 0))
    assert total([rates(found=1, windows=1)]).faults is None


def test_kept_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "performance.json"
    assert load_performance(path) == []
    save_performance(path, [rates(found=3, windows=4), replace(rates(found=1, windows=4), works=Spoken(2, 1))])
    assert {one.works for one in load_performance(path)} == {None, Spoken(2, 1)}
    assert sorted(one.found for one in load_performance(path)) == [1, 3]
    first = path.read_bytes()
    save_performance(path, reversed(load_performance(path)))
    assert len(path.read_bytes()) == len(first)
    path.write_text('{"format": 9, "measured": []}')
    with pytest.raises(DecodeError, match="format 9"):
        load_performance(path)
    path.write_text("[")
    with pytest.raises(DecodeError, match="no measured rates"):
        load_performance(path)
