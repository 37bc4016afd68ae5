"""Tracks of drones, vehicles, vessels and people: Cursor on Target and AIS, live and recorded."""

from infrastress.connectors.tracks.connectors import AisConnector, CotConnector

__all__ = ["AisConnector", "CotConnector"]
