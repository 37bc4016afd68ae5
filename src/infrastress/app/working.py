"""A site's part of shared work: detection and fusion, as duties that several processes share."""

from pathlib import Path

from infrastress.app.baselines import read_baselines, state_folder
from infrastress.app.detecting import build_detectors, cards_of, choose_detectors
from infrastress.app.orders import judgement, may_judge
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, Duty
from infrastress.site.load import load_site
from infrastress.store.ports import Store

__all__ = ["duties_of"]


def duties_of(store: Store, folder: Path) -> list[Duty]:
    """Detection and fusion of the site in a folder, side by side, once a replay into the store was ordered.

    Raises:
        SiteError: the site model has faults.
        BaselineError: what was learned doesn't fit this site any more.
    """
    site = load_site(folder)
    chosen = choose_detectors(site)
    versions = {name: plugin.version for name, (plugin, _) in chosen.items()}
    baselines = read_baselines(state_folder(folder, None), site, versions)
    judged_by = judgement(site, chosen, baselines)

    def detection() -> DetectionUnit:
        return DetectionUnit(site, build_detectors(site, chosen, baselines))

    def fusion() -> FusionUnit:
        return FusionUnit(site, cards=cards_of(chosen))

    def ready() -> bool:
        return may_judge(store, judged_by)

    return [Duty(f"ingest/{site.id}/main", detection, ready), Duty(f"fusion/{site.id}", fusion, ready)]
