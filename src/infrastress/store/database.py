"""What every SQL backend shares: snapshots to read, group commit to write, waiting for a change.

Whatever differs between databases is an abstract method of `Database`; the ports in `sql.py` are written once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, Executable, Table
from sqlalchemy.exc import DBAPIError, StatementError

from infrastress.core.errors import InfrastressError, OutcomeUnknown, StoreError

__all__ = ["Database"]

T = TypeVar("T")


class _Job(Generic[T]):
    """One thread's work on its way through a group commit."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
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
        engine: hands out connections; its transactions are serialisable for writers, snapshots for readers.
        where: names the database in errors.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self.engine = engine
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
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise self.explain(error) from error

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a write transaction and return once it is durable.

        Work of several threads shares one transaction, so that they share one flush to disk. Work refuses with an
        `InfrastressError` only before it has written anything, so the others' go on.

        Raises:
            OutcomeUnknown: the database failed while committing.
            StoreError: the database failed before; nothing was written.
        """
        job = _Job(work)
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
            self._run(group)
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
        try:
            with self.engine.connect().execution_options(write=True) as connection:
                transaction = connection.begin()
                try:
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
                job.error = _RolledBack(self.explain(error))
        except (StatementError, ArithmeticError, TypeError, ValueError) as error:  # a value the driver can't bind
            for job in group:
                job.error = _RolledBack(StoreError(f"a value can't be stored: {error}", where=self.where))


class _RolledBack(Exception):  # noqa: N818 - never leaves this module
    """Marks a job whose transaction was rolled back, to be tried alone."""

    def __init__(self, cause: StoreError) -> None:
        self.cause = cause
