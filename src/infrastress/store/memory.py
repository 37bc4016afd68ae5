"""The store in memory: same semantics as any other backend, gone with the process.

For tests and for reruns whose result alone matters. Threads may share it.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Condition

from infrastress.core.errors import Fenced, LogGap, StoreError
from infrastress.core.ids import content_hash
from infrastress.store.ports import (
    Beat,
    Blobs,
    Checkpoints,
    Lease,
    Log,
    Output,
    Record,
    Records,
    Row,
    Store,
    check_subject,
    partition_of,
    type_of,
)

__all__ = ["MemoryStore"]


@dataclass
class _Partition:
    retired: int = 0
    records: list[Record] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    newest: int = 0

    @property
    def end(self) -> int:
        return self.retired + len(self.records)


@dataclass
class _Standing:
    """What is kept of a lease."""

    beat: Beat
    offset: int = 0
    state: bytes | None = None


class MemoryLog(Log):
    """The log as lists."""

    def __init__(self, changed: Condition, clock: Callable[[], int]) -> None:
        self._changed = changed
        self._clock = clock
        self._partitions: dict[str, _Partition] = {}

    def append(self, subject: str, items: Sequence[tuple[str, bytes]]) -> int:
        check_subject(subject)
        with self._changed:
            return sum(self.put(subject, id_, data) for id_, data in items)

    def put(self, subject: str, id_: str, data: bytes) -> bool:
        """Append one record while the lock is held; False when its id is there already."""
        partition = self._partitions.setdefault(partition_of(subject), _Partition())
        if id_ in partition.ids:
            return False
        partition.ids.add(id_)
        partition.records.append(Record(partition.end + 1, id_, subject, bytes(data)))
        partition.newest = max(self._clock(), partition.newest)  # never backwards, so that it can be searched
        partition.written.append(partition.newest)
        self._changed.notify_all()
        return True

    def read(
        self, partition: str, after: int, limit: int, wait_s: float = 0.0, *, types: Collection[str] = ()
    ) -> list[Record]:
        with self._changed:
            self.wait({partition: after}, wait_s)
            kept = self._partitions.get(partition, _Partition())
            if after < kept.retired:
                raise LogGap(f"records {after + 1} to {kept.retired} were retired", where=partition)
            start = after - kept.retired
            if not types:
                return kept.records[start : start + limit]
            behind = islice(kept.records, start, None)
            return list(islice((record for record in behind if type_of(record.subject) in types), limit))

    def find(self, partition: str, id_: str) -> Record | None:
        with self._changed:
            kept = self._partitions.get(partition, _Partition())
            return next((r for r in kept.records if r.id == id_), None) if id_ in kept.ids else None

    def wait(self, after: Mapping[str, int], seconds: float) -> list[str]:
        def grown() -> list[str]:
            return [name for name, offset in after.items() if self.end(name) > offset]

        with self._changed:
            return self._changed.wait_for(grown, max(0.0, seconds))

    def end(self, partition: str) -> int:
        with self._changed:
            kept = self._partitions.get(partition)
            return kept.end if kept else 0

    def start(self, partition: str) -> int:
        with self._changed:
            kept = self._partitions.get(partition)
            return kept.retired if kept else 0

    def written_before(self, partition: str, moment: int) -> int:
        with self._changed:
            kept = self._partitions.get(partition, _Partition())
            return kept.retired + bisect_left(kept.written, moment)

    def written(self, partition: str, after: int, limit: int) -> list[int]:
        with self._changed:
            kept = self._partitions.get(partition, _Partition())
            first = max(0, after - kept.retired)
            return kept.written[first : first + limit]

    def partitions(self) -> list[str]:
        with self._changed:
            return sorted(self._partitions)

    def retire(self, partition: str, up_to: int) -> int:
        with self._changed:
            kept = self._partitions.get(partition, _Partition())
            count = max(0, min(up_to, kept.end) - kept.retired)
            kept.ids.difference_update(record.id for record in kept.records[:count])
            del kept.records[:count]
            del kept.written[:count]
            kept.retired += count
            return count


class MemoryRecords(Records):
    """Newest versions as mappings by kind."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._kinds: dict[str, dict[str, Row]] = {}

    def put(self, output: Output) -> None:
        """Replace a keyed record while the lock is held."""
        kind = self._kinds.setdefault(type_of(output.subject), {})
        kind[output.key] = Row(output.key, output.sort, bytes(output.data))

    def get(self, kind: str, key: str) -> Row | None:
        with self._changed:
            return self._kinds.get(kind, {}).get(key)

    def list(self, kind: str, *, after: tuple[int, str] | None = None, limit: int = 100) -> Sequence[Row]:
        with self._changed:
            rows = sorted(self._kinds.get(kind, {}).values(), key=lambda row: (row.sort, row.key))
        return [row for row in rows if after is None or (row.sort, row.key) > after][:limit]

    def count(self, kind: str) -> int:
        with self._changed:
            return len(self._kinds.get(kind, {}))

    def kinds(self) -> Sequence[str]:
        with self._changed:
            return sorted(self._kinds)


