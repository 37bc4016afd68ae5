"""Flows, address resolution and alerts of EVE."""

from typing import Any, Final

from infrastress.connectors.eve.ends import PROTOCOLS, head, moment, number, time_of
from infrastress.connectors.nids.reading import Record, text_of
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport

__all__ = ["alert_row", "arp_row", "flow_row"]

_SYN: Final = 2
_RST: Final = 4
_ICMP: Final = ("ICMP", "IPv6-ICMP")


def flow_row(record: Record, log: str) -> NetworkRow:
    """A connection that ended or went quiet. How much payload it carried EVE doesn't say: it counts whole frames."""
    flow, top = record["flow"], head(record, log)
    begin, end = time_of(flow["start"]), time_of(flow["end"])
    back = number(flow["pkts_toclient"])
    ok: bool | None = None if record["proto"] == "UDP" and not back else True
    error = None
    if record["proto"] == "TCP" and (tcp := record.get("tcp")) is not None:
        asked, answered = (int(tcp.get(name) or "0", 16) for name in ("tcp_flags_ts", "tcp_flags_tc"))
        if asked & _SYN and not answered & _SYN:
            ok, error = False, "refused" if answered & _RST else "no answer"
    protocol = Protocol.ICMP if record["proto"] in _ICMP else _protocol(record.get("app_proto"))
    macs = record.get("ether") or {}
    return NetworkRow(
        kind=Kind.CONNECTION,
        protocol=protocol,
        sender=Sender.CLIENT,
        response_ns=max(0, end - begin),
        ok=ok,
        error=error,
        quantity=number(flow["pkts_toserver"]) + back,
        client_mac=_only(macs.get("src_macs")),
        server_mac=_only(macs.get("dest_macs")),
        **{**top, "time": begin},
    )


def _only(macs: Any) -> str | None:
    return macs[0] if isinstance(macs, list) and len(macs) == 1 else None


def _protocol(name: Any) -> Protocol:
    return PROTOCOLS.get(name, Protocol.UNKNOWN) if isinstance(name, str) else Protocol.UNKNOWN


def arp_row(record: Record, log: str) -> NetworkRow:
    """Who says to have which address."""
    said = record["arp"]
    name = said["opcode"]
    return NetworkRow(
        time=moment(record),
        kind=Kind.MESSAGE,
        protocol=Protocol.ARP,
        transport=Transport.ETHERNET,
        client=said["src_ip"],
        server=said["dest_ip"],
        client_mac=said["src_mac"],
        server_mac=said["dest_mac"],
        sender=Sender.CLIENT,
        function={"request": 1, "reply": 2}.get(name),
        function_name=name,
        capture=record.get("in_iface") or log,
        packet=record.get("pcap_cnt"),
    )


def alert_row(record: Record, log: str) -> NetworkRow:
    """What a rule of Suricata's found, as it says it."""
    alert, top = record["alert"], head(record, log)
    from_client = record.get("direction") != "to_client"
    ends = (("client", "server"), ("client_port", "server_port"))
    if not from_client:
        top |= {name: top[other] for pair in ends for name, other in (pair, pair[::-1])}
    return NetworkRow(
        kind=Kind.ALERT,
        protocol=_protocol(record.get("app_proto")),
        sender=Sender.CLIENT if from_client else Sender.SERVER,
        function=min(number(alert["signature_id"]), (1 << 31) - 1),
        function_name=text_of(alert["signature"]),
        object=text_of(alert.get("category")),
        exception=number(alert["severity"]),
        **top,
    )
