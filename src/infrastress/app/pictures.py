"""The demo's pictures: the incident's story, and the level the operators saw beside the true one."""

from pathlib import Path
from typing import Any

import numpy as np

from infrastress.app.demo.headless import Demo
from infrastress.app.files import make_folder
from infrastress.app.plots import plot_incident, plot_signal
from infrastress.app.reading import open_recordings
from infrastress.app.story import local_zone
from infrastress.core.units import scale_of
from infrastress.evaluation.results import read_detections
from infrastress.site.assets import Tank

__all__ = ["draw_pictures"]


def draw_pictures(demo: Demo) -> list[Path]:
    """Write the pictures into `plots/` of the demo's folder."""
    if demo.full.incident is None:
        return []
    folder = make_folder(demo.out / "plots")
    story, level = folder / "incident.png", folder / "level.png"
    plot_incident(demo.full.incident, read_detections(demo.out / "result"), demo.site, story)
    _level(demo, level)
    return [story, level]


def _level(demo: Demo, path: Path) -> None:
    """The tank's gauge against the true level, from the receipt's begin to its end."""
    tank = demo.facts["tank"]
    signal = next(signal for signal in demo.site.signals_of[tank] if signal.kind == "level")
    true_times = np.array(demo.facts["true_level"]["times"], dtype=np.int64)
    true_level = np.array(demo.facts["true_level"]["level_m"])
    times: list[Any] = []
    values: list[Any] = []
    for connector in open_recordings(demo.site, demo.out / "site", [demo.out / "attack"]):
        for delivery in connector.deliveries():
            for samples in delivery.samples:
                times.append(samples.times)
                values.append(samples.values[:, samples.tags.index(signal.id)])
    time, value = np.concatenate(times), np.concatenate(values)
    shown = (time >= true_times[0]) & (time <= true_times[-1])
    facts = demo.facts
    marks = [(facts["freeze_at"], "gauge begins to lie"), (facts["overflow_at"], "overflow")]
    if demo.full.first_alarm is not None:
        marks.append((demo.full.first_alarm.observed, "first alarm"))
    body = demo.site.asset_by_id[tank]
    limits = [(body.height_m, "brim")] if isinstance(body, Tank) else []
    plot_signal(
        time[shown],
        value[shown],
        signal=signal,
        spans=[(facts["freeze_at"], int(true_times[-1]), "falsified")],
        marks=sorted(marks),
        path=path,
        truth=np.interp(time[shown], true_times, true_level) * scale_of("m").factor,
        zone=local_zone(demo.site),
        limits=limits,
        title=f"{tank}: what the operators saw, and what was true",
    )
