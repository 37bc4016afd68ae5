"""Write a realisation as a recording folder: telemetry.csv, events.jsonl, truth.json.

Telemetry is written chunk by chunk, in the signals' own units rounded to their resolution;
so its length doesn't matter.
"""

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from infrastress.core.ids import canonical_json
from infrastress.core.time import to_iso
from infrastress.core.units import scale_of
from infrastress.events import Samples, event_to_json
from infrastress.simulators.base import Realisation, Scenario, TruthSpan
from infrastress.site import Site

__all__ = ["EVENTS_FILE", "TELEMETRY_FILE", "TRUTH_FILE", "write_realisation"]

TELEMETRY_FILE = "telemetry.csv"
EVENTS_FILE = "events.jsonl"
TRUTH_FILE = "truth.json"

_LEAST_STEP = 1e-9


def write_realisation(
    realisation: Realisation, site: Site, folder: Path, *, scenario: Scenario, seed: int
) -> dict[str, int]:
    """Write a run and use up its samples; the same run gives the same bytes.

    Args:
        realisation: what a simulator returned, not yet read.
        site: the site it ran on.
        folder: made where it isn't there; the three files in it are replaced. A run without telemetry has two.
        scenario: what was simulated.
        seed: what it was simulated with; both are named in truth.json.

    Returns:
        Numbers written: `rows`, `cells` of telemetry, `events`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = cells = 0
    chunks = iter(realisation.samples)
    first = next(chunks, None)
    if first is None:
        (folder / TELEMETRY_FILE).unlink(missing_ok=True)
    else:
        with (folder / TELEMETRY_FILE).open("wb") as file:
            schema = _table(first, site).schema
            file.write(",".join(schema.names).encode() + b"\n")
            options = csv.WriteOptions(quoting_style="none", include_header=False)
            with csv.CSVWriter(file, schema, write_options=options) as writer:
                for samples in chain([first], chunks):
                    writer.write_batch(_table(samples, site))
                    rows += len(samples)
                    cells += int(np.isfinite(samples.values).sum())
    with (folder / EVENTS_FILE).open("wb") as file:
        for event in realisation.events:
            file.write(event_to_json(event) + b"\n")
    truth = {
        "scenario": scenario.name,
        "seed": seed,
        "spans": [_span(span) for span in realisation.truth],
        "facts": _at_edges(realisation.facts),
    }
    (folder / TRUTH_FILE).write_bytes(canonical_json(truth) + b"\n")
    return {"rows": rows, "cells": cells, "events": len(realisation.events)}


def _table(samples: Samples, site: Site) -> pa.RecordBatch:
    columns = [_times(samples.times)]
    for i, tag in enumerate(samples.tags):
        signal = site.signal_by_id[tag]
        scale = scale_of(signal.unit)
        columns.append(_cells((samples.values[:, i] - scale.offset) / scale.factor, signal.resolution))
    return pa.RecordBatch.from_arrays(columns, names=["time", *samples.tags])


def _times(times: npt.NDArray[np.int64]) -> pa.Array:
    """ISO 8601 with Z, with milliseconds only where there are any."""
    whole = np.datetime_as_string(times.astype("datetime64[ns]").astype("datetime64[s]"))
    text = np.char.add(whole, "Z")
    uneven = np.flatnonzero(times % 1_000_000_000)
    if len(uneven):
        text = text.astype("U32")
        text[uneven] = [to_iso(int(times[i])) for i in uneven]
    return pa.array(text.tolist(), pa.string())


def _cells(own: npt.NDArray[np.float64], resolution: float) -> pa.Array:
    """Numbers at the signal's resolution; whole ones as integers, so that a state reads 0 or 1."""
    if resolution <= 0:
        return pa.array(np.round(own, 9), from_pandas=True)
    steps = np.round(own / resolution)
    if resolution >= 1:
        return pa.array(np.round(steps * resolution), from_pandas=True).cast(pa.int64())
    digits = max(0, int(np.ceil(-np.log10(max(resolution, _LEAST_STEP)))))
    # Dividing by a power of ten gives the decimal's nearest float, so that 13.2 is not written as 13.200000000000001
    scaled = np.round(steps * (resolution * 10**digits))
    return pa.array(scaled / 10**digits, from_pandas=True)


def _span(span: TruthSpan) -> dict[str, Any]:
    more = {
        "techniques": list(span.techniques),
        "zone": span.zone,
        "people": list(span.people),
        "event": span.event,
        "first_visible": None if span.first_visible is None else to_iso(span.first_visible),
    }
    return {
        "kind": span.kind,
        "malicious": span.malicious,
        "began": to_iso(span.began),
        "ended": to_iso(span.ended),
        "assets": list(span.assets),
        "signals": list(span.signals),
        "note": span.note,
    } | {name: value for name, value in more.items() if value}


def _at_edges(value: Any, key: str = "") -> Any:
    """Facts with times in ISO 8601: of keys that end in `_at`, and lists named `times`."""
    if isinstance(value, dict):
        return {name: _at_edges(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_at_edges(item, "_at" if key == "times" else "") for item in value]
    return to_iso(value) if key.endswith("_at") and isinstance(value, int) else value
