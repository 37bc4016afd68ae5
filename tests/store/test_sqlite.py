"""What is SQLite's own: durability settings, schema versions, full and damaged disks, several processes."""

import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from infrastress.core.errors import ConfigurationError, OutcomeUnknown, SchemaMismatch, StoreError
from infrastress.store import open_store
from infrastress.store.migrations import SCRIPTS, migrate
from infrastress.store.ports import Output
from infrastress.store.sqlite import Paths, SqliteDatabase, SqliteStore
from infrastress.store.tables import METADATA, SCHEMA
from tests.store.contract import IN, OUT, lease_of, put, telemetry

NEXT = '''"""The next schema, for the test of migrations."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    op.create_table("extra", sa.Column("number", sa.Integer, primary_key=True))
'''


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """The kernel refuses to write beyond this size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def set_version(folder: Path, version: str) -> None:
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    connection.close()


class TestOpening:
    def test_commits_wait_for_the_disk(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store, store.database.engine.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL

    def test_a_url_names_a_file(self, tmp_path: Path) -> None:
        with open_store(f"sqlite:///{tmp_path}/deep/plant.db") as store:
            store.blobs.put(b"x")
        assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["plant.blobs", "plant.db"]
        assert Paths.of("sqlite:///plant.db").history == Path("plant.history")

    @pytest.mark.parametrize("url", ["nats://x", "mysql+pymysql://x/y"])
    def test_an_unknown_backend_is_told(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match=url.split(":", maxsplit=1)[0].replace("+", r"\+")):
            open_store(url)

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="folder can't be made"):
            open_store(tmp_path / "file" / "store")

    def test_what_is_no_database_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "store.db").write_bytes(b"my holiday pictures" * 100)
        with pytest.raises(StoreError, match="no SQLite database"):
            open_store(tmp_path)
        assert (tmp_path / "store.db").read_bytes().startswith(b"my holiday")

    def test_another_programs_database_is_left_alone(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "store.db") as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        with pytest.raises(StoreError, match="another program"):
            open_store(tmp_path)


class TestSchema:
    def test_migrations_make_the_tables_of_the_code(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store, store.database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    @pytest.mark.parametrize("version", ["0003", "9999", "f00"])
    def test_a_newer_store_is_refused_and_left_alone(self, tmp_path: Path, version: str) -> None:
        with SqliteStore(tmp_path) as store:
            store.log.append(f"{IN}:event", [("x", b"1")])
        set_version(tmp_path, version)
        with pytest.raises(SchemaMismatch, match=version):
            open_store(tmp_path)
        set_version(tmp_path, SCHEMA)
        with SqliteStore(tmp_path) as store:
            assert store.log.end(IN) == 1

    def scripts(self, tmp_path: Path, new: str) -> Path:
        folder = tmp_path / "scripts"
        shutil.copytree(SCRIPTS, folder)
        (folder / "versions" / "v0003_next.py").write_text(new)
        return folder

    def test_an_older_store_is_brought_up_with_its_data(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            store.log.append(f"{IN}:event", [("x", b"1")])
            scripts = self.scripts(tmp_path, NEXT)
            with store.database.engine.connect().execution_options(write=True) as connection, connection.begin():
                assert migrate(connection, scripts=scripts, newest="0003") == SCHEMA
                assert migrate(connection, scripts=scripts, newest="0003") == "0003"
            with store.database.reading() as connection:
                assert connection.execute(text("SELECT count(*) FROM extra")).scalar() == 0
            assert store.log.end(IN) == 1

    def test_a_migration_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path / "store") as store:
            scripts = self.scripts(tmp_path, NEXT + "    raise RuntimeError('half way')\n")
            with (
                pytest.raises(RuntimeError, match="half way"),
                store.database.engine.connect().execution_options(write=True) as connection,
                connection.begin(),
            ):
                migrate(connection, scripts=scripts, newest="0003")
            with store.database.reading() as connection:
                tables = connection.execute(text("SELECT name FROM sqlite_master")).scalars().all()
                assert "extra" not in tables
                assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA

    def test_processes_that_open_at_once_migrate_once(self, tmp_path: Path) -> None:
        code = "import sys; from infrastress.store import open_store; open_store(sys.argv[1]).close()"
        processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "store")]) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]


class TestDisk:
    def test_a_full_disk_loses_nothing_acknowledged(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            lease = lease_of(store)
            size = (tmp_path / "store.db-wal").stat().st_size
            acknowledged = 0
            with files_no_longer_than(size + 300_000):
                while acknowledged < 1000:
                    outputs = [Output(str(acknowledged + 1), f"{OUT}:event", bytes(5000))]
                    try:
                        lease.commit(acknowledged + 1, None, outputs)
                    except StoreError as error:
                        assert error.remedy  # noqa: PT017 - every failure must say what to do
                        break
                    acknowledged += 1
                assert 0 < acknowledged < 1000
                with pytest.raises(StoreError):
                    store.log.append(f"{IN}:event", [("x", bytes(500_000))])
                assert store.log.end(OUT) >= acknowledged
            again = lease_of(store)
            assert again.offset in (acknowledged, acknowledged + 1)
            assert store.log.end(OUT) == again.offset
            again.commit(again.offset + 1, None, [Output("new", f"{OUT}:event", bytes(5000))])
            assert store.faults() == []

    def test_a_full_database_refuses_before_it_commits(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            lease = lease_of(store)
            event.listen(store.database.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA max_page_count=40"))
            with pytest.raises(StoreError, match="disk is full") as caught:
                lease.commit(1, None, [Output("x", f"{OUT}:event", bytes(1_000_000))])
            assert not isinstance(caught.value, OutcomeUnknown)
            lease.commit(1, b"goes on", [Output("x", f"{OUT}:event", b"small")])
            assert store.log.end(OUT) == 1

    def test_a_failed_flush_leaves_the_outcome_unknown_and_the_lease_dead(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            lease = lease_of(store)
            size = (tmp_path / "store.db-wal").stat().st_size
            with files_no_longer_than(size + 10_000), pytest.raises(OutcomeUnknown) as caught:
                lease.commit(1, b"state", [Output("x", f"{OUT}:event", bytes(100_000))])
            assert "disk" in str(caught.value)
            with pytest.raises(OutcomeUnknown):
                lease.commit(1, b"state", [])
            with pytest.raises(OutcomeUnknown):
                lease.renew()
            again = lease_of(store)
            assert (again.offset, again.state) in ((0, None), (1, b"state"))
            assert store.log.end(OUT) == again.offset

    def test_a_read_only_database_is_told(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            event.listen(store.database.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA query_only=ON"))
            with pytest.raises(StoreError, match="read-only"):
                store.log.append(f"{IN}:event", [("x", b"")])

    def test_damage_is_told_and_found(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            store.log.append(f"{IN}:event", [(str(i), bytes(3000)) for i in range(200)])
            digest = store.blobs.put(b"picture")
            assert store.faults() == []
        with (tmp_path / "store.db").open("r+b") as file:
            pages = file.seek(0, 2) // 8192
            for page in range(pages // 2, pages // 2 + 5):
                file.seek(page * 8192)
                file.write(b"\xff" * 100)
        (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        blob.write_bytes(b"another")
        with SqliteStore(tmp_path) as store:
            with pytest.raises(StoreError, match="damaged"):
                store.log.read(IN, 0, 1000)
            with pytest.raises(StoreError, match="damaged"):
                store.blobs.get(digest)
            assert store.blobs.put(b"picture") == digest
            assert store.blobs.get(digest) == b"picture"

    def test_lost_records_are_found(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            put(store, telemetry(0, 5))
            store.log.append(f"{IN}:event", [(str(i), b"") for i in range(5)])
            store.history.compact(IN, up_to=6)
            with store.database.engine.connect().execution_options(write=True) as connection, connection.begin():
                connection.execute(text("DELETE FROM log_record WHERE place = 3"))
            (parquet,) = (tmp_path / "history").glob("*/*.parquet")
            parquet.write_bytes(parquet.read_bytes()[:-1])
            gap, damaged = store.faults()
            assert gap == f"{IN}: 5 records, expected 6"
            assert "history file is damaged" in damaged

    def test_a_lock_held_too_long_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        SqliteStore(tmp_path).close()
        monkeypatch.setattr("infrastress.store.sqlite._BUSY_MS", 50)
        other = SqliteDatabase(tmp_path / "store.db")
        with (
            SqliteStore(tmp_path) as store,
            other.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            with pytest.raises(StoreError, match="another process"):
                store.log.append(f"{IN}:event", [("x", b"")])
            assert store.log.end(IN) == 0  # readers aren't held up
        other.close()


class TestGroupCommit:
    def test_threads_share_a_flush(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as store:
            commits = []

            def slow_disk(connection: object) -> None:
                commits.append(connection)
                time.sleep(0.2)

            event.listen(store.database.engine, "commit", slow_disk)
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda i: store.log.append(f"{IN}:event", [(str(i), b"")]), range(16)))
            assert 2 <= len(commits) <= 8
            assert store.log.end(IN) == 16

    @pytest.mark.parametrize(
        "bad", [Output("bad", f"{OUT}:event", "text"), Output("bad", f"{OUT}:event", b"", "k", 2**70)]
    )
    def test_one_that_cannot_be_stored_spoils_no_other(self, tmp_path: Path, bad: Output) -> None:
        with SqliteStore(tmp_path) as store:
            leases = [lease_of(store, f"ingest/site/{i}") for i in range(4)]
            gate = threading.Event()
            event.listen(store.database.engine, "begin", lambda _: gate.wait(0.2))

            def work(i: int) -> type[Exception] | None:
                try:
                    leases[i].commit(1, b"s", [Output(f"{i}", f"{OUT}:event", b""), *([bad] if i == 2 else [])])
                except StoreError as error:
                    return type(error)
                return None

            with ThreadPoolExecutor(4) as pool:
                assert list(pool.map(work, range(4))) == [None, None, StoreError, None]
            gate.set()
            assert sorted(record.id for record in store.log.read(OUT, 0, 9)) == ["0", "1", "3"]
            leases[2].commit(1, b"s", [])


class TestProcesses:
    def test_one_appends_another_waits(self, tmp_path: Path) -> None:
        code = (
            "import sys; from infrastress.store import open_store; store = open_store(sys.argv[1]);"
            "print('up', flush=True); "
            "sys.stdin.readline(); store.log.append('ingest/site/main:event', [('x', b'from afar')]); store.close()"
        )
        with SqliteStore(tmp_path) as store:
            process = subprocess.Popen(
                [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(store.log.read, IN, 0, 10, 30.0)
                process.communicate("go\n", timeout=30)
                assert [record.data for record in waiting.result(20)] == [b"from afar"]
            assert process.returncode == 0

    def test_stores_of_one_folder_fence_each_other(self, tmp_path: Path) -> None:
        with SqliteStore(tmp_path) as one, SqliteStore(tmp_path) as two:
            old = lease_of(one)
            old.commit(1, b"one", [Output("a", f"{OUT}:event", b"")])
            new = lease_of(two, owner="two")
            assert (new.offset, new.state) == (1, b"one")
            with pytest.raises(StoreError):
                old.commit(2, None, [Output("b", f"{OUT}:event", b"")])
            new.commit(2, None, [Output("a", f"{OUT}:event", b""), Output("c", f"{OUT}:event", b"")])
            assert [record.id for record in one.log.read(OUT, 0, 9)] == ["a", "c"]
