"""The contract of the ports. A backend is held to it by subclassing with a `store` fixture, as in test_contract.py.

Every test gets an empty store and uses nothing but the ports.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from infrastress.core.errors import Fenced, LogGap, StoreError
from infrastress.core.time import DAY
from infrastress.events import Samples
from infrastress.store.ports import Beat, Lease, Output, Record, Row, Store, read_all

IN = "ingest/site/main"
OUT = "result/site"


def lease_of(store: Store, partition: str = IN, owner: str = "one") -> Lease:
    return store.checkpoints.acquire(partition, store.checkpoints.observe(partition), owner)


def telemetry(first_ns: int, rows: int, tags: tuple[str, ...] = ("a", "b"), step: int = 1000) -> Samples:
    times = first_ns + step * np.arange(rows, dtype=np.int64)
    values = np.arange(rows * len(tags), dtype=float).reshape(rows, len(tags))
    return Samples("site", "plc", first_ns, times, tags, values)


def put(store: Store, *batches: Samples) -> int:
    store.log.append(f"{IN}:samples", [(batch.id, batch.encode()) for batch in batches])
    return store.log.end(IN)


def plain(table) -> list[tuple[str, int, float]]:
    """Rows of history."""
    columns = table["tag"].to_pylist(), table["time"].cast("int64").to_pylist(), table["value"].to_pylist()
    return list(zip(*columns, strict=True))


def long_rows(samples: Samples) -> list[tuple[str, int, float]]:
    """What history holds of samples."""
    return [
        (tag, int(time), float(value))
        for i, tag in enumerate(samples.tags)
        for time, value in zip(samples.times, samples.values[:, i], strict=True)
    ]


class LogContract:
    """Ordered, deduplicated, gap-free."""

    def test_an_empty_partition_has_nothing(self, store: Store) -> None:
        assert store.log.end(IN) == store.log.start(IN) == 0
        assert store.log.read(IN, 0, 10) == []
        assert store.log.partitions() == []
        assert store.log.retire(IN, 5) == 0

    def test_records_come_in_order_without_gaps(self, store: Store) -> None:
        assert store.log.append(f"{IN}:event", [("x", b"1"), ("y", b"2")]) == 2
        assert store.log.append(f"{IN}:tick", [("z", b"3")]) == 1
        assert store.log.append(f"{OUT}:event", [("x", b"4")]) == 1
        assert store.log.read(IN, 0, 10) == [
            Record(1, "x", f"{IN}:event", b"1"),
            Record(2, "y", f"{IN}:event", b"2"),
            Record(3, "z", f"{IN}:tick", b"3"),
        ]
        assert store.log.read(IN, 1, 1) == [Record(2, "y", f"{IN}:event", b"2")]
        assert store.log.read(OUT, 0, 10) == [Record(1, "x", f"{OUT}:event", b"4")]
        assert store.log.partitions() == [IN, OUT]
        assert store.log.end(IN) == 3

    def test_rare_types_and_single_records_are_found(self, store: Store) -> None:
        for i in range(6):
            store.log.append(f"{IN}:{('samples', 'action', 'decision')[i % 3]}", [(f"id{i}", b"%d" % i)])
        assert [r.offset for r in store.log.read(IN, 0, 9, types=("action", "decision"))] == [2, 3, 5, 6]
        assert [r.id for r in store.log.read(IN, 2, 1, types=["action"])] == ["id4"]
        assert store.log.read(IN, 0, 9, types=("tick",)) == []
        assert store.log.find(IN, "id3") == Record(4, "id3", f"{IN}:samples", b"3")
        assert store.log.find(IN, "id9") is None
        assert store.log.find("ingest/nowhere/main", "id3") is None
        store.log.retire(IN, 4)
        assert store.log.find(IN, "id3") is None
        assert [r.offset for r in store.log.read(IN, 4, 9, types=("action",))] == [5]

    def test_an_id_is_kept_once_in_its_partition(self, store: Store) -> None:
        assert store.log.append(f"{IN}:event", [("x", b"1"), ("x", b"2"), ("y", b"3")]) == 2
        assert store.log.append(f"{IN}:tick", [("y", b"4"), ("z", b"5"), ("x", b"6")]) == 1
        assert [(record.offset, record.data) for record in store.log.read(IN, 0, 10)] == [
            (1, b"1"),
            (2, b"3"),
            (3, b"5"),
        ]

    def test_nothing_appended_is_nothing(self, store: Store) -> None:
        assert store.log.append(f"{IN}:event", []) == 0
        assert store.log.end(IN) == 0

    @pytest.mark.parametrize("subject", ["", "nowhere", ":event", "ingest/site:"])
    def test_what_is_no_subject_is_refused(self, store: Store, subject: str) -> None:
        with pytest.raises(StoreError):
            store.log.append(subject, [("x", b"")])

    def test_large_and_empty_data_come_back(self, store: Store) -> None:
        large = bytes(range(256)) * 4000
        store.log.append(f"{IN}:samples", [("large", large), ("empty", b"")])
        assert [record.data for record in store.log.read(IN, 0, 10)] == [large, b""]

    def test_retired_records_leave_a_gap_that_is_told(self, store: Store) -> None:
        store.log.append(f"{IN}:event", [(str(i), b"") for i in range(10)])
        assert store.log.retire(IN, 4) == 4
        assert store.log.retire(IN, 3) == 0
        for after in (0, 3):
            with pytest.raises(LogGap):
                store.log.read(IN, after, 10)
        assert [record.offset for record in store.log.read(IN, 4, 10)] == [5, 6, 7, 8, 9, 10]
        assert store.log.start(IN) == 4
        assert [record.offset for record in read_all(store.log, IN, chunk=2)] == [5, 6, 7, 8, 9, 10]
        assert store.log.retire(IN, 99) == 6
        assert store.log.append(f"{IN}:event", [("new", b""), ("0", b"again")]) == 2
        assert [record.offset for record in store.log.read(IN, 10, 10)] == [11, 12]

    def test_a_reader_waits_for_the_first_record(self, store: Store) -> None:
        began = time.monotonic()
        assert store.log.read(IN, 0, 10, wait_s=0.05) == []
        assert time.monotonic() - began >= 0.05
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.log.read, IN, 0, 10, 30.0)
            store.log.append(f"{OUT}:event", [("other", b"")])
            store.log.append(f"{IN}:event", [("x", b"1")])
            assert waiting.result(20)[0].id == "x"

    def test_of_several_partitions_those_with_news_are_told(self, store: Store) -> None:
        began = time.monotonic()
        assert store.log.wait({IN: 0, OUT: 0}, 0.05) == []
        assert time.monotonic() - began >= 0.05
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.log.wait, {IN: 0, OUT: 0}, 30.0)
            store.log.append(f"{OUT}:event", [("x", b""), ("y", b"")])
            assert waiting.result(20) == [OUT]
        store.log.append(f"{IN}:event", [("x", b"")])
        assert store.log.wait({OUT: 1, IN: 0}, 0.0) == [OUT, IN]
        assert store.log.wait({OUT: 2, IN: 0}, 30.0) == [IN]

    def test_threads_append_at_once(self, store: Store) -> None:
        def work(thread: int) -> int:
            return sum(
                store.log.append(f"{IN}:event", [(f"{thread}/{i}", b""), (f"shared/{i}", b"")]) for i in range(25)
            )

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 4 * 25 + 25
        records = list(read_all(store.log, IN, chunk=7))
        assert [record.offset for record in records] == list(range(1, 126))
        for thread in range(4):
            mine = [record.id for record in records if record.id.startswith(f"{thread}/")]
            assert mine == [f"{thread}/{i}" for i in range(25)]

    def test_the_time_of_writing_finds_an_offset(self, store: Store) -> None:
        before = time.time_ns()
        store.log.append(f"{IN}:event", [("x", b""), ("y", b"")])
        while time.time_ns() <= before + 2_000_000:
            time.sleep(0.001)
        store.log.append(f"{IN}:event", [("z", b"")])
        assert store.log.written_before(IN, before) == 0
        assert store.log.written_before(IN, time.time_ns() + DAY) == 3
        store.log.retire(IN, 2)
        assert store.log.written_before(IN, before) == 2
        assert store.log.written_before("ingest/nothing", before) == 0
        (last,) = store.log.written(IN, 0, 5)
        assert before <= last <= time.time_ns()
        assert store.log.written("ingest/nothing", 0, 5) == []


class LeaseContract:
    """Compare-and-set, fencing, one commit for all effects."""

    def test_epochs_rise_and_state_is_handed_on(self, store: Store) -> None:
        assert store.checkpoints.observe(IN) == Beat(IN, 0, 0, "")
        first = lease_of(store)
        assert (first.epoch, first.offset, first.state, first.owner) == (1, 0, None, "one")
        assert (store.checkpoints.offset(IN), store.checkpoints.state(IN)) == (0, None)
        first.commit(7, b"seven", [])
        assert (store.checkpoints.offset(IN), store.checkpoints.state(IN)) == (7, b"seven")
        second = lease_of(store, owner="two")
        assert (second.epoch, second.offset, second.state, second.owner) == (2, 7, b"seven", "two")
        assert store.checkpoints.observe(IN) == Beat(IN, 2, second.version, "two")
        assert store.checkpoints.observe(OUT).epoch == 0

    def test_a_live_owner_is_seen_to_live(self, store: Store) -> None:
        lease = lease_of(store)
        versions = [store.checkpoints.observe(IN).version]
        lease.commit(0, None, [])
        versions.append(store.checkpoints.observe(IN).version)
        lease.renew()
        versions.append(store.checkpoints.observe(IN).version)
        assert versions == sorted(set(versions))
        assert lease.version == versions[-1]

    def test_a_lease_that_moved_is_not_taken(self, store: Store) -> None:
        seen = store.checkpoints.observe(IN)
        lease = store.checkpoints.acquire(IN, seen, "one")
        with pytest.raises(Fenced):
            store.checkpoints.acquire(IN, seen, "two")
        seen = store.checkpoints.observe(IN)
        lease.renew()
        with pytest.raises(Fenced):
            store.checkpoints.acquire(IN, seen, "two")
        lease.commit(1, None, [])
        assert store.checkpoints.acquire(IN, store.checkpoints.observe(IN), "two").epoch == 2

    def test_of_threads_that_race_one_gets_the_lease(self, store: Store) -> None:
        for _ in range(10):
            seen = store.checkpoints.observe(IN)
            gate = threading.Barrier(4)

            def take(owner: str, seen: Beat = seen, gate: threading.Barrier = gate) -> bool:
                gate.wait()
                try:
                    store.checkpoints.acquire(IN, seen, owner)
                except Fenced:
                    return False
                return True

            with ThreadPoolExecutor(4) as pool:
                assert sum(pool.map(take, "abcd")) == 1
            assert store.checkpoints.observe(IN).epoch == seen.epoch + 1

    def test_a_released_lease_is_anyone_s_and_its_holder_s_no_more(self, store: Store) -> None:
        old = lease_of(store)
        old.commit(4, b"four", [])
        old.release()
        beat = store.checkpoints.observe(IN)
        assert (beat.epoch, beat.owner) == (2, "")
        for attempt in (old.renew, old.release, lambda: old.commit(5, b"five", [Output("a", f"{OUT}:event", b"")])):
            with pytest.raises(Fenced):
                attempt()
        assert store.log.end(OUT) == 0
        new = store.checkpoints.acquire(IN, beat, "two")
        assert (new.epoch, new.offset, new.state) == (3, 4, b"four")
        with pytest.raises(Fenced):
            old.release()
        assert store.checkpoints.observe(IN).owner == "two"

    def test_all_leases_are_seen_at_once(self, store: Store) -> None:
        assert store.checkpoints.beats() == []
        lease_of(store, OUT, "two").renew()
        lease_of(store, IN, "one")
        assert store.checkpoints.beats() == [store.checkpoints.observe(IN), store.checkpoints.observe(OUT)]
        assert [beat.owner for beat in store.checkpoints.beats()] == ["one", "two"]

    def test_a_commit_moves_everything(self, store: Store) -> None:
        lease = lease_of(store)
        lease.commit(3, b"state", [Output("a", f"{OUT}:event", b"1", "k", 5), Output("b", f"{IN}:tick", b"2")])
        assert (lease.offset, lease.state) == (3, b"state")
        assert store.log.read(OUT, 0, 9) == [Record(1, "a", f"{OUT}:event", b"1")]
        assert store.log.read(IN, 0, 9) == [Record(1, "b", f"{IN}:tick", b"2")]
        assert store.records.get("event", "k") == Row("k", 5, b"1")
        again = lease_of(store)
        assert (again.offset, again.state) == (3, b"state")

    def test_no_state_means_unchanged_and_empty_state_is_one(self, store: Store) -> None:
        lease = lease_of(store)
        lease.commit(1, b"state", [])
        lease.commit(2, None, [])
        assert lease.state == b"state"
        assert (lease_of(store).offset, lease_of(store).state) == (2, b"state")
        lease_of(store).commit(3, b"", [])
        assert lease_of(store).state == b""

    def test_outputs_seen_before_are_kept_once(self, store: Store) -> None:
        lease = lease_of(store)
        lease.commit(1, None, [Output("a", f"{OUT}:event", b"1", "k"), Output("a", f"{OUT}:event", b"2", "k")])
        lease.commit(2, None, [Output("a", f"{OUT}:event", b"3", "k"), Output("b", f"{OUT}:event", b"4", "l")])
        assert [record.data for record in store.log.read(OUT, 0, 9)] == [b"1", b"4"]
        assert store.records.get("event", "k") == Row("k", 0, b"1")

    def test_an_old_lease_writes_nothing(self, store: Store) -> None:
        old = lease_of(store)
        old.commit(1, b"old", [])
        new = lease_of(store, owner="two")
        with pytest.raises(Fenced):
            old.commit(2, b"stolen", [Output("a", f"{OUT}:event", b"1", "k")])
        with pytest.raises(Fenced):
            old.renew()
        assert store.log.end(OUT) == 0
        assert store.records.get("event", "k") is None
        assert store.checkpoints.observe(IN) == Beat(IN, 2, new.version, "two")
        new.commit(2, None, [])
        assert lease_of(store).state == b"old"

    def test_a_refused_commit_writes_nothing(self, store: Store) -> None:
        lease = lease_of(store)
        lease.commit(5, b"five", [])
        with pytest.raises(StoreError):
            lease.commit(4, b"four", [Output("a", f"{OUT}:event", b"1")])
        with pytest.raises(StoreError):
            lease.commit(6, b"six", [Output("a", f"{OUT}:event", b"1"), Output("b", "nonsense", b"2")])
        assert store.log.end(OUT) == 0
        assert (lease.offset, lease.state) == (5, b"five")
        lease.commit(6, None, [])
        assert (lease_of(store).offset, lease_of(store).state) == (6, b"five")

    def test_a_heartbeat_beside_commits_disturbs_nothing(self, store: Store) -> None:
        lease = lease_of(store)
        stop = threading.Event()

        def beat() -> int:
            count = 0
            while not stop.is_set():
                lease.renew()
                count += 1
            return count

        with ThreadPoolExecutor(1) as pool:
            beats = pool.submit(beat)
            for i in range(1, 41):
                lease.commit(i, None, [Output(str(i), f"{OUT}:event", b"")])
            stop.set()
            count = beats.result(20)
        assert store.checkpoints.observe(IN).version == 1 + 40 + count
        assert lease.version == store.checkpoints.observe(IN).version
        assert lease_of(store).offset == store.log.end(OUT) == 40

    def test_leases_of_threads_commit_beside_each_other(self, store: Store) -> None:
        def work(thread: int) -> None:
            lease = lease_of(store, f"ingest/site/{thread}")
            for i in range(1, 21):
                lease.commit(i, b"%d" % i, [Output(f"{thread}/{i}", f"{OUT}:event", b"", f"key{i}", thread)])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        records = store.log.read(OUT, 0, 999)
        assert [record.offset for record in records] == list(range(1, 81))
        assert store.records.count("event") == 20
        for i in range(1, 21):
            newest = [record.id for record in records if record.id.endswith(f"/{i}")][-1]
            row = store.records.get("event", f"key{i}")
            assert row is not None
            assert f"{row.sort}/{i}" == newest


class RecordsContract:
    """Newest wins by log order."""

    def test_the_newest_version_wins(self, store: Store) -> None:
        lease = lease_of(store)
        lease.commit(1, None, [Output("a", f"{OUT}:event", b"1", "k", 9), Output("b", f"{OUT}:event", b"2", "k", 3)])
        assert store.records.get("event", "k") == Row("k", 3, b"2")
        lease.commit(2, None, [Output("c", f"{OUT}:event", b"3", "k", 8), Output("d", f"{OUT}:alarm", b"4", "k", 1)])
        assert store.records.get("event", "k") == Row("k", 8, b"3")
        assert store.records.get("alarm", "k") == Row("k", 1, b"4")
        assert store.records.count("event") == store.records.count("alarm") == 1
        assert store.records.count("nothing") == 0
        assert store.records.get("event", "absent") is None

    def test_newest_is_by_order_of_outputs_across_partitions(self, store: Store) -> None:
        subjects = [f"{OUT}:event", f"{IN}:event", f"{OUT}:event"]
        outputs = [Output(str(i), subject, b"%d" % i, "k") for i, subject in enumerate(subjects)]
        lease_of(store).commit(1, None, outputs)
        assert store.records.get("event", "k") == Row("k", 0, b"2")

    def test_versions_outlive_the_log(self, store: Store) -> None:
        lease_of(store).commit(1, None, [Output("a", f"{OUT}:event", b"1", "k")])
        store.log.retire(OUT, 1)
        assert store.records.get("event", "k") == Row("k", 0, b"1")

    def test_pages_follow_sort_then_key(self, store: Store) -> None:
        keys = [("b", 2), ("a", 2), ("é", 2), ("Z", 2), ("c", -1), ("d", 2**62)]
        lease_of(store).commit(1, None, [Output(key, f"{OUT}:event", b"", key, sort) for key, sort in keys])
        expected = sorted((sort, key) for key, sort in keys)
        seen: list[tuple[int, str]] = []
        while page := store.records.list("event", after=seen[-1] if seen else None, limit=2):
            assert len(page) <= 2
            seen += [(row.sort, row.key) for row in page]
        assert seen == expected


class BlobsContract:
    """Bytes by their hash."""

    def test_bytes_come_back(self, store: Store) -> None:
        digest = store.blobs.put(b"picture")
        assert digest == store.blobs.put(b"picture")
        assert store.blobs.has(digest)
        assert store.blobs.get(digest) == b"picture"
        empty = store.blobs.put(b"")
        assert store.blobs.get(empty) == b""
        assert list(store.blobs.all()) == sorted((digest, empty))
        assert store.blobs.faults() == []

    def test_what_is_absent_is_told(self, store: Store) -> None:
        assert not store.blobs.has("0" * 64)
        with pytest.raises(StoreError):
            store.blobs.get("0" * 64)
        with pytest.raises(StoreError):
            store.blobs.get("../../etc/passwd")


class KindsContract:
    """Kinds of keyed records."""

    def test_kinds_are_told(self, store: Store) -> None:
        assert list(store.records.kinds()) == []
        subjects = (f"{OUT}:b", f"{OUT}:a", "status/site:b")
        lease_of(store).commit(1, None, [Output(str(i), one, b"", f"k{i}") for i, one in enumerate(subjects)])
        assert list(store.records.kinds()) == ["a", "b"]


class HistoryContract:
    """Hot tail and compacted rows read as one."""

    def test_no_history_is_an_empty_table(self, store: Store) -> None:
        table = store.history.read(["a"], 0, DAY)
        assert table.num_rows == 0
        assert [str(field.type) for field in table.schema] == ["string", "timestamp[ns, tz=UTC]", "double"]

    def test_rows_read_the_same_before_within_and_after_compaction(self, store: Store) -> None:
        midnight = 20_000 * DAY
        put(store, telemetry(midnight - 5000, 10), telemetry(midnight + 5000, 4, ("c", "a")))
        store.log.append(f"{IN}:event", [("e", b"not telemetry")])
        end = put(store, telemetry(midnight + 20_000, 3))
        before = store.history.read(["a", "b", "nothing"], midnight - 3000, midnight + 21_001)
        assert before.num_rows == 8 + 4 + 2 + 8 + 2
        keys = [(row["tag"], row["time"].value) for row in before.to_pylist()]
        assert keys == sorted(keys)
        assert store.history.compact(IN, up_to=1) == 20
        assert store.history.compacted(IN) == 1
        assert store.history.read(["a", "b"], midnight - 3000, midnight + 21_001).equals(before)
        assert store.history.compact(IN, up_to=end) == 8 + 6
        assert store.history.compact(IN, up_to=end) == 0
        store.log.retire(IN, end)
        assert store.history.read(["a", "b"], midnight - 3000, midnight + 21_001).equals(before)
        put(store, telemetry(midnight + 30_000, 1))
        assert store.history.read(["a"], midnight + 30_000, midnight + 30_001).num_rows == 1

    def test_a_summary_keeps_the_outermost_rows_of_each_step(self, store: Store) -> None:
        for compacted in (False, True):
            if not compacted:
                times = np.array([0, 1, 5, 12, 13, 41, 59], dtype=np.int64)
                values = np.array([[1.0, 5], [9, 5], [2, 5], [3, np.nan], [-4, 5], [7, 5], [7, 5]])
                end = put(store, Samples("site", "plc", 0, times, ("a", "b"), values))
            else:
                store.history.compact(IN, up_to=end - 0)
            steps = store.history.summarise(["b", "a", "c"], 0, 59, 10).to_pylist()
            assert [(row["tag"], row["bucket"], row["count"]) for row in steps] == [
                ("a", 0, 3),
                ("a", 1, 2),
                ("a", 4, 1),
                ("b", 0, 3),
                ("b", 1, 1),
                ("b", 4, 1),
            ]
            first, second, last = steps[:3]
            assert (first["first"], first["low"], first["high"], first["last"]) == (1.0, 1.0, 9.0, 2.0)
            assert (first["first_time"], first["low_time"], first["high_time"], first["last_time"]) == (0, 0, 1, 5)
            assert (second["low"], second["low_time"], second["gap"], second["gap_end"]) == (-4.0, 13, 7, 12)
            assert (last["first"], last["gap"], last["gap_end"]) == (7.0, 28, 41)
            assert (steps[3]["low_time"], steps[3]["high_time"]) == (0, 0)  # of equal ones the earliest
        assert store.history.summarise([], 0, 59, 10).num_rows == 0

    def test_missing_values_are_no_rows(self, store: Store) -> None:
        samples = telemetry(0, 3)
        samples.values[1, 0] = np.nan
        end = put(store, samples)
        assert store.history.read(["a"], 0, DAY)["value"].to_pylist() == [0.0, 4.0]
        assert store.history.compact(IN, up_to=end) == 5
        assert store.history.read(["a"], 0, DAY)["value"].to_pylist() == [0.0, 4.0]

    def test_many_compactions_stay_one_history(self, store: Store) -> None:
        for i in range(20):
            end = put(store, telemetry(i * 10_000, 10))
            assert store.history.compact(IN, up_to=end) == 20
        times = [time_.value for time_ in store.history.read(["b"], 0, DAY)["time"].to_pylist()]
        assert times == list(range(0, 200_000, 1000))

    def test_old_rows_go_but_for_pinned_spans(self, store: Store) -> None:
        batches = [telemetry(day * DAY, 24, step=DAY // 24) for day in range(4)]
        end = put(store, *batches)
        assert store.history.retain(4 * DAY) == 0
        store.history.compact(IN, up_to=end)
        hour = DAY // 24
        assert store.history.retain(2 * DAY + 12 * hour, pinned=[(DAY + hour, DAY + 3 * hour)]) == 2 * (60 - 2)
        times = [time_.value // hour for time_ in store.history.read(["a"], 0, 4 * DAY)["time"].to_pylist()]
        assert times == [25, 26, *range(60, 96)]
        assert all(a < b for a, b in pairwise(times))
        assert store.history.retain(2 * DAY) == 2 * 2
        assert store.history.read(["a"], 0, 4 * DAY).num_rows == 36

    def test_all_rows_come_in_pieces_whether_compacted_or_not(self, store: Store) -> None:
        assert [table.num_rows for table in store.history.rows() if table.num_rows] == []
        offset = put(store, telemetry(0, 50), telemetry(DAY, 50))
        store.history.compact(IN, up_to=offset)
        put(store, telemetry(2 * DAY, 50))
        read = store.history.read(["a", "b"], 0, 3 * DAY)
        pieces = list(store.history.rows())
        assert {piece.schema for piece in pieces} == {read.schema}
        found = sorted(row for piece in pieces for row in zip(*piece.to_pydict().values(), strict=True))
        assert found == sorted(zip(*read.to_pydict().values(), strict=True))

    def test_late_rows_are_history_unless_they_are_there(self, store: Store) -> None:
        def late(samples: Samples) -> int:
            store.log.append(f"{IN}:late", [(samples.id, samples.encode())])
            return store.log.end(IN)

        put(store, telemetry(0, 10))
        gone = telemetry(500, 3)
        late(gone)
        late(
            Samples(gone.site, gone.source, 7, gone.times, gone.tags, gone.values + 1.0)
        )  # told again, and differently
        there = telemetry(0, 10)
        end = late(Samples(there.site, there.source, 99, there.times, there.tags, there.values))
        expected = sorted([*long_rows(there), *long_rows(gone)])
        for compacted in (0, 2, end):
            if compacted:
                store.history.compact(IN, up_to=compacted)
            assert plain(store.history.read(["a", "b"], 0, 10**9)) == expected, compacted
            counts = store.history.summarise(["a", "b"], 0, 10**9, 10**9)["count"].to_pylist()
            assert sum(counts) == len(expected)
            assert sorted(row for table in store.history.rows() for row in plain(table)) == expected
        late(telemetry(500, 4))  # one of four times is new, behind what is compacted
        assert len(plain(store.history.read(["a", "b"], 0, 10**9))) == len(expected) + 2

    def test_only_telemetry_is_compacted(self, store: Store) -> None:
        with pytest.raises(StoreError):
            store.history.compact(OUT, up_to=1)


class StoreContract(LogContract, LeaseContract, RecordsContract, KindsContract, BlobsContract, HistoryContract):
    """All of it."""
