"""Recording folders: what a simulator played, written as the files a plant would hand over."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log10
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from infrastress.app.files import make_folder, write_json
from infrastress.core.time import to_iso
from infrastress.core.units import scale_of
from infrastress.events import Samples, event_to_json
from infrastress.simulators.base import Realisation, Scenario, TruthSpan
from infrastress.site import Site

__all__ = ["Written", "write_recording"]

_DECIMALS = 6  # of signals that don't state a resolution


@dataclass(frozen=True)
class Written:
    """What a recording folder holds, in rows."""

    folder: Path
    rows: int
    events: int
    spans: int


def write_recording(
    folder: Path,
    *,
    site: Site,
    scenario: Scenario,
    seed: int,
    played: Realisation,
) -> Written:
    """Write telemetry.csv (signals' own units), events.jsonl and truth.json.

    Args:
        folder: made where it isn't there; files of the same names are replaced.
        site: the site model.
        scenario: what was played.
        seed: with which seed.
        played: the simulator's realisation; its samples are consumed.
    """
    make_folder(folder)
    rows = 0
    with (folder / "telemetry.csv").open("wb") as out:
        for batch in _tables(site, played.samples):
            options = pyarrow.csv.WriteOptions(include_header=rows == 0, quoting_style="none")
            _write(out, batch, options)
            rows += batch.num_rows
    with (folder / "events.jsonl").open("wb") as out:
        for event in played.events:
            out.write(event_to_json(event) + b"\n")
    truth = {
        "scenario": scenario.name,
        "seed": seed,
        "spans": [_span(span) for span in played.truth],
        "facts": played.facts,
    }
    write_json(folder / "truth.json", truth)
    return Written(folder, rows, len(played.events), len(played.truth))


def _write(out: IO[bytes], batch: pa.RecordBatch, options: Any) -> None:
    pyarrow.csv.write_csv(batch, out, options)


def _tables(site: Site, chunks: Iterator[Samples]) -> Iterator[pa.RecordBatch]:
    """Chunks in the signals' own units, times as ISO 8601, NaN as an empty cell; the first chunk fixes the columns."""
    tags: tuple[str, ...] | None = None
    for chunk in chunks:
        tags = tags or chunk.tags
        if chunk.tags != tags:
            order = [chunk.tags.index(tag) for tag in tags]
            values = chunk.values[:, order]
        else:
            values = chunk.values
        columns = [pa.array(_iso(chunk.times))]
        for i, tag in enumerate(tags):
            signal = site.signal_by_id[tag]
            scale = scale_of(signal.unit)
            own = np.round((values[:, i] - scale.offset) / scale.factor, _decimals(signal.resolution))
            columns.append(pa.array(own, from_pandas=True))
        yield pa.RecordBatch.from_arrays(columns, names=["time", *tags])


def _decimals(resolution: float) -> int:
    return _DECIMALS if resolution <= 0 else max(0, ceil(-log10(resolution)) + 1)


def _iso(times: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    unit, step = next(
        (u, s) for u, s in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)) if not (times % s).any()
    )
    return np.char.add(np.datetime_as_string((times // step).astype(f"datetime64[{unit}]")), "Z")


def _span(span: TruthSpan) -> dict[str, Any]:
    return {
        "kind": span.kind,
        "malicious": span.malicious,
        "began": to_iso(span.began),
        "ended": to_iso(span.ended),
        "assets": span.assets,
        "signals": span.signals,
        "note": span.note,
    }
