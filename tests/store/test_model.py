"""Any sequence of calls gives the same on SQLite, reopened at any time, as in memory."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from infrastress.core.errors import Fenced, LogGap, StoreError
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Lease, Output, Store
from infrastress.store.sqlite import SqliteStore

SUBJECTS = st.sampled_from(["p:event", "p:tick", "q:event", "r:alarm", "nosubject"])
PARTITIONS = st.sampled_from(["p", "q", "r"])
IDS = st.text("abcdé'\"%", min_size=1, max_size=2)
DATA = st.binary(max_size=20)
OUTPUTS = st.lists(
    st.builds(Output, IDS, SUBJECTS, DATA, st.sampled_from(["", "k", "l", "m"]), st.integers(-(2**63), 2**63 - 1)),
    max_size=6,
)


class SqliteAgainstMemory(RuleBasedStateMachine):
    """Two stores get the same calls."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="infrastress-store-"))
        self.now = 0
        self.model: Store = MemoryStore(clock=lambda: self.now)
        self.store: Store = self.opened()
        self.leases: list[tuple[Lease, Lease]] = []

    def opened(self) -> Store:
        return SqliteStore(self.folder, clock=lambda: self.now)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def both(self, call: object, *args: object) -> object:
        """The same result, or the same error, from both."""
        results = []
        for store in (self.model, self.store):
            try:
                results.append(call(store, *args))  # type: ignore[operator] # a lambda over a store
            except StoreError as error:
                results.append(type(error))
        assert results[0] == results[1]
        return results[1]

    @rule(subject=SUBJECTS, items=st.lists(st.tuples(IDS, DATA), max_size=6), passed=st.integers(-5, 10))
    def append(self, subject: str, items: list[tuple[str, bytes]], passed: int) -> None:
        self.now += passed
        self.both(lambda store: store.log.append(subject, items))

    @rule(partition=PARTITIONS, after=st.integers(0, 30), limit=st.integers(0, 8))
    def read(self, partition: str, after: int, limit: int) -> None:
        found = self.both(lambda store: store.log.read(partition, after, limit))
        assert found is LogGap or isinstance(found, list)

    @rule(partition=PARTITIONS, up_to=st.integers(0, 30))
    def retire(self, partition: str, up_to: int) -> None:
        self.both(lambda store: store.log.retire(partition, up_to))

    @rule(partition=PARTITIONS, moment=st.integers(-20, 100))
    def written_before(self, partition: str, moment: int) -> None:
        self.both(lambda store: store.log.written_before(partition, moment))

    @rule(partition=PARTITIONS, after=st.integers(0, 30), limit=st.integers(0, 8))
    def written(self, partition: str, after: int, limit: int) -> None:
        self.both(lambda store: store.log.written(partition, after, limit))

    @rule(partition=PARTITIONS, owner=st.sampled_from("ab"))
    def acquire(self, partition: str, owner: str) -> None:
        pair = [
            s.checkpoints.acquire(partition, s.checkpoints.observe(partition), owner) for s in (self.model, self.store)
        ]
        self.leases.append((pair[0], pair[1]))
        self.same_leases(-1)

    @rule(which=st.integers(0, 5), ahead=st.integers(-1, 3), state=st.none() | DATA, outputs=OUTPUTS)
    def commit(self, which: int, ahead: int, state: bytes | None, outputs: list[Output]) -> None:
        if self.leases:
            pair = self.leases[which % len(self.leases)]
            errors = []
            for lease in pair:
                try:
                    lease.commit(lease.offset + ahead, state, outputs)
                    errors.append(None)
                except StoreError as error:
                    errors.append(type(error))
            assert errors[0] == errors[1]
            self.same_leases(which % len(self.leases))

    @rule(which=st.integers(0, 5))
    def renew(self, which: int) -> None:
        if self.leases:
            fenced = []
            for lease in self.leases[which % len(self.leases)]:
                try:
                    lease.renew()
                    fenced.append(False)
                except Fenced:
                    fenced.append(True)
            assert fenced[0] == fenced[1]
            self.same_leases(which % len(self.leases))

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()
        self.leases.clear()

    def same_leases(self, which: int) -> None:
        model, real = self.leases[which]
        for name in ("partition", "epoch", "owner", "offset", "state", "version"):
            assert getattr(model, name) == getattr(real, name), name

    @invariant()
    def same_standing(self) -> None:
        self.both(lambda store: store.log.partitions())
        for partition in ("p", "q", "r"):
            self.both(lambda store, name: (store.log.start(name), store.log.end(name)), partition)
            self.both(lambda store, name: store.log.read(name, store.log.start(name), 99), partition)
            self.both(lambda store, name: store.checkpoints.observe(name), partition)
        for kind in ("event", "alarm", "tick"):
            self.both(lambda store, name: (store.records.count(name), store.records.list(name, limit=99)), kind)


TestSqliteAgainstMemory = SqliteAgainstMemory.TestCase
TestSqliteAgainstMemory.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
