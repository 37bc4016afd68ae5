"""Access control: badges, doors, logins and sessions, and what they say together."""

from infrastress.detectors.access.base import AccessOptions
from infrastress.detectors.access.detector import AccessDetector

__all__ = ["AccessDetector", "AccessOptions"]
