"""Several processes share partitions, on one store in memory, each with a clock that the test moves."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infrastress.core.errors import Fenced, StoreError
from infrastress.runtime import Change, Duty, Policy, Shift
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Output, read_all
from tests.runtime.test_worker import INPUT, Chain, Unsure, chain, fill, said

POLICY = Policy(max_records=3, max_wait_s=0.0, lease_s=8.0)
SITES = 4
PARTITIONS = [f"ingest/{i}/main" for i in range(SITES)]


class Hand:
    """A clock that moves when someone sleeps."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Named(Chain):
    """A chain that speaks to its own partition."""

    def __init__(self, site: int) -> None:
        super().__init__()
        self.site = site

    def update(self, record):
        return [output._replace(subject=f"result/{self.site}:event") for output in super().update(record)]


def duties() -> list[Duty]:
    return [Duty(partition, lambda site=site: Named(site)) for site, partition in enumerate(PARTITIONS)]


@dataclass
class Process:
    """A shift with its clock, and what it told."""

    store: MemoryStore
    owner: str
    told: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Hand(hash(self.owner) % 1000)
        self.shift = Shift(
            self.store.log, self.store.checkpoints, duties(), policy=POLICY, clock=self.clock, owner=self.owner,
            on_change=self.told.append,
        )  # fmt: skip

    def turn(self, seconds: float = 1.0) -> None:
        self.clock.now += seconds
        self.shift.turn()


def shares(*processes: Process, turns: int = 12) -> list[int]:
    for _ in range(turns):
        for process in processes:
            process.turn()
    return [len(process.shift.holds) for process in processes]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class TestSharing:
    def test_one_alone_works_all_at_once(self, store):
        one = Process(store, "one")
        one.turn()
        assert one.shift.holds == PARTITIONS
        assert [change.what for change in one.told] == ["took"] * SITES

    @pytest.mark.parametrize(
        ("count", "expected"), [(2, [2, 2]), (3, [1, 1, 2]), (4, [1] * 4), (6, [0, 0, 1, 1, 1, 1])]
    )
    def test_each_gets_a_fair_stretch(self, store, count, expected):
        processes = [Process(store, f"p{i}") for i in range(count)]
        assert sorted(shares(*processes)) == expected
        assert Counter(name for process in processes for name in process.shift.holds) == Counter(PARTITIONS)

    def test_neighbours_in_the_list_stay_together(self, store):
        one, two = Process(store, "one"), Process(store, "two")
        shares(one, two)
        assert (one.shift.holds, two.shift.holds) == (PARTITIONS[:2], PARTITIONS[2:])

    def test_one_that_leaves_is_followed_at_once(self, store):
        one, two = Process(store, "one"), Process(store, "two")
        shares(one, two)
        one.shift.leave()
        two.turn()
        assert two.shift.holds == PARTITIONS[2:] + PARTITIONS[:2]
        assert {change.why for change in two.told} == {""}

    def test_one_that_dies_is_followed_within_two_lease_times_and_not_before_one(self, store):
        one, two = Process(store, "one"), Process(store, "two")
        shares(one, two)
        died = two.clock.now
        while len(two.shift.holds) < SITES:
            two.turn(0.25)
        assert POLICY.lease_s * 0.7 < two.clock.now - died < 2 * POLICY.lease_s
        assert {change.why for change in two.told if change.partition in PARTITIONS[:2]} == {"after one"}

    def test_one_that_only_slept_is_fenced_and_drops_all(self, store):
        one, two = Process(store, "one"), Process(store, "two")
        shares(one, two)
        shares(two, turns=20)
        for site in range(SITES):
            store.log.append(f"{PARTITIONS[site]}:event", [("0", b"0")])
        one.turn(0.0)
        assert one.shift.holds == []
        assert {change.what for change in one.told[-2:]} == {"lost"}
        assert shares(one, two) == [2, 2]

    def test_a_lease_without_a_seat_is_left_alone_while_its_beat_moves(self, store):
        other = store.checkpoints.acquire(PARTITIONS[1], store.checkpoints.observe(PARTITIONS[1]), "replay")
        one = Process(store, "one")
        for _ in range(30):
            one.turn()
            other.renew()
        assert one.shift.holds == [PARTITIONS[0], *PARTITIONS[2:]]
        shares(one, turns=9)
        assert len(one.shift.holds) == SITES
        with pytest.raises(Fenced):
            other.renew()

    def test_lists_that_differ_leave_no_partition_out(self, store):
        one = Process(store, "one")
        two = Shift(store.log, store.checkpoints, duties()[2:], policy=POLICY, clock=Hand(), owner="two")
        for _ in range(12):
            one.turn()
            two.turn()
        assert sorted(one.shift.holds + two.holds) == PARTITIONS

    def test_seats_of_the_dead_are_used_again(self, store):
        for i in range(30):
            one = Process(store, f"p{i}")
            shares(one, turns=10)
        assert one.shift.holds == PARTITIONS
        assert len([beat for beat in store.checkpoints.beats() if beat.partition.startswith("seat/")]) <= 3

    def test_what_is_not_ready_is_not_taken(self, store):
        may: list[int] = []
        one = Shift(
            store.log, store.checkpoints, [Duty(INPUT, Chain, ready=lambda: bool(may))], policy=POLICY, clock=Hand()
        )
        one.turn()
        assert one.holds == []
        may.append(1)
        one._clock.now += 1.0
        one.turn()
        assert one.holds == [INPUT]


