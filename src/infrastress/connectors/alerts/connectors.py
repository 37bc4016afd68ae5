"""Logs of alerts as sources: recorded, and as they are written."""

from typing import ClassVar

from infrastress.connectors.alerts.aminer import AMinerReading
from infrastress.connectors.alerts.wazuh import WazuhReading
from infrastress.connectors.nids.live import LogFollower
from infrastress.connectors.nids.reading import Reading
from infrastress.connectors.nids.recorded import LogConnector

__all__ = ["AMinerConnector", "AMinerLogConnector", "WazuhConnector", "WazuhLogConnector"]


class WazuhLogConnector(LogConnector):
    """Reads one recorded log of Wazuh's."""

    name: ClassVar[str] = "wazuh_log"
    reading: ClassVar[type[Reading]] = WazuhReading


class AMinerLogConnector(LogConnector):
    """Reads one recorded log of AMiner's."""

    name: ClassVar[str] = "aminer_log"
    reading: ClassVar[type[Reading]] = AMinerReading


class WazuhConnector(LogFollower):
    """Follows Wazuh's log: `path` is the alerts.json that its manager writes."""

    name: ClassVar[str] = "wazuh"
    reading: ClassVar[type[Reading]] = WazuhReading


class AMinerConnector(LogFollower):
    """Follows AMiner's log: `path` is the file that it writes, an object a line."""

    name: ClassVar[str] = "aminer"
    reading: ClassVar[type[Reading]] = AMinerReading
