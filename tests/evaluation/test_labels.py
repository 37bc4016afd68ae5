"""Labels of files without a label column or without times: the row at which the event begins."""

import numpy as np
import pytest

from infrastress.connectors.files import Mapping
from infrastress.core.errors import InputError
from infrastress.core.time import SECOND
from infrastress.evaluation.labels import read_truth

COUNTED = Mapping.model_validate(
    {
        "layout": "plain",
        "delimiter": " ",
        "time": {"column": None, "start": "1970-01-01T00:00:00Z", "step_s": 180},
        "columns": {"1": "A", "2": "B"},
        "label_from": 7,
    }
)


def test_the_event_begins_at_its_row_and_lasts_to_the_end(tmp_path):
    path = tmp_path / "d01_te.dat"
    path.write_text("".join(f"  {i:.3e}   2.0\n" for i in range(10)))
    truth = read_truth(path, COUNTED)
    assert truth.times.tolist() == [i * 180 * SECOND for i in range(10)]
    assert truth.flags.tolist() == [False] * 6 + [True] * 4
    (event,) = truth.events
    assert (event.began, event.ended) == (6 * 180 * SECOND, 10 * 180 * SECOND)


@pytest.mark.parametrize("first", [None, 11, 1])
def test_none_to_the_end_and_from_the_start(tmp_path, first):
    path = tmp_path / "d00.dat"
    path.write_text("\n".join(" ".join(str(i) for i in range(10)) for _ in range(2)))
    mapping = COUNTED.model_copy(update={"transposed": True, "label_from": first})
    if first is None:
        with pytest.raises(InputError, match="label_from"):
            read_truth(path, mapping)
        return
    truth = read_truth(path, mapping)
    assert len(truth.times) == 10
    assert truth.flags.sum() == (0 if first > 10 else 10)


def test_rows_count_over_blocks_and_blank_lines(tmp_path):
    path = tmp_path / "with-times.csv"
    path.write_text("time,A\n" + "".join(f"{i},1.5\n" + ("\n" if i == 3 else "") for i in range(400_000)))
    mapping = Mapping.model_validate({"time": {"column": "time", "format": "epoch_s"}, "label_from": 399_999})
    truth = read_truth(path, mapping)
    assert len(truth.times) == 400_000
    assert np.flatnonzero(truth.flags).tolist() == [399_997, 399_998, 399_999]


def test_a_label_column_and_a_row_are_too_much():
    with pytest.raises(ValueError, match="one of them"):
        Mapping(label="attack", label_from=3)
