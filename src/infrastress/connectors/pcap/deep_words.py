"""What tshark's dissectors are in our words: protocols of control networks and beside them, and their functions.

Only protocols that we don't read ourselves stand here: what our own parser has looked at and not believed is not taken
from another that goes by the port. Codes and names: IEC 61158-6-10 (PROFINET IO services), OMRON W342 (FINS commands),
RFC 3416 (SNMP PDUs), OASIS MQTT 3.1.1 section 2.2.1, IEEE C37.118.2 (frame types), FieldComm TP10300
(HART-IP messages), RFC 7252 (CoAP codes).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from infrastress.events.network_terms import Action, Protocol

__all__ = ["FIELDS", "INTERFACE", "PROFINET_INTERFACES", "READS", "Functions"]

Named = Mapping[int, tuple[str, Action]]


class Functions(NamedTuple):
    """A protocol in our words, the field of tshark that holds its function, and what the codes mean."""

    protocol: Protocol
    field: str = ""
    named: Named = MappingProxyType({})


_PROFINET: Final[Named] = {
    0: ("connect", Action.SESSION), 1: ("release", Action.SESSION), 2: ("read", Action.READ),
    3: ("write", Action.WRITE), 4: ("control", Action.SESSION), 5: ("read implicit", Action.READ),
}  # fmt: skip
_DCP: Final[Named] = {
    3: ("DCP get", Action.IDENTIFY), 4: ("DCP set", Action.CONFIGURE), 5: ("DCP identify", Action.IDENTIFY),
    6: ("DCP hello", Action.IDENTIFY),
}  # fmt: skip
_FINS: Final[Named] = {
    0x0101: ("memory area read", Action.READ), 0x0102: ("memory area write", Action.WRITE),
    0x0103: ("memory area fill", Action.WRITE), 0x0104: ("multiple memory area read", Action.READ),
    0x0105: ("memory area transfer", Action.WRITE), 0x0201: ("parameter area read", Action.UPLOAD),
    0x0202: ("parameter area write", Action.CONFIGURE), 0x0203: ("parameter area clear", Action.CONFIGURE),
    0x0304: ("program area protect", Action.SECURITY), 0x0305: ("program area protect clear", Action.SECURITY),
    0x0306: ("program area read", Action.UPLOAD), 0x0307: ("program area write", Action.DOWNLOAD),
    0x0308: ("program area clear", Action.DELETE), 0x0401: ("run", Action.START), 0x0402: ("stop", Action.STOP),
    0x0403: ("reset", Action.RESTART), 0x0501: ("controller data read", Action.IDENTIFY),
    0x0502: ("connection data read", Action.IDENTIFY), 0x0601: ("controller status read", Action.DIAGNOSE),
    0x0620: ("cycle time read", Action.DIAGNOSE), 0x0701: ("clock read", Action.READ),
    0x0702: ("clock write", Action.CLOCK), 0x0C01: ("access right acquire", Action.SECURITY),
    0x0C02: ("access right forced acquire", Action.SECURITY), 0x0C03: ("access right release", Action.SECURITY),
    0x2101: ("error clear", Action.ACKNOWLEDGE), 0x2102: ("error log read", Action.DIAGNOSE),
    0x2201: ("file name read", Action.BROWSE), 0x2202: ("file read", Action.FILE_READ),
    0x2203: ("file write", Action.FILE_WRITE), 0x2205: ("file delete", Action.DELETE),
    0x2301: ("forced set/reset", Action.OPERATE), 0x2302: ("forced set/reset cancel", Action.OPERATE),
}  # fmt: skip
_SNMP: Final[Named] = {
    0: ("get-request", Action.READ), 1: ("get-next-request", Action.READ), 2: ("response", Action.REPORT),
    3: ("set-request", Action.CONFIGURE), 5: ("get-bulk-request", Action.READ), 6: ("inform-request", Action.REPORT),
    7: ("trap", Action.REPORT),
}  # fmt: skip
_MQTT: Final[Named] = {
    1: ("CONNECT", Action.SESSION), 3: ("PUBLISH", Action.REPORT), 8: ("SUBSCRIBE", Action.SUBSCRIBE),
    14: ("DISCONNECT", Action.SESSION),
}  # fmt: skip
_SYNCHROPHASOR: Final[Named] = {
    0: ("data", Action.REPORT), 1: ("header", Action.IDENTIFY), 2: ("configuration 1", Action.IDENTIFY),
    3: ("configuration 2", Action.IDENTIFY), 4: ("command", Action.OTHER), 5: ("configuration 3", Action.IDENTIFY),
}  # fmt: skip
_HART: Final[Named] = {
    0: ("session initiate", Action.SESSION), 1: ("session close", Action.SESSION), 2: ("keep alive", Action.SESSION),
    3: ("token-passing PDU", Action.OTHER), 4: ("direct PDU", Action.OTHER),
}  # fmt: skip
_COAP: Final[Named] = {
    1: ("GET", Action.READ), 2: ("POST", Action.OTHER), 3: ("PUT", Action.WRITE), 4: ("DELETE", Action.DELETE),
}  # fmt: skip

READS: Final[dict[str, Functions]] = {
    "pn_io": Functions(Protocol.PROFINET, "dcerpc.opnum", _PROFINET),
    "pn_dcp": Functions(Protocol.PROFINET, "pn_dcp.service_id", _DCP),
    "pn_rt": Functions(Protocol.PROFINET),
    "pn_ptcp": Functions(Protocol.PROFINET),
    "pn_mrp": Functions(Protocol.PROFINET),
    "goose": Functions(Protocol.GOOSE),
    "sv": Functions(Protocol.SV),
    "omron": Functions(Protocol.FINS, "omron.command", _FINS),
    "hart_ip": Functions(Protocol.HART_IP, "hart_ip.message_id", _HART),
    "synphasor": Functions(Protocol.SYNCHROPHASOR, "synphasor.frtype", _SYNCHROPHASOR),
    "kip": Functions(Protocol.KNX),
    "ecat": Functions(Protocol.ETHERCAT),
    "epl": Functions(Protocol.POWERLINK),
    "dcerpc": Functions(Protocol.DCERPC, "dcerpc.opnum"),
    "snmp": Functions(Protocol.SNMP, "snmp.data", _SNMP),
    "mqtt": Functions(Protocol.MQTT, "mqtt.msgtype", _MQTT),
    "coap": Functions(Protocol.COAP, "coap.code", _COAP),
    "amqp": Functions(Protocol.AMQP),
    "ptp": Functions(Protocol.PTP),
    "lldp": Functions(Protocol.LLDP),
    "stp": Functions(Protocol.STP),
    "cdp": Functions(Protocol.CDP),
    "igmp": Functions(Protocol.IGMP),
    "dns": Functions(Protocol.DNS),
    "mdns": Functions(Protocol.DNS),
    "llmnr": Functions(Protocol.DNS),
    "nbns": Functions(Protocol.NETBIOS),
    "nbdgm": Functions(Protocol.NETBIOS),
    "dhcp": Functions(Protocol.DHCP),
    "dhcpv6": Functions(Protocol.DHCP),
    "ntp": Functions(Protocol.NTP),
    "ssdp": Functions(Protocol.SSDP),
    "rtsp": Functions(Protocol.RTSP),
    "syslog": Functions(Protocol.SYSLOG),
    "kerberos": Functions(Protocol.KERBEROS),
    "ldap": Functions(Protocol.LDAP),
}
"""By tshark's name of the protocol, as it stands in `frame.protocols`."""

INTERFACE: Final = "dcerpc.dg_if_id"
PROFINET_INTERFACES: Final = ("dea00001-", "dea00002-", "dea00003-", "dea00004-")
"""Beginnings of the UUIDs by which DCE/RPC is PROFINET IO's context management (IEC 61158-6-10)."""
FIELDS: Final = (*dict.fromkeys(one.field for one in READS.values() if one.field), INTERFACE)
"""Fields of tshark that are asked for."""
