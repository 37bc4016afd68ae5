"""Lines of Zeek for tests, by the documentation of Zeek and of the ICSNPP packages: neither could be run here."""

from typing import Any

__all__ = ["line", "modbus_write"]


def line(ts: float = 1_700_000_000.5, **fields: Any) -> dict[str, Any]:
    ends = {"id.orig_h": "10.0.0.1", "id.orig_p": 40000, "id.resp_h": "10.0.0.2", "id.resp_p": 502}
    return {"ts": ts, "uid": "CHhAvVGS1DHFjwGM9", **ends, **fields}


def modbus_write(at: int, value: float) -> dict[str, Any]:
    values = {"request_values": [int(value)], "response_values": [int(value)]}
    said = {"tid": 1, "unit": 1, "func": "WRITE_SINGLE_REGISTER", "address": 100, "quantity": 1, "matched": True}
    return line(at / 1e9, **said, **values)
