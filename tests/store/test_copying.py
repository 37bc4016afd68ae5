"""Copies taken while others write are of one moment and whole; a schema is brought up wholly or not at all."""

import shutil
import sqlite3
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from infrastress.core.errors import SchemaMismatch, StoreError
from infrastress.core.time import DAY
from infrastress.events import SwitchState, encode_event, make_event
from infrastress.store import copying, open_store
from infrastress.store.copying import copy_store, refuse_in_use, schema_at, upgrade_store
from infrastress.store.migrations import SCRIPTS, migrate
from infrastress.store.ports import Output, read_all
from infrastress.store.sqlite import Paths, SqliteDatabase, SqliteStore
from infrastress.store.tables import SCHEMA
from tests.postgres import Server
from tests.store.contract import IN, OUT, lease_of, put, telemetry

BODY = SwitchState(device="LSHH-1", state="on")
EVENT = encode_event(make_event(site="site", source="plc", sequence=1, occurred=10**18, body=BODY))


def old_store(folder: Path, version: str = "0001") -> None:
    """A store as the version of a schema left it, with something of every kind in it."""
    folder.mkdir(parents=True)
    database = SqliteDatabase(folder / "store.db")
    with database.engine.connect().execution_options(write=True) as connection, connection.begin():
        migrate(connection, newest=version)
    database.close()
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("INSERT INTO log_partition VALUES (1, 'result/site', 0, 2, 5)")
        connection.executemany(
            "INSERT INTO log_record VALUES (1, ?, ?, 'event', 5, ?)", [(1, "a", EVENT), (2, "b", EVENT)]
        )
        connection.execute("INSERT INTO lease VALUES ('ingest/site/main', 3, 9, 'me', 7)")
        connection.execute("INSERT INTO lease_state VALUES ('ingest/site/main', ?)", [b"state"])
        connection.execute("INSERT INTO latest VALUES ('event', 'site/a', 1, ?)", [EVENT])
    connection.close()


def check_carried(folder: Path) -> None:
    with open_store(folder, upgrade=False) as store:
        assert isinstance(store, SqliteStore)
        assert store.faults() == []
        assert [record.id for record in read_all(store.log, OUT)] == ["a", "b"]
        assert store.checkpoints.state(IN) == b"state"
        assert store.checkpoints.offset(IN) == 7
        assert [row.key for row in store.records.list("event")] == ["site/a"]


