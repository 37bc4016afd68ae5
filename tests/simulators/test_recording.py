"""Recording folders: units, resolution, times, truth."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from infrastress.core.time import SECOND, from_iso
from infrastress.events import Samples, make_event
from infrastress.events.kinds import SwitchState
from infrastress.simulators.base import Realisation, Scenario, TruthSpan
from infrastress.simulators.recording import write_realisation
from infrastress.site import Site

SITE = Site.model_validate(
    {
        "id": "small",
        "assets": [{"id": "T-1", "type": "tank", "height_m": 10}, {"id": "V-1", "type": "valve"}],
        "signals": [
            {"id": "LT", "asset": "T-1", "kind": "level", "unit": "m", "resolution": 0.001},
            {"id": "TT", "asset": "T-1", "kind": "temperature", "unit": "degC", "resolution": 0.01},
            {"id": "FT", "asset": "V-1", "kind": "flow", "unit": "m3/h", "resolution": 0.1},
            {"id": "XV", "asset": "V-1", "kind": "state", "resolution": 1},
            {"id": "AN", "asset": "V-1", "kind": "other"},
        ],
    }
)
SCENARIO = Scenario(name="tiny", simulator="none", start="2026-03-01T00:00:00Z", duration_h=1)


def realisation(values, times) -> Realisation:
    samples = Samples("small", "scada", 0, np.array(times, np.int64), ("LT", "TT", "FT", "XV", "AN"), np.array(values))
    event = make_event(
        site="small", source="switches", sequence=0, occurred=times[0], body=SwitchState(device="V-1", state="open")
    )
    span = TruthSpan("spill", True, times[0], times[-1], ("T-1",), ("LT",), "a note")
    half = len(times) // 2
    facts = {"overflow_at": times[0], "never_at": None, "level_m": 3.5, "curve": {"times": list(times)}}
    return Realisation(iter([samples.slice(0, half), samples.slice(half, len(times))]), (event,), (span,), facts)


def test_own_units_at_their_resolution(tmp_path: Path):
    start = from_iso(SCENARIO.start)
    times = [start, start + 10 * SECOND, start + 20 * SECOND + 250_000_000]
    values = [[13.2, 288.15, 550.04 / 3600, 1, 0.1], [np.nan, 273.149, 0, 0, 2], [0.1 + 0.2, 300, 0.25, 1, 0]]
    told = write_realisation(realisation(values, times), SITE, tmp_path / "deep" / "er", scenario=SCENARIO, seed=3)
    assert told == {"rows": 3, "cells": 14, "events": 1}
    rows = list(csv.reader((tmp_path / "deep" / "er" / "telemetry.csv").open()))
    assert rows[0] == ["time", "LT", "TT", "FT", "XV", "AN"]
    assert rows[1] == ["2026-03-01T00:00:00Z", "13.2", "15", "550", "1", "0.1"]
    assert rows[2][1] == ""
    assert float(rows[2][2]) == pytest.approx(0.0, abs=0.01)
    assert rows[3] == ["2026-03-01T00:00:20.25Z", "0.3", "26.85", "900", "1", "0"]


def test_truth_is_for_people(tmp_path: Path):
    start = from_iso(SCENARIO.start)
    write_realisation(
        realisation([[1, 280, 0, 0, 0]] * 2, [start, start + SECOND]), SITE, tmp_path, scenario=SCENARIO, seed=3
    )
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert (truth["scenario"], truth["seed"]) == ("tiny", 3)
    assert truth["spans"][0]["began"] == "2026-03-01T00:00:00Z"
    assert truth["facts"]["overflow_at"] == "2026-03-01T00:00:00Z"
    assert truth["facts"]["never_at"] is None
    assert truth["facts"]["level_m"] == 3.5
    assert truth["facts"]["curve"]["times"][1] == "2026-03-01T00:00:01Z"
