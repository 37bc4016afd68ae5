"""Log, checkpoints, records and blobs over any SQL database."""

import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from infrastress.core.errors import Fenced, LogGap, OutcomeUnknown, StoreError
from infrastress.core.ids import content_hash
from infrastress.store.database import Database, Locks
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
    check_subject,
    partition_of,
    type_of,
)
from infrastress.store.tables import blob, latest, lease, lease_state, log_partition, log_record

__all__ = ["SqlBlobs", "SqlCheckpoints", "SqlLog", "SqlRecords", "gaps"]

_IDS = 10_000  # ids looked up in one statement: below every database's limit of parameters
_RETIRE = 10_000  # records removed in one transaction, so that writers don't wait long
_SHORTEST_S, _LONGEST_S = 0.001, 0.05  # pauses between looks at what other processes wrote

_BOUNDS = select(log_partition.c.number, log_partition.c.retired, log_partition.c.last, log_partition.c.written).where(
    log_partition.c.name == bindparam("name")
)
_ENDS = select(log_partition.c.name, log_partition.c.last).where(
    log_partition.c.name.in_(bindparam("names", expanding=True))
)
_BOUNDS_LOCKED = _BOUNDS.with_for_update()
_READ = (
    select(log_record.c.place, log_record.c.id, log_record.c.type, log_record.c.data)
    .where(log_record.c.partition == bindparam("number"), log_record.c.place > bindparam("after"))
    .order_by(log_record.c.place)
    .limit(bindparam("limit"))
)
_READ_TYPES = _READ.where(log_record.c.type.in_(bindparam("types", expanding=True)))
_WRITTEN = _READ.with_only_columns(log_record.c.written)
_FIND = select(log_record.c.place, log_record.c.id, log_record.c.type, log_record.c.data).where(
    log_record.c.partition == bindparam("number"), log_record.c.id == bindparam("id")
)
_LEASE = select(lease.c.epoch, lease.c.version, lease.c.owner, lease.c.place).where(
    lease.c.partition == bindparam("partition")
)
_LEASES = select(lease.c.partition, lease.c.epoch, lease.c.version, lease.c.owner).where(lease.c.epoch > 0)
_LEASE_LOCKED = _LEASE.with_for_update()
_STATE = select(lease_state.c.data).where(lease_state.c.partition == bindparam("partition"))


class _Bounds(NamedTuple):
    number: int = 0
    retired: int = 0
    last: int = 0
    written: int = 0


