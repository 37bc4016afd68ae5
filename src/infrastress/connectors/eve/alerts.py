"""EVE's alerts as alerts of a tool: what a rule of Suricata's found, and about which end."""

from typing import Final

from infrastress.connectors.alerts.wording import LONG, plain, techniques_of
from infrastress.connectors.eve.ends import moment, number
from infrastress.connectors.nids.reading import Alert, Record
from infrastress.events import ToolAlert
from infrastress.events.kinds import Severity

__all__ = ["alert_of"]

_SEVERITIES: Final[dict[int, Severity]] = {1: "high", 2: "medium", 3: "low"}
"""By Suricata's priority, 1 the highest."""


def alert_of(record: Record) -> Alert:
    """The alert of a line.

    It is about the end that the rule names as its target, otherwise about the server. Rules name techniques in their
    metadata, as `mitre_technique_id`.
    """
    alert = record["alert"]
    ends = plain(record["src_ip"]), plain(record["dest_ip"])
    target = plain((alert.get("target") or {}).get("ip"))
    server = ends[0] if record.get("direction") == "to_client" else ends[1]
    address = target if target in ends else server
    app = plain(record.get("app_proto"))
    metadata = alert.get("metadata") or {}
    body = ToolAlert(
        signature=f"{number(alert.get('gid', 1))}:{number(alert['signature_id'])} {plain(alert['signature'])}",
        address=address,
        peer=ends[0] if address == ends[1] else ends[1],
        family=f"suricata {app}" if app not in ("", "failed", "unknown") else "suricata",
        sensor=plain(record.get("host")) or plain(record.get("in_iface")) or "suricata",
        severity=_SEVERITIES.get(number(alert["severity"]), "info"),
        techniques=techniques_of(metadata.get("mitre_technique_id") if isinstance(metadata, dict) else None),
        text=plain(alert.get("category"), LONG),
    )
    return Alert(moment(record), body)
