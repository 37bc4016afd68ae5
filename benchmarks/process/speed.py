"""Speed: values judged a CPU second in batches, one record of 43 values at a time, and memory over a year of them.

Ours on C-Town as BATADAL names it: the year of dataset03 in batches, then one hour at a time, each record in a frame of
its own. River's HalfSpaceTrees and PyOD's PCA get the same rows in the same process.
"""

import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import table
from benchmarks.process.judges import declared
from benchmarks.public import ROOT, data_folder, run
from infrastress.app.detecting import choose_detectors
from infrastress.core.time import HOUR
from infrastress.core.units import scale_of
from infrastress.detectors.base import Detector
from infrastress.events.frames import Block, Frames
from infrastress.site import Site
from infrastress.site.load import load_site

__all__ = ["figures", "text"]

_BATCH = 1000
_WARM = 500


def figures(*, quick: bool = False) -> dict[str, Any]:
    """Ours and the rivals', JSON-able."""
    data = data_folder("batadal")
    rows = pd.read_csv(data / "dataset03.csv.gz", skipinitialspace=True).drop(columns=["DATETIME", "ATT_FLAG"])
    rows = rows.iloc[: 2000 if quick else None]
    values = np.round(rows.to_numpy(dtype=float), 2)
    with tempfile.TemporaryDirectory() as name:
        site = _site(Path(name))
    frames = _frames(site, values, tuple(rows.columns))
    taught = _teach(site, frames)
    batches = _batches(taught(), frames)
    single = _single(taught(), frames)
    memory = _memory(taught(), frames)
    return {
        "dataset": "speed",
        "ours": {"values_per_cpu_s": batches} | single | memory,
        "rivals": {"PyOD PCA": _pca(values), "River HalfSpaceTrees": _trees(values, 1000 if quick else 5000)},
        "configuration": declared(site),
        "trained_on": ["the rows that are then judged: only their cost is of interest"],
        "values": values.size,
    }


def _site(folder: Path) -> Site:
    signals = ROOT / "examples" / "batadal" / "signals.yaml"
    run("init", folder / "site", "--from-inp", data_folder("batadal") / "ctown_map.inp.gz", "--signals", signals)
    return load_site(folder / "site")


def _frames(site: Site, values: np.ndarray, names: Sequence[str]) -> Frames:
    tags = tuple(signal.id for signal in site.signals)
    si = np.empty((len(values), len(tags)))
    for i, tag in enumerate(tags):
        scale = scale_of(site.signal_by_id[tag].unit)
        si[:, i] = values[:, list(names).index(tag)] * scale.factor + scale.offset
    begin = 394_464 * HOUR  # 2015-01-01
    ends = begin + HOUR * np.arange(len(values), dtype=np.int64)
    return Frames(HOUR, ends, tags, si, si, np.ones(si.shape, dtype=np.int32))


def _teach(site: Site, frames: Frames) -> Callable[[], list[Detector]]:
    """What makes the site's process detectors, with what they learned."""
    chosen = {name: one for name, one in choose_detectors(site).items() if name not in ("site_events", "reports")}
    lessons = {name: member.learn(site, options, _blocks(frames)) for name, (member, options) in chosen.items()}
    known = {name: lesson.baseline for name, lesson in lessons.items() if lesson is not None}
    return lambda: [member(site, options, known.get(name)) for name, (member, options) in chosen.items()]


def _blocks(frames: Frames, size: int = _BATCH) -> Iterator[Block]:
    for begin in range(0, len(frames), size):
        yield Block(frames.part(begin, begin + size), ())


def _batches(detectors: Sequence[Detector], frames: Frames) -> float:
    """Values judged a CPU second, by all detectors together."""
    began = time.process_time()
    for block in _blocks(frames):
        for detector in detectors:
            detector.update(block)
    return frames.mean.size / (time.process_time() - began)


def _single(detectors: Sequence[Detector], frames: Frames) -> dict[str, float]:
    """CPU time of each record by itself, in the order of time."""
    costs = np.empty(len(frames))
    for i, block in enumerate(_blocks(frames, 1)):
        began = time.process_time()
        for detector in detectors:
            detector.update(block)
        costs[i] = time.process_time() - began
    late = 1e3 * costs[_WARM:]
    quarter = len(late) // 4
    return {
        "one_record_median_ms": float(np.median(late)),
        "one_record_p99_ms": float(np.quantile(late, 0.99)),
        "last_quarter_over_first": float(np.median(late[-quarter:]) / np.median(late[:quarter])),
    }


def _memory(detectors: Sequence[Detector], frames: Frames) -> dict[str, float]:
    """What is held more at the year's end than at its middle, record by record; and the size of the state, kB."""
    marks: list[int] = []
    half = len(frames) // 2
    for i, block in enumerate(_blocks(frames, 1)):
        if i == half - _WARM:
            tracemalloc.start()
        for detector in detectors:
            detector.update(block)
        if i in (half, len(frames) - 1):
            gc.collect()
            marks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    state = sum(len(detector.dump()) for detector in detectors)
    return {"memory_growth_kb": (marks[1] - marks[0]) / 1024, "state_kb": state / 1024}


def _pca(values: np.ndarray) -> dict[str, float]:
    from pyod.models.pca import PCA

    model: Any = PCA(random_state=0)
    model.fit(values)
    began = time.process_time()
    for begin in range(0, len(values), _BATCH):
        model.decision_function(values[begin : begin + _BATCH])
    return {"values_per_cpu_s": values.size / (time.process_time() - began)}


def _trees(values: np.ndarray, most: int) -> dict[str, float]:
    from river import anomaly, compose, preprocessing

    model: Any = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=0))
    rows = [dict(enumerate(row)) for row in values[:most].tolist()]
    costs = np.empty(len(rows))
    for i, row in enumerate(rows):
        began = time.process_time()
        model.score_one(row)
        model.learn_one(row)
        costs[i] = time.process_time() - began
    late = costs[min(_WARM, len(costs) // 2) :]
    return {
        "values_per_cpu_s": values[:most].size / float(costs.sum()),
        "one_record_median_ms": 1e3 * float(np.median(late)),
        "one_record_p99_ms": 1e3 * float(np.quantile(late, 0.99)),
    }


def text(told: dict[str, Any]) -> str:
    """For people."""
    names = ("values_per_cpu_s", "one_record_median_ms", "one_record_p99_ms", "memory_growth_kb")
    rows = [
        [name, *(row.get(column, "-") for column in names)]
        for name, row in {"infrastress": told["ours"], **told["rivals"]}.items()
    ]
    return table(["", *names], rows)
