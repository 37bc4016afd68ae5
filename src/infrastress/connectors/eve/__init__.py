"""Suricata's EVE JSON logs, recorded or growing, as network records."""

from infrastress.connectors.eve.connectors import EveConnector, EveLogConnector

__all__ = ["EveConnector", "EveLogConnector"]
