"""A site's detectors: found by name, given their options and what they learned."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from infrastress.app.baselines import Baseline
from infrastress.core.errors import SiteError
from infrastress.core.plugins import load_plugin
from infrastress.detectors.base import Detector, RuleCard
from infrastress.site import Site
from infrastress.site.sources import SUCCESSORS, DetectorSettings

__all__ = ["DEFAULT_DETECTORS", "Chosen", "build_detectors", "cards_of", "choose_detectors"]

DEFAULT_DETECTORS = (
    "process_invariants",
    "process_residuals",
    "process_twin",
    "access",
    "perimeter",
    "reports",
    "site_network",
    "network_baseline",
    "tracks",
    "alerts",
)
"""What runs at a site that names no detectors."""

Chosen = tuple[type[Detector], Any]


def choose_detectors(site: Site) -> dict[str, Chosen]:
    """Class and options of each detector by name, in the site's order.

    Raises:
        PluginError: one isn't installed.
        SiteError: one is named twice, or its options don't fit.
    """
    settings = _with_successors(site.detectors) or tuple(DetectorSettings(detector=name) for name in DEFAULT_DETECTORS)
    chosen: dict[str, Chosen] = {}
    for setting in settings:
        if setting.detector in chosen:
            raise SiteError(f"detector {setting.detector!r} is named twice", where=f"{site.id}: detectors")
        plugin: type[Detector] = load_plugin("detectors", setting.detector)
        try:
            options = plugin.Options.model_validate(setting.options)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise SiteError(faults, where=f"{site.id}: options of detector {setting.detector!r}") from None
        chosen[setting.detector] = (plugin, options)
    return chosen


def _with_successors(settings: tuple[DetectorSettings, ...]) -> tuple[DetectorSettings, ...]:
    """The settings, with those in the place of a detector that is no more: a site of before loses none of its rules.

    An option of the older goes on with the rules that read it.
    """
    named = {setting.detector for setting in settings}
    added = []
    for setting in settings:
        for name in SUCCESSORS.get(setting.detector, ()):
            if name not in named:
                known = load_plugin("detectors", name).Options.model_fields
                options = {key: value for key, value in setting.options.items() if key in known}
                added.append(DetectorSettings(detector=name, options=options))
    return (*(setting for setting in settings if setting.detector not in SUCCESSORS), *added)


def build_detectors(site: Site, chosen: Mapping[str, Chosen], baselines: Mapping[str, Baseline]) -> list[Detector]:
    """Detectors ready to judge, each with its baseline where there is one."""
    return [
        plugin(site, options, baselines[name].baseline if name in baselines else None)
        for name, (plugin, options) in chosen.items()
    ]


def cards_of(chosen: Mapping[str, Chosen]) -> dict[str, RuleCard]:
    """Rule cards of all detectors and of the platform itself, by rule."""
    from infrastress.detectors.health import CARDS

    return {**CARDS, **{rule: card for plugin, _ in chosen.values() for rule, card in plugin.cards.items()}}