class MemoryLease(Lease):
    """A lease over the mappings of one MemoryStore."""

    def __init__(self, store: "MemoryStore", standing: _Standing) -> None:
        self._store = store
        self.partition, self.epoch, self.version, self.owner = standing.beat
        self.offset = standing.offset
        self.state = standing.state

    def commit(self, offset: int, state: bytes | None, outputs: Iterable[Output]) -> None:
        outputs = list(outputs)
        for output in outputs:
            check_subject(output.subject)
        with self._store.changed:
            standing = self._held()
            if offset < self.offset:
                raise StoreError(f"offset {offset} lies behind {self.offset}", where=self.partition)
            for output in outputs:
                if self._store.log.put(output.subject, output.id, output.data) and output.key:
                    self._store.records.put(output)
            standing.offset = self.offset = offset
            if state is not None:
                standing.state = self.state = bytes(state)
            self._beat(standing)

    def renew(self) -> None:
        with self._store.changed:
            self._beat(self._held())

    def release(self) -> None:
        with self._store.changed:
            standing = self._held()
            self.version += 1
            standing.beat = Beat(self.partition, self.epoch + 1, self.version, "")

    def _held(self) -> _Standing:
        standing = self._store.standings[self.partition]
        if standing.beat.epoch != self.epoch:
            raise Fenced(f"epoch {self.epoch} gave way to {standing.beat.epoch}", where=self.partition)
        return standing

    def _beat(self, standing: _Standing) -> None:
        self.version += 1
        standing.beat = standing.beat._replace(version=self.version)


class MemoryCheckpoints(Checkpoints):
    """Leases as a mapping."""

    def __init__(self, store: "MemoryStore") -> None:
        self._store = store

    def observe(self, partition: str) -> Beat:
        with self._store.changed:
            standing = self._store.standings.get(partition)
            return standing.beat if standing else Beat(partition, 0, 0, "")

    def beats(self) -> list[Beat]:
        with self._store.changed:
            return sorted(standing.beat for standing in self._store.standings.values())

    def offset(self, partition: str) -> int:
        with self._store.changed:
            standing = self._store.standings.get(partition)
            return standing.offset if standing else 0

    def state(self, partition: str) -> bytes | None:
        with self._store.changed:
            standing = self._store.standings.get(partition)
            return standing.state if standing else None

    def acquire(self, partition: str, seen: Beat, owner: str) -> Lease:
        with self._store.changed:
            now = self.observe(partition)
            if (now.epoch, now.version) != (seen.epoch, seen.version):
                raise Fenced(f"the lease moved to epoch {now.epoch} of {now.owner!r}", where=partition)
            standing = self._store.standings.setdefault(partition, _Standing(now))
            standing.beat = Beat(partition, now.epoch + 1, now.version + 1, owner)
            return MemoryLease(self._store, standing)


class MemoryBlobs(Blobs):
    """Blobs as a mapping."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = content_hash(data)
        self._blobs[digest] = bytes(data)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self._blobs[digest]
        except KeyError:
            raise StoreError(f"no blob {digest}", where="blobs") from None

    def has(self, digest: str) -> bool:
        return digest in self._blobs

    def all(self) -> Iterator[str]:
        yield from sorted(self._blobs)


class MemoryStore(Store):
    """All ports in memory.

    Args:
        clock: wall clock in ns, stamped on records for retention.
    """

    log: MemoryLog
    records: MemoryRecords

    def __init__(self, *, clock: Callable[[], int] = time.time_ns) -> None:
        from infrastress.store.history import MemoryHistory

        self.changed = Condition()  # over an RLock: methods call each other while holding it
        self.standings: dict[str, _Standing] = {}
        self.log = MemoryLog(self.changed, clock)
        self.checkpoints = MemoryCheckpoints(self)
        self.records = MemoryRecords(self.changed)
        self.blobs = MemoryBlobs()
        self.history = MemoryHistory(self.log)

    def close(self) -> None:
        """Nothing to release."""
