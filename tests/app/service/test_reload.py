"""A changed site folder is put in force while the service runs; one with faults changes nothing."""

import json
import os
import signal
import time

import msgspec
import yaml

from infrastress.app.cli import main
from infrastress.core.clock import EventClock
from infrastress.core.time import from_iso
from infrastress.store import open_store
from infrastress.store.ports import read_all, type_of
from tests.app.service.serving import Feed, make_plant, serving, wait_for, write_model
from tests.app.service.test_serve import check_nothing_lost


def decisions(live) -> list[dict]:
    with open_store(live / "store") as store:
        records = [r for r in read_all(store.log, "ingest/toy/main") if type_of(r.subject) == "decision"]
    return [found for record in records if (found := msgspec.json.decode(record.data))["decision"] == "site"]


def test_limits_connections_and_faults(tmp_path, capfd):
    clock = EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), 60.0)
    with Feed(clock) as one, Feed(clock) as two, Feed(clock) as three:
        plant = make_plant(tmp_path / "toy", plc=one.port, rtu=two.port, lateness_s=600.0)
        assert main(["serve", str(plant), "--reload"]) == 1
        assert "no service runs here" in capfd.readouterr().err

        with serving(plant, clock) as service:
            service.ready()
            wait_for(lambda: one.acknowledged > 30 and two.acknowledged > 30)
            first = service.status.setup

            # Faults: every one is told, and what ran goes on.
            wrong = [{"id": "level", "asset": "tnak", "kind": "level", "unit": "m"}]
            write_model(plant, {"plc": one.port, "rtu": two.port}, more={"signals": wrong})
            assert main(["serve", str(plant), "--reload", "--json"]) == 1
            told = json.loads(capfd.readouterr().out)
            assert not told["ok"]
            assert any("tnak" in fault for fault in told["faults"]), told["faults"]
            assert service.status.setup == first
            write_model(plant, {"plc": one.port, "rtu": two.port}, lateness_s=600.0)
            connections = plant / "connections.yaml"
            good = connections.read_text()
            bad = {"plc": {"connector": "toy", "options": {"port": "x"}}, "rtu": {"connector": "nosuch"}}
            connections.write_text(yaml.safe_dump(bad))
            assert main(["serve", str(plant), "--reload"]) == 1
            faults = capfd.readouterr().err
            assert "source 'plc'" in faults
            assert "source 'rtu'" in faults
            connections.write_text(good)
            assert main(["serve", str(plant), "--reload"]) == 0
            assert "Nothing has changed." in capfd.readouterr().out

            # Another limit: an alarm, and no connection is touched.
            write_model(plant, {"plc": one.port, "rtu": two.port}, limit=0.5, lateness_s=600.0)
            words = ["--by", "anna", "--why", "summer limits"]
            assert main(["serve", str(plant), "--reload", *words]) == 0
            assert "In force: signals." in capfd.readouterr().out
            assert service.status.setup != first
            with open_store(service.live / "store") as store:
                wait_for(lambda: any(b"process.alarm_limit" in r.data for r in read_all(store.log, "result/toy")))
            assert (one.connected, two.connected) == (1, 1)

            # Another connection: only its source is connected anew.
            write_model(plant, {"plc": one.port, "rtu": three.port}, limit=0.5, lateness_s=600.0)
            os.kill(service.process.pid, signal.SIGHUP)
            wait_for(lambda: three.connected == 1)
            assert (one.connected, two.connected) == (1, 1)
            wait_for(lambda: three.acknowledged > two.acknowledged + 5)
            assert service.stop() == 0

    found = decisions(service.live)
    assert [decision["by"] for decision in found if "setup" in decision] == ["start", "anna", "SIGHUP"]
    assert found[1]["why"] == "summer limits"
    changed = [decision["changed"] for decision in found if "setup" in decision]
    assert changed == [["all"], ["signals"], ["connection of rtu"]]
    check_nothing_lost(one, service.live)
