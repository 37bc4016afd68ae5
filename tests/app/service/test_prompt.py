"""What needn't wait for telemetry doesn't: a call point pressed at a site that is served, and the same log again."""

import socket
import time

import yaml

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Alarm, decode_event
from infrastress.store import open_store
from infrastress.store.ports import read_all
from tests.app.service.serving import Feed, make_plant, serving, wait_for, write_model
from tests.app.service.test_serve import rerun
from tests.peers.processes import free_port


def test_a_call_point_is_an_alarm_at_once(tmp_path):
    now = time.time_ns()
    clock = EventClock(now, now, 1.0)
    with Feed(clock) as feed:
        plant, port = make_plant(tmp_path / "toy", plc=feed.port), free_port()
        assets = [{"id": "tank", "type": "other"}, {"id": "CP-1", "type": "call_point"}]
        sources = [
            {"id": "plc", "kind": "telemetry", "cadence_s": 60, "lateness_s": 60},
            {"id": "fire", "kind": "access"},
        ]
        write_model(plant, {"plc": feed.port}, more={"assets": assets, "sources": sources})
        connections = yaml.safe_load((plant / "connections.yaml").read_text())
        rule = {"app": "fire", "match": r"(?P<device>\S+) (?P<state>\w+)", "event": "switch"}
        rule |= {"fields": {"device": "device", "state": "state"}, "assets": ["device"]}
        connections["fire"] = {"connector": "syslog", "options": {"udp_port": port, "rules": [rule]}}
        (plant / "connections.yaml").write_text(yaml.safe_dump(connections))
        with serving(plant, clock) as service:
            service.ready()
            wait_for(lambda: feed.acknowledged > 1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"<13>1 - panel fire - - - CP-1 alarm", ("127.0.0.1", port))
            pressed = clock.now()
            with open_store(service.live / "store") as store:
                found: list[Alarm] = []

                def told() -> bool:
                    bodies = [decode_event(one.data).body for one in read_all(store.log, "result/toy")]
                    found[:] = [body for body in bodies if isinstance(body, Alarm) and body.rule == "fire.call_point"]
                    return bool(found)

                wait_for(told, 90, lambda: (plant / "serve.log").read_text()[-2000:])
            took = (clock.now() - pressed) / SECOND
            print(f"\nan alarm {took:.1f} s after the call point was pressed")
            assert took < 55  # the frame of telemetry is a minute wide and waits a minute for the slowest
            assert service.stop() == 0
        again = rerun(service.live)
        assert again.same, again.compared
