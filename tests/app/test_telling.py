"""What replay tells below its balance."""

from collections import Counter
from pathlib import Path

import pytest

from infrastress.app.telling import careful
from infrastress.events.delivery import Balance
from infrastress.runtime.admission import SourceNotes


def notes(overdue: int = 0) -> SourceNotes:
    return SourceNotes(0, overdue, 0, 0.0, None, None, ended=True)


@pytest.mark.parametrize(
    ("balance", "overdue", "told"),
    [
        (Balance(), 0, "held no row"),
        (Balance(5, 0, quarantined=Counter({"late": 5})), 0, "none of the 5 rows of scada could be used (late 5)"),
        (Balance(1000, 980, quarantined=Counter({"late": 20})), 0, "20 of 1,000 rows of scada were refused"),
        (Balance(100, 100, cells_accepted=90, cells_refused=Counter({"nan": 10})), 0, "10 of 100 values"),
        (Balance(1000, 1000, cells_accepted=5000), 600, "about 600 rows of scada are missing"),
    ],
)
def test_silence_is_not_taken_for_calm(balance, overdue, told):
    lines = careful("scada", balance, notes(overdue), Path("result"))
    assert len(lines) == 1
    assert told in lines[0]


def test_a_stray_row_is_no_news():
    balance = Balance(1000, 998, Counter({"field-count": 1}), Counter({"duplicate": 1}), 5000, 3, Counter({"nan": 2}))
    assert careful("scada", balance, notes(3)) == []
