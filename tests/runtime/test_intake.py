"""Live sources to the log: acknowledged is durable, nobody hurts another, a store that is away is waited for."""

import asyncio
import contextlib
import json
import threading
import time

import pytest

from infrastress.core.clock import EventClock, SteadyClock
from infrastress.core.errors import ConfigurationError, Fenced, OutcomeUnknown, StoreError
from infrastress.events import Samples, decode_event
from infrastress.runtime import Intake, IntakePolicy
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import read_all, type_of
from infrastress.store.sqlite import SqliteStore
from tests.runtime.speakers import Speaker, live
from tests.runtime.toys import toy_site

POLICY = IntakePolicy(gather_s=0.01, beat_s=0.05, retry_s=0.02, ill_s=0.02, wrong_s=0.2, lease_s=0.3)
CLOCK = EventClock()


def site(**sources):
    return toy_site(**(sources or {"a": {}, "b": {}, "people": {"kind": "reports"}}))


def intake(store, connectors, *, of=None, **more):
    return Intake(store, of or site(), connectors, clock=more.pop("clock", CLOCK), policy=POLICY, owner="me", **more)


async def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(one):
    task = asyncio.create_task(one.run())
    try:
        await until(lambda: one.ready or task.done())
        yield one
    finally:
        one.stop()
        await task


def rows(store, source):
    return [
        samples.sequence
        for record in read_all(store.log, "ingest/toy/main")
        if type_of(record.subject) == "samples" and (samples := Samples.decode(record.data)).source == source
    ]


def ticks(store):
    return [
        decode_event(record.data).body
        for record in read_all(store.log, "ingest/toy/main")
        if type_of(record.subject) == "tick"
    ]


def notes(store, kind):
    return [json.loads(r.data) for r in read_all(store.log, "ingest/toy/main") if type_of(r.subject) == kind]


@live
async def test_what_is_acknowledged_is_in_the_log_in_order_and_a_restart_goes_on_behind_it(tmp_path):
    a, b = Speaker(site().source_by_id["a"], CLOCK), Speaker(site().source_by_id["b"], CLOCK, every_s=0.0)
    people = Speaker(site().source_by_id["people"], CLOCK, kind="events")
    with SqliteStore(tmp_path) as store:
        for _ in range(2):
            async with running(intake(store, [a, b, people])):
                before = len(a.acknowledged)
                await until(lambda before=before: len(a.acknowledged) > before + 5)
        for speaker in (a, b):
            assert rows(store, speaker.source.id)[: len(speaker.acknowledged)] == list(range(len(speaker.acknowledged)))
            assert int(speaker.starts[1] or 0) >= len(speaker.acknowledged[: speaker.acknowledged.index(0) + 5])
        assert len(set(rows(store, "a"))) == len(rows(store, "a"))
        assert store.checkpoints.observe("admission/toy/main").owner == ""


@live
async def test_deliveries_of_all_sources_share_a_commit():
    store = MemoryStore()
    speakers = [Speaker(site().source_by_id[name], CLOCK, every_s=0.0) for name in ("a", "b")]
    async with running(intake(store, speakers)):
        await until(lambda: len(speakers[0].acknowledged) > 10)
    steps = store.checkpoints.offset("admission/toy/main")
    assert steps < len(rows(store, "a")) + len(rows(store, "b"))


@live
async def test_ticks_come_by_the_clock_when_nothing_is_said():
    store = MemoryStore()
    began = CLOCK.now()
    async with running(intake(store, [Speaker(site().source_by_id["a"], CLOCK, last=3)])):
        await until(lambda: len(ticks(store)) > 10)
    told = ticks(store)
    assert all(tick.clock >= began for tick in told)
    assert [t.watermark for t in told] == sorted(t.watermark for t in told)
    assert [t.clock for t in told] == sorted(t.clock for t in told)


class Sick(Speaker):
    """Throws after each delivery."""

    error: Exception = RuntimeError("kaboom")

    async def run(self, sink, after):
        self.starts.append(after)
        await sink.deliver(self.delivery(int(after or b"0"), self.clock.now()))
        self.acknowledged.append(int(after or b"0"))
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("kaboom"), ConfigurationError("no such secret")])
@live
async def test_a_connector_that_throws_is_down_and_tried_again_and_the_others_go_on(error):
    store, told = MemoryStore(), []
    sick, well = Sick(site().source_by_id["a"], CLOCK), Speaker(site().source_by_id["b"], CLOCK)
    sick.error = error
    async with running(intake(store, [sick, well], on_notice=told.append)) as one:
        await until(lambda: len(sick.acknowledged) > 2 and len(well.acknowledged) > 5)
        assert one.links["a", ""][0] == "down"
        assert str(error) in one.links["a", ""][1]
    assert rows(store, "a") == list(range(len(rows(store, "a"))))
    assert ("failed", "a") in {(notice.what, notice.source) for notice in told}
    assert {("a", "down"), ("b", "up")} <= {(link["source"], link["state"]) for link in notes(store, "link")}


