"""What a site's detectors learn before they judge: ordinary days of its own, once a site, kept in the cache."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.network_detection import block
from benchmarks.playing import learned
from infrastress.app.baselines import Baseline
from infrastress.app.detecting import choose_detectors
from infrastress.app.scenarios import load_scenario, play
from infrastress.connectors.pcap.recorded import CaptureConnector, CaptureOptions
from infrastress.core.time import SECOND
from infrastress.events import NetworkRecords
from infrastress.simulators.base import TrafficPlan
from infrastress.simulators.parts import PartsSimulator
from infrastress.simulators.traffic import tapped
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["baselines_of"]


def baselines_of(
    site: Site, folder: Path, seeds: dict[str, Any], cache: Path, *, days: int | None
) -> dict[str, Baseline]:
    """Baselines of the site's detectors by name; learned where the cache has none.

    Args:
        site: the site.
        folder: its folder.
        seeds: the whole file of seeds.
        cache: a folder for this state of the sources.
        days: of each training run, instead of what the file says.
    """
    kept = cache / f"baselines-{site.id}-{days or 'all'}.json"
    if kept.is_file():
        found = json.loads(kept.read_text())
    else:
        found = dict(_learned(site, folder, seeds, days))
        kept.write_text(json.dumps(found))
    versions = {name: plugin.version for name, (plugin, _) in choose_detectors(site).items()}
    return {
        name: Baseline(detector=name, version=versions[name], site_version=site.version, baseline=baseline)
        for name, baseline in found.items()
    }


def _learned(site: Site, folder: Path, seeds: dict[str, Any], days: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
    told = seeds["training"]
    scenario = load_scenario(folder, told["scenario"], duration_h=24.0 * (days or told["days"]))
    members = {name: plugin for name, (plugin, _) in choose_detectors(site).items()}
    frames = [plugin for name, plugin in members.items() if name in ("process_residuals", "process_twin")]
    runs = told["seeds"][: 1 if days else None]
    if frames:
        yield from learned(PartsSimulator(site), scenario, runs, frames).items()
    if "network_baseline" in members:
        plugin = members["network_baseline"]
        hours = told["network"]["hours"] / (4 if days else 1)
        heard = (_heard(site, folder, seeds, seed, hours) for seed in told["network"]["seeds"][: 1 if days else None])
        width = round(site.runtime.frame_s * SECOND)
        lesson = plugin.learn(site, plugin.Options(), (block(one, width) for one in heard))
        if lesson is not None:
            yield "network_baseline", lesson.baseline


def _heard(site: Site, folder: Path, seeds: dict[str, Any], seed: int, hours: float) -> NetworkRecords:
    """What the control network of ordinary days says."""
    told = seeds["training"]
    scenario = load_scenario(folder, told["scenario"], duration_h=hours)
    scenario = scenario.model_copy(update={"traffic": TrafficPlan(poll_s=seeds["poll_s"])})
    with tempfile.TemporaryDirectory() as out:
        played = tapped(site, scenario, replace(play(site, scenario, seed), traffic=None), seed, Path(out))
        for _ in played.samples:
            pass
        found = []
        for path in sorted(Path(out).glob("*.pcap")):
            connector = CaptureConnector(site, Source(id="tap", kind="network"), CaptureOptions(path=path))
            found += [one for delivery in connector.deliveries() for one in delivery.network]
    records = NetworkRecords.joined(found)
    return records.take(np.argsort(records.known, kind="stable"))
