"""Protocols that are named and not decoded, by the first bytes of a conversation, by EtherType and by IP protocol."""

from typing import Final

from infrastress.events.network_terms import Protocol, Transport

__all__ = ["ETHERTYPES", "IP_PROTOCOLS", "name_of"]

ETHERTYPES: Final = {
    0x8892: Protocol.PROFINET,
    0x88B8: Protocol.GOOSE,
    0x88BA: Protocol.SV,
    0x88CC: Protocol.LLDP,
}
IP_PROTOCOLS: Final = {1: Protocol.ICMP, 58: Protocol.ICMP}


def name_of(data: bytes, transport: Transport, server_port: int) -> Protocol | None:
    """What a conversation is by its first bytes; datagrams without marks of their own also by the server's port."""
    return _tcp(data) if transport is Transport.TCP else _udp(data, server_port)


def _tcp(data: bytes) -> Protocol | None:
    if data[:1] == b"\x10" and (b"\x00\x04MQTT" in data[:12] or b"\x00\x06MQIsdp" in data[:14]):
        return Protocol.MQTT
    return None


def _udp(data: bytes, port: int) -> Protocol | None:
    if len(data) >= 240 and data[236:240] == b"\x63\x82\x53\x63":
        return Protocol.DHCP
    if len(data) >= 12 and port in (53, 5353, 5355, 137) and data[4:6] <= b"\x00\x20":
        return Protocol.DNS
    if len(data) >= 48 and port == 123:
        return Protocol.NTP
    if data[:1] == b"\x30" and port in (161, 162):
        return Protocol.SNMP
    return None
