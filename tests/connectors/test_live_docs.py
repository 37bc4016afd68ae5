"""The examples of docs/connect-mqtt.md and docs/connect-syslog.md, against real peers; their tables."""

import asyncio
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.mqtt import MqttConnector, MqttOptions
from infrastress.connectors.mqtt.options import Route
from infrastress.connectors.syslog import SyslogConnector, SyslogOptions
from infrastress.core.plugins import load_plugin
from infrastress.events import AccessAttempt, DoorState, GasReading, LoginAttempt, SessionState, SwitchState
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import run
from tests.connectors.mqtt import tahu
from tests.peers.certificates import make_certificates
from tests.peers.mosquitto import Broker, Publisher, needs_mosquitto
from tests.peers.processes import free_port
from tests.peers.sink import MemorySink, until

DOCS = Path(__file__).resolve().parents[2] / "docs"


def examples(page: str) -> list[dict[str, Any]]:
    text = (DOCS / page).read_text()
    return [next(iter(yaml.safe_load(block).values())) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def connector(example: dict[str, Any], context: LiveContext | None = None, **changed: Any) -> LiveConnector:
    plugin = load_plugin("connectors", example["connector"])
    options = plugin.Options.model_validate({**example["options"], **changed})
    made = plugin(small_site(), Source(id="historian", kind="telemetry"), options, context or LiveContext())
    assert isinstance(made, LiveConnector)
    return made


@needs_mosquitto
def test_the_examples_of_mqtt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRASTRESS_SECRET_BROKER", "secret-of-the-example")
    files = make_certificates(tmp_path)
    birth = [tahu.metric("Level", alias=1, datatype=10, double_value=3.0)]
    messages = [
        [("plant/tank1-level/value", b"3.25"), ("plant/pump1-state/value", b"RUN"), ("plant/gw/status", b"offline")],
        [
            (
                "doors/east",
                json.dumps({"when": "2026-01-01T00:00:00Z", "card": "p1", "reader": "d1", "ok": False}).encode(),
            )
        ],
        [
            ("acs/doors", b'{"at": "2026-01-01T02:00:00Z", "id": "D-PUMPS", "event": "DOOR_FORCED"}'),
            ("acs/doors", b'{"at": "2026-01-01T02:00:01Z", "id": "D-PUMPS", "event": "closed", "count": 2}'),
            ("acs/doors", b'{"at": "2026-01-01T02:00:01Z", "id": "D-PUMPS", "event": "DOOR_GARBLED"}'),
            (
                "acs/sessions",
                b'{"at": "2026-01-01T02:00:02Z", "user": "eng01", "machine": "ENG-1", "peer": "198.51.100.7", '
                b'"what": "START", "vpn": true}',
            ),
            ("fg/gas", b'{"at": "2026-01-01T02:00:03Z", "tag": "GD-01", "lel": 0.02, "alarm": false, "status": "INH"}'),
            ("pids/north", b'[{"at": "2026-01-01T02:00:04Z", "zone": "F-3", "state": "ALARM"}]'),
        ],
        [("spBv1.0/depot/DBIRTH/edge1/tank1", tahu.payload(birth, timestamp=1_767_225_600_000, seq=1))],
    ]
    messages[0].append(("gateway/data", b'{"ts": 1767225600000, "pump1": {"flow": 12.5}}'))

    async def main() -> None:
        for example, told in zip(examples("connect-mqtt.md"), messages, strict=True):
            locked, broker = Broker(tmp_path, free_port(), certificates=files), MemorySink()
            locked.start()
            publisher = Publisher(locked.port, trust=files.authority)
            publisher.start()
            changed = {"host": "localhost", "port": locked.port, "ca_file": files.authority}
            task = asyncio.create_task(connector(example, **changed).run(broker, None))
            await until(lambda b=broker: b.state() == "up", lambda b=broker: f"{b.links}")
            for topic, payload in told:
                await asyncio.to_thread(publisher.publish, topic, payload)
            await until(lambda b=broker, t=told: b.balance.read >= len(t), lambda b=broker: f"{b.balance}")
            results.append(broker)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            publisher.stop()
            locked.stop()

    results: list[MemorySink] = []
    run(main())
    first, second, security, third = results
    assert (first.values("LT1"), first.values("S1"), first.values("FT1")) == ([3.25], [1.0], [pytest.approx(0.0125)])
    assert first.state("gw") == "down"
    assert [event.body for event in second.events] == [
        AccessAttempt(person="p1", door="d1", zone="yard", granted=False)
    ]
    assert sorted((event.occurred % 60_000_000_000, event.body) for event in security.events) == [
        (0, DoorState(door="D-PUMPS", state="forced")),
        (1_000_000_000, DoorState(door="D-PUMPS", state="closed", people=2)),
        (
            2_000_000_000,
            SessionState(account="eng01", host="ENG-1", origin="198.51.100.7", state="opened", remote=True),
        ),
        (3_000_000_000, GasReading(detector="GD-01", level_lel=0.02, condition="inhibited")),
        (4_000_000_000, SwitchState(device="F-3", state="ALARM")),
    ]
    assert security.balance.quarantined == {"wrong-fields": 1}
    assert third.values("LT1") == [3.0]
    assert all(not sink.balance.quarantined for sink in (first, second, third))


def test_the_example_of_syslog(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    example, _ = examples("connect-syslog.md")
    line = re.search(r"line `(<38>.*?)`", (DOCS / "connect-syslog.md").read_text(), re.DOTALL)
    assert line is not None

    async def main() -> None:
        sink = MemorySink()
        changed = {"udp_port": 0, "tcp_port": 0, "cert_file": files.server, "key_file": files.server_key}
        listening = connector(example, **changed)
        assert isinstance(listening, SyslogConnector)
        task = asyncio.create_task(listening.run(sink, None))
        await until(lambda: listening.udp_address, lambda: f"{sink.links}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            badge = '<13>1 - h gate - - [door@32473 badge="p7" reader="d1" zone="z1"]'
            for text in (line[1], badge):
                assert listening.udp_address is not None
                sock.sendto(text.replace("\n", " ").encode(), listening.udp_address)
        await until(lambda: len(sink.events) == 2, lambda: f"{sink.balance}")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [event.body for event in sink.events] == [
            LoginAttempt(account="root", host="hmi1", origin="10.0.0.9", remote=True, success=False),
            AccessAttempt(person="p7", door="d1", zone="z1"),
        ]

    run(main())


def test_the_security_systems_of_syslog() -> None:
    """Every rule of the second example, through a real socket; a line of another system is nobody's event."""
    _, example = examples("connect-syslog.md")
    lines = {
        "acs - - - door D-PUMPS forced": DoorState(door="D-PUMPS", state="forced"),
        "acs - - - door D-PUMPS closed n=2": DoorState(door="D-PUMPS", state="closed", people=2),
        "acs - - - door D-PUMPS alarm off by op01": DoorState(door="D-PUMPS", state="disabled", by="op01"),
        "acs - - - badge 1001 refused at D-PUMPS into pumps": AccessAttempt(
            person="1001", door="D-PUMPS", zone="pumps", granted=False
        ),
        "sshd 7 - - pam_unix: session opened for user op01(uid=0)": SessionState(
            account="op01", host="hmi1", origin="hmi1", state="opened"
        ),
        "fgs - - - GD-01 0.02 LEL INHIBIT": GasReading(detector="GD-01", level_lel=0.02, condition="inhibited"),
        "pids - - - section F-3 alarm": SwitchState(device="F-3", state="alarm"),
    }

    async def main() -> None:
        sink = MemorySink()
        listening = connector(example, udp_port=0)
        assert isinstance(listening, SyslogConnector)
        task = asyncio.create_task(listening.run(sink, None))
        await until(lambda: listening.udp_address, lambda: f"{sink.links}")
        assert listening.udp_address is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for second, text in enumerate([*lines, "cron - - - nothing of ours"]):
                sock.sendto(f"<13>1 2026-01-01T02:00:{second:02d}Z hmi1 {text}".encode(), listening.udp_address)
        await until(lambda: sink.balance.read == len(lines) + 1, lambda: f"{sink.balance}")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        told = [event.body for event in sorted(sink.events, key=lambda event: event.occurred)]
        assert told == list(lines.values())
        assert sink.balance.dropped == {"no-rule": 1}

    run(main())


@pytest.mark.parametrize(
    ("page", "models"), [("connect-mqtt.md", (MqttOptions, Route)), ("connect-syslog.md", (SyslogOptions,))]
)
def test_every_option_is_told(page: str, models: tuple[Any, ...]) -> None:
    text = (DOCS / page).read_text()
    told = set(re.findall(r"`(\w+)`", text.partition("\n## Options\n")[2]))
    for model in models:
        assert set(model.model_fields) <= told, set(model.model_fields) - told


@pytest.mark.parametrize(("page", "package"), [("connect-mqtt.md", "mqtt"), ("connect-syslog.md", "syslog")])
def test_every_reason_told_is_one(page: str, package: str) -> None:
    source = DOCS.parent / "src" / "infrastress" / "connectors"
    code = "".join(file.read_text() for file in [*source.glob("*.py"), *(source / package).glob("*.py")])
    table = (DOCS / page).read_text().partition("\n## What bad input does\n")[2].partition("\n## ")[0]
    for row in table.splitlines()[4:]:
        for reason in re.findall(r"`([a-z-]+)`", row.rpartition("| ")[2] if row.endswith("|") else ""):
            assert f'"{reason}"' in code, reason


def test_connectors_are_found_by_name() -> None:
    assert load_plugin("connectors", "mqtt") is MqttConnector
    assert load_plugin("connectors", "syslog") is SyslogConnector
