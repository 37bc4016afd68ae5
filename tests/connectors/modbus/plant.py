"""Small plants with registers, for the Modbus connector."""

from typing import Any

from infrastress.connectors.base import LiveContext
from infrastress.connectors.modbus import ModbusConnector, ModbusOptions
from infrastress.site import Site

__all__ = ["connector", "plant", "signal"]


def signal(name: str, address: int, controller: str = "PLC-1", **register: Any) -> dict[str, Any]:
    """A signal without a unit at an address."""
    return {
        "id": name, "asset": "T1", "kind": "other", "source": "scada",
        "register": {"controller": controller, "table": "input", "address": address, **register},
    }  # fmt: skip


def plant(*signals: dict[str, Any], controllers: tuple[str, ...] = ("PLC-1",), **interface: Any) -> Site:
    """A site of controllers; `interface` is what the model says of the first one's."""
    assets: list[dict[str, Any]] = [
        {"id": "T1", "type": "tank", "height_m": 10, "diameter_m": 8},
        *({"id": name, "type": "controller"} for name in controllers),
    ]
    if interface:
        assets[1]["interfaces"] = [{"network": "ot", "protocol": "modbus", **interface}]
    return Site.model_validate(
        {
            "id": "plant",
            "assets": assets,
            "signals": signals,
            "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 0.05}],
        }
    )


def connector(site: Site, port: int, context: LiveContext | None = None, **options: Any) -> ModbusConnector:
    """Every controller of the site at a port of loopback, units 1, 2, ... in the order of the site."""
    controllers = list(dict.fromkeys(s.register_.controller for s in site.signals if s.register_ is not None))
    devices = {name: {"host": "127.0.0.1", "port": port, "unit": unit} for unit, name in enumerate(controllers, 1)}
    given = {"devices": devices, "timeout_s": 0.3, "retry_max_s": 0.2, "min_gap_ms": 0, "max_requests_per_s": 1000}
    parsed = ModbusOptions.model_validate(given | options)
    return ModbusConnector(site, site.source_by_id["scada"], parsed, context or LiveContext())
