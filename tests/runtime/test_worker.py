from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infrastress.core.errors import Fenced, OutcomeUnknown
from infrastress.runtime import Policy, Unit, Worker, run
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Checkpoints, Lease, Output, read_all

INPUT, RESULT = "ingest/toy/main", "result/toy"


class Chain(Unit):
    """Each output is the hash of all input so far: nothing can be lost, repeated or swapped unseen."""

    def __init__(self) -> None:
        self.hash = b""

    def update(self, record):
        self.hash = sha256(self.hash + record.data).digest()
        return [Output(self.hash.hex(), f"{RESULT}:event", self.hash)]

    def dump(self):
        return self.hash

    def load(self, data):
        self.hash = data


class Unsure(Checkpoints):
    """Checkpoints whose commits may end with an unknown outcome: "done" or "lost"."""

    def __init__(self, inner: Checkpoints) -> None:
        self.inner = inner
        self.fate = ""

    def observe(self, partition):
        return self.inner.observe(partition)

    def beats(self):
        return self.inner.beats()

    def offset(self, partition):
        return self.inner.offset(partition)

    def acquire(self, partition, seen, owner):
        return _UnsureLease(self, self.inner.acquire(partition, seen, owner))


class _UnsureLease(Lease):
    def __init__(self, home: Unsure, inner: Lease) -> None:
        self.home, self.inner = home, inner
        self.partition, self.epoch, self.owner = inner.partition, inner.epoch, inner.owner
        self.offset, self.state, self.version = inner.offset, inner.state, inner.version

    def commit(self, offset, state, outputs):
        fate, self.home.fate = self.home.fate, ""
        if fate != "lost":
            self.inner.commit(offset, state, outputs)
        if fate:
            raise OutcomeUnknown("the line went dead")

    def renew(self):
        self.inner.renew()

    def release(self):
        self.inner.release()


def fill(store, count, start=0):
    store.log.append(f"{INPUT}:event", [(str(i), b"%d" % i) for i in range(start, start + count)])


def chain(count) -> list[bytes]:
    unit = Chain()
    outputs = []
    for i in range(count):
        unit.hash = sha256(unit.hash + b"%d" % i).digest()
        outputs.append(unit.hash)
    return outputs


def said(store) -> list[bytes]:
    return [record.data for record in read_all(store.log, RESULT)]


class Workers(RuleBasedStateMachine):
    """Three workers take, lose, forget and retake one partition in any order."""

    @initialize()
    def begin(self):
        self.store = MemoryStore()
        self.checkpoints = Unsure(self.store.checkpoints)
        self.written = 0
        self.workers = [self.new(i) for i in range(3)]

    def new(self, i):
        return Worker(self.store.log, self.checkpoints, INPUT, Chain(), Policy(max_records=3), owner=f"w{i}")

    @rule(count=st.integers(1, 5))
    def write(self, count):
        fill(self.store, count, self.written)
        self.written += count

    @rule(i=st.integers(0, 2))
    def take(self, i):
        self.workers[i].acquire()
        assert self.workers[i].holds

    @rule(i=st.integers(0, 2), fate=st.sampled_from(["", "", "done", "lost"]))
    def step(self, i, fate):
        worker = self.workers[i]
        held = self.store.checkpoints.observe(INPUT)
        self.checkpoints.fate = fate
        try:
            worker.step()
            assert not worker.holds or held.epoch == worker.epoch or worker.offset == self.store.log.end(INPUT)
        except (Fenced, OutcomeUnknown):
            assert not worker.holds
        finally:
            self.checkpoints.fate = ""

    @rule(i=st.integers(0, 2))
    def renew(self, i):
        try:
            self.workers[i].renew()
        except Fenced:
            assert not self.workers[i].holds

    @rule(i=st.integers(0, 2))
    def die(self, i):
        self.workers[i] = self.new(i)

    @invariant()
    def what_was_said_is_a_beginning_of_the_truth(self):
        if hasattr(self, "store"):
            found = said(self.store)
            assert found == chain(self.written)[: len(found)]

    def teardown(self):
        if hasattr(self, "store"):
            worker = self.new(9)
            worker.acquire()
            while worker.step():
                pass
            assert said(self.store) == chain(self.written)


