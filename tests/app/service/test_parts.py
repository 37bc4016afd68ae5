"""The parts of the service by themselves: link, status, lock, log, who may serve, what is in force, upkeep."""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.app.cli import main
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.force import Force
from infrastress.app.service.link import Link
from infrastress.app.service.lock import StoreLock
from infrastress.app.service.logs import configure, redact
from infrastress.app.service.models import changed_parts, prepare, read_setup, site_in_force
from infrastress.app.service.pinning import pin_evidence
from infrastress.app.service.starting import serve
from infrastress.app.service.status import SIZE, ChildStatus, Status, StatusFile, read_status
from infrastress.app.service.upkeep import keep_in_order
from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.core.time import DAY, HOUR, MINUTE
from infrastress.events import Incident, encode_event, make_event
from infrastress.store import open_store
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import Output
from infrastress.store.sqlite import SqliteStore
from tests.app.service.serving import make_plant, wait_for, write_model
from tests.runtime.toys import rows


def config_of(plant: Path, **more) -> ServiceConfig:
    state = plant / "state"
    fields = {"site": plant, "site_id": "toy", "store": "memory://", "state": state, "live": state / "live", **more}
    return ServiceConfig(**fields)


class TestLink:
    def test_it_hears_stop_and_changes_and_ends_with_the_supervisor(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        orphaned, stopped, sites = threading.Event(), threading.Event(), []
        link = Link(theirs, orphaned=orphaned.set)
        link.on_stop(stopped.set)
        link.on_site(sites.append)
        link.listen()
        ours.send(b'{"site": "abc"}')
        ours.send(b"no JSON")
        ours.send(b'{"stop": true}')
        assert stopped.wait(5)
        assert link.stopping.is_set()
        assert sites == ["abc"]
        link.ready(address="http://x")
        assert json.loads(ours.recv(1000)) == {"ready": {"address": "http://x"}}
        ours.close()
        assert orphaned.wait(5)

    def test_beats_never_block(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link = Link(theirs, orphaned=lambda: None)
        began = time.monotonic()
        for number in range(100_000):  # nobody reads
            link.beat(number=number)
        assert time.monotonic() - began < 60
        ours.close()
        link.beat()


class TestStatus:
    def test_what_is_written_is_read(self, tmp_path):
        assert read_status(tmp_path) is None
        file = StatusFile(tmp_path)
        status = Status(pid=1, started=2, children={"intake": ChildStatus(told={"a": 1.5, "b": "x"})})
        file.write(status)
        assert read_status(tmp_path) == status
        file.write(Status(pid=1, started=2, notes=("x" * 100,) * 10_000))
        assert read_status(tmp_path).notes == ("the status is too long to be shown",)
        assert (tmp_path / "status.json").stat().st_size == SIZE
        file.close()

    def test_it_can_be_read_while_it_is_written(self, tmp_path):
        file = StatusFile(tmp_path)
        file.write(Status(pid=0, started=0))
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                file.write(Status(pid=number, started=0, notes=("x" * (number % 5000),)))

        thread = threading.Thread(target=write)
        thread.start()
        try:
            assert all(read_status(tmp_path) is not None for _ in range(500))
        finally:
            stop.set()
            thread.join()
            file.close()


class TestLock:
    def test_one_at_a_time(self, tmp_path):
        lock = StoreLock(tmp_path / "a" / "lock")
        with pytest.raises(ConfigurationError, match=f"by process {os.getpid()}"):
            StoreLock(tmp_path / "a" / "lock")
        lock.release()
        StoreLock(tmp_path / "a" / "lock").release()

    def test_two_services_on_one_database_are_refused(self, tmp_path):
        plant = make_plant(tmp_path / "toy")
        with MemoryStore() as store:
            lease = store.checkpoints.acquire("serve/toy", store.checkpoints.observe("serve/toy"), "elsewhere")
            stop = threading.Event()

            def renew() -> None:
                while not stop.wait(0.05):
                    lease.renew()

            thread = threading.Thread(target=renew)
            thread.start()
            with pytest.raises(ConfigurationError, match="served on this store already, by elsewhere"):
                Force(store, config_of(plant))
            stop.set()
            thread.join()
            force = Force(store, config_of(plant), patience_s=0.3)  # it stands still: it is dead
            with pytest.raises(StoreError):
                lease.renew()
            Force(store, config_of(plant))  # this service itself, started again
            with pytest.raises(StoreError):
                force.renew()


SECRET = st.text(st.characters(categories=("L", "N")), min_size=8, max_size=20)


class TestLog:
    @given(SECRET, st.sampled_from(["password", "api_token", "Authorization", "smtp_secret", "cookie"]))
    def test_no_secret_gets_through(self, secret, name):
        event = {"event": "x", name: secret, "url": f"postgresql://me:{secret}@host/db", "more": {name: [secret]}}
        shown = json.dumps(redact(None, "", event), ensure_ascii=False)
        assert secret not in shown
        assert "postgresql://me:***@host/db" in shown

    def test_lines_are_json_with_the_process(self, tmp_path):
        import logging

        import structlog

        configure("judge", tmp_path / "log")
        try:
            structlog.get_logger().warning("away", why="mqtt://u:pw123456@h")
            logging.getLogger("some.library").warning("heard %s", "you")
        finally:
            structlog.reset_defaults()
            structlog.contextvars.clear_contextvars()
            logging.basicConfig(handlers=[logging.NullHandler()], force=True)
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [(line["event"], line["process"], line["level"]) for line in lines] == [
            ("away", "judge", "warning"),
            ("heard you", "judge", "warning"),
        ]
        assert "pw123456" not in lines[0]["why"]


class TestStarting:
    def test_another_address_needs_accounts(self, tmp_path, monkeypatch):
        from types import SimpleNamespace

        def refuse(config):
            raise ConfigurationError(f"nobody can sign in at {config.host}")

        monkeypatch.setitem(sys.modules, "infrastress.app.api.deployment", SimpleNamespace(may_listen=refuse))
        plant = make_plant(tmp_path / "toy")
        with pytest.raises(ConfigurationError, match=r"nobody can sign in at 0\.0\.0\.0"):
            serve(plant, host="0.0.0.0", without=["intake", "judge", "notifier", "upkeep"])  # noqa: S104

    def test_a_port_in_use_is_named(self, tmp_path, capfd):
        plant = make_plant(tmp_path / "toy")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert main(["serve", str(plant), "--port", str(port)]) == 1
        assert f"port {port} of 127.0.0.1 can't be used" in capfd.readouterr().err

    def test_a_faulty_site_is_not_started(self, tmp_path, capfd):
        plant = make_plant(tmp_path / "toy")
        (plant / "site.yaml").write_text("id: toy\nassets: 5\n")
        assert main(["serve", str(plant)]) == 1
        assert "infrastress check" in capfd.readouterr().err
        assert not (plant / "state").exists()

    def test_a_source_that_cannot_be_reached_as_described_is_named(self, tmp_path):
        from tests.app.service.serving import WITHOUT, Service
        from tests.app.service.test_serve import EventClock

        plant = make_plant(tmp_path / "toy", plc=1)
        (plant / "connections.yaml").write_text("plc: {connector: toy, options: {port: 1, password_secret: nosuch}}\n")
        service = Service(plant, EventClock(), *WITHOUT)
        try:
            assert service.process.wait(60) == 1
            assert "Error: connections: source 'plc': there is no secret 'nosuch'" in (plant / "serve.log").read_text()
        finally:
            service.close()


class TestForce:
    def test_setups_are_named_by_content_and_kept(self, tmp_path):
        plant = make_plant(tmp_path / "toy")
        with MemoryStore() as store:
            with pytest.raises(StoreError, match="no model of site"):
                site_in_force(store, "toy")
            force = Force(store, config_of(plant))
            first = prepare(plant, plant / "state")
            assert force.change(first, by="start") == ("all",)
            assert site_in_force(store, "toy").digest == first.digest == force.setup
            assert force.change(prepare(plant, plant / "state"), by="start") == ()
            write_model(plant, {}, limit=3.0, more={"name": "Toy"})
            second = force.check()
            assert force.change(second, by="anna", why="test") == ("name", "signals")
            assert site_in_force(store, "toy").site.name == "Toy"
            assert read_setup(store.blobs, first.digest).site.name == ""
            write_model(plant, {}, more={"id": "other"})
            with pytest.raises(ConfigurationError, match="now called 'other'"):
                force.check()
        assert changed_parts(first.data, first.data) == ()


class TestUpkeep:
    def test_old_records_go_behind_their_readers_and_evidence_stays(self, tmp_path):
        plant = make_plant(tmp_path / "toy")
        write_model(plant, {}, more={"runtime": {"retention_days": {"ingest": 1, "history": 1, "result": 1}}})
        now = [time.time_ns() - 10 * DAY]
        with SqliteStore(tmp_path / "store", clock=lambda: now[0]) as store:
            force = Force(store, config_of(plant))
            force.change(prepare(plant, plant / "state"), by="start")
            old = time.time_ns() - 10 * DAY
            times = [old + i * MINUTE for i in range(600)]
            samples = rows(times, [(1.0, 2.0, 3.0)] * 600)
            incident = Incident(
                incident="inc-1",
                revision=1,
                state="closed",
                hypothesis="toy",
                title="toy",
                severity="high",
                confidence=0.5,
                why="",
                began=old + 200 * MINUTE,
                updated=old + 210 * MINUTE,
                first_alarm=old,
                detections=(),
                source_kinds=("telemetry",),
                timeline=(),
            )
            event = make_event(site="toy", source="fusion", sequence=0, occurred=old, body=incident)
            lease = store.checkpoints.acquire("ingest/toy/main", store.checkpoints.observe("ingest/toy/main"), "test")
            outputs = [Output(samples.id, "ingest/toy/main:samples", samples.encode())]
            outputs.append(Output(event.id, "result/toy:event", encode_event(event), "toy/inc-1", old))
            lease.commit(1, None, outputs)
            told = store.checkpoints.acquire("notify/toy", store.checkpoints.observe("notify/toy"), "test")
            spans = pin_evidence(store, site_in_force(store, "toy").site, now=now[0], event_now=now[0])
            assert spans == [(incident.began - HOUR, incident.updated + HOUR)]
            assert keep_in_order(store, "toy").records["ingest/toy/main"] == 1  # the telemetry wasn't judged yet
            lease.commit(2, None, [])
            assert keep_in_order(store, "toy").records == {"ingest/toy/main": 1, "result/toy": 0}
            told.commit(1, None, [])
            assert keep_in_order(store, "toy").records["result/toy"] == 1
            kept = store.history.read(["level"], 0, time.time_ns())
            assert 0 < len(kept) <= 131

    def test_it_runs_beside_the_others(self, tmp_path):
        from tests.app.service.serving import serving
        from tests.app.service.test_serve import EventClock

        plant = make_plant(tmp_path / "toy")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(str(tmp_path / "manager"))
        manager.settimeout(30)
        env = {"INFRASTRESS_UPKEEP_S": "0.5", "NOTIFY_SOCKET": str(tmp_path / "manager")}
        with manager, serving(plant, EventClock(), env=env) as service:
            service.ready()
            wait_for(lambda: "rounds_end" in service.status.children["upkeep"].told)
            assert service.stop() == 0
            told = [manager.recv(100)]
            while told[-1] != b"STOPPING=1":
                told.append(manager.recv(100))
            assert set(told) == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}
        with open_store(plant / "state" / "live" / "store") as store:
            assert site_in_force(store, "toy").site.id == "toy"
