"""A worker: holds a partition's lease, feeds its records to a unit, commits what comes of it.

Nothing leaves a worker but through `Lease.commit`; whoever is fenced off drops state and buffers and watches again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infrastress.core.errors import Fenced
from infrastress.runtime.unit import Unit
from infrastress.store.ports import Beat, Checkpoints, Lease, Log, Output, Record

__all__ = ["Clock", "Policy", "SystemClock", "Worker", "gather"]


@dataclass(frozen=True)
class Policy:
    """How a worker works.

    Attributes:
        max_records: records per commit at most.
        max_bytes: bytes of records per commit; passed by one read at most, so that memory stays flat over a backlog.
        max_wait_s: longest wait for the first record, so also the longest time until a stop is seen.
        lease_s: a lease whose beat hasn't moved for this long, by the observer's own clock, may be taken. On PostgreSQL
            it must be longer than `store.postgres.IDLE_S`.
        rest_s: records of which nothing came may stay uncommitted for this long: a live site brings many a second, and
            each commit writes the whole state. What comes out is committed at once; after a kill the rest is read
            again.
    """

    max_records: int = 500
    max_bytes: int = 16_000_000
    max_wait_s: float = 0.5
    lease_s: float = 10.0
    rest_s: float = 0.0


_FIRST_READ = 8


def gather(log: Log, partition: str, after: int, policy: Policy, wait_s: float = 0.0) -> list[Record]:
    """Records for one commit: a few first, then as many more as their size allows.

    Raises:
        LogGap: records behind `after` were retired.
    """
    records = log.read(partition, after, min(_FIRST_READ, policy.max_records), wait_s)
    size = sum(len(record.data) for record in records)
    if len(records) == _FIRST_READ:
        room = (policy.max_bytes - size) * len(records) // max(1, size)
        more = min(policy.max_records - len(records), room)
        if more > 0:
            records += log.read(partition, records[-1].offset, more)
    return records


class Clock(Protocol):
    """A monotonic clock of this machine."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Worker:
    """One unit at one partition, a step at a time.

    Args:
        log, checkpoints: the store's.
        partition: what to read, and the name of the lease.
        unit: as constructed; its state is replaced by what the lease holds.
        policy: see there.
        owner: tells workers apart for people; nothing is decided by it.
    """

    def __init__(
        self, log: Log, checkpoints: Checkpoints, partition: str, unit: Unit, policy: Policy, *, owner: str
    ) -> None:
        self.partition = partition
        self.policy = policy
        self.owner = owner
        self._log = log
        self._checkpoints = checkpoints
        self._unit = unit
        self._blank = unit.dump()
        self._lease: Lease | None = None
        self._offset = self._position = 0
        self._settled = 0.0
        self.epoch = 0

    @property
    def holds(self) -> bool:
        """Whether it believes to hold the lease."""
        return self._lease is not None

    @property
    def offset(self) -> int:
        """Last offset whose effects are committed, while it holds the lease."""
        return self._offset

    @property
    def position(self) -> int:
        """Last offset it has taken, while it holds the lease; from `offset` to here nothing came of any record."""
        return self._position

    def acquire(self, seen: Beat | None = None) -> None:
        """Take the lease as seen (None: as it stands now) and the state it holds.

        Raises:
            Fenced: it has moved since it was seen.
        """
        self.drop()
        beat = self._checkpoints.observe(self.partition) if seen is None else seen
        lease = self._checkpoints.acquire(self.partition, beat, self.owner)
        self._unit.load(self._blank if lease.state is None else lease.state)
        self._lease, self._offset, self.epoch = lease, lease.offset, lease.epoch
        self._position, self._settled = lease.offset, time.monotonic()

    def drop(self) -> None:
        """Forget lease and state; another may go on."""
        if self._lease is not None:
            self._lease, self._offset, self._position = None, 0, 0
            self._unit.load(self._blank)

    def release(self) -> None:
        """Forget lease and state, and let another go on at once; raises Fenced, OutcomeUnknown."""
        lease = self._lease
        try:
            self.settle(0.0)
        finally:
            self.drop()
        if lease is not None:
            lease.release()

    def settle(self, rest_s: float | None = None) -> None:
        """Commit what rests for longer than this (None: the policy's time); raises what `step` does."""
        rest_s = self.policy.rest_s if rest_s is None else rest_s
        if self._lease is None or self._position == self._offset:
            return
        if time.monotonic() - self._settled >= rest_s:
            self._commit(self._lease, [])

    def step(self, wait_s: float = 0.0, *, between: Callable[[], None] = lambda: None) -> int:
        """Take up to `max_records` records and commit; returns how many, 0 when there were none.

        Args:
            wait_s: longest wait for the first record.
            between: called before each record, such as to say "alive"; what it throws ends the step.

        Raises:
            Fenced, OutcomeUnknown: everything is dropped; acquire again.
            LogGap: the partition's records were retired before they were read.
        """
        if self._lease is None:
            raise Fenced(f"{self.owner} holds no lease on {self.partition}", remedy="acquire it first")
        records = gather(self._log, self.partition, self._position, self.policy, wait_s)
        if not records:
            self.settle()
            return 0
        try:
            outputs: list[Output] = []
            for record in records:
                between()
                outputs += self._unit.update(record)
        except BaseException:
            self.drop()  # the unit is ahead of what was committed
            raise
        self._position = records[-1].offset
        if outputs or time.monotonic() - self._settled >= self.policy.rest_s:
            self._commit(self._lease, outputs)
        return len(records)

    def _commit(self, lease: Lease, outputs: list[Output]) -> None:
        try:
            lease.commit(self._position, self._unit.dump(), outputs)
        except BaseException:
            self.drop()
            raise
        self._offset, self._settled = self._position, time.monotonic()
