"""Trust in sensors: what normal data teach of each, and which cells are not to be leaned on."""

from infrastress.detectors.process.trust.mask import Trust

__all__ = ["Trust"]
