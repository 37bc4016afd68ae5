"""Process invariants: what the site model says must hold, judged on telemetry frames."""

from infrastress.detectors.process.detector import InvariantDetector, InvariantOptions

__all__ = ["InvariantDetector", "InvariantOptions"]