class Nonsense(Speaker):
    """Delivers what can't be admitted, once among good ones."""

    def delivery(self, number, now):
        good = super().delivery(number, now)
        if number == 3 and len(self.starts) == 1:
            object.__setattr__(good.samples[0], "tags", None)
        return good


@live
async def test_a_delivery_that_no_one_can_read_is_refused_alone():
    store = MemoryStore()
    bad = Nonsense(site().source_by_id["a"], CLOCK)
    well = Speaker(site().source_by_id["b"], CLOCK, every_s=0.0)
    async with running(intake(store, [bad, well])):
        await until(lambda: len(bad.acknowledged) > 6)
    assert bad.starts[:2] == [None, b"3"]
    for name in ("a", "b"):
        assert rows(store, name) == list(range(len(rows(store, name))))


class Flaky(MemoryStore):
    """A store of which commits fail as told; "unknown" ones may have been written."""

    def __init__(self):
        super().__init__()
        self.trouble = []
        acquire = self.checkpoints.acquire

        def flaky(partition, seen, owner):
            lease = acquire(partition, seen, owner)
            commit = lease.commit

            def troubled(offset, state, outputs):
                what = self.trouble.pop(0) if self.trouble else ""
                if what == "full":
                    raise StoreError("the disk is full")
                if what != "unknown before":
                    commit(offset, state, outputs)
                if what:
                    raise OutcomeUnknown("gone while committing")

            lease.commit = troubled
            return lease

        self.checkpoints.acquire = flaky


@pytest.mark.parametrize(
    "trouble",
    [["full"] * 8, ["unknown before"], ["unknown after"], ["full", "unknown after", "unknown before", "full"]],
)
@live
async def test_a_store_that_fails_is_waited_for_and_nothing_is_lost_or_taken_twice(trouble):
    store, told = Flaky(), []
    a = Speaker(site().source_by_id["a"], CLOCK)
    people = Speaker(site().source_by_id["people"], CLOCK, kind="events")
    async with running(intake(store, [a, people], on_notice=told.append)):
        await until(lambda: len(a.acknowledged) > 3)
        store.trouble += trouble
        await until(lambda: not store.trouble)
        before = len(a.acknowledged)
        await until(lambda: len(a.acknowledged) > before + 3)
    assert a.acknowledged == list(range(len(a.acknowledged)))
    assert rows(store, "a") == list(range(len(rows(store, "a"))))
    heard = [d for r in read_all(store.log, "ingest/toy/main") if (d := decode(r)) is not None]
    assert len(heard) == len(set(heard)) >= len(people.acknowledged)
    assert told[0].what == "away"
    assert told[-1].what == "back"


def decode(record):
    return decode_event(record.data).id if type_of(record.subject) == "event" else None


@live
async def test_whoever_is_fenced_off_stops_loudly():
    store = MemoryStore()
    one = intake(store, [Speaker(site().source_by_id["a"], CLOCK)])
    task = asyncio.create_task(one.run())
    await until(lambda: one.ready)
    store.checkpoints.acquire("admission/toy/main", store.checkpoints.observe("admission/toy/main"), "another")
    with pytest.raises(Fenced):
        await task


@live
async def test_a_living_owner_is_left_alone_a_dead_one_taken_over():
    store = MemoryStore()
    lease = store.checkpoints.acquire("admission/toy/main", store.checkpoints.observe("admission/toy/main"), "another")
    one = intake(store, [])
    task = asyncio.create_task(one.run())
    for _ in range(12):
        lease.renew()
        await asyncio.sleep(0.05)
        assert not one.ready
    assert "another" in one.failing
    await until(lambda: one.ready)
    one.stop()
    await task


@live
async def test_a_connection_changes_while_the_others_go_on():
    store = MemoryStore()
    first, second = (Speaker(site().source_by_id["a"], CLOCK) for _ in range(2))
    other = Speaker(site().source_by_id["b"], CLOCK)
    async with running(intake(store, [first, other])) as one:
        await until(lambda: len(first.acknowledged) > 3)
        await one.connect(second)
        await until(lambda: len(second.acknowledged) > 3)
        await one.disconnect("a")
        stopped = len(rows(store, "a"))
        before = len(other.acknowledged)
        await until(lambda: len(other.acknowledged) > before + 3)
        with pytest.raises(ConfigurationError, match="nobody"):
            await one.connect(Speaker(first.source.model_copy(update={"id": "nobody"}), CLOCK))
    assert rows(store, "a") == list(range(stopped))
    assert second.acknowledged[0] >= first.acknowledged[-1]
    assert len(other.starts) == 1


