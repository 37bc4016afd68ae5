"""Reports by staff and neighbours: what the form took, into the stream."""

from infrastress.connectors.reports.connector import ReportsConnector
from infrastress.connectors.reports.options import ReportsOptions

__all__ = ["ReportsConnector", "ReportsOptions"]
