"""Wazuh's alerts.json, an alert a line; fields as Wazuh 4 documents them."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from infrastress.connectors.alerts.wording import LONG, plain, techniques_of, time_of
from infrastress.connectors.nids.reading import Alert, Reading, Record
from infrastress.events import NetworkRow, ToolAlert
from infrastress.events.kinds import Severity

__all__ = ["WazuhReading"]

_MANAGER = "000"
"""Id of the manager's own agent: what it tells may be of a device without an agent, by syslog."""


class WazuhReading(Reading):
    """Reads alerts. A rule's number and its last group name what was seen: its words may hold names and addresses."""

    sensor: ClassVar[str] = "Wazuh"

    def rows(self, record: Record, log: str) -> list[NetworkRow]:
        """None: it tells nothing of the network."""
        del record, log
        return []

    def alerts(self, record: Record, log: str) -> Sequence[Alert]:
        """One."""
        del log
        rule, agent = record["rule"], record["agent"]
        groups = [plain(group) for group in rule.get("groups") or ()]
        number = plain(rule["id"])
        if not number:
            raise ValueError("a rule without a number")
        host, address = plain(agent["name"]), _address(agent.get("ip"))
        told_by = plain((record.get("predecoder") or {}).get("hostname"))
        if plain(agent.get("id")) == _MANAGER and told_by and told_by != host:
            host, address = told_by, ""
        decoder = plain((record.get("decoder") or {}).get("name"))
        data = record.get("data") or {}
        body = ToolAlert(
            signature=f"{number} {groups[-1]}" if groups else number,
            host=host,
            address=address,
            peer=_address(data.get("srcip") or data.get("src_ip")) if isinstance(data, dict) else "",
            family=f"wazuh {decoder}" if decoder else "wazuh",
            sensor=plain((record.get("manager") or {}).get("name")) or "wazuh",
            severity=_severity(rule["level"]),
            techniques=techniques_of((rule.get("mitre") or {}).get("id")),
            text=plain(rule.get("description"), LONG),
        )
        return (Alert(time_of(record["timestamp"]), body, _number(record.get("id"))),)


def _number(told: Any) -> int | None:
    """An alert's own id, `<seconds>.<offset>`, as a number: a line that is shipped twice is one alert."""
    found = _ID.fullmatch(told) if isinstance(told, str) else None
    return None if found is None else int(found[1]) * 10**9 + int(found[2])


def _address(told: Any) -> str:
    text = plain(told)
    return "" if text.lower() in ("any", "127.0.0.1", "::1") else text


def _severity(level: Any) -> Severity:
    """Wazuh's sixteen levels: from 12 on they are of high importance by its own table, 15 and more severe attacks."""
    if type(level) is not int:
        raise TypeError("level is no whole number")
    for least, severity in _LEVELS:
        if level >= least:
            return severity
    return "info"


_ID: Final = re.compile(r"([0-8]?\d{9})\.(\d{1,9})", re.ASCII)
_LEVELS: tuple[tuple[int, Severity], ...] = ((15, "critical"), (12, "high"), (7, "medium"), (4, "low"))
