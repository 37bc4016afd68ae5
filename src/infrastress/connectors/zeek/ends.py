"""What most of Zeek's lines share: when, between whom."""

from typing import Any, Final

from infrastress.connectors.nids.reading import Record
from infrastress.core.errors import InputError
from infrastress.core.time import from_iso
from infrastress.events.network_terms import Protocol, Transport

__all__ = ["PROTOCOLS", "head", "moment", "plain", "service"]

PROTOCOLS: Final = {
    **{str(protocol): protocol for protocol in Protocol},
    **{"modbus_tcp": Protocol.MODBUS, "dnp3_tcp": Protocol.DNP3, "dnp3_udp": Protocol.DNP3, "ssl": Protocol.TLS},
    **{"rfb": Protocol.VNC, "ftp-data": Protocol.FTP, "opcua_binary": Protocol.OPCUA, "opcua-binary": Protocol.OPCUA},
    **{"s7comm_plus": Protocol.S7COMM_PLUS, "enip_tcp": Protocol.ENIP, "enip_udp": Protocol.ENIP},
}
"""Zeek's names of services."""
_TRANSPORTS: Final = {"tcp": Transport.TCP, "udp": Transport.UDP}
_UDP: Final = frozenset({"bacnet", "bacnet_property", "dns"})


def moment(record: Record, name: str = "ts") -> int:
    """A time in ns: seconds since 1970 or ISO 8601, as Zeek was told to write it.

    Raises:
        ValueError, TypeError: it is neither.
    """
    value = record[name]
    if isinstance(value, str):
        try:
            return from_iso(value)
        except InputError as error:
            raise ValueError(error.what) from None
    if not isinstance(value, int | float):
        raise TypeError("no time")
    return round(value * 1_000_000) * 1000


def head(record: Record, log: str) -> dict[str, Any]:
    """Fields of the row that stand in every line: the originator is the client."""
    inner, outer = record.get("inner_vlan"), record.get("vlan")
    default = Transport.UDP if log in _UDP else Transport.TCP
    proto = record.get("proto")
    return {
        "time": moment(record),
        "transport": _TRANSPORTS.get(proto, Transport.IP) if proto else default,
        "client": record["id.orig_h"],
        "server": record["id.resp_h"],
        "client_port": record.get("id.orig_p"),
        "server_port": record.get("id.resp_p"),
        "vlan": outer if inner is None else inner,
        "outer_vlan": None if inner is None else outer,
        "capture": log,
    }


def service(names: Any) -> Protocol:
    """The protocol of a connection; where Zeek names several, the last that is known here."""
    known = [PROTOCOLS[name] for name in str(names or "").split(",") if name in PROTOCOLS]
    return known[-1] if known else Protocol.UNKNOWN


def plain(name: str) -> str:
    """Zeek's names as they stand in rows: words in small letters."""
    return name.replace("_", " ").replace("-", " ").lower()
