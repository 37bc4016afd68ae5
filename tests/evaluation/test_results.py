"""What a replay left: scores of frames found again at the times of labels, and folders that hold something else."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastress.core.errors import InputError
from infrastress.core.time import MINUTE
from infrastress.evaluation.results import Result, Scores, read_result, read_scores
from tests.evaluation.test_events import detection

ENDS = np.arange(1, 6) * MINUTE


def test_a_time_has_the_score_of_its_frame():
    scores = Scores(ENDS, {"a": np.array([1.0, 2.0, 3.0, np.nan, 5.0]), "b": np.array([9.0, 0.0, 0.0, 4.0, 0.0])})
    times = np.array([1, MINUTE, MINUTE + 1, 4 * MINUTE, 5 * MINUTE, 5 * MINUTE + 1])
    np.testing.assert_array_equal(scores.at(times, "a"), [1, 1, 2, np.nan, 5, np.nan])
    np.testing.assert_array_equal(scores.at(times), [9, 9, 2, 4, 5, np.nan])
    assert scores.at(times, "c") is None
    assert Scores(ENDS, {}).at(times) is None


def test_times_before_the_first_frame_and_in_gaps_have_none():
    scores = Scores(ENDS[[1, 2, 4]], {"a": np.ones(3)})
    np.testing.assert_array_equal(
        scores.at(np.array([30 * MINUTE // 60, 2 * MINUTE, 4 * MINUTE - 1])), [np.nan, 1, np.nan]
    )


def test_written_and_read(tmp_path):
    (tmp_path / "detections.jsonl").write_text("")
    columns = {"time": pa.array(ENDS).cast(pa.timestamp("ns", "UTC")), "a": np.arange(5.0), "mute": np.full(5, np.nan)}
    pq.write_table(pa.table(columns), tmp_path / "scores.parquet")
    result = read_result(tmp_path)
    assert result.detectors == ("a",)
    assert result.scores.ends.tolist() == ENDS.tolist()
    assert read_result(tmp_path / "detections.jsonl").scores is None


def test_detections_of_one_detector():
    events = [detection(5, "raised")]
    name = events[0].body.detector
    assert Result(events).detectors == (name,)
    assert Result(events).only(name) == events
    assert Result(events).only("other") == []


@pytest.mark.parametrize("content", [b"", b"PAR1 no more", None])
def test_no_scores(tmp_path, content):
    path = tmp_path / "scores.parquet"
    if content is None:
        pq.write_table(pa.table({"when": [1, 2]}), path)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match="no scores"):
        read_scores(path)
