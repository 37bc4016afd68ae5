"""Network records for tests of rules, and blocks of them."""

from typing import Any

import numpy as np

from infrastress.core.time import MINUTE, SECOND
from infrastress.detectors.network import NetworkRuleDetector
from infrastress.events import NetworkRecords, NetworkRow
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site

START = 1_767_225_600 * SECOND
PLC, HMI, ENG, LAPTOP, OFFICE = "10.20.10.11", "10.20.20.21", "10.20.20.31", "10.20.10.99", "10.20.40.51"


def site() -> Site:
    """Two controllers, an HMI, an engineering station and an office, in zones with one conduit."""

    def host(name: str, role: str, zone: str, net: str, address: str) -> dict[str, Any]:
        interface = {"network": net, "address": address}
        return {"id": name, "type": "host", "role": role, "security_zone": zone, "interfaces": [interface]}

    return Site.model_validate(
        {
            "id": "plant",
            "security_zones": [
                {"id": "control", "level": 1},
                {"id": "supervisory", "level": 2},
                {"id": "it", "level": 4},
            ],
            "conduits": [{"id": "c", "from": "supervisory", "to": "control", "protocols": ["modbus", "s7"]}],
            "networks": [
                {"id": "net-c", "cidr": "10.20.10.0/24", "security_zone": "control"},
                {"id": "net-s", "cidr": "10.20.20.0/24", "security_zone": "supervisory"},
                {"id": "net-it", "cidr": "10.20.40.0/24", "security_zone": "it"},
            ],
            "zones": [{"id": "hall"}],
            "assets": [
                {
                    "id": "PLC-1",
                    "type": "controller",
                    "zone": "hall",
                    "interfaces": [{"network": "net-c", "address": PLC}],
                },
                {"id": "PLC-2", "type": "controller", "interfaces": [{"network": "net-c", "address": "10.20.10.12"}]},
                host("HMI-1", "hmi", "supervisory", "net-s", HMI),
                host("ENG-1", "engineering", "supervisory", "net-s", ENG),
                host("WS-1", "workstation", "it", "net-it", OFFICE),
            ],
            "sources": [{"id": "tap", "kind": "network"}],
        }
    )


def said(at: float, client: str = HMI, server: str = PLC, **fields: Any) -> NetworkRow:
    """A Modbus read that was answered, unless told otherwise; `at` in s."""
    kind = fields.get("kind", "transaction")
    usual = {
        "kind": "transaction",
        "protocol": "modbus",
        "transport": "tcp",
        "unit": 1,
        "function": 3,
        "function_name": "read holding registers",
        "action": "read",
        "ok": True if kind == "transaction" else None,
        "sender": "client",
        "capture": "a.pcap",
        "packet": round(at * 10) + 1,
        "server_port": 502,
    }
    return NetworkRow(START + round(at * SECOND), client=client, server=server, **{**usual, **fields})


def block(*rows: NetworkRow, until: float | None = None, source: str = "tap", width: int = 1) -> Block:
    """Frames of some minutes from the start on, with all rows known when they were over."""
    records = NetworkRecords.from_rows("plant", source, 0, rows)
    records = records.take(np.argsort(records.known, kind="stable"))
    last = max([int(t) for t in records.known] + [START + round((until or 0) * SECOND)])
    frame = width * MINUTE
    ends = np.arange(START // frame + 1, -(-last // frame) + 1, dtype=np.int64) * frame
    nothing = np.empty((len(ends), 0))
    return Block(Frames(frame, ends, (), nothing, nothing, nothing.astype(np.int32)), (), (records,))


def judge(*rows: NetworkRow, until: float | None = None, given: Site | None = None, **options: Any) -> list[Finding]:
    """What the rules say."""
    detector = NetworkRuleDetector(given or site(), NetworkRuleDetector.Options(**options))
    return detector.update(block(*rows, until=until))


def raised(found: list[Finding]) -> list[str]:
    """Rules raised, in order."""
    return [one.body.rule for one in found if one.body.phase == "raised"]


def polling(
    until: float, every: float = 2.0, client: str = HMI, server: str = PLC, begin: float = 1.0
) -> list[NetworkRow]:
    """Reads at a steady pace."""
    return [said(at, client, server) for at in np.arange(begin, until, every).tolist()]