class SqlLog(Log):
    """The log as one table.

    Args:
        database: where.
        clock: wall clock in ns, stamped on records for retention.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def append(self, subject: str, items: Sequence[tuple[str, bytes]]) -> int:
        """Append in one transaction of the group commit."""
        check_subject(subject)
        outputs = [Output(id_, subject, data) for id_, data in items]
        locks = Locks(partitions=frozenset([partition_of(subject)] if outputs else []))
        return len(self._database.write(lambda connection: self.put(connection, outputs), locks))

    def put(self, connection: Connection, outputs: Sequence[Output]) -> list[Output]:
        """Append within a write transaction; returns what was new, in order."""
        wanted: dict[str, dict[str, Output]] = {}
        for output in outputs:
            wanted.setdefault(partition_of(output.subject), {}).setdefault(output.id, output)
        for name, by_id in wanted.items():
            self._put_into(connection, name, by_id)
        return [output for output in outputs if wanted[partition_of(output.subject)].get(output.id) is output]

    def _put_into(self, connection: Connection, name: str, wanted: dict[str, Output]) -> None:
        """Append to one partition; what it has already is taken out of `wanted`."""
        row = connection.execute(_BOUNDS_LOCKED, {"name": name}).first()
        if row is None:
            connection.execute(insert(log_partition), {"name": name, "retired": 0, "last": 0, "written": 0})
            row = connection.execute(_BOUNDS_LOCKED, {"name": name}).one()
        bounds = _Bounds(*row)
        ids = list(wanted)
        for start in range(0, len(ids) if bounds.last > bounds.retired else 0, _IDS):
            chunk = ids[start : start + _IDS]
            for known in self._database.known(connection, log_record, bounds.number, chunk):
                del wanted[known]
        if not wanted:
            return
        written = max(self._clock(), bounds.written)  # never backwards, so that a moment can be searched for
        rows = [
            {
                "partition": bounds.number,
                "place": place,
                "id": output.id,
                "type": type_of(output.subject),
                "written": written,
                "data": output.data,
            }
            for place, output in enumerate(wanted.values(), bounds.last + 1)
        ]
        self._database.insert_all(connection, log_record, rows)
        connection.execute(
            update(log_partition)
            .where(log_partition.c.number == bounds.number)
            .values(last=bounds.last + len(wanted), written=written)
        )

    def read(
        self, partition: str, after: int, limit: int, wait_s: float = 0.0, *, types: Collection[str] = ()
    ) -> list[Record]:
        """Read a snapshot; where it holds nothing new, wait and read another."""
        records = self._read(partition, after, limit, types)
        if not records and wait_s > 0 and self.wait({partition: after}, wait_s):
            records = self._read(partition, after, limit, types)
        return records

    def find(self, partition: str, id_: str) -> Record | None:
        """By the index over (partition, id)."""
        with self._database.reading() as connection:
            number = self._bounds(connection, partition).number
            row = connection.execute(_FIND, {"number": number, "id": id_}).first()
        return Record(row.place, row.id, f"{partition}:{row.type}", row.data) if row else None

    def wait(self, after: Mapping[str, int], seconds: float) -> list[str]:
        """Look again with growing pauses, at all partitions in one statement."""
        deadline = time.monotonic() + seconds
        pause = _SHORTEST_S
        while True:
            seen = self._database.generation()
            grown = self._grown(after)
            left = deadline - time.monotonic()
            if grown or left <= 0:
                return grown
            self._database.wait(seen, min(pause, left))
            pause = min(2 * pause, _LONGEST_S)

    def _grown(self, after: Mapping[str, int]) -> list[str]:
        with self._database.reading() as connection:
            rows = connection.execute(_ENDS, {"names": list(after)})
            ends = {row.name: row.last for row in rows}
        return [name for name, offset in after.items() if ends.get(name, 0) > offset]

    def _read(self, partition: str, after: int, limit: int, types: Collection[str]) -> list[Record]:
        with self._database.reading() as connection:
            bounds = self._bounds(connection, partition)
            if after < bounds.retired:
                raise LogGap(f"records {after + 1} to {bounds.retired} were retired", where=partition)
            if after >= bounds.last:
                return []
            asked = {"number": bounds.number, "after": after, "limit": limit}
            chosen = connection.execute(_READ_TYPES, {**asked, "types": list(types)}) if types else None
            rows = (chosen or connection.execute(_READ, asked)).all()
        return [Record(place, id_, f"{partition}:{type_}", data) for place, id_, type_, data in rows]

    def _bounds(self, connection: Connection, partition: str) -> _Bounds:
        row = connection.execute(_BOUNDS, {"name": partition}).first()
        return _Bounds(*row) if row else _Bounds()

    def end(self, partition: str) -> int:
        """Highest offset."""
        with self._database.reading() as connection:
            return self._bounds(connection, partition).last

    def start(self, partition: str) -> int:
        """Highest retired offset."""
        with self._database.reading() as connection:
            return self._bounds(connection, partition).retired

    def written_before(self, partition: str, moment: int) -> int:
        """Binary search: times of writing never fall within a partition."""
        when = select(log_record.c.written).where(
            log_record.c.partition == bindparam("number"), log_record.c.place == bindparam("place")
        )
        with self._database.reading() as connection:
            bounds = self._bounds(connection, partition)
            kept = range(bounds.retired + 1, bounds.last + 1)
            return bounds.retired + bisect_left(
                kept,
                moment,
                key=lambda place: connection.execute(when, {"number": bounds.number, "place": place}).scalar_one(),
            )

    def written(self, partition: str, after: int, limit: int) -> list[int]:
        """By the primary key; the data isn't read."""
        with self._database.reading() as connection:
            number = self._bounds(connection, partition).number
            return list(connection.execute(_WRITTEN, {"number": number, "after": after, "limit": limit}).scalars())

    def partitions(self) -> list[str]:
        """All names, sorted."""
        written = select(log_partition.c.name).where(log_partition.c.last > 0)
        with self._database.reading() as connection:
            return sorted(connection.execute(written).scalars())

    def retire(self, partition: str, up_to: int) -> int:
        """Remove a prefix, piece by piece; each piece is one transaction."""
        total = 0
        locks = Locks(partitions=frozenset([partition]))
        while count := self._database.write(lambda connection: self._retire(connection, partition, up_to), locks):
            total += count
        return total

    def _retire(self, connection: Connection, partition: str, up_to: int) -> int:
        row = connection.execute(_BOUNDS_LOCKED, {"name": partition}).first()
        bounds = _Bounds(*row) if row else _Bounds()
        stop = min(up_to, bounds.last, bounds.retired + _RETIRE)
        if stop <= bounds.retired:
            return 0
        connection.execute(
            delete(log_record).where(log_record.c.partition == bounds.number, log_record.c.place <= stop)
        )
        connection.execute(update(log_partition).where(log_partition.c.number == bounds.number).values(retired=stop))
        return stop - bounds.retired


