"""A site that is being served: backed up meanwhile, its notifier killed, restored elsewhere, served again there."""

import os
import shutil
import signal
import stat
import time
from pathlib import Path
from typing import Any

from infrastress.app.cli import main
from infrastress.app.keeping.backup import verify_backup
from infrastress.app.keeping.manifest import read_manifest
from infrastress.app.notify.trial import all_messages
from infrastress.client import Client
from infrastress.core.clock import EventClock
from infrastress.core.time import DAY, from_iso, to_iso
from infrastress.store import open_store
from infrastress.store.ports import Store, read_all
from tests.app.service.serving import Feed, make_plant, serving, wait_for

LIVE = Path("state") / "live" / "store"
WITHOUT = ("--without", "api")


def wave(number: int) -> float:
    """Above the trip limit for 60 rows of each 120."""
    return 5.0 if number % 120 >= 60 else 1.0


def logs(store: Store, ends: dict[str, tuple[int, int]]) -> dict[str, list[bytes]]:
    """Records up to the ends that a backup tells."""
    return {name: [r.data for r in read_all(store.log, name) if r.offset <= ends[name][1]] for name in ends}


def told(plant: Path, clock: EventClock) -> dict[str, Any]:
    """What the API alone says of a site at which nothing happens."""
    others = [word for name in ("intake", "judge", "notifier", "upkeep") for word in ("--without", name)]
    with serving(plant, clock, without=tuple(others)) as service:
        service.ready()
        with Client(service.status.address) as client:
            alarms = list(client.alarms())
            begin, end = to_iso(clock.origin), to_iso(clock.origin + 30 * DAY)
            found: dict[str, Any] = {
                "site": client.site(),
                "assets": [client.asset(asset.id) for asset in client.assets()],
                "signals": list(client.signals()),
                "alarms": alarms,
                "details": [client.alarm(alarm.id) for alarm in alarms],
                "incidents": [client.incident(one.id) for one in client.incidents()],
                "quarantine": client.quarantine(),
                "rules": client.rules(),
                "history": client.history(["level", "flow"], begin, end, width=200),
            }
        assert service.stop() == 0
    return found


def test_a_served_site_is_backed_up_tells_people_and_is_served_again_elsewhere(tmp_path: Path) -> None:
    clock = EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), 60.0)
    heard, siren = tmp_path / "heard", tmp_path / "siren"
    siren.write_text(f'#!/bin/sh\necho "$INFRASTRESS_MESSAGE_ID $INFRASTRESS_MESSAGE_TITLE" >> {heard}\n')
    siren.chmod(siren.stat().st_mode | stat.S_IXUSR)

    def messages() -> list[str]:
        return heard.read_text().splitlines() if heard.exists() else []

    with Feed(clock, value=wave) as feed:
        plant = make_plant(tmp_path / "toy", plc=feed.port)
        model = (plant / "site.yaml").read_text()
        (plant / "site.yaml").write_text(model.replace("high: 4.0", "high: 4.0\n    high_high: 4.5"))
        (plant / "notifications.yaml").write_text(
            f"channels: {{siren: {{type: command, argv: [{siren}]}}}}\n"
            "routes: [{name: all, severity: medium, steps: [{channels: [siren]}, {channels: [siren], after_min: 5}]}]\n"
        )
        with serving(plant, clock, without=WITHOUT) as service:
            service.ready()
            wait_for(lambda: len(messages()) >= 2, 60, lambda: (plant / "serve.log").read_text()[-3000:])
            first = service.status.children["notifier"].pid
            os.kill(first, signal.SIGKILL)
            assert main(["backup", str(plant), str(tmp_path / "backup")]) == 0
            assert main(["upgrade", str(plant)]) == 0  # nothing to do
            assert main(["restore", str(tmp_path / "backup"), str(plant), "--overwrite"]) == 1  # it is being served
            count = len(messages())
            wait_for(lambda: service.status.children["notifier"].pid not in (0, first), 30)
            wait_for(lambda: len(messages()) > count, 60, lambda: (plant / "serve.log").read_text()[-3000:])
            wait_for(lambda: "store_fault" in service.status.children["notifier"].told, 30)
            beat = service.status.children["notifier"].told
            assert (beat["settings_fault"], beat["store_fault"]) == ("", "")
            assert service.stop() == 0
        with open_store(plant / LIVE, upgrade=False) as store:
            sent = {message.id for message in all_messages(store, "toy") if message.state == "sent"}
            assert sent <= {line.split()[0] for line in messages()}
            manifest = read_manifest(tmp_path / "backup")
            expected = logs(store, manifest.log)
        assert main(["backup", str(plant), str(tmp_path / "later")]) == 0
        assert main(["restore", str(tmp_path / "later"), str(tmp_path / "there")]) == 0
        here, there = told(plant, clock), told(tmp_path / "there", clock)  # each on a port of its own
        assert here["alarms"]
        for name, answer in here.items():
            assert there[name] == answer, name
        assert verify_backup(tmp_path / "backup") == []
        assert expected["result/toy"]
        assert main(["restore", str(tmp_path / "backup"), str(tmp_path / "other")]) == 0
        with open_store(tmp_path / "other" / LIVE, upgrade=False) as store:
            assert logs(store, manifest.log) == expected
            assert {name: store.log.end(name) for name in manifest.log} == {k: v[1] for k, v in manifest.log.items()}
        shutil.move(tmp_path / "other", tmp_path / "moved")
        (tmp_path / "moved" / "notifications.yaml").unlink()
        with serving(tmp_path / "moved", clock, without=WITHOUT) as service:
            service.ready()
            before = manifest.log["result/toy"][1]

            def grown() -> bool:
                with open_store(tmp_path / "moved" / LIVE, upgrade=False) as store:
                    return store.log.end("result/toy") > before

            wait_for(grown, 60, lambda: (tmp_path / "moved" / "serve.log").read_text()[-3000:])
            assert service.stop() == 0
