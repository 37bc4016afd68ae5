"""The service reads rotating captures and is killed while they grow: nothing is lost, doubled or judged otherwise."""

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
import yaml

from infrastress.app.inventory import Shelf, judged
from infrastress.app.keeping.backup import Place
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.core.clock import EventClock
from infrastress.core.time import from_iso
from infrastress.events import NetworkRecords, NetworkRow
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import read_all, type_of
from tests.app.service.serving import serving, wait_for, write_model
from tests.app.service.test_serve import SPEED, rerun
from tests.connectors.pcap.tapping import HEADER, Session, record

A_FILE = 40
"""Writes in a file, of a connection of its own: what a former file holds of it isn't known behind a kill."""
UPKEEP = {"INFRASTRESS_UPKEEP_S": "1"}


class Ring:
    """Writes registers into captures until told to stop, each packet in two halves."""

    def __init__(self, folder: Path, clock: EventClock) -> None:
        self.folder, self.clock = folder, clock
        self.written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> "Ring":
        self.folder.mkdir(parents=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            session, path = Session(40_000 + number), self.folder / f"tap_{number:05}.pcap"
            path.write_bytes(HEADER)
            packets = session.opening()
            for _ in range(A_FILE):
                for packet in [*packets, *session.write(self.written % 60_000)]:
                    whole = record(packet, self.clock.now())
                    for half in (whole[:20], whole[20:]):
                        with path.open("ab") as file:
                            file.write(half)
                packets = []
                self.written += 1
                if self._stop.wait(0.02):
                    return
            number += 1


def make_tapped(folder: Path) -> Path:
    folder.mkdir(parents=True)
    plc = {"id": "PLC", "type": "controller", "interfaces": [{"network": "net", "address": "10.0.0.2"}]}
    more = {
        "security_zones": [{"id": "control", "level": 1}],
        "networks": [{"id": "net", "cidr": "10.0.0.0/24", "security_zone": "control"}],
        "assets": [{"id": "tank", "type": "other"}, plc],
        "sources": [{"id": "tap", "kind": "network"}],
        "detectors": [{"detector": "site_network"}],
    }
    write_model(folder, {}, more=more)
    options = {"path": "taps", "poll_s": 0.05}
    (folder / "connections.yaml").write_text(yaml.safe_dump({"tap": {"connector": "pcap", "options": options}}))
    return folder


def said(row: NetworkRow) -> tuple[object, ...]:
    return (
        row.time,
        row.kind,
        row.client_port,
        row.transaction,
        row.value,
        row.ok,
        row.capture,
        row.packet,
        row.response_packet,
    )


def in_log(live: Path) -> list[tuple[object, ...]]:
    with open_store(live / "store", upgrade=False) as store:
        parts = [
            NetworkRecords.decode(one.data)
            for one in read_all(store.log, "ingest/toy/main")
            if type_of(one.subject) == "network"
        ]
    return [said(row) for part in parts for row in part.rows() if row.kind == "transaction"]


def kills(folder: Path, count: int, *, seed: int) -> None:
    """Kill the supervisor so often, and at last the intake and the judge, at random moments while captures grow."""
    chance = random.Random(seed)
    clock = EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), SPEED)
    plant = make_tapped(folder / "toy")
    with Ring(plant / "taps", clock) as ring:
        for _ in range(count):
            with serving(plant, clock) as service:
                service.ready()
                time.sleep(chance.random())
                service.kill()
        with serving(plant, clock, env=UPKEEP) as service:
            service.ready()
            for name in ("intake", "judge"):
                time.sleep(0.2 + 0.3 * chance.random())
                os.kill(service.status.children[name].pid, signal.SIGKILL)
            wait_for(lambda: all(service.status.children[name].restarts for name in ("intake", "judge")))
            ring.stop()
            wait_for(lambda: len(in_log(service.live)) >= ring.written, 60, lambda: f"{ring.written} were written")
            wait_for((plant / "state" / "inventory" / "heard.json").exists)
            assert service.stop() == 0
    unbroken = [
        said(row) for file in sorted((plant / "taps").iterdir()) for part in CaptureReader(file) for row in part.rows()
    ]
    assert in_log(service.live) == [row for row in unbroken if row[1] == "transaction"]
    assert len(in_log(service.live)) == ring.written
    again = rerun(service.live)
    assert again.same, again.compared
    with open_store(service.live / "store") as store:
        assert any(b"net.stranger_command" in record.data for record in read_all(store.log, "result/toy"))
    shelf = Shelf.open(Place.of(plant))
    shelf.add_log(site := load_site(plant), lambda _: None)
    (asked,) = [way for key, way in shelf.heard.ways.items() if key == "10.0.0.1\t10.0.0.2\tmodbus"]
    assert sum(deed.answered for deed in asked.deeds.values()) == ring.written
    assert {device.id for device in judged(site, shelf.heard).devices} == {"10.0.0.1", "PLC"}


def test_killed_while_captures_grow_nothing_is_lost_or_doubled(tmp_path):
    kills(tmp_path, 0, seed=1)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_50_kills_while_captures_grow(tmp_path):
    from tests.proofs import Proof

    proof = Proof("service: a process or the supervisor killed while captures grow", 5)
    for step in proof.steps():
        kills(tmp_path / str(step), 10, seed=100 + step)
    proof.finish(
        "10 kills a run: every transaction in the log once, as an unbroken reading has it; results the same again"
    )
