"""Retention removes what is old, and never what somebody still needs."""

import pytest

from infrastress.core.errors import ConfigurationError
from infrastress.core.time import DAY
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Store
from infrastress.store.retention import apply_retention
from infrastress.store.sqlite import SqliteStore
from tests.store.contract import IN, OUT, lease_of, put, telemetry


@pytest.fixture(params=["memory", "sqlite"])
def clocked(request, tmp_path):
    """A store and its clock, in days."""
    now = [0]

    def clock() -> int:
        return now[0] * DAY

    store = MemoryStore(clock=clock) if request.param == "memory" else SqliteStore(tmp_path, clock=clock)
    with store:
        yield store, now


def fill(store: Store, now: list[int]) -> None:
    for day in range(10):
        now[0] = day
        put(store, telemetry(day * DAY, 2))
        store.log.append(f"{OUT}:event", [(str(day), b"")])


def test_old_records_go_when_all_have_read_them(clocked):
    store, now = clocked
    fill(store, now)
    lease_of(store, "reader").commit(4, None, [])
    lease_of(store, "other").commit(6, None, [])
    days = {"ingest": 2.5, "result": 5}
    retired = apply_retention(store, days, now=10 * DAY, consumers={IN: ["reader", "other"], OUT: []})
    assert retired.records == {IN: 4, OUT: 5}
    assert (store.log.start(IN), store.log.start(OUT)) == (4, 5)
    lease_of(store, "reader").commit(10, None, [])
    lease_of(store, "other").commit(10, None, [])
    assert apply_retention(store, days, now=10 * DAY, consumers={IN: ["reader", "other"]}).records == {IN: 4}
    assert store.history.read(["a"], 0, 99 * DAY).num_rows == 20


def test_what_has_no_limit_or_unknown_readers_stays(clocked):
    store, now = clocked
    fill(store, now)
    assert apply_retention(store, {"ingest": 1}, now=99 * DAY, consumers={OUT: []}).records == {}
    assert apply_retention(store, {"ingest": 1}, now=99 * DAY, consumers={IN: ["nobody yet"]}).records == {IN: 0}
    assert store.log.end(OUT) == 10
    assert store.log.start(OUT) == store.log.start(IN) == 0


def test_history_has_its_own_limit_and_pins(clocked):
    store, now = clocked
    fill(store, now)
    retired = apply_retention(store, {"history": 3}, now=10 * DAY, consumers={}, pinned=[(DAY, DAY + 1)])
    assert retired.rows == 7 * 4 - 2
    assert store.history.read(["a", "b"], 0, 99 * DAY).num_rows == 3 * 4 + 2


@pytest.mark.parametrize("days", [{"events": 3}, {"ingest": 0}, {"ingest": -1}, {"history": float("nan")}])
def test_nonsense_is_refused(clocked, days):
    with pytest.raises(ConfigurationError):
        apply_retention(clocked[0], days, now=0, consumers={})
