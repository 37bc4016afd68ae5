"""Processes share partitions: each works a fair stretch of one list, and takes over what a dead one held.

Each process has a seat: a lease of its own that it renews between records, so one small write tells that it is alive,
however many partitions it holds. The n-th of k seats works the n-th of k stretches of the list. What it holds beyond
that it releases, what it lacks it takes as soon as nobody holds it: its lease was released, or neither it nor a seat of
its owner has moved for the lease time, by this observer's own clock. Seats only say who should work; who may is decided
by each partition's own lease, so a wrong guess costs time and never a result.

Processes with other lists have seats of other names. They meet at leases alone: the first to come works.
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import getpid
from typing import Literal, NamedTuple
from uuid import uuid4

from infrastress.core.errors import Fenced, LogGap, StoreError
from infrastress.core.ids import content_hash
from infrastress.runtime.unit import Unit
from infrastress.runtime.worker import Clock, Policy, SystemClock, Worker
from infrastress.store.ports import Beat, Checkpoints, Lease, Log

__all__ = ["Change", "Duty", "Shift", "new_owner"]

_SEAT = "seat/"
_ASIDE_S = 60.0
"""A partition whose unit threw is tried again after this long; the others go on."""
_BEAT_S, _LOOK_S = 2.5, 0.5  # between renewals of the seat, and between looks at seats and leases, at most
_AWAY_S = 1.0  # between tries to reach a database that is away


@dataclass(frozen=True)
class Duty:
    """A partition to be worked.

    Attributes:
        partition: what to read, and the name of the lease.
        unit: makes the unit, as constructed.
        ready: whether it may be worked already; asked before it is taken.
    """

    partition: str
    unit: Callable[[], Unit]
    ready: Callable[[], bool] = lambda: True


class Change(NamedTuple):
    """What people may want to know.

    Attributes:
        what: a partition was taken, released, or lost to another; its unit threw; or the database was away.
        partition: which; empty where the database was away.
        why: more, where there is more.
    """

    what: Literal["took", "released", "lost", "failed", "away"]
    partition: str
    why: str = ""


def new_owner() -> str:
    """A name for this process that no other has: machine, process, random digits."""
    return f"{socket.gethostname()}:{getpid()}:{uuid4().hex[:6]}"


class Shift:
    """One process's part in the work.

    A database that goes away is waited for. After a commit of unknown outcome the leases are taken again, and their
    offsets tell what happened.

    Args:
        log, checkpoints: the store's.
        duties: the same list, in the same order, at every process; partitions that feed each other side by side.
        policy: how much per commit, and how long a lease lasts.
        clock: this machine's, monotonic.
        owner: a name that no other process has; `new_owner` by default.
        on_change: called with each change.
    """

    def __init__(
        self,
        log: Log,
        checkpoints: Checkpoints,
        duties: Sequence[Duty],
        *,
        policy: Policy | None = None,
        clock: Clock | None = None,
        owner: str | None = None,
        on_change: Callable[[Change], None] = lambda _: None,
    ) -> None:
        self._log, self._checkpoints = log, checkpoints
        self._policy, self._clock, self._owner = policy or Policy(), clock or SystemClock(), owner or new_owner()
        self._pause_s = min(_LOOK_S, self._policy.lease_s / 8)
        self._duties = {duty.partition: duty for duty in duties}
        self._tell = on_change
        self._seats = f"{_SEAT}{content_hash(chr(0).join(self._duties).encode())[:12]}/"
        self._seat: Lease | None = None
        self._beaten = self._looked = float("-inf")
        self._seen: dict[str, tuple[Beat, float]] = {}
        self._workers: dict[str, Worker] = {}
        self._taken: list[str] = []  # as told
        self._aside: dict[str, float] = {}
        self._away = ""

    def run(self, stop: Callable[[], bool]) -> None:
        """Take turns until `stop`, asked after each, says so; then leave."""
        try:
            while not stop():
                self.turn()
        finally:
            self.leave()

    def turn(self) -> None:
        """Look around when it is time to, then take one step in each partition that has news."""
        try:
            self._beat()
            if self._clock.monotonic() - self._looked >= self._pause_s:
                self._look()
            self._work()
            self._away = ""
        except Fenced:
            self._drop()  # others took this process for dead
        except StoreError as error:
            self._drop()
            if str(error) != self._away:  # told once, not at every try
                self._away = str(error)
                self._tell(Change("away", "", self._away))
            self._clock.sleep(_AWAY_S)

    def leave(self) -> None:
        """Release everything; what can't be reached any more will age."""
        try:
            for worker in self._held():
                self._release(worker)
            if self._seat is not None:
                self._seat.release()
        except StoreError:
            self._drop()
        self._seat = None

    @property
    def holds(self) -> list[str]:
        """Partitions it works."""
        return [worker.partition for worker in self._held()]

    def _held(self) -> list[Worker]:
        return [worker for worker in self._workers.values() if worker.holds]

    def _drop(self) -> None:
        self._seat = None
        self._beaten = self._looked = float("-inf")
        for worker in self._held():
            worker.drop()
        for partition in list(self._taken):
            self._gone("lost", partition)

    def _gone(self, what: Literal["released", "lost", "failed"], partition: str, why: str = "") -> None:
        self._taken = [name for name in self._taken if name != partition]
        self._tell(Change(what, partition, why))

    def _work(self) -> None:
        wait_s = min(self._policy.max_wait_s, self._pause_s)
        now = self._clock.monotonic()
        offsets = {w.partition: w.position for w in self._held() if self._aside.get(w.partition, now) <= now}
        if not offsets:
            self._clock.sleep(wait_s)
            return
        news = self._log.wait(offsets, wait_s)
        for partition in offsets:
            worker = self._workers[partition]
            if partition in news or worker.position > worker.offset:
                self._step(worker)

    def _step(self, worker: Worker) -> None:
        try:
            worker.step(between=self._beat)
        except Fenced as error:
            if self._seat is None:
                raise
            self._gone("lost", worker.partition, str(error))
        except Exception as error:
            self._put_aside(worker, error)

    def _put_aside(self, worker: Worker, error: Exception) -> None:
        """One partition's trouble stops no other. Its lease is kept: elsewhere the unit would throw as well."""
        if isinstance(error, StoreError) and not isinstance(error, LogGap):
            raise error
        worker.drop()
        self._aside[worker.partition] = self._clock.monotonic() + _ASIDE_S
        self._gone("failed", worker.partition, f"{type(error).__name__}: {error}")

    def _beat(self) -> None:
        """Take a seat, or say "alive" when it is time to.

        Raises:
            Fenced: the seat is another's.
        """
        now = self._clock.monotonic()
        if self._seat is not None and now - self._beaten < min(_BEAT_S, self._policy.lease_s / 4):
            return
        seat, self._seat = self._seat, None
        if seat is None:
            seat = self._sit()
        else:
            seat.renew()
        self._seat, self._beaten = seat, now

    def _sit(self) -> Lease:
        """Take the seat that is this process's already, the first free one, or a new one at the end."""
        seats = {self._number(beat): beat for beat in self._checkpoints.beats() if self._number(beat)}
        free = [number for number, beat in seats.items() if beat.owner in ("", self._owner)]
        mine = [number for number in free if seats[number].owner]
        number = min(mine or free, default=max(seats, default=0) + 1)
        blank = Beat(f"{self._seats}{number}", 0, 0, "")
        return self._checkpoints.acquire(blank.partition, seats.get(number, blank), self._owner)

    def _number(self, beat: Beat) -> int:
        """A seat's number, 0 where it is none of this list's."""
        return int(beat.partition.removeprefix(self._seats)) if beat.partition.startswith(self._seats) else 0

    def _look(self) -> None:
        """See who is alive, release what is another's share, take what is missing of one's own."""
        now = self._looked = self._clock.monotonic()
        beats = {beat.partition: beat for beat in self._checkpoints.beats()}
        for name, beat in beats.items():
            if name not in self._seen or self._seen[name][0] != beat:
                self._seen[name] = (beat, now)
        moving = {name for name in beats if now - self._seen[name][1] < self._policy.lease_s}
        alive = {beats[name].owner for name in moving if name.startswith(_SEAT)} | {self._owner}
        mine = self._stretch([beat for beat in beats.values() if self._number(beat)], alive)
        for worker in self._held():
            if worker.partition not in mine:
                self._release(worker)
        for partition in mine:
            beat = beats.get(partition, Beat(partition, 0, 0, ""))
            free = beat.owner in ("", self._owner) or (partition not in moving and beat.owner not in alive)
            if free and self._aside.get(partition, now) <= now:
                self._take(beat)

    def _stretch(self, seats: list[Beat], alive: set[str]) -> list[str]:
        """This process's share; seats of the dead are cleared."""
        for beat in seats:
            if beat.owner and beat.owner not in alive:
                self._clear(beat)
        numbers = sorted(self._number(beat) for beat in seats if beat.owner and beat.owner in alive)
        owners = {self._number(beat): beat.owner for beat in seats}
        ranks = [rank for rank, number in enumerate(numbers) if owners[number] == self._owner]
        total, partitions = len(numbers), list(self._duties)
        return [
            partition
            for rank in ranks
            for partition in partitions[len(partitions) * rank // total : len(partitions) * (rank + 1) // total]
        ]

    def _clear(self, beat: Beat) -> None:
        with suppress(Fenced):  # it moved: alive after all, or cleared by another
            self._checkpoints.acquire(beat.partition, beat, self._owner).release()

    def _take(self, beat: Beat) -> None:
        duty = self._duties[beat.partition]
        worker = self._workers.get(beat.partition)
        if (worker is not None and worker.holds) or not duty.ready():
            return
        if worker is None:
            worker = Worker(self._log, self._checkpoints, beat.partition, duty.unit(), self._policy, owner=self._owner)
            self._workers[beat.partition] = worker
        try:
            worker.acquire(beat)
        except Fenced:
            return  # another was quicker
        except Exception as error:  # a state that can't be read
            self._put_aside(worker, error)
            return
        self._taken.append(beat.partition)
        after = f"after {beat.owner}" if beat.owner not in ("", self._owner) else ""
        self._tell(Change("took", beat.partition, after))

    def _release(self, worker: Worker) -> None:
        try:
            worker.release()
        except Fenced as error:
            self._gone("lost", worker.partition, str(error))
        else:
            self._gone("released", worker.partition)
