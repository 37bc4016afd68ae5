"""The ports of the store: log, checkpoints and leases, records, blobs, history.

No effect leaves a worker except through `Lease.commit`. Any backend is held to `tests/store/contract.py`.

Subjects and partitions: a subject is "partition:type", such as "ingest/depot/main:samples". Partitions are ordered on
their own; offsets count from 1 without gaps until retention removes a prefix.

    ingest/<site>/<unit>   samples, event, tick      what was admitted, and the watermark
                           action, decision, link    what people did about alarms; what the runtime decided; connections
    fusion/<site>          event, tick               detections on their way to fusion
    result/<site>          event                     alarms and incidents
    quarantine/<site>      refusal                   what was refused, with reason
    status/<site>          health, pulse             how each source and signal stands (keyed records), how far work is
    standing/<site>        turn                      when a source or signal began to stand differently
    notify/<site>          notification              messages to people, each version (keyed records)
    replay/<site>          order                     what was asked to be replayed, where a database is shared

A lease may also stand for something that is no partition: the admission of a site, a worker's seat.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import pyarrow as pa

from infrastress.core.errors import StoreError

__all__ = [
    "Beat",
    "Blobs",
    "Checkpoints",
    "History",
    "Lease",
    "Log",
    "Output",
    "Record",
    "Records",
    "Row",
    "Store",
    "check_subject",
    "partition_of",
    "read_all",
    "type_of",
]


def partition_of(subject: str) -> str:
    """The partition of a subject: all before the last colon."""
    return subject.rpartition(":")[0]


def type_of(subject: str) -> str:
    """The type of a subject: all after the last colon."""
    return subject.rpartition(":")[2]


def check_subject(subject: str) -> str:
    """The subject itself; raises StoreError unless it is "partition:type"."""
    if not partition_of(subject) or not type_of(subject):
        raise StoreError(f"{subject!r} is no subject", remedy='write "partition:type"')
    return subject


class Record(NamedTuple):
    """One record of the log. Offsets rise by 1 within a partition."""

    offset: int
    id: str
    subject: str
    data: bytes


class Output(NamedTuple):
    """What a unit wants to happen: a record appended to the log (an id seen before in that partition is kept once).

    With a `key`, the newest record of that (type of subject, key) can also be looked up in Records; `sort` orders them.
    Keys are one space for the whole store, so a key of one site's names the site.
    """

    id: str
    subject: str
    data: bytes
    key: str = ""
    sort: int = 0


class Row(NamedTuple):
    """The newest version of a keyed record."""

    key: str
    sort: int
    data: bytes


class Beat(NamedTuple):
    """What an observer sees of a partition's lease; a live owner changes `version` at every commit or renewal.

    Without an owner (never taken, or released) it may be taken at once.
    """

    partition: str
    epoch: int
    version: int
    owner: str


class Log(ABC):
    """Ordered records by partition."""

    @abstractmethod
    def append(self, subject: str, items: Sequence[tuple[str, bytes]]) -> int:
        """Append durably; ids already in the partition are skipped. Returns how many were new."""

    @abstractmethod
    def read(
        self, partition: str, after: int, limit: int, wait_s: float = 0.0, *, types: Collection[str] = ()
    ) -> list[Record]:
        """Up to `limit` records with offset > `after`, in order; waits up to `wait_s` for the first.

        With `types` only records of these, so that what is rare is found without reading the telemetry between; the
        wait is for a record of any type.

        Raises:
            LogGap: records behind `after` were retired.
        """

    @abstractmethod
    def find(self, partition: str, id_: str) -> Record | None:
        """The record of this id, or None where the partition holds none (any more)."""

    @abstractmethod
    def wait(self, after: Mapping[str, int], seconds: float) -> list[str]:
        """Which of some partitions hold records behind an offset each; waits up to `seconds` for the first to do so."""

    @abstractmethod
    def end(self, partition: str) -> int:
        """Highest offset of a partition, 0 when empty."""

    @abstractmethod
    def start(self, partition: str) -> int:
        """Highest offset that was retired, 0 when none: the lowest `after` that can be read."""

    @abstractmethod
    def written_before(self, partition: str, moment: int) -> int:
        """Highest offset stored before a moment of the wall clock (ns UTC); `start` when none."""

    @abstractmethod
    def written(self, partition: str, after: int, limit: int) -> list[int]:
        """When each of up to `limit` records with offset > `after` was stored: wall clock, ns UTC, never falling."""

    @abstractmethod
    def partitions(self) -> list[str]:
        """All partitions, sorted."""

    @abstractmethod
    def retire(self, partition: str, up_to: int) -> int:
        """Remove records with offset <= `up_to`, and the memory of their ids; returns how many."""


class Lease(ABC):
    """The right to work on a partition, until someone acquires a higher epoch.

    Attributes:
        partition, epoch, owner: who holds what.
        offset: last input offset whose effects are committed.
        state: the unit's state as of `offset`, None before the first commit.
        version: rises at every commit and renewal.
    """

    partition: str
    epoch: int
    owner: str
    offset: int
    state: bytes | None
    version: int

    @abstractmethod
    def commit(self, offset: int, state: bytes | None, outputs: Iterable[Output]) -> None:
        """Move offset, state (None: unchanged) and outputs in ONE durable transaction.

        Raises:
            Fenced: a newer epoch exists; nothing was written.
            OutcomeUnknown: can't tell whether it was written.
        """

    @abstractmethod
    def renew(self) -> None:
        """Say "alive" without moving anything; raises Fenced."""

    @abstractmethod
    def release(self) -> None:
        """Give the lease up, so that whoever comes may take it at once; raises Fenced, as all does that comes after."""


class Checkpoints(ABC):
    """Leases by compare-and-set."""

    @abstractmethod
    def observe(self, partition: str) -> Beat:
        """The lease as it stands; epoch 0 before the first."""

    @abstractmethod
    def beats(self) -> list[Beat]:
        """All leases that were ever taken, as they stand at one moment, sorted by partition."""

    @abstractmethod
    def offset(self, partition: str) -> int:
        """Last committed offset of a lease, without taking it; 0 before the first."""

    @abstractmethod
    def state(self, partition: str) -> bytes | None:
        """Last committed state of a lease, without taking it; None before the first."""

    @abstractmethod
    def acquire(self, partition: str, seen: Beat, owner: str) -> Lease:
        """Take the lease with epoch seen.epoch + 1 if it still stands as seen; raises Fenced otherwise."""


class Records(ABC):
    """Newest version of keyed records, written through `Lease.commit` only."""

    @abstractmethod
    def get(self, kind: str, key: str) -> Row | None:
        """The newest version, or None."""

    @abstractmethod
    def list(self, kind: str, *, after: tuple[int, str] | None = None, limit: int = 100) -> Sequence[Row]:
        """Rows in order of (sort, key) behind `after`."""

    @abstractmethod
    def count(self, kind: str) -> int:
        """How many keys there are."""

    @abstractmethod
    def kinds(self) -> Sequence[str]:
        """All kinds that have a key, sorted."""


class Blobs(ABC):
    """Pictures, packets and files by content hash."""

    @abstractmethod
    def put(self, data: bytes) -> str:
        """Keep durably; returns the SHA-256 in hexadecimal. The same bytes are kept once."""

    @abstractmethod
    def get(self, digest: str) -> bytes:
        """The bytes; raises StoreError when absent or damaged."""

    @abstractmethod
    def has(self, digest: str) -> bool:
        """Whether it is kept."""

    @abstractmethod
    def all(self) -> Iterator[str]:
        """Digests of all that is kept, sorted."""

    def faults(self) -> list[str]:
        """What is damaged; reads everything."""
        found = []
        for digest in self.all():
            try:
                self.get(digest)
            except StoreError as error:
                found.append(str(error))
        return found


class History(ABC):
    """Telemetry history: the log's hot tail and tag-sorted Parquet behind it, read as one.

    A row is one value of one tag; NaN is no row. Telemetry lies in partitions "ingest/...".
    """

    @abstractmethod
    def compacted(self, partition: str) -> int:
        """Offset up to which a partition's samples are compacted."""

    @abstractmethod
    def compact(self, partition: str, *, up_to: int) -> int:
        """Turn samples with offset <= `up_to` into Parquet; returns rows written. Safe to repeat after a kill."""

    @abstractmethod
    def read(self, tags: Sequence[str], start: int, stop: int) -> pa.Table:
        """Columns tag, time (timestamp[ns, UTC]), value; start <= time < stop; sorted by tag, then time."""

    @abstractmethod
    def rows(self) -> Iterator[pa.Table]:
        """Every row in pieces of bounded memory, columns as in `read`, in no order; nothing is compacted meanwhile."""

    @abstractmethod
    def summarise(self, tags: Sequence[str], start: int, stop: int, width: int) -> pa.Table:
        """What a plot shows of [start, stop) in steps of `width` ns, as real rows: nothing is averaged away.

        One row a tag and step that holds anything, sorted by both: tag; bucket (number of the step); count; first and
        last, low and high (values); first_time, last_time, low_time, high_time (int64 ns UTC, of the earliest where
        several are equal); gap (the longest time without a row since the row before, ns; 0 at the first) and gap_end
        (when that ended).
        """

    @abstractmethod
    def retain(self, before: int, *, pinned: Sequence[tuple[int, int]] = ()) -> int:
        """Drop compacted rows with time < `before`, but for pinned spans [start, stop); returns rows dropped."""


class Store(ABC):
    """All ports over one database; a context manager."""

    log: Log
    checkpoints: Checkpoints
    records: Records
    blobs: Blobs
    history: History

    @abstractmethod
    def close(self) -> None:
        """Release files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_all(log: Log, partition: str, *, chunk: int = 1000) -> Iterator[Record]:
    """Every record that a partition still holds, in order."""
    after = log.start(partition)
    while records := log.read(partition, after, chunk):
        yield from records
        after = records[-1].offset
