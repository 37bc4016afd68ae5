"""Lines of EVE for tests, of the form in which Suricata 7.0.10 wrote them."""

from datetime import UTC, datetime
from typing import Any

__all__ = ["event", "modbus_write", "stamp"]


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def event(kind: str, at: int = 1_700_000_000_000_000_000, **fields: Any) -> dict[str, Any]:
    ends = {"src_ip": "10.0.0.1", "src_port": 40000, "dest_ip": "10.0.0.2", "dest_port": 502, "proto": "TCP"}
    return {"timestamp": stamp(at), "flow_id": 77, "event_type": kind, **ends, **fields}


def modbus_write(at: int, value: float) -> dict[str, Any]:
    side = {"transaction_id": 1, "protocol_id": 0, "unit_id": 1, "function_raw": 6, "function_code": "WrSingleReg"}
    both = {**side, "write": {"address": 100, "data": int(value) % 65536}}
    return event("modbus", at, modbus={"id": 1, "request": both, "response": both})
