"""A site's fusion as the application runs it: with rule cards, and the risk model on the rates that were measured."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from infrastress.detectors.base import RuleCard
from infrastress.evaluation.performance import PERFORMANCE_FILE, Performance, load_performance
from infrastress.fusion import FusionUnit
from infrastress.fusion.risk.assess import refuse_wide
from infrastress.fusion.risk.scorer import RiskScorer
from infrastress.site import Site

__all__ = ["build_fusion", "read_measured"]


def build_fusion(site: Site, cards: Mapping[str, RuleCard], measured: Iterable[Performance] = ()) -> FusionUnit:
    """The unit of fusion of a site; raises ConfigurationError where a bow-tie of it can't be judged in time."""
    refuse_wide(site)
    return FusionUnit(site, RiskScorer(measured), cards=cards)


def read_measured(state: Path) -> tuple[Performance, ...]:
    """Measured rates of a site's detectors, none where nothing was measured; raises DecodeError."""
    return tuple(load_performance(state / PERFORMANCE_FILE))
