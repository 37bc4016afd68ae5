"""Alerts of other tools, recorded or growing: Wazuh's alerts.json and AMiner's JSON."""

from infrastress.connectors.alerts.connectors import (
    AMinerConnector,
    AMinerLogConnector,
    WazuhConnector,
    WazuhLogConnector,
)

__all__ = ["AMinerConnector", "AMinerLogConnector", "WazuhConnector", "WazuhLogConnector"]
