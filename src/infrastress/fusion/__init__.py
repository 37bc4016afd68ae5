"""Detections become alarms and incidents."""

from infrastress.fusion.evidence import Alternative, Evidence, Hypothesis, Scorer
from infrastress.fusion.hypotheses import HYPOTHESES, TableScorer
from infrastress.fusion.unit import FusionUnit

__all__ = ["HYPOTHESES", "Alternative", "Evidence", "FusionUnit", "Hypothesis", "Scorer", "TableScorer"]
