"""Network records on their way through admission and detection."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.core.time import DAY, MINUTE, SECOND
from infrastress.events import NetworkRecords, NetworkRow
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime.admission import Admission
from infrastress.runtime.detection import DetectionUnit
from infrastress.runtime.gate import LARGEST_JUMP
from infrastress.runtime.live import LiveAdmission
from infrastress.runtime.traffic import Traffic
from infrastress.store.ports import Record, type_of
from tests.runtime.test_detection import Witness
from tests.runtime.toys import START, toy_site

SITE = toy_site(tap={"kind": "network", "lateness_s": 5}, plc={})


def row(at: float, number: int = 0, *, lasted: float | None = None) -> NetworkRow:
    response = None if lasted is None else round(lasted * SECOND)
    return NetworkRow(
        START + round(at * SECOND), "transaction", "modbus", "tcp", transaction=number, response_ns=response
    )


def records(*rows: NetworkRow, sequence: int = 0, source: str = "tap") -> NetworkRecords:
    return NetworkRecords.from_rows("toy", source, sequence, rows)


def delivery(told: NetworkRecords) -> Delivery:
    balance = Balance(read=2 * len(told), accepted=2 * len(told), cells_accepted=len(told))
    return Delivery(told.source, b"p", network=(told,), balance=balance, progress=int(told.ends.max()))


def admitted(outputs: list) -> list[NetworkRecords]:
    return [NetworkRecords.decode(output.data) for output in outputs if type_of(output.subject) == "network"]


def known_s(told: NetworkRecords) -> list[float]:
    return ((told.known - START) / SECOND).tolist()


def alone() -> Admission:
    return Admission(SITE, [SITE.source_by_id["tap"]])


def test_a_record_counts_as_known_when_it_was_over_and_never_behind_the_lateness():
    (told,) = admitted(alone().admit(delivery(records(row(10, lasted=1), row(2), row(8), row(30), row(1, lasted=60)))))
    assert known_s(told) == [11, 6, 8, 30, 61]


def test_times_nobody_can_believe_are_refused_and_counted_as_cells_of_the_balance():
    admission = alone()
    admission.admit(delivery(records(row(0))))
    outputs = admission.admit(
        delivery(records(row(1), row(2 * LARGEST_JUMP / SECOND), row(-2 * LARGEST_JUMP / SECOND), row(-1e10), row(2)))
    )
    (told,) = admitted(outputs)
    assert known_s(told) == [1, 2]
    balance = admission.balances["tap"]
    assert balance.balances
    assert (balance.read, balance.cells_accepted) == (12, 3)
    assert balance.cells_refused == {"time-future": 1, "time-behind": 1, "time-absurd": 1}
    refusals = [json.loads(output.data) for output in outputs if type_of(output.subject) == "refusal"]
    assert [one["where"] for one in refusals] == ["record 1", "record 2", "record 3"]


def test_a_live_site_takes_the_late_and_refuses_what_is_ahead():
    admission = LiveAdmission(SITE, SITE.sources)
    now = START + DAY
    admission.start(now)
    admission.join("tap", now)
    floor = admission.watermark
    (told,) = admitted(admission.take(delivery(records(row(0), row(86_399), row(86_400 + 3600))), now))
    assert told.known.tolist() == [max(floor, START), START + 86_399 * SECOND]
    assert admission.balances["tap"].cells_refused == {"time-ahead": 1}


ROWS = [row(at, n, lasted=lasted) for n, (at, lasted) in enumerate(
    zip(np.random.default_rng(3).normal(0, 3, 200) + np.arange(200) * 3.0, [None, 0.1, 20.0, None] * 50, strict=True)
)]  # fmt: skip


def judged(cuts: list[int], restart: int | None = None) -> list[tuple[list[int], list[tuple[str, int]]]]:
    """(frame ends, rows said in each) of all blocks, by frame."""
    admission, witness = alone(), Witness()
    unit = DetectionUnit(SITE, [witness])
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(ROWS)}), len(ROWS)]
    outputs = []
    for start, stop in pairwise(edges):
        outputs += admission.admit(delivery(records(*ROWS[start:stop], sequence=start)))
    outputs += admission.end("tap")
    for offset, output in enumerate(outputs):
        if offset == restart:
            state = unit.dump()
            unit = DetectionUnit(SITE, [witness])
            unit.load(state)
            assert unit.dump() == state
        unit.update(Record(offset + 1, output.id, output.subject, output.data))
    found = {}
    for block in witness.blocks:
        said = [(one.known[i], r.transaction) for one in block.network for i, r in enumerate(one.rows())]
        for end in block.frames.ends.tolist():
            found[end] = [n for at, n in said if end - MINUTE < at <= end]
        assert sum(len(found[end]) for end in block.frames.ends.tolist()) == len(said)
    return sorted(found.items())


def test_every_record_is_judged_once_in_the_frame_in_which_it_was_known():
    found = judged([])
    assert sorted(n for _, said in found for n in said) == list(range(200))
    late = next(n for n, one in enumerate(ROWS) if one.response_ns == 20 * SECOND)
    end = ROWS[late].time + 20 * SECOND
    assert late in dict(found)[-(-end // MINUTE) * MINUTE]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 199), max_size=8), st.none() | st.integers(0, 8))
def test_neither_batch_size_nor_a_restart_changes_what_is_judged_when(cuts, restart):
    assert judged(cuts, restart) == WHOLE


WHOLE = judged([])


def test_what_waits_is_dumped_the_same_however_it_came():
    admission = alone()
    (told,) = admitted(admission.admit(delivery(records(*ROWS))))
    one, many = Traffic(), Traffic()
    one.add(told)
    for start in range(0, 200, 7):
        many.add(told.slice(start, start + 7))
    assert one.dump() == many.dump()
    again = Traffic()
    again.load(one.dump())
    assert again.dump() == one.dump()


def test_records_of_no_log_are_no_state():
    with pytest.raises(DecodeError, match="known"):
        Traffic().load([records(row(1)).encode()])
