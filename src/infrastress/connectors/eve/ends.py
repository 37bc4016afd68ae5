"""What most EVE lines share: when, between whom, over what."""

from typing import Any, Final

from infrastress.connectors.nids.reading import Record
from infrastress.connectors.nids.rows import row_of
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.core.errors import InputError
from infrastress.core.time import from_iso
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Kind, Protocol, Transport

__all__ = ["PROTOCOLS", "Rows", "head", "moment", "number", "time_of"]

PROTOCOLS: Final = {
    **{str(protocol): protocol for protocol in Protocol},
    **{"rfb": Protocol.VNC, "ftp-data": Protocol.FTP, "http1": Protocol.HTTP, "http2": Protocol.HTTP},
}
"""Suricata's names of application protocols; what it calls `failed` or `unknown` isn't known."""
_TRANSPORTS: Final = {"TCP": Transport.TCP, "UDP": Transport.UDP, "ARP": Transport.ETHERNET}


def time_of(text: Any) -> int:
    """A time of EVE in ns; raises ValueError."""
    try:
        return from_iso(text)
    except InputError as error:
        raise ValueError(error.what) from None


def moment(record: Record) -> int:
    """When the line was written about, ns."""
    return time_of(record["timestamp"])


def number(value: Any) -> int:
    """A whole number; raises TypeError."""
    if type(value) is not int:
        raise TypeError("no whole number")
    return value


def head(record: Record, log: str) -> dict[str, Any]:
    """Fields of the row that stand in every line; the source is the client but in alerts and packets' own lines.

    A packet's number is known where Suricata reads a capture; live, `capture` is the interface.
    """
    tags = [number(tag) for tag in record.get("vlan") or ()]
    place = record.get("pcap_filename") or record.get("in_iface") or log
    return {
        "time": moment(record),
        "transport": _TRANSPORTS.get(record["proto"], Transport.IP),
        "client": record["src_ip"],
        "server": record["dest_ip"],
        "client_port": record.get("src_port"),
        "server_port": record.get("dest_port"),
        "vlan": tags[-1] if tags else None,
        "outer_vlan": tags[0] if len(tags) > 1 else None,
        "capture": str(place).rpartition("/")[2],
        "packet": record.get("pcap_cnt"),
    }


class Rows:
    """Where a dissector's messages become rows of one line."""

    def __init__(self, head: dict[str, Any], protocol: Protocol) -> None:
        self.rows: list[NetworkRow] = []
        self.time, self.packet = head["time"], 0
        self._head, self._protocol = head, protocol

    def write(self, kind: Kind, message: Message, reply: Message | None, from_client: bool) -> None:
        """As `pcap.protocols.base.Writer`."""
        self.rows.append(row_of(self._head, self._protocol, kind, message, reply=reply, from_client=from_client))
