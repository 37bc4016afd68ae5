"""The physics twin: the site's network model solved frame by frame beside what is reported."""

from infrastress.detectors.process.twin.detector import TwinDetector, TwinOptions

__all__ = ["TwinDetector", "TwinOptions"]
