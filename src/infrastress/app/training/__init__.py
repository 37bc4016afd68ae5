"""Training: recordings of normal days are read, judged, learned from, and what was learned is kept and told."""

from infrastress.app.training.exclusions import Exclusion, parse_span, read_exclusions
from infrastress.app.training.run import Trained, train
from infrastress.app.training.suspicion import Suspicion

__all__ = ["Exclusion", "Suspicion", "Trained", "parse_span", "read_exclusions", "train"]
