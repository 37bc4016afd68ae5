"""A site's part of shared work: detection and fusion, as duties that several processes share."""

from collections.abc import Callable, Sequence
from pathlib import Path

from infrastress.app.baselines import Baseline, read_baselines, state_folder
from infrastress.app.detecting import Chosen, build_detectors, cards_of, choose_detectors
from infrastress.app.fusing import build_fusion, read_measured
from infrastress.app.orders import judgement, may_judge
from infrastress.evaluation.performance import Performance
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, Duty
from infrastress.site import Site
from infrastress.site.load import load_site
from infrastress.store.ports import Store

__all__ = ["duties_of", "live_duties", "read_judgement"]


def duties_of(store: Store, folder: Path) -> list[Duty]:
    """Detection and fusion of the site in a folder, side by side, once a replay into the store was ordered.

    Raises:
        SiteError: the site model has faults.
        BaselineError: what was learned doesn't fit this site any more.
        DecodeError: the file of measured rates is none.
    """
    site, chosen, baselines = read_judgement(folder)
    measured = read_measured(state_folder(folder, None))
    judged_by = judgement(site, chosen, baselines, measured)
    return _duties(site, chosen, baselines, measured, lambda: may_judge(store, judged_by))


def live_duties(
    site: Site, chosen: dict[str, Chosen], baselines: dict[str, Baseline], measured: Sequence[Performance] = ()
) -> list[Duty]:
    """The same for what comes in live: there is nothing to wait for."""
    return _duties(site, chosen, baselines, measured, lambda: True)


def read_judgement(folder: Path) -> tuple[Site, dict[str, Chosen], dict[str, Baseline]]:
    """A site, its detectors with their options, and what they learned; raises SiteError, BaselineError."""
    site = load_site(folder)
    chosen = choose_detectors(site)
    versions = {name: plugin.version for name, (plugin, _) in chosen.items()}
    return site, chosen, read_baselines(state_folder(folder, None), site, versions)


def _duties(
    site: Site,
    chosen: dict[str, Chosen],
    baselines: dict[str, Baseline],
    measured: Sequence[Performance],
    ready: Callable[[], bool],
) -> list[Duty]:
    def detection() -> DetectionUnit:
        return DetectionUnit(site, build_detectors(site, chosen, baselines))

    def fusion() -> FusionUnit:
        return build_fusion(site, cards_of(chosen), measured)

    return [Duty(f"ingest/{site.id}/main", detection, ready), Duty(f"fusion/{site.id}", fusion, ready)]
