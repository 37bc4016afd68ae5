"""Network rules: what is said on the network, held against the site model and the protocols' own sense."""

from infrastress.detectors.network.baseline import NetworkBaselineDetector
from infrastress.detectors.network.detector import NetworkRuleDetector

__all__ = ["NetworkBaselineDetector", "NetworkRuleDetector"]
