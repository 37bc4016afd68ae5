"""Dissectors, one module a protocol; asked in order, those with the surest marks first."""

from typing import Final

from infrastress.connectors.pcap.protocols.bacnet import BacnetDissector
from infrastress.connectors.pcap.protocols.base import Dissector
from infrastress.connectors.pcap.protocols.dnp3 import Dnp3Dissector
from infrastress.connectors.pcap.protocols.enip import EnipDissector
from infrastress.connectors.pcap.protocols.iec104 import Iec104Dissector
from infrastress.connectors.pcap.protocols.modbus import ModbusDissector
from infrastress.connectors.pcap.protocols.opcua import OpcUaDissector
from infrastress.connectors.pcap.protocols.rdp import RdpDissector
from infrastress.connectors.pcap.protocols.s7comm import S7Dissector
from infrastress.connectors.pcap.protocols.smb import SmbDissector
from infrastress.connectors.pcap.protocols.ssh import SshDissector
from infrastress.connectors.pcap.protocols.texts import (
    FtpDissector,
    HttpDissector,
    TelnetDissector,
    TftpDissector,
    VncDissector,
)
from infrastress.connectors.pcap.protocols.tls import TlsDissector
from infrastress.events.network_terms import Transport

__all__ = ["DISSECTORS", "SERVER_PORTS", "dissector_for"]

DISSECTORS: Final[tuple[type[Dissector], ...]] = (
    Dnp3Dissector,
    Iec104Dissector,
    RdpDissector,
    S7Dissector,
    EnipDissector,
    OpcUaDissector,
    BacnetDissector,
    ModbusDissector,
    TlsDissector,
    SshDissector,
    SmbDissector,
    HttpDissector,
    FtpDissector,
    VncDissector,
    TelnetDissector,
    TftpDissector,
)
SERVER_PORTS: Final = frozenset(port for kind in DISSECTORS for port in kind.ports)
_BY_TRANSPORT: Final = {
    transport: tuple(kind for kind in DISSECTORS if transport in kind.transports) for transport in Transport
}


def dissector_for(data: bytes, transport: Transport) -> type[Dissector] | None:
    """Whose PDU begins with these bytes, if any's."""
    for kind in _BY_TRANSPORT[transport]:
        try:
            if kind.sniff(data):
                return kind
        except IndexError:  # too short for its marks
            continue
    return None
