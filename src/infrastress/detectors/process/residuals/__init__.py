"""Learned residuals: each signal against what the others and its own past lead one to expect."""

from infrastress.detectors.process.residuals.detector import ResidualDetector, ResidualOptions

__all__ = ["ResidualDetector", "ResidualOptions"]
