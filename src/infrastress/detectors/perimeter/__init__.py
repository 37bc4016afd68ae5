"""Perimeter and life safety: fences, gas and fire, voting, and what is out of action."""

from infrastress.detectors.perimeter.base import PerimeterOptions
from infrastress.detectors.perimeter.detector import PerimeterDetector

__all__ = ["PerimeterDetector", "PerimeterOptions"]