@live
async def test_another_version_of_the_site_goes_on_where_the_first_was():
    store = MemoryStore()
    other = site(a={"lateness_s": 2}, c={})
    a, c = Speaker(site().source_by_id["a"], CLOCK), Speaker(other.source_by_id["c"], CLOCK)
    async with running(intake(store, [a, Speaker(site().source_by_id["b"], CLOCK)])) as one:
        await until(lambda: len(a.acknowledged) > 3)
        await one.change(other, [Speaker(other.source_by_id["a"], CLOCK), c])
        await until(lambda: len(c.acknowledged) > 3)
        assert set(one.balances) == {"a", "c"}
    assert rows(store, "a") == list(range(len(rows(store, "a"))))
    (change,) = [note for note in notes(store, "decision") if note["decision"] == "site"]
    assert change["version"] == other.version


class Blocked(MemoryStore):
    """Commits only when let."""

    def __init__(self):
        super().__init__()
        self.let = threading.Event()
        acquire = self.checkpoints.acquire

        def slow(partition, seen, owner):
            lease = acquire(partition, seen, owner)
            commit = lease.commit

            def waits(*args):
                self.let.wait(5)
                commit(*args)

            lease.commit = waits
            return lease

        self.checkpoints.acquire = slow


@live
async def test_what_waits_is_bounded():
    store = Blocked()
    speakers = [Speaker(site().source_by_id["a"], CLOCK, every_s=0.0)]
    policy = IntakePolicy(gather_s=0.01, beat_s=0.05, waiting_bytes=5000)
    one = Intake(store, site(), speakers, clock=CLOCK, policy=policy)
    task = asyncio.create_task(one.run())
    await until(lambda: one.ready)

    async def push():
        sink = [speakers[0].delivery(1000 + i, CLOCK.now()) for i in range(50)]
        await asyncio.gather(*(one.deliver("a", delivery) for delivery in sink))

    pushed = asyncio.create_task(push())
    await asyncio.sleep(0.1)
    assert 3 <= one.waiting <= 8
    store.let.set()
    while not pushed.done():  # who comes now comes behind those who wait
        number = 2000 + len(speakers[0].acknowledged)
        await one.deliver("a", speakers[0].delivery(number, CLOCK.now()))
        speakers[0].acknowledged.append(number)
    await pushed
    one.stop()
    await task
    mine = [number for number in rows(store, "a") if number >= 1000]
    assert [number for number in mine if number < 2000] == list(range(1000, 1050))
    assert mine[-1] >= 2000
    assert mine == sorted(mine)


@live
async def test_thinning_from_outside_is_a_decision_of_the_log():
    store = MemoryStore()
    a = Speaker(site().source_by_id["a"], CLOCK, every_s=0.0)
    people = Speaker(site().source_by_id["people"], CLOCK, kind="events", every_s=0.0)
    async with running(intake(store, [a, people])) as one:
        one.keep_every = 5
        await until(lambda: len(people.acknowledged) > 5)
    thinned = {note["source"]: note["keep_every"] for note in notes(store, "decision") if "keep_every" in note}
    assert thinned["a"] == 5
    assert not one.balances["people"].dropped


@live
async def test_a_clock_that_is_set_is_told_and_nothing_falls(monkeypatch):
    store, told = MemoryStore(), []
    clock = SteadyClock()
    a = Speaker(site().source_by_id["a"], clock)
    real = time.time_ns
    async with running(intake(store, [a], clock=clock, on_notice=told.append)):
        await until(lambda: len(a.acknowledged) > 3)
        for hours in (1, -5):
            monkeypatch.setattr("time.time_ns", lambda hours=hours: real() + hours * 3_600_000_000_000)
            before = len(a.acknowledged)
            await until(lambda before=before: len(a.acknowledged) > before + 5)
    marks = [tick.watermark for tick in ticks(store)]
    assert marks == sorted(marks)
    assert [round(note["by_s"]) for note in notes(store, "decision") if note["decision"] == "clock-step"] == [
        3600,
        -21600,
    ]
    assert len(rows(store, "a")) >= len(a.acknowledged)
    assert {notice.what for notice in told} == {"clock"}
