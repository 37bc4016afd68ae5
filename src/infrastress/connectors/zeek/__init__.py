"""Zeek's JSON logs, recorded or growing, as network records."""

from infrastress.connectors.zeek.connectors import ZeekConnector, ZeekLogConnector

__all__ = ["ZeekConnector", "ZeekLogConnector"]
