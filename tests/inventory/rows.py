"""Network rows by hand: an hour of a small plant, and any rows at all for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from infrastress.core.time import MINUTE, SECOND
from infrastress.events import NetworkRecords, NetworkRow
from infrastress.inventory.gather import gather
from infrastress.inventory.heard import Heard

T0 = 1_770_000_000 * SECOND
HMI, PLC, SIS, LAPTOP = "10.20.20.21", "10.20.10.12", "10.20.5.11", "10.20.10.99"
MACS = {HMI: "00:0c:29:00:00:21", PLC: "02:00:0a:14:0a:0c", SIS: "02:00:0a:14:05:0b", LAPTOP: "3c:a9:f4:00:00:99"}


def row(client: str = HMI, server: str = PLC, **fields: Any) -> NetworkRow:
    """A Modbus read that was answered, or what `fields` say of it."""
    whole: dict[str, Any] = {
        "time": T0, "kind": "transaction", "protocol": "modbus", "transport": "tcp", "client": client,
        "server": server, "client_mac": MACS.get(client), "server_mac": MACS.get(server), "server_port": 502,
        "sender": "client", "unit": 1, "action": "read", "function_name": "read holding registers", "ok": True,
        "response_ns": 5_000_000, "bytes": 24,
    }  # fmt: skip
    return NetworkRow(**whole | fields)


def polls(count: int = 60, client: str = HMI, server: str = PLC, **fields: Any) -> list[NetworkRow]:
    """A read a minute."""
    return [row(client, server, time=T0 + i * MINUTE, **fields) for i in range(count)]


def records(rows: list[NetworkRow], source: str = "tap") -> NetworkRecords:
    """As one batch."""
    return NetworkRecords.from_rows("plant", source, 0, rows)


def heard(rows: list[NetworkRow], **bounds: int) -> Heard:
    """What rows tell."""
    found = Heard(**bounds)
    gather(found, records(rows))
    return found


_word = st.sampled_from
any_row = st.builds(
    row,
    client=_word([HMI, PLC, LAPTOP, "fe80::1", "0.0.0.0", ""]),  # noqa: S104  # nothing is bound
    server=_word([PLC, SIS, HMI, "255.255.255.255"]),
    time=st.integers(T0, T0 + 300 * MINUTE),
    kind=_word(["transaction", "request", "response", "message", "connection", "malformed"]),
    protocol=_word(["modbus", "arp", "cip", "smb", "unknown"]),
    transport=_word(["tcp", "udp"]),
    sender=_word(["client", "server", None]),
    client_mac=_word([None, *MACS.values(), "ff:ff:ff:ff:ff:ff"]),
    server_mac=_word([None, *MACS.values(), "01:00:5e:00:00:01"]),
    action=_word([None, "read", "write", "stop"]),
    function_name=_word([None, "read coils", "stop"]),
    ok=_word([True, False, None]),
    unit=_word([None, 0, 1, 255]),
    vlan=_word([None, 10]),
    quantity=_word([None, 3, 10**12]),
    bytes=_word([None, 12]),
    identity=_word([None, "VendorName=Ä\x1b[31m", "application=A; client uri=B"]),
    response_ns=_word([None, 1_000]),
)
