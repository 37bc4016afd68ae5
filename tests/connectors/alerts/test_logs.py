"""Recorded and growing logs of Wazuh and AMiner, EVE's alerts, and plain records by a mapping, as alerts of a tool."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.connectors.alerts import AMinerConnector, AMinerLogConnector, WazuhConnector, WazuhLogConnector
from infrastress.connectors.alerts.aminer import AMinerReading
from infrastress.connectors.alerts.wazuh import WazuhReading
from infrastress.connectors.base import Connector
from infrastress.connectors.eve.reading import EveReading
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.nids.reading import Said
from infrastress.connectors.nids.recorded import LogConnector, LogOptions
from infrastress.connectors.recordings import open_recording
from infrastress.connectors.records import RecordReader, Refused
from infrastress.events import Event, ToolAlert
from infrastress.site.sources import Source
from tests.connectors.alerts.lines import AT, aminer, wazuh
from tests.connectors.conftest import small_site
from tests.connectors.contract import ConnectorContract, read_all, total
from tests.connectors.eve.lines import event, modbus_write, stamp
from tests.connectors.nids.contract import FollowerContract
from tests.peers.sink import MemorySink

KINDS: dict[str, tuple[type[LogConnector], Callable[..., dict[str, Any]]]] = {
    "wazuh": (WazuhLogConnector, wazuh),
    "aminer": (AMinerLogConnector, aminer),
}


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def events_of(read: Connector) -> list[Event]:
    return [one for delivery in read_all(read) for one in delivery.events]


def bodies(path: Path) -> list[ToolAlert]:
    (read,) = open_recording(small_site(), path)
    found = [one.body for one in events_of(read)]
    assert all(isinstance(body, ToolAlert) for body in found)
    return [body for body in found if isinstance(body, ToolAlert)]


class TestContract(ConnectorContract):
    @pytest.fixture(autouse=True, params=["wazuh alerts.json", "wazuh alerts.json.gz", "aminer aminer.json"])
    def _place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.kind, name = request.param.split()
        lines = [json.dumps(KINDS[self.kind][1](AT + i * 10**9)) for i in range(40)]
        data = "\n".join((*lines, '{"bad', "", '{"rule": 5}', "5", "")).encode()
        self.path = tmp_path / name
        self.path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)

    def make(self) -> Callable[[], Connector]:
        source, connector = Source(id="siem", kind="network"), KINDS[self.kind][0]
        return lambda: connector(small_site(), source, LogOptions(path=self.path, batch_rows=7))

    def test_each_line_is_an_event_or_counted(self) -> None:
        deliveries = read_all(self.make()())
        events = [one for delivery in deliveries for one in delivery.events]
        own = [(AT // 10**9 + i) * 10**9 + 77 for i in range(40)]
        assert [one.sequence for one in events] == (own if self.kind == "wazuh" else list(range(40)))
        assert [one.occurred for one in events] == [AT + i * 10**9 for i in range(40)]
        balance = total(deliveries)
        assert (balance.read, balance.accepted, balance.dropped.total()) == (44, 40, 1 + (self.kind == "aminer"))


class _Follows(FollowerContract):
    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        events = [one for delivery in sink.durable for one in delivery.events]
        return [(one.occurred, float(one.body.text)) for one in events if isinstance(one.body, ToolAlert)]


class TestWazuh(_Follows):
    connector = WazuhConnector
    path = log = "wazuh/alerts.json"

    @staticmethod
    def line(at: int, value: float) -> dict[str, Any]:
        return wazuh(at, said={"description": str(value)}, timestamp=stamp(at))


class TestAMiner(_Follows):
    connector = AMinerConnector
    path = log = "aminer/aminer.json"

    @staticmethod
    def line(at: int, value: float) -> dict[str, Any]:
        made = aminer(at)
        made["AnalysisComponent"]["Message"] = str(value)
        return made


def test_an_alert_of_wazuh_is_named_by_what_is_steady_of_its_rule(tmp_path: Path) -> None:
    (body,) = bodies(written(tmp_path / "x.json", wazuh()))
    assert body == ToolAlert(
        signature="5710 invalid_login", host="hmi-1", address="10.0.0.7", peer="10.0.0.99", family="wazuh sshd",
        sensor="soc", severity="low", techniques=("T1110.001", "T1021"),
        text="sshd: attempt with a user that there isn't",
    )  # fmt: skip


def test_what_a_device_tells_the_manager_by_syslog_is_of_the_device(tmp_path: Path) -> None:
    relayed = wazuh(agent=("000", "soc", "127.0.0.1"), predecoder={"hostname": "switch-7"})
    own = wazuh(agent=("000", "soc", "any"), predecoder={"hostname": "soc"})
    assert [(one.host, one.address) for one in bodies(written(tmp_path / "x.json", relayed, own))] == [
        ("switch-7", ""), ("soc", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "severity"),
    [(0, "info"), (3, "info"), (4, "low"), (7, "medium"), (11, "medium"), (12, "high"), (14, "high"), (15, "critical")],
)
def test_levels_are_severities(tmp_path: Path, level: int, severity: str) -> None:
    assert bodies(written(tmp_path / "x.json", wazuh(said={"level": level})))[0].severity == severity


def test_an_anomaly_of_aminer(tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", aminer(), {"StatusInfo": {"x": 1}})
    assert bodies(path) == [
        ToolAlert(
            signature="New event type.", host="hmi-1", family="aminer audit.log", sensor="x",
            text="New path(es) detected",
        )
    ]  # fmt: skip
    (read,) = open_recording(small_site(), path)
    assert dict(total(read_all(read)).dropped) == {"no anomaly": 1}


def eve(**fields: Any) -> dict[str, Any]:
    alert = {"gid": 1, "signature_id": 9, "signature": "Odd  write", "category": "Misc", "severity": 1}
    return event("alert", alert={**alert, **fields.pop("alert", {})}, **fields)


def test_an_alert_of_suricata_is_about_the_server_or_what_its_rule_calls_the_target(tmp_path: Path) -> None:
    path = written(
        tmp_path / "eve.json",
        eve(app_proto="modbus", alert={"metadata": {"mitre_technique_id": ["T0855", "no"]}}),
        eve(direction="to_client", alert={"severity": 3}),
        eve(alert={"target": {"ip": "10.0.0.1"}}, in_iface="eth1"),
        modbus_write(1_700_000_000 * 10**9, 5),
    )
    one, back, target = bodies(path)
    assert one == ToolAlert(
        signature="1:9 Odd write", address="10.0.0.2", peer="10.0.0.1", family="suricata modbus", sensor="suricata",
        severity="high", techniques=("T0855",), text="Misc",
    )  # fmt: skip
    assert (back.address, back.severity) == ("10.0.0.1", "low")
    assert (target.address, target.peer, target.sensor) == ("10.0.0.1", "10.0.0.2", "eth1")
    (read,) = open_recording(small_site(), path)
    deliveries = read_all(read)
    assert sum(len(records) for delivery in deliveries for records in delivery.network) == 4, "it stays a row besides"
    balance = total(deliveries)
    assert (balance.read, balance.accepted) == (4, 4)


RECORDS = {
    "kind": "alert",
    "time": "when.at",
    "fields": {"signature": "rule.name", "host": "host", "family": "tool", "severity": "rule.level"},
    "values": {"severity": {"1": "high"}},
    "constants": {"sensor": "siem"},
}


def test_any_tool_by_a_mapping_of_fields_that_may_lie_in_others() -> None:
    reader = RecordReader(small_site(), "siem", Mapping.model_validate({"records": RECORDS}))
    record = {"when": {"at": "2026-02-25T06:13:20Z"}, "rule": {"name": 77, "level": 1}, "host": "hmi-1", "tool": "av"}
    found = reader.read(json.dumps(record).encode(), 3)
    assert found.occurred == AT
    assert found.body == ToolAlert(signature="77", host="hmi-1", family="av", severity="high", sensor="siem")
    assert reader.read(json.dumps({**record, "rule.name": "own"}).encode(), 3).body.signature == "own"
    with pytest.raises(Refused, match="time-unreadable"):
        reader.read(json.dumps({**record, "when": 5}).encode(), 3)
    with pytest.raises(Refused, match="wrong-fields"):
        reader.read(json.dumps({**record, "rule": {"level": 1}}).encode(), 3)


def mangled(made: dict[str, Any], way: list[int], value: Any) -> dict[str, Any]:
    """A record in which something, at any depth, is something else."""
    made = json.loads(json.dumps(made))
    inside: Any = made
    for turn in way:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        if not keys:
            break
        key = keys[turn % len(keys)]
        if not isinstance(inside[key], dict | list) or turn % 3 == 0:
            inside[key] = value
            break
        inside = inside[key]
    return made


@settings(max_examples=300)
@given(
    number=st.integers(0, 2),
    way=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(),
        st.lists(st.none()), st.just({}), st.just("x" * 10_000),
    ),
)  # fmt: skip
def test_a_record_that_says_anything_is_an_event_that_can_be_kept_or_is_refused(
    number: int, way: list[int], value: Any
) -> None:
    reading = (WazuhReading(), AMinerReading(), EveReading())[number]
    line = mangled((wazuh(), aminer(), eve())[number], way, value)
    said = Said()
    reading.read([json.dumps(line).encode()], "log", "log", 1, said)
    assert said.balance.balances
    assert len(said.alerts) in (0, 1)
    for at, body, sequence in said.alerts:
        assert sequence is None or 0 <= sequence < 1 << 63
        assert msgspec.convert(msgspec.to_builtins(body), ToolAlert) == body
        assert 0 < at < 1 << 62
        assert max(map(len, (body.signature, body.host, body.address, body.family, body.sensor, body.text))) <= 512
