"""Raw alerts: what another tool (an IDS, a SIEM, a log monitor) told, one record each; what can't be one is refused."""

from collections.abc import Mapping
from typing import NamedTuple

from infrastress.events.kinds import SEVERITIES, Severity

__all__ = ["UNKNOWN_HOST", "RawAlert", "fault_of", "normalised"]

UNKNOWN_HOST = "unknown"
_MOST = 512
_TIMES = range(0, 1 << 62)


class RawAlert(NamedTuple):
    """One alert as a tool told it; compares by time first, then by everything else, so that any order has one sort.

    Attributes:
        time: ns since 1970, when it happened as the tool says.
        host: whom it is about: a name, or an asset's id where the site knows it.
        signature: the tool's name of what it saw; the shorter and steadier the better ("W-Acc-400", "1:2024364").
        family: what kind of sensor saw it in what: tool and log ("suricata dns", "wazuh audit").
        sensor: the single instance that saw it.
        address: IP address of the host, "" where the tool doesn't say.
        severity: as the platform counts it.
        id: names it in its source.
        techniques: ids of ATT&CK that the tool names.
    """

    time: int
    host: str
    signature: str
    family: str = ""
    sensor: str = ""
    address: str = ""
    severity: Severity = "low"
    id: str = ""
    techniques: tuple[str, ...] = ()


def fault_of(alert: RawAlert) -> str:
    """Why an alert can't be taken ("time", "signature", "severity", "size"), "" where it can.

    A time far ahead isn't seen here, where there is no clock: admission (`runtime`) keeps that out.
    """
    if not isinstance(alert.time, int) or alert.time not in _TIMES:
        return "time"
    if not alert.signature:
        return "signature"
    if alert.severity not in SEVERITIES:
        return "severity"
    if max(len(alert.host), len(alert.signature), len(alert.family)) > _MOST or len(alert.id) > _MOST:
        return "size"
    return "size" if len(alert.sensor) > _MOST or len(alert.address) > _MOST else ""


def normalised(alert: RawAlert, names: Mapping[str, str]) -> RawAlert:
    """The alert with one name for its host, whichever way its tool names it.

    Args:
        alert: as told.
        names: asset by address and by lower-case host name, as the site model has them; a host's full name is also
            looked up without its domain.
    """
    host = alert.host.strip().rstrip(".").lower()
    known = names.get(alert.address) or names.get(host) or names.get(host.partition(".")[0])
    name = known or host or alert.address or UNKNOWN_HOST
    return alert if name == alert.host else alert._replace(host=name)