class SqlLease(Lease):
    """A lease that is fenced by its epoch inside each transaction."""

    def __init__(self, log: SqlLog, database: Database, beat: Beat, offset: int, state: bytes | None) -> None:
        self._log = log
        self._database = database
        self.partition, self.epoch, self.version, self.owner = beat
        self.offset = offset
        self.state = state
        self._lost: OutcomeUnknown | None = None

    def commit(self, offset: int, state: bytes | None, outputs: Iterable[Output]) -> None:
        """Outputs, newest versions, offset and state in one transaction of the group commit."""
        outputs = list(outputs)
        for subject in {output.subject for output in outputs}:
            check_subject(subject)

        def work(connection: Connection) -> int:
            version, place = self._check(connection)
            if offset < place:
                raise StoreError(f"offset {offset} lies behind {place}", where=self.partition)
            new = self._log.put(connection, outputs)
            keyed = {(type_of(output.subject), output.key): output for output in new if output.key}
            if keyed:
                rows = [{"kind": kind, "key": key, "sort": o.sort, "data": o.data} for (kind, key), o in keyed.items()]
                self._database.upsert_all(connection, latest, ("sort", "data"), rows)
            if state is not None:
                statement = self._database.upsert(lease_state, ("data",))
                connection.execute(statement, [{"partition": self.partition, "data": state}])
            return self._beat(connection, version, offset)

        self._write(work, frozenset(partition_of(output.subject) for output in outputs))
        self.offset = max(self.offset, offset)
        if state is not None:
            self.state = bytes(state)

    def renew(self) -> None:
        """Raise the version alone."""

        def work(connection: Connection) -> int:
            version, place = self._check(connection)
            return self._beat(connection, version, place)

        self._write(work)

    def release(self) -> None:
        """Hand the lease to nobody, under a new epoch."""

        def work(connection: Connection) -> int:
            version, place = self._check(connection)
            gone = {"epoch": self.epoch + 1, "version": version + 1, "owner": "", "place": place}
            connection.execute(update(lease).where(lease.c.partition == self.partition).values(gone))
            return version + 1

        self._write(work)

    def _write(self, work: Callable[[Connection], int], partitions: frozenset[str] = frozenset()) -> None:
        if self._lost is not None:
            raise self._lost
        try:
            locks = Locks(frozenset([self.partition]), partitions)
            self.version = max(self._database.write(work, locks), self.version)
        except OutcomeUnknown as error:
            self._lost = error  # what is committed isn't known any more: only a new lease tells
            raise

    def _check(self, connection: Connection) -> tuple[int, int]:
        row = connection.execute(_LEASE_LOCKED, {"partition": self.partition}).first()
        epoch, version, owner, place = row if row else (0, 0, "", 0)
        if epoch != self.epoch:
            raise Fenced(f"epoch {self.epoch} gave way to {epoch} of {owner!r}", where=self.partition)
        return version, place

    def _beat(self, connection: Connection, version: int, place: int) -> int:
        connection.execute(
            update(lease).where(lease.c.partition == self.partition).values(version=version + 1, place=place)
        )
        return version + 1