class TestTrouble:
    def test_a_unit_that_throws_stops_no_other(self, store):
        class Broken(Chain):
            def update(self, record):
                raise ArithmeticError("broken")

        told: list[Change] = []
        fill(store, 5)
        store.log.append("ingest/other:event", [("x", b"")])
        all_duties = [Duty("ingest/other", Broken), Duty(INPUT, Chain)]
        shift = Shift(store.log, store.checkpoints, all_duties, policy=POLICY, clock=Hand(), on_change=told.append)
        shift.run(lambda: len(said(store)) == 5)
        assert [change.why for change in told if change.what == "failed"] == ["ArithmeticError: broken"]
        assert store.checkpoints.offset("ingest/other") == 0

    def test_it_is_tried_again_later(self, store):
        clock, told = Hand(), []

        class Moody(Chain):
            def update(self, record):
                if clock.now < 1100:
                    raise ArithmeticError("not now")
                return super().update(record)

        fill(store, 2)
        shift = Shift(
            store.log,
            store.checkpoints,
            [Duty(INPUT, Moody)],
            policy=Policy(max_wait_s=1.0, lease_s=8.0),
            clock=clock,
            on_change=told.append,
        )
        shift.run(lambda: len(said(store)) == 2)
        assert clock.now < 1200
        assert [change.what for change in told] == ["took", "failed", "took", "failed", "took", "released"]

    def test_a_database_that_is_away_is_waited_for(self, store, monkeypatch):
        clock, told = Hand(), []
        fill(store, 9)
        read = store.log.read

        def away(*args):
            if 1 <= len(said_unpatched()) < 9 and clock.now < 1020:
                raise StoreError("no server answers")
            return read(*args)

        def said_unpatched():
            return read("result/toy", 0, 100)

        monkeypatch.setattr(store.log, "read", away)
        shift = Shift(
            store.log, store.checkpoints, [Duty(INPUT, Chain)], policy=POLICY, clock=clock, on_change=told.append
        )
        shift.run(lambda: len(said_unpatched()) == 9)
        assert [record.data for record in said_unpatched()] == chain(9)
        assert [change.why for change in told if change.what == "away"] == ["no server answers"]

    @pytest.mark.parametrize("fate", ["done", "lost"])
    def test_after_an_unknown_outcome_the_own_leases_are_taken_again(self, store, fate):
        checkpoints, clock = Unsure(store.checkpoints), Hand()
        fill(store, 9)
        fates = [fate]

        def stop():
            if len(said(store)) == 3 and fates:
                checkpoints.fate = fates.pop()
            return len(said(store)) == 9

        Shift(store.log, checkpoints, [Duty(INPUT, Chain)], policy=POLICY, clock=clock).run(stop)
        assert said(store) == chain(9)
        assert clock.now < 1000.0 + POLICY.lease_s / 2


class Crowd(RuleBasedStateMachine):
    """Processes that come, go, die, sleep and wake in any order, over partitions that grow."""

    @initialize()
    def begin(self):
        self.store = MemoryStore()
        self.written = [0] * SITES
        self.processes: list[Process] = []
        self.made = 0

    @rule(site=st.integers(0, SITES - 1), count=st.integers(1, 7))
    def write(self, site, count):
        items = [(str(i), b"%d" % i) for i in range(self.written[site], self.written[site] + count)]
        self.store.log.append(f"{PARTITIONS[site]}:event", items)
        self.written[site] += count

    @rule()
    def come(self):
        if len(self.processes) < 4:
            self.made += 1
            self.processes.append(Process(self.store, f"p{self.made}"))

    @rule(i=st.integers(0, 3), seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0]), turns=st.integers(1, 5))
    def work(self, i, seconds, turns):
        if i < len(self.processes):
            for _ in range(turns):
                self.processes[i].turn(seconds)

    @rule(i=st.integers(0, 3), graceful=st.booleans())
    def go(self, i, graceful):
        if i < len(self.processes):
            process = self.processes.pop(i)
            if graceful:
                process.shift.leave()

    @invariant()
    def what_was_said_is_a_beginning_of_the_truth(self):
        for site in range(SITES if hasattr(self, "store") else 0):
            found = [record.data for record in read_all(self.store.log, f"result/{site}")]
            assert found == chain(self.written[site])[: len(found)]

    def teardown(self):
        if not hasattr(self, "store"):
            return
        last = [*self.processes, Process(self.store, "last")]
        counts = shares(*last, turns=60)
        assert max(counts) - min(counts) <= 1
        assert sum(counts) == SITES
        for site in range(SITES):
            found = [record.data for record in read_all(self.store.log, f"result/{site}")]
            assert found == chain(self.written[site])


Crowd.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestCrowd = Crowd.TestCase


def test_the_judge_sees_a_stale_write(store):
    store.log.append("result/0:event", [("x", b"stale")])
    crowd = Crowd()
    crowd.store, crowd.written = store, [0] * SITES
    with pytest.raises(AssertionError):
        crowd.what_was_said_is_a_beginning_of_the_truth()
    assert Output("x", "result/0:event", b"").key == ""
