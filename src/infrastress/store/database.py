"""What every SQL backend shares: snapshots to read, group commit to write, waiting for a change.

Whatever differs between databases is an abstract method of `Database`; the ports in `sql.py` are written once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from threading import Condition, Lock
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, Executable, Table, insert, select
from sqlalchemy.exc import DBAPIError, StatementError

from infrastress.core.errors import InfrastressError, OutcomeUnknown, StoreError

__all__ = ["Database", "Locks"]

T = TypeVar("T")
_TRIES = 7  # of a transaction that was given up in favour of another's


class Locks(NamedTuple):
    """What a piece of work will change, so that it can be locked in one order before any work begins."""

    leases: frozenset[str] = frozenset()
    partitions: frozenset[str] = frozenset()

    def __or__(self, other: "Locks") -> "Locks":
        return Locks(self.leases | other.leases, self.partitions | other.partitions)


_NONE = Locks()


class _Job(Generic[T]):
    """One thread's work on its way through a group commit."""

    def __init__(self, work: Callable[[Connection], T], locks: Locks) -> None:
        self.work = work
        self.locks = locks
        self.done = False
        self.error: BaseException | None = None
        self.result: T | None = None

    def run(self, connection: Connection) -> None:
        """Do the work; a refusal of ours is the job's own matter, any other error the transaction's."""
        try:
            self.error, self.result = None, self.work(connection)
        except InfrastressError as error:
            self.error = error


class Database(ABC):
    """An engine, and how to read and write through it.

    Args:
        engine: hands out connections; where its transactions don't exclude each other, `hold` does.
        where: names the database in errors.
        reader: hands out connections whose transactions read one snapshot; `engine` by default.
    """

    def __init__(self, engine: Engine, where: str, *, reader: Engine | None = None) -> None:
        self.engine = engine
        self._reader = engine if reader is None else reader
        self.where = where
        self._queue: list[_Job[Any]] = []
        self._queue_lock = Lock()
        self._leader = Lock()
        self._changed = Condition()
        self._generation = 0

    @abstractmethod
    def explain(self, error: DBAPIError) -> StoreError:
        """The driver's error as ours, with a remedy."""

    @abstractmethod
    def upsert(self, table: Table, changing: Sequence[str]) -> Executable:
        """An insert that, where the primary key exists, sets the columns `changing` to the new values."""

    @abstractmethod
    def prepare(self, locks: Locks) -> None:
        """Make the rows that `hold` is to lock, in a transaction of its own."""

    @abstractmethod
    def hold(self, connection: Connection, locks: Locks) -> None:
        """Lock what a transaction will change, in an order that all keep."""

    def passing(self, error: DBAPIError) -> bool:
        """Whether the transaction was given up only in favour of another's, and is worth another try."""
        del error
        return False

    def insert_all(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of the same columns."""
        connection.execute(insert(table), rows)

    def upsert_all(
        self, connection: Connection, table: Table, changing: Sequence[str], rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows of different keys; where a key exists, set the columns `changing`."""
        connection.execute(self.upsert(table, changing), rows)

    def known(self, connection: Connection, table: Table, partition: int, ids: Sequence[str]) -> set[str]:
        """Which ids of these a partition of the log holds."""
        rows = connection.execute(select(table.c.id).where(table.c.partition == partition, table.c.id.in_(ids)))
        return set(rows.scalars())

    def close(self) -> None:
        """Release connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one snapshot.

        Raises:
            StoreError: the database can't be read.
        """
        try:
            with self._reader.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise self.explain(error) from error

    def write(self, work: Callable[[Connection], T], locks: Locks = _NONE) -> T:
        """Do some work in a write transaction and return once it is durable.

        Work of several threads shares one transaction, so that they share one flush to disk. Work refuses with an
        `InfrastressError` only before it has written anything, so the others' go on.

        Args:
            work: gets the connection; may be called again when its transaction had to be given up.
            locks: leases and partitions that it changes.

        Raises:
            OutcomeUnknown: the database failed while committing.
            StoreError: the database failed before; nothing was written.
        """
        job = _Job(work, locks)
        with self._queue_lock:
            self._queue.append(job)
        with self._leader:  # whoever comes first does the work of all that wait behind
            if not job.done:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._run_all(group)
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value] # a job without error has its result

    def generation(self) -> int:
        """A number that rises with every write of this process."""
        return self._generation

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until the generation isn't `seen` any more, at most some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._generation != seen, seconds)

    def _run_all(self, group: list[_Job[Any]]) -> None:
        try:
            for _ in range(_TRIES):
                self._run(group)
                if not any(isinstance(job.error, _RolledBack) and job.error.again for job in group):
                    break
            if len(group) > 1 and any(isinstance(job.error, _RolledBack) for job in group):
                for job in group:  # one spoilt it for all: each on its own
                    self._run([job])
        except BaseException as error:
            for job in group:
                job.error = job.error or OutcomeUnknown(f"interrupted: {error!r}", where=self.where)
            raise
        finally:
            for job in group:
                job.done = True
                if isinstance(job.error, _RolledBack):
                    job.error = job.error.cause
            with self._changed:
                self._generation += 1
                self._changed.notify_all()

    def _run(self, group: list[_Job[Any]]) -> None:
        locks = reduce(or_, (job.locks for job in group))
        try:
            self.prepare(locks)
            with self.engine.connect().execution_options(write=True) as connection:
                transaction = connection.begin()
                try:
                    self.hold(connection, locks)
                    for job in group:
                        job.run(connection)
                except BaseException:
                    transaction.rollback()
                    raise
                try:
                    transaction.commit()
                except DBAPIError as error:
                    connection.invalidate()
                    cause = self.explain(error)
                    for job in group:
                        job.error = job.error or OutcomeUnknown(cause.what, where=self.where, remedy=cause.remedy)
        except DBAPIError as error:
            for job in group:
                job.error = _RolledBack(self.explain(error), again=self.passing(error))
        except (StatementError, ArithmeticError, TypeError, ValueError) as error:  # a value the driver can't bind
            for job in group:
                job.error = _RolledBack(StoreError(f"a value can't be stored: {error}", where=self.where))


class _RolledBack(Exception):  # noqa: N818 - never leaves this module
    """Marks a job whose transaction was rolled back, to be tried alone."""

    def __init__(self, cause: StoreError, *, again: bool = False) -> None:
        self.cause = cause
        self.again = again