Workers.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestWorkers = Workers.TestCase


class Hand:
    """A clock that moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


POLICY = Policy(max_records=3, max_wait_s=0.0, lease_s=8.0)
WAITING = Policy(max_records=3, max_wait_s=1.0, lease_s=8.0)


def test_a_free_partition_is_taken_and_worked_off():
    store, clock = MemoryStore(), Hand()
    fill(store, 10)
    run(
        store.log, store.checkpoints, INPUT, Chain(), policy=POLICY, clock=clock, owner="a",
        stop=lambda: len(said(store)) == 10,
    )  # fmt: skip
    assert said(store) == chain(10)
    assert clock.now == 1000.0


def test_another_s_lease_is_taken_when_its_beat_stands_still_for_the_lease_time():
    store, clock = MemoryStore(), Hand()
    fill(store, 4)
    other = store.checkpoints.acquire(INPUT, store.checkpoints.observe(INPUT), "other")
    renewed = []

    def stop():
        if len(renewed) < 20:
            other.renew()
            renewed.append(clock.now)
        return bool(said(store))

    run(store.log, store.checkpoints, INPUT, Chain(), policy=WAITING, clock=clock, owner="a", stop=stop)
    assert clock.now - renewed[-1] >= WAITING.lease_s
    assert clock.now - renewed[0] > 19
    with pytest.raises(Fenced):
        other.commit(4, b"", [Output("x", f"{RESULT}:event", b"stale")])
    assert said(store) == chain(3)


def test_a_fenced_worker_drops_everything_and_stands_by():
    store, clock = MemoryStore(), Hand()
    fill(store, 3)
    thief = []

    def stop():
        if said(store) and not thief:
            thief.append(store.checkpoints.acquire(INPUT, store.checkpoints.observe(INPUT), "thief"))
            fill(store, 3, 3)
        return len(said(store)) == 6

    run(store.log, store.checkpoints, INPUT, Chain(), policy=WAITING, clock=clock, owner="a", stop=stop)
    assert clock.now - 1000.0 >= WAITING.lease_s
    assert said(store) == chain(6)


@pytest.mark.parametrize("fate", ["done", "lost"])
def test_after_an_unknown_outcome_the_own_lease_is_taken_again_at_once(fate):
    store, clock = MemoryStore(), Hand()
    checkpoints = Unsure(store.checkpoints)
    fill(store, 9)

    fates = [fate]

    def stop():
        if len(said(store)) == 3 and fates:
            checkpoints.fate = fates.pop()
        return len(said(store)) == 9

    run(store.log, checkpoints, INPUT, Chain(), policy=POLICY, clock=clock, owner="a", stop=stop)
    assert said(store) == chain(9)
    assert clock.now == 1000.0


def test_an_idle_owner_says_that_it_is_alive():
    store, clock = MemoryStore(), Hand()
    seen = set()

    def stop():
        clock.sleep(1.0)
        seen.add(store.checkpoints.observe(INPUT).version)
        return clock.now > 1030.0

    run(store.log, store.checkpoints, INPUT, Chain(), policy=POLICY, clock=clock, owner="a", stop=stop)
    assert len(seen) > 5


def test_an_error_of_the_unit_stops_the_worker_and_writes_nothing():
    class Broken(Chain):
        def update(self, record):
            if record.offset == 3:
                raise ArithmeticError("broken")
            return super().update(record)

    store = MemoryStore()
    fill(store, 5)
    worker = Worker(store.log, store.checkpoints, INPUT, Broken(), POLICY, owner="a")
    worker.acquire()
    with pytest.raises(ArithmeticError):
        worker.step()
    assert not worker.holds
    assert said(store) == []
