from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infrastress.core.errors import Fenced, OutcomeUnknown
from infrastress.runtime import Policy, Unit, Worker
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

    def state(self, partition):
        return self.inner.state(partition)

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
    def release(self, i):
        held = self.workers[i].holds
        try:
            self.workers[i].release()
            assert not held or self.store.checkpoints.observe(INPUT).owner == ""
        except Fenced:
            pass
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


def test_an_error_of_the_unit_stops_the_worker_and_writes_nothing():
    class Broken(Chain):
        def update(self, record):
            if record.offset == 3:
                raise ArithmeticError("broken")
            return super().update(record)

    store = MemoryStore()
    fill(store, 5)
    worker = Worker(store.log, store.checkpoints, INPUT, Broken(), Policy(max_records=3), owner="a")
    worker.acquire()
    with pytest.raises(ArithmeticError):
        worker.step()
    assert not worker.holds
    assert said(store) == []


class Tenth(Chain):
    """Says nothing but at every tenth record."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def update(self, record):
        self.count += 1
        outputs = super().update(record)
        return outputs if self.count % 10 == 0 else []

    def dump(self):
        return bytes([self.count]) + self.hash

    def load(self, data):
        self.count, self.hash = data[0] if data else 0, data[1:]


def tenth(store, rest_s):
    return Worker(store.log, store.checkpoints, INPUT, Tenth(), Policy(max_records=3, rest_s=rest_s), owner="w")


def test_records_of_which_nothing_came_may_rest_and_are_read_again_after_a_kill():
    store = MemoryStore()
    fill(store, 25)
    for _ in range(3):
        worker = tenth(store, 100.0)
        worker.acquire()
        while worker.step():
            pass
        assert store.checkpoints.offset(INPUT) == worker.offset == 21  # with the record that said something
        assert worker.position == 25
    assert said(store) == chain(20)[9::10]
    worker.release()
    assert store.checkpoints.offset(INPUT) == 25
    fill(store, 5, 25)
    last = tenth(store, 0.0)
    last.acquire()
    while last.step():
        pass
    assert said(store) == chain(30)[9::10]


def test_what_rests_is_committed_when_its_time_has_come():
    store = MemoryStore()
    fill(store, 5)
    worker = tenth(store, 0.01)
    worker.acquire()
    worker.step()
    while store.checkpoints.offset(INPUT) < 5:
        worker.step(0.01)
