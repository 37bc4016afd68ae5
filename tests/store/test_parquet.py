"""History in Parquet: what lies on disk, and that neither a kill nor a second process doubles or loses a row."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import StoreError
from infrastress.core.time import DAY
from infrastress.store import parquet
from infrastress.store.database import Database
from infrastress.store.memory import MemoryStore
from infrastress.store.parquet import ParquetHistory
from infrastress.store.ports import Store
from infrastress.store.sqlite import SqliteStore
from tests.store.contract import IN, put, telemetry

HOUR = DAY // 24


def rows(store: Store) -> list[tuple[str, int, float]]:
    """All history as plain rows."""
    table = store.history.read(["a", "b"], -(2**63), 2**63 - 1)
    table = table.set_column(1, "time", table["time"].cast("int64"))
    return [(row["tag"], row["time"], row["value"]) for row in table.to_pylist()]


def test_files_are_one_a_day_and_readable_by_others(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        end = put(store, telemetry(20_000 * DAY, 48, step=HOUR))
        assert store.history.compact(IN, up_to=end) == 96
        files = sorted(path.relative_to(tmp_path).parts[:2] for path in tmp_path.glob("history/*/*"))
        assert files == [("history", "2024-10-04"), ("history", "2024-10-05")]
        glob = f"{tmp_path}/history/*/*.parquet"
        query = "SELECT tag, typeof(time), count(*), min(epoch_ns(time)) FROM read_parquet(?) GROUP BY ALL ORDER BY tag"
        assert duckdb.execute(query, [glob]).fetchall() == [
            ("a", "TIMESTAMP_NS", 48, 20_000 * DAY),
            ("b", "TIMESTAMP_NS", 48, 20_000 * DAY),
        ]
        for path in tmp_path.glob("history/*/*"):
            keys = duckdb.execute("SELECT tag, epoch_ns(time) FROM read_parquet(?)", [str(path)]).fetchall()
            assert keys == sorted(keys)


def test_many_small_files_of_a_day_become_one(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        for i in range(8):
            store.history.compact(IN, up_to=put(store, telemetry(i * HOUR, 10)))
        assert len(store.history.files()) == len(list(tmp_path.glob("history/*/*"))) == 1
        assert len(rows(store)) == 8 * 20


def test_nanoseconds_and_bounds_are_exact(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        first = 1_700_000_000_123_456_789
        store.history.compact(IN, up_to=put(store, telemetry(first, 3, step=1)))
        assert [row[1] for row in rows(store)][:3] == [first, first + 1, first + 2]
        assert store.history.read(["a"], first + 1, first + 2).num_rows == 1


@pytest.mark.parametrize("harm", ["gone", "cut", "other"])
def test_a_damaged_file_is_told(tmp_path: Path, harm: str) -> None:
    with SqliteStore(tmp_path) as store:
        store.history.compact(IN, up_to=put(store, telemetry(0, 1000)))
        (path,) = tmp_path.glob("history/*/*")
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:300] if harm == "cut" else b"no parquet")
        assert len(store.faults()) == 1
        with pytest.raises(StoreError, match=r"store|history"):
            store.history.read(["a"], 0, DAY)


def test_left_overs_of_a_kill_are_swept(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        store.history.compact(IN, up_to=put(store, telemetry(0, 10)))
        for name in ("old.parquet", "old.parquet.1.part"):
            (tmp_path / "history" / "1970-01-01" / name).write_bytes(b"x")
        assert len(rows(store)) == 20
        store.history.compact(IN, up_to=put(store, telemetry(HOUR, 10)))
        assert not list(tmp_path.glob("history/*/old*"))
        assert len(rows(store)) == 40


class Killed(BaseException):
    """Stands for the end of the process at this point."""


def die(*_: object, **__: object) -> None:
    raise Killed


POINTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before a file": lambda patch: patch.setattr(parquet, "write_durably", die),
    "before the database": lambda patch: patch.setattr(ParquetHistory, "_replace", die),
    "before removal": lambda patch: patch.setattr(Path, "unlink", die),
    "before the database is durable": lambda patch: patch.setattr(Database, "write", die),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_neither_doubles_nor_loses_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    with SqliteStore(tmp_path) as store:
        for i in range(7):
            store.history.compact(IN, up_to=put(store, telemetry(i * HOUR, 10)))
        end = put(store, telemetry(7 * HOUR, 10))
        expected = rows(store)
        with monkeypatch.context() as patch:
            POINTS[point](patch)
            with pytest.raises(Killed):
                store.history.compact(IN, up_to=end)
    with SqliteStore(tmp_path) as store:
        assert rows(store) == expected
        store.history.compact(IN, up_to=end)
        assert rows(store) == expected
        with monkeypatch.context() as patch:
            POINTS[point](patch)
            with pytest.raises(Killed):
                store.history.retain(3 * HOUR)
    with SqliteStore(tmp_path) as store:
        assert rows(store) in (expected, [row for row in expected if row[1] >= 3 * HOUR])
        store.history.retain(3 * HOUR)
        assert rows(store) == [row for row in expected if row[1] >= 3 * HOUR]
        assert store.faults() == []


def test_two_that_compact_at_once_write_each_row_once(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as one, SqliteStore(tmp_path) as two:
        written, expected = 0, 0
        with ThreadPoolExecutor(3) as pool:
            for i in range(12):
                end = put(one, telemetry(i * HOUR, 10), telemetry(i * HOUR + 60, 10, ("c",)))
                expected += 20
                jobs = [pool.submit(store.history.compact, IN, up_to=end - k) for k, store in ((0, one), (1, two))]
                reading = pool.submit(rows, two)
                written += sum(job.result(60) for job in jobs)
                assert len(reading.result(60)) == expected
        assert len(rows(one)) == expected == 240
        assert written == 12 * 30


def test_what_is_compacted_and_retired_while_somebody_reads_is_read(tmp_path: Path, monkeypatch) -> None:
    with SqliteStore(tmp_path) as store, SqliteStore(tmp_path) as other:
        end = put(store, telemetry(0, 10))
        read_tail = parquet.Hot.rows

        def overtaken(*args: Any) -> Any:
            monkeypatch.setattr(parquet.Hot, "rows", read_tail)
            other.history.compact(IN, up_to=end)
            other.log.retire(IN, end)
            return read_tail(*args)

        monkeypatch.setattr(parquet.Hot, "rows", overtaken)
        assert len(rows(store)) == 20


@settings(max_examples=8)
@given(
    batches=st.lists(
        st.tuples(st.integers(-3, 3), st.integers(0, 30), st.integers(1, 5 * HOUR), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    before=st.integers(-4 * DAY, 4 * DAY),
    pin=st.tuples(st.integers(-4 * DAY, 4 * DAY), st.integers(0, 2 * DAY)),
)
def test_compaction_and_retention_agree_with_memory(tmp_path_factory, batches, before, pin):
    with MemoryStore() as model, SqliteStore(tmp_path_factory.mktemp("history")) as store:
        pinned = [(pin[0], pin[0] + pin[1])]
        for day, count, step, compacted in batches:
            results = []
            for each in (model, store):
                end = put(each, telemetry(day * DAY, count, step=step))
                results.append(each.history.compact(IN, up_to=end) if compacted else None)
            assert results[0] == results[1]
            assert sorted(rows(model)) == sorted(rows(store))
        assert model.history.retain(before, pinned=pinned) == store.history.retain(before, pinned=pinned)
        assert sorted(rows(model)) == sorted(rows(store))


def test_what_is_kept_decoded_is_bounded_and_changes_no_answer(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        tight = parquet.Hot(store.log, kept_bytes=400)
        for i in range(12):
            put(store, telemetry(i * 100_000, 10, ("a", f"t{i % 3}")))
            for start in (0, i * 100_000):
                asked = ({IN: max(0, i - 8)}, ["a", "t1"], start, DAY)
                assert tight.rows(*asked)[0].equals(parquet.Hot(store.log).rows(*asked)[0])
            assert tight._bytes <= 400