class SqlCheckpoints(Checkpoints):
    """Leases by compare-and-set on (epoch, version).

    Args:
        log: where commits put their outputs.
        database: where.
    """

    def __init__(self, log: SqlLog, database: Database) -> None:
        self._log = log
        self._database = database

    def observe(self, partition: str) -> Beat:
        """The lease as committed."""
        with self._database.reading() as connection:
            row = connection.execute(_LEASE, {"partition": partition}).first()
        return Beat(partition, row.epoch, row.version, row.owner) if row else Beat(partition, 0, 0, "")

    def beats(self) -> list[Beat]:
        """All rows, in one snapshot."""
        with self._database.reading() as connection:
            rows = connection.execute(_LEASES).all()
        return sorted(Beat(row.partition, row.epoch, row.version, row.owner) for row in rows)

    def offset(self, partition: str) -> int:
        """The offset as committed."""
        with self._database.reading() as connection:
            row = connection.execute(_LEASE, {"partition": partition}).first()
        return row.place if row else 0

    def state(self, partition: str) -> bytes | None:
        """The state as committed."""
        with self._database.reading() as connection:
            return connection.execute(_STATE, {"partition": partition}).scalar()

    def acquire(self, partition: str, seen: Beat, owner: str) -> Lease:
        """Raise the epoch if nobody moved the lease since it was seen."""
        beat = Beat(partition, seen.epoch + 1, seen.version + 1, owner)

        def work(connection: Connection) -> tuple[int, bytes | None]:
            row = connection.execute(_LEASE_LOCKED, {"partition": partition}).first()
            epoch, version, holder, place = row if row else (0, 0, "", 0)
            if (epoch, version) != (seen.epoch, seen.version):
                raise Fenced(f"the lease moved to epoch {epoch} of {holder!r}", where=partition)
            statement = self._database.upsert(lease, ("epoch", "version", "owner"))
            connection.execute(
                statement,
                [
                    {
                        "partition": partition,
                        "epoch": beat.epoch,
                        "version": beat.version,
                        "owner": owner,
                        "place": place,
                    }
                ],
            )
            return place, connection.execute(_STATE, {"partition": partition}).scalar()

        offset, state = self._database.write(work, Locks(leases=frozenset([partition])))
        return SqlLease(self._log, self._database, beat, offset, state)


class SqlRecords(Records):
    """Newest versions in one table.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, key: str) -> Row | None:
        """By primary key."""
        statement = select(latest.c.key, latest.c.sort, latest.c.data).where(latest.c.kind == kind, latest.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return Row(*row) if row else None

    def list(self, kind: str, *, after: tuple[int, str] | None = None, limit: int = 100) -> Sequence[Row]:
        """By the index over (kind, sort, key)."""
        statement = (
            select(latest.c.key, latest.c.sort, latest.c.data)
            .where(latest.c.kind == kind)
            .order_by(latest.c.sort, latest.c.key)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(latest.c.sort, latest.c.key) > after)
        with self._database.reading() as connection:
            return [Row(*row) for row in connection.execute(statement)]

    def count(self, kind: str) -> int:
        """By the index."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).where(latest.c.kind == kind)).scalar_one()

    def kinds(self) -> Sequence[str]:
        """By the primary key, from one kind to the next."""
        found: list[str] = []
        with self._database.reading() as connection:
            while True:
                further = select(func.min(latest.c.kind)).where(latest.c.kind > (found[-1] if found else ""))
                kind = connection.execute(further).scalar()
                if kind is None:
                    return found
                found.append(kind)


class SqlBlobs(Blobs):
    """Blobs in one table.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, data: bytes) -> str:
        """Write unless an undamaged one is there."""
        digest = content_hash(data)
        try:
            self.get(digest)
        except StoreError:
            rows = [{"digest": digest, "data": bytes(data)}]
            self._database.write(lambda connection: self._database.upsert_all(connection, blob, ("data",), rows))
        return digest

    def get(self, digest: str) -> bytes:
        """Read and check."""
        with self._database.reading() as connection:
            data = connection.execute(select(blob.c.data).where(blob.c.digest == digest)).scalar()
        if data is None:
            raise StoreError(f"no blob {digest}", where=self._database.where)
        if content_hash(data) != digest:
            raise StoreError(
                f"blob {digest} is damaged", where=self._database.where, remedy="restore it from the last backup"
            )
        return bytes(data)

    def has(self, digest: str) -> bool:
        """Whether a row of that name is there."""
        with self._database.reading() as connection:
            return connection.execute(select(blob.c.digest).where(blob.c.digest == digest)).first() is not None

    def all(self) -> Iterator[str]:
        """Digests of all that is kept, sorted."""
        with self._database.reading() as connection:
            yield from connection.execute(select(blob.c.digest).order_by(blob.c.digest)).scalars().all()


def gaps(connection: Connection) -> list[str]:
    """Partitions of the log that don't hold what their bounds say; reads the whole index."""
    kept = select(log_partition.c.name, log_partition.c.last - log_partition.c.retired, func.count(log_record.c.id))
    joined = kept.outerjoin_from(log_partition, log_record, log_partition.c.number == log_record.c.partition)
    rows = connection.execute(joined.group_by(log_partition.c.number).order_by(log_partition.c.name))
    return [f"{name}: {count} records, expected {expected}" for name, expected, count in rows if count != expected]
