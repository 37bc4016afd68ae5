"""Reports by staff and neighbours: clusters, credibility, campaigns."""

from infrastress.detectors.reports.detector import ReportDetector
from infrastress.detectors.reports.options import ReportOptions

__all__ = ["ReportDetector", "ReportOptions"]