class TestCopies:
    def test_a_copy_taken_while_others_write_is_of_one_moment(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            lease = lease_of(store)
            done = threading.Event()
            committed = [0]

            def write() -> None:
                for number in count(1):
                    if done.is_set():
                        break
                    put(store, telemetry(number * DAY // 50, 40))
                    blob = store.blobs.put(b"picture %d" % number)
                    lease.commit(number, b"%d" % number, [Output(str(number), f"{OUT}:event", blob.encode(), "key", 0)])
                    committed[0] = number
                    if number % 10 == 0:
                        store.history.compact(IN, up_to=store.log.end(IN))

            writer = threading.Thread(target=write)
            writer.start()
            try:
                for step in range(6):
                    while committed[0] <= 15 * step:
                        pass
                    before = committed[0]
                    copy_store(store.paths, tmp_path / f"copy{step}")
                    with SqliteStore(tmp_path / f"copy{step}", frozen=True) as copy:
                        assert copy.faults() == []
                        offset = copy.checkpoints.offset(IN)
                        assert offset >= before
                        assert copy.checkpoints.state(IN) == b"%d" % offset
                        records = list(read_all(copy.log, OUT))
                        assert [record.id for record in records] == [str(i) for i in range(1, offset + 1)]
                        assert all(copy.blobs.has(record.data.decode()) for record in records)
                        rows = copy.history.read(["a", "b"], 0, 10**18).num_rows
                        assert rows in (80 * offset, 80 * (offset + 1))
            finally:
                done.set()
                writer.join()

    def test_what_is_written_and_compacted_between_history_and_database_is_of_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copy_database = copying._copy_database
        with SqliteStore(tmp_path / "store") as store:
            put(store, *(telemetry(i * 10**6, 50) for i in range(12)))
            for offset in range(1, 8):
                store.history.compact(IN, up_to=offset)

            def meanwhile(*args: Any) -> None:
                put(store, telemetry(10**9, 50))
                store.history.compact(IN, up_to=13)  # merges: files of before are gone
                copy_database(*args)

            monkeypatch.setattr(copying, "_copy_database", meanwhile)
            monkeypatch.setattr(copying, "_PAGES", 1)
            copy_store(store.paths, tmp_path / "copy")
        with SqliteStore(tmp_path / "copy", frozen=True) as copy:
            assert copy.faults() == []
            assert copy.log.end(IN) == 12
            assert copy.history.read(["a"], 0, DAY).num_rows == 600

    def test_looking_at_a_copy_changes_nothing(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            put(store, telemetry(0, 5))
            copy_store(store.paths, tmp_path / "copy")
        before = {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()}
        with SqliteStore(tmp_path / "copy", frozen=True) as copy:
            assert copy.faults() == []
            with pytest.raises(StoreError):
                copy.log.append(f"{IN}:event", [("x", b"")])
        assert before == {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()}

    def test_progress_adds_up(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            put(store, *(telemetry(i * DAY, 3000) for i in range(8)))
            told: list[float] = []
            copy_store(store.paths, tmp_path / "copy", advance=told.append)
        assert sum(told) == (tmp_path / "copy" / "store.db").stat().st_size

    def test_no_store_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="no store"):
            copy_store(Paths.of(tmp_path / "none"), tmp_path / "copy")
        assert schema_at(Paths.of(tmp_path / "none")) is None


class TestUpgrade:
    def test_an_old_store_is_refused_by_the_live_and_carried_up_by_the_upgrade(self, tmp_path: Path) -> None:
        old_store(tmp_path / "store")
        with pytest.raises(SchemaMismatch, match="run infrastress upgrade"):
            open_store(tmp_path / "store", upgrade=False)
        assert schema_at(Paths.of(tmp_path / "store")) == "0001"
        assert upgrade_store(Paths.of(tmp_path / "store")) == "0001"
        check_carried(tmp_path / "store")

    def test_replays_go_on_migrating_by_themselves(self, tmp_path: Path) -> None:
        old_store(tmp_path / "store")
        open_store(tmp_path / "store").close()
        check_carried(tmp_path / "store")

    def test_on_postgresql_too_an_older_schema_is_refused_only_when_asked(self, postgres: Server) -> None:
        url = postgres.new_database()
        open_store(url, upgrade=False).close()  # an empty one is made
        open_store(url, upgrade=False).close()

    def test_a_migration_that_fails_leaves_the_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        old_store(tmp_path / "store")
        shutil.copytree(SCRIPTS, tmp_path / "scripts")
        bad = tmp_path / "scripts" / "versions" / "v0002_blobs.py"
        bad.write_text(bad.read_text() + "    raise RuntimeError('half way')\n")
        monkeypatch.setattr(copying, "migrate", partial(migrate, scripts=tmp_path / "scripts"))
        with pytest.raises(RuntimeError, match="half way"):
            upgrade_store(Paths.of(tmp_path / "store"))
        assert schema_at(Paths.of(tmp_path / "store")) == "0001"
        monkeypatch.undo()
        upgrade_store(Paths.of(tmp_path / "store"))
        check_carried(tmp_path / "store")

    def test_a_migration_that_loses_records_is_taken_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old_store(tmp_path / "store")
        shutil.copytree(SCRIPTS, tmp_path / "scripts")
        bad = tmp_path / "scripts" / "versions" / "v0002_blobs.py"
        lossy = "    op.get_bind().exec_driver_sql('DELETE FROM log_record WHERE place = 2')\n"
        bad.write_text(bad.read_text() + lossy)
        monkeypatch.setattr(copying, "migrate", partial(migrate, scripts=tmp_path / "scripts"))
        with pytest.raises(StoreError, match="taken back"):
            upgrade_store(Paths.of(tmp_path / "store"))
        assert schema_at(Paths.of(tmp_path / "store")) == "0001"

    def test_whoever_has_it_open_is_noticed(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            store.log.append(f"{IN}:event", [("x", b"")])
            with pytest.raises(StoreError, match="another process"):
                refuse_in_use(store.paths)
            store.log.append(f"{IN}:event", [("y", b"")])
        refuse_in_use(Paths.of(tmp_path / "store"))
        with SqliteStore(tmp_path / "store") as store:
            assert store.log.end(IN) == 2
            assert store.schema() == SCHEMA
