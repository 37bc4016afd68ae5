"""A small plant made by hand: one tank that a pipeline fills and a pump empties, telemetry in frames."""

import numpy as np

from infrastress.core.time import MINUTE
from infrastress.events.frames import Frames
from infrastress.site import Site

__all__ = ["AREA", "CONTROL", "START", "frames_of", "still", "tank_site", "with_receipt"]

AREA = np.pi / 4 * 23.0**2
START = 1_772_000_000 // 60 * MINUTE


CONTROL = [
    {
        "id": "low",
        "when": {"signal": "L1", "is": "below", "value": 2.0},
        "actuator": "P1.state",
        "switches": "off",
        "within_s": 60,
    },
    {
        "id": "again",
        "when": {"signal": "L1", "is": "above", "value": 3.0},
        "actuator": "P1.state",
        "switches": "on",
        "within_s": 60,
    },
]
"""Rules of a pump that empties the tank when it is full enough; put in by tests that want them."""


def tank_site(**changes) -> Site:
    """One tank T1, gauge L1, thermometer K1, receipt by V1 over meter F1, pump P1 over meter F2, switch S1."""
    fields = {
        "id": "small",
        "assets": [
            {"id": "SEA", "type": "boundary"},
            {"id": "T1", "type": "tank", "diameter_m": 23.0, "height_m": 14.5, "expansion_per_k": 0.001},
            {"id": "V1", "type": "valve", "travel_s": 20},
            {"id": "P1", "type": "pump", "rated_flow_m3h": 400},
            {"id": "S1", "type": "level_switch", "tank": "T1", "level_m": 13.9},
        ],
        "signals": [
            {"id": "L1", "asset": "T1", "kind": "level", "unit": "m", "source": "scada", "resolution": 0.001,
             "accuracy": 0.002, "range": [0, 15], "limits": {"high": 13.2, "high_high": 13.5}, "max_rate_per_h": 3.0},
            {"id": "K1", "asset": "T1", "kind": "temperature", "unit": "degC", "source": "scada", "resolution": 0.01,
             "accuracy": 0.1},
            {"id": "F1", "asset": "V1", "kind": "flow", "unit": "m3/h", "source": "scada", "resolution": 0.1,
             "accuracy": 3},
            {"id": "F2", "asset": "P1", "kind": "flow", "unit": "m3/h", "source": "scada", "resolution": 0.1,
             "accuracy": 1.5},
            {"id": "V1.state", "asset": "V1", "kind": "state", "source": "scada"},
            {"id": "P1.state", "asset": "P1", "kind": "state", "source": "scada"},
            {"id": "S1.trip", "asset": "S1", "kind": "switch", "source": "scada"},
            {"id": "S1.bypass", "asset": "S1", "kind": "switch", "source": "scada"},
        ],
        "connections": [
            {"id": "in", "from": "SEA", "to": "T1", "through": ["V1"], "flow": "F1", "capacity_m3h": 950},
            {"id": "out", "from": "T1", "to": "SEA", "through": ["P1"], "flow": "F2", "capacity_m3h": 450},
        ],
        "interlocks": [
            {"id": "hh", "when": {"signal": "S1.trip", "is": "equal", "value": 1}, "actuator": "V1.state",
             "must_be": "closed", "within_s": 60, "bypass": "S1.bypass"},
        ],
        "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 10}],
        "runtime": {"frame_s": 60},
        **changes,
    }  # fmt: skip
    return Site.model_validate(fields)


def still(n: int, seed: int = 0, *, level: float = 2.5) -> dict[str, np.ndarray]:
    """n minutes of a tank at rest: frame means in SI, gauge noise of half a millimetre."""
    random = np.random.default_rng(seed)
    zero = np.zeros(n)
    return {
        "L1": level + random.normal(0, 0.0005, n),
        "K1": 288.15 + random.normal(0, 0.01, n),
        "F1": zero.copy(), "F2": zero.copy(), "V1.state": zero.copy(), "P1.state": zero.copy(),
        "S1.trip": zero.copy(), "S1.bypass": zero.copy(),
    }  # fmt: skip


def with_receipt(n: int, begins: int, m3h: float = 550.0, seed: int = 0, *, level: float = 2.5) -> dict:
    """A tank that receives from minute `begins` on."""
    columns = still(n, seed, level=level)
    random = np.random.default_rng(seed + 1)
    on = np.arange(n) >= begins
    true = m3h / 3600 * (np.arange(n) >= begins + 2)
    columns["V1.state"] = on.astype(float)
    columns["F1"] = true * (1 + random.normal(0, 0.002, n))
    columns["L1"] += np.concatenate([[0.0], np.cumsum((true[1:] + true[:-1]) / 2 * 60)]) / AREA
    return columns


def frames_of(columns: dict[str, np.ndarray], *, start: int = START, minutes: int = 1) -> Frames:
    """Frames whose mean and last are the columns."""
    tags = tuple(columns)
    values = np.column_stack([columns[tag] for tag in tags])
    width = minutes * MINUTE
    ends = start + width * np.arange(1, len(values) + 1, dtype=np.int64)
    counts = np.where(np.isnan(values), 0, 6).astype(np.int32)
    return Frames(width, ends, tags, values, values.copy(), counts)
