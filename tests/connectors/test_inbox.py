"""The inbox: every reading ends in exactly one row, numbering goes on over a restart, everything balances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.inbox import Inbox
from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events.delivery import Delivery
from infrastress.site import Site
from infrastress.site.sources import Source

SOURCE = Source(id="mqtt", kind="telemetry")
READINGS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["LT1", "FT1", "S1"]), st.floats(-1e6, 1e6)), max_size=30
)


def cells(delivery: Delivery | None) -> list[tuple[int, str, float]]:
    if delivery is None:
        return []
    return [
        (int(time), tag, float(value))
        for samples in delivery.samples
        for time, row in zip(samples.times, samples.values, strict=True)
        for tag, value in zip(samples.tags, row, strict=True)
    ]


@given(READINGS, st.integers(0, 5))
def test_no_value_is_lost_and_no_time_moves_further_than_the_resolution(
    readings: list[tuple[int, str, float]], resolution: int
) -> None:
    site = Site.model_validate({"id": "plant"})
    inbox = Inbox(site, SOURCE, None, resolution_s=resolution / SECOND)
    for time, signal, value in readings:
        inbox.reading(time, signal, value)
    delivery = inbox.delivery()
    found = cells(delivery)
    assert sorted((tag, value) for _, tag, value in found) == sorted((tag, value) for _, tag, value in readings)
    for tag in ("LT1", "FT1", "S1"):  # a signal's values keep their order, and each its time but for the resolution
        told = [(time, value) for time, name, value in found if name == tag]
        came = sorted(((time, value) for time, name, value in readings if name == tag), key=lambda item: item[0])
        assert [value for _, value in told] == [value for _, value in came]
        assert all(0 <= exact - kept <= resolution for (kept, _), (exact, _) in zip(told, came, strict=True))
    if delivery is not None:
        assert delivery.balance.balances
        assert delivery.balance.read == sum(map(len, delivery.samples))
        assert all(np.all(np.diff(samples.times) >= 0) for samples in delivery.samples)


def test_signals_with_times_of_their_own_make_few_wide_rows(site: Site) -> None:
    inbox = Inbox(site, SOURCE, None, resolution_s=0.1)
    for i in range(1000):
        inbox.reading(i * SECOND // 1000, f"S{i}", 1.0)
    delivery = inbox.delivery()
    assert delivery is not None
    assert sum(map(len, delivery.samples)) == 10


def test_numbering_goes_on_behind_a_position(site: Site) -> None:
    inbox = Inbox(site, SOURCE, None)
    for time in (1, 2, 3):
        inbox.reading(time, "LT1", 1.0)
    first = inbox.delivery(b"mark")
    assert first is not None
    again = Inbox(site, SOURCE, first.position)
    assert again.cursor == b"mark"
    again.reading(2, "LT1", 1.0)
    second = again.delivery()
    assert second is not None
    assert second.samples[0].sequence == 3
    assert second.progress == 3


def test_refusals_are_counted_and_few_are_shown(site: Site) -> None:
    inbox = Inbox(site, SOURCE, None)
    for i in range(100):
        inbox.refuse("no-json", f"message {i}", "x" * 10_000)
    inbox.refuse("retained", "message", "", dropped=True)
    inbox.refuse_cell("text-in-number", "LT1", "high")
    delivery = inbox.delivery()
    assert delivery is not None
    assert delivery.balance.balances
    assert delivery.balance.quarantined == {"no-json": 100}
    assert delivery.balance.dropped == {"retained": 1}
    assert len(delivery.refusals) == 20
    assert max(len(refusal.what) for refusal in delivery.refusals) <= 200


def test_nothing_said_is_no_delivery_but_a_moved_cursor_is(site: Site) -> None:
    inbox = Inbox(site, SOURCE, None)
    assert inbox.delivery() is None
    assert inbox.delivery(b"further") is not None
    assert inbox.delivery(b"further") is None


def test_a_strange_position_is_refused(site: Site) -> None:
    with pytest.raises(DecodeError):
        Inbox(site, SOURCE, b"\xff")
