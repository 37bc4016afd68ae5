"""What is PostgreSQL's own: settings, errors with remedies, lost connections, lock order, several processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from infrastress.core.errors import ConfigurationError, Fenced, OutcomeUnknown, SchemaMismatch, StoreError
from infrastress.store import open_store
from infrastress.store.ports import Output
from infrastress.store.postgres import IDLE_S, PostgresStore
from infrastress.store.tables import METADATA
from tests.postgres import Server, running_server
from tests.store.contract import IN, OUT, lease_of, put, telemetry


@pytest.fixture
def url(postgres: Server) -> str:
    """An empty database."""
    return postgres.new_database()


@pytest.fixture
def database(url: str) -> str:
    """Its name."""
    return url.rpartition("?")[0].rpartition("/")[2]


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """A store in it."""
    with PostgresStore(url) as store:
        yield store


def end_connection(server: Server, connection: Any) -> None:
    """Have the server end a connection."""
    server.run(f"SELECT pg_terminate_backend({connection.connection.dbapi_connection.info.backend_pid}, 5000)")


class TestOpening:
    def test_the_server_is_told_to_be_durable_and_not_to_wait_for_ever(self, store: PostgresStore) -> None:
        with store.database.engine.connect() as connection:
            shown = {
                name: connection.execute(text(f"SHOW {name}")).scalar()
                for name in ("synchronous_commit", "idle_in_transaction_session_timeout", "lock_timeout",
                             "statement_timeout", "transaction_isolation")
            }  # fmt: skip
        assert shown == {
            "synchronous_commit": "on", "idle_in_transaction_session_timeout": "3s", "lock_timeout": "3s",
            "statement_timeout": "1min", "transaction_isolation": "read committed",
        }  # fmt: skip

    def test_a_reader_sees_one_moment_and_writes_nothing(self, store: PostgresStore, url: str) -> None:
        with PostgresStore(url) as other, store.database.reading() as connection:
            count = text("SELECT count(*) FROM log_record")
            assert connection.execute(count).scalar() == 0
            other.log.append(f"{IN}:event", [("x", b"")])
            assert connection.execute(count).scalar() == 0
            with pytest.raises(Exception, match="read-only"):
                connection.execute(text("DELETE FROM lease"))

    @pytest.mark.parametrize(
        "target",
        [
            "postgresql://u:sesame@", "postgresql://u:sesame@host:port/db", "postgresql://u:sesame@x@host/db",
            "postgresql://u:sesame@host", "postgresql://u:ses/ame@x@host/db",
        ],
    )  # fmt: skip
    def test_a_url_that_is_wrong_tells_no_password(self, target: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            open_store(target)
        assert "ame" not in str(caught.value).replace("NAME", "")
        assert caught.value.__cause__ is None

    def test_without_the_driver_it_is_told_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(ConfigurationError, match=r"infrastress\[postgres\]"):
            open_store("postgresql://host/db")

    def test_postgresql_s_own_short_form_is_understood(self, url: str) -> None:
        open_store(url.replace("postgresql://", "postgres://")).close()


class TestRefusals:
    """Each says what, where, what to do, and never a password."""

    def refused(self, target: str, what: str, remedy: str) -> None:
        with pytest.raises(StoreError, match=what) as caught:
            open_store(target)
        assert remedy in (caught.value.remedy or "")
        assert caught.value.where is not None
        assert caught.value.where.startswith("postgresql://")
        assert "sesame" not in f"{caught.value}{caught.value.where}"
        assert type(caught.value) is StoreError

    def test_no_such_database(self, postgres: Server) -> None:
        self.refused(postgres.url("nowhere"), "no such database", "createdb")

    def test_no_server(self, tmp_path: Path) -> None:
        self.refused(f"postgresql://u:sesame@/db?host={tmp_path}", "no server answers", "start it")
        self.refused("postgresql://u:sesame@127.0.0.1:1/db", "no server answers", "start it")
        self.refused("postgresql://u:sesame@no.such.host.invalid/db", "host is unknown", "host")

    def test_an_unknown_option(self, url: str) -> None:
        self.refused(f"{url}&colour=green", "unknown option", "libpq")

    def test_a_wrong_password_or_none(self, postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        postgres.run("DROP ROLE IF EXISTS locked")
        postgres.run("CREATE ROLE locked LOGIN PASSWORD 'open-sesame'")
        mine = postgres.url(database, "locked")
        self.refused(mine, "password is needed", "PGPASSWORD")
        self.refused(mine.replace("locked@", "locked:sesame@"), "password is wrong", "PGPASSWORD")
        monkeypatch.setenv("PGPASSWORD", "open-sesame")
        self.refused(mine, "not the right", "ALTER DATABASE")  # it may enter, but not make tables
        postgres.run(f"ALTER DATABASE {database} OWNER TO locked")
        open_store(mine).close()

    def test_another_encoding(self, postgres: Server) -> None:
        url = postgres.new_database("ENCODING 'LATIN1' TEMPLATE template0")
        self.refused(url, "encoding is LATIN1", "--encoding UTF8")

    def test_an_old_server(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("infrastress.store.postgres._OLDEST", 99)
        self.refused(url, "the server is PostgreSQL 1", "take 99 or newer")

    def test_a_read_only_database(self, postgres: Server, url: str, database: str) -> None:
        with PostgresStore(url) as store:
            postgres.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
            store.database.engine.dispose()
            with pytest.raises(StoreError, match="read-only") as caught:
                store.log.append(f"{IN}:event", [("x", b"")])
            assert "primary" in (caught.value.remedy or "")

    @pytest.mark.parametrize(
        ("state", "what"),
        [("53100", "disk is full"), ("58030", "disk can't be read"), ("XX001", "damaged"), ("55P03", "too long"),
         ("40001", "given up"), ("57014", "too long"), ("42P01", "tables"), ("0A000", "can't do"),
         ("P0001", "refused")],
    )  # fmt: skip
    def test_what_the_server_reports_while_writing(
        self, postgres: Server, database: str, store: PostgresStore, state: str, what: str
    ) -> None:
        lease = lease_of(store)
        body = f"BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{state}'; END"
        postgres.run(f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $${body}$$", database)
        postgres.run("CREATE TRIGGER fail BEFORE INSERT ON log_record EXECUTE FUNCTION fail()", database)
        with pytest.raises(StoreError, match=f"{what}.*told") as caught:
            lease.commit(1, b"state", [Output("x", f"{OUT}:event", b"")])
        assert caught.value.remedy
        assert not isinstance(caught.value, OutcomeUnknown)
        postgres.run("DROP TRIGGER fail ON log_record", database)
        assert (store.log.end(OUT), store.checkpoints.offset(IN)) == (0, 0)
        lease.commit(1, b"state", [Output("x", f"{OUT}:event", b"")])

    def test_text_that_cannot_be_stored(self, store: PostgresStore) -> None:
        with pytest.raises(StoreError, match="NUL"):
            store.log.append(f"{IN}:event", [("a\0b", b"")])
        assert store.log.append(f"{IN}:event", [("é🛢", b"")]) == 1


class TestSchema:
    def test_migrations_make_the_tables_of_the_code(self, store: PostgresStore) -> None:
        with store.database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    def test_text_is_ordered_by_code_point_whatever_the_language(
        self, postgres: Server, store: PostgresStore, database: str
    ) -> None:
        found = postgres.run(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND "
            "data_type LIKE 'character%' AND collation_name IS DISTINCT FROM 'C'",
            database,
        )
        assert found == [("alembic_version", "version_num")]

    def test_a_newer_store_is_refused_and_left_alone(self, postgres: Server, url: str, database: str) -> None:
        PostgresStore(url).close()
        postgres.run("UPDATE alembic_version SET version_num = '9999'", database)
        with pytest.raises(SchemaMismatch, match="9999"):
            PostgresStore(url)
        assert postgres.run("SELECT version_num FROM alembic_version", database) == [("9999",)]

    def test_another_programs_database_is_left_alone(self, postgres: Server, url: str, database: str) -> None:
        postgres.run("CREATE TABLE theirs (x int)", database)
        with pytest.raises(StoreError, match="another program"):
            PostgresStore(url)
        assert postgres.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database) == [(1,)]

    def test_processes_that_open_at_once_migrate_once(self, url: str) -> None:
        code = "import sys; from infrastress.store import open_store; open_store(sys.argv[1]).close()"
        processes = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]


class TestConnections:
    def test_lost_before_a_commit_nothing_is_written_and_the_next_goes_on(
        self, postgres: Server, store: PostgresStore
    ) -> None:
        lease = lease_of(store)
        left = [1]

        def end(connection: Any, _: Any, statement: str, *rest: Any) -> None:
            if statement.startswith("INSERT INTO log_record") and left and left.pop():
                end_connection(postgres, connection)

        event.listen(store.database.engine, "before_cursor_execute", end)
        with pytest.raises(StoreError, match=r"stops|lost") as caught:
            lease.commit(1, b"one", [Output("x", f"{OUT}:event", b"")])
        assert not isinstance(caught.value, OutcomeUnknown)
        assert store.checkpoints.offset(IN) == store.log.end(OUT) == 0
        lease.commit(1, b"one", [Output("x", f"{OUT}:event", b"")])

    def test_lost_within_a_commit_the_outcome_is_unknown_and_the_lease_dead(
        self, postgres: Server, store: PostgresStore
    ) -> None:
        lease = lease_of(store)
        lease.commit(0, None, [Output("w", f"{OUT}:event", b"")])  # makes the partition, in a transaction of its own
        event.listen(store.database.engine, "commit", lambda c: end_connection(postgres, c), once=True)
        with pytest.raises(OutcomeUnknown):
            lease.commit(1, b"one", [Output("x", f"{OUT}:event", b"")])
        with pytest.raises(OutcomeUnknown):
            lease.renew()
        again = lease_of(store)
        assert (again.offset, store.log.end(OUT)) == (0, 1)
        again.commit(1, None, [])

    def test_a_server_that_comes_back_is_gone_on_with(self) -> None:
        with running_server() as server, PostgresStore(server.new_database()) as store:
            store.log.append(f"{IN}:event", [("x", b"")])
            server.stop()
            for attempt in (lambda: store.log.end(IN), lambda: store.log.append(f"{IN}:event", [("y", b"")])):
                with pytest.raises(StoreError, match="no server answers"):
                    attempt()
            server.start()
            assert store.log.append(f"{IN}:event", [("x", b""), ("y", b"")]) == 1
            server.stop()
            server.start()
            assert store.log.end(IN) == 2

    def test_a_writer_stopped_within_a_transaction_holds_its_successor_up_for_seconds_only(self, url: str) -> None:
        code = (
            "import os, signal, sys\n"
            "from sqlalchemy import event\n"
            "from infrastress.core.errors import Fenced, OutcomeUnknown, StoreError\n"
            "from infrastress.store import open_store\n"
            "from infrastress.store.ports import Output\n"
            "store = open_store(sys.argv[1])\n"
            "seen = store.checkpoints.observe('ingest/site/main')\n"
            "lease = store.checkpoints.acquire('ingest/site/main', seen, 'a')\n"
            "lease.commit(0, None, [Output('first', 'result/site:event', b'')])\n"
            "event.listen(store.database.engine, 'commit', lambda _: os.kill(os.getpid(), signal.SIGSTOP), once=True)\n"
            "try:\n"
            "    lease.commit(7, b'stale', [Output('stale', 'result/site:event', b'')])\n"
            "except OutcomeUnknown:\n"
            "    print('unknown')\n"
        )
        process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        try:
            with PostgresStore(url) as store:
                began = time.monotonic()
                lease = lease_of(store, owner="b")
                assert time.monotonic() - began < IDLE_S + 5
                lease.commit(1, b"fresh", [])
                process.send_signal(signal.SIGCONT)
                assert process.communicate(timeout=30)[0] == "unknown\n"
                assert (lease_of(store).offset, lease_of(store).state) == (1, b"fresh")
                assert store.log.end(OUT) == 1
        finally:
            process.kill()
            process.wait()

    def test_a_writer_stopped_within_a_message_is_ended_by_who_waits_for_its_locks(self, url: str) -> None:
        with PostgresStore(url) as store, closing(psycopg.connect(url, application_name="infrastress")) as stopped:
            lease_of(store).commit(1, b"mine", [])
            stopped.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_S}s'")
            stopped.execute("SELECT * FROM lease FOR UPDATE")
            stopped.pgconn.enter_pipeline_mode()  # begun and never brought to its end: to the server it isn't idle
            stopped.pgconn.send_query_params(b"SELECT 1", None)
            stopped.pgconn.flush()
            time.sleep(IDLE_S + 1)
            began = time.monotonic()
            assert lease_of(store, owner="b").state == b"mine"
            assert time.monotonic() - began < 2 * IDLE_S

    def test_a_writer_that_is_slow_and_not_stopped_is_waited_for(self, url: str) -> None:
        with PostgresStore(url) as store, psycopg.connect(url, application_name="infrastress") as slow:
            lease_of(store).commit(1, b"mine", [])
            slow.execute("SELECT * FROM lease FOR UPDATE")
            slowly = threading.Thread(target=lambda: (slow.execute(f"SELECT pg_sleep({2 * IDLE_S})"), slow.commit()))
            slowly.start()
            assert lease_of(store, owner="b").state == b"mine"
            slowly.join()


class TestOtherWriters:
    def test_of_stores_that_race_one_gets_a_lease_and_all_make_one_partition(self, url: str) -> None:
        stores = [PostgresStore(url) for _ in range(4)]
        for turn in range(8):
            partition, gate = f"ingest/site/{turn}", threading.Barrier(4)

            def take(i: int, partition: str = partition, gate: threading.Barrier = gate) -> bool:
                seen = stores[i].checkpoints.observe(partition)
                gate.wait()
                stores[i].log.append(f"{partition}:event", [(f"{i}", b""), ("shared", b"")])
                try:
                    stores[i].checkpoints.acquire(partition, seen, str(i)).commit(1, None, [])
                except Fenced:
                    return False
                return True

            with ThreadPoolExecutor(4) as pool:
                assert sum(pool.map(take, range(4))) == 1
            records = stores[0].log.read(partition, 0, 9)
            assert [record.offset for record in records] == [1, 2, 3, 4, 5]
            assert {record.id for record in records} == {"0", "1", "2", "3", "shared"}
        for store in stores:
            store.close()

    def test_partitions_in_any_order_make_no_deadlock(self, postgres: Server, url: str, database: str) -> None:
        names = [f"result/{i}" for i in range(6)]

        def work(i: int) -> None:
            with PostgresStore(url) as store:
                lease = lease_of(store, f"ingest/{i}/main")
                for turn in range(1, 31):
                    turned = names[turn * (i + 1) % 6 :] + names[: turn * (i + 1) % 6]
                    outputs = [
                        Output(f"{i}/{turn}/{name}", f"{name}:event", b"", f"key{name}")
                        for name in (turned if i % 2 else turned[::-1])
                    ]
                    lease.commit(turn, b"", outputs)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        with PostgresStore(url) as store:
            assert [store.log.end(name) for name in names] == [120] * 6
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert postgres.run(deadlocks, database) == [(0,)]

    def test_what_is_given_up_in_favour_of_another_is_tried_again(
        self, postgres: Server, database: str, store: PostgresStore
    ) -> None:
        body = "BEGIN IF nextval('turn') % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = '40P01'; END IF; RETURN NEW; END"
        postgres.run("CREATE SEQUENCE turn", database)  # sequences go on when a transaction is rolled back
        postgres.run(f"CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $${body}$$", database)
        postgres.run("CREATE TRIGGER lose BEFORE INSERT ON log_record FOR EACH ROW EXECUTE FUNCTION lose()", database)
        lease_of(store).commit(1, b"one", [Output("x", f"{OUT}:event", b"")])
        assert [record.id for record in store.log.read(OUT, 0, 9)] == ["x"]


class TestFaults:
    def test_lost_records_and_damaged_blobs_are_found(
        self, postgres: Server, database: str, url: str, tmp_path: Path
    ) -> None:
        with PostgresStore(f"{url}&folder={tmp_path}") as store:
            put(store, telemetry(0, 5))
            store.log.append(f"{IN}:event", [(str(i), b"") for i in range(5)])
            store.history.compact(IN, up_to=6)
            digest = store.blobs.put(b"picture")
            assert store.faults() == []
            postgres.run("DELETE FROM log_record WHERE place = 3", database)
            postgres.run("UPDATE blob SET data = 'another'", database)
            (parquet,) = tmp_path.glob("*/*.parquet")
            parquet.write_bytes(parquet.read_bytes()[:-1])
            gap, blob, file = store.faults()
            assert gap == f"{IN}: 5 records, expected 6"
            assert f"blob {digest} is damaged" in blob
            assert "history file is damaged" in file
            assert store.blobs.put(b"picture") == digest
            assert store.blobs.get(digest) == b"picture"

    def test_a_server_that_does_not_flush_is_told(self) -> None:
        with running_server(fsync="off") as server, PostgresStore(server.new_database()) as store:
            (fault,) = store.faults()
            assert "fsync is off" in fault

    def test_history_needs_a_folder_only_to_be_compacted(self, store: PostgresStore) -> None:
        put(store, telemetry(0, 5))
        assert store.history.read(["a"], 0, 10**9).num_rows == 5
        with pytest.raises(ConfigurationError, match="no folder") as caught:
            store.history.compact(IN, up_to=1)
        assert "?folder=" in (caught.value.remedy or "")
