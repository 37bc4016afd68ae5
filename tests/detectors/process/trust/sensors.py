"""A plant with a lively tank for tests of sensor health: two weeks of normal minutes, and detectors taught by them."""

from functools import cache

import numpy as np

from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.view import SignalTable, View
from infrastress.events.frames import Block, Frames
from infrastress.site import Site
from tests.detectors.plant import frames_of, tank_site

DAYS = 8


def sensor_site() -> Site:
    """The small plant with four pressures beside the tank; only the tank's gauge guards anything."""
    site = tank_site()
    fields = site.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    fields["signals"] += [
        {"id": f"Q{i}", "asset": "P1", "kind": "pressure", "unit": "bar", "source": "scada", "resolution": 0.01}
        for i in range(4)
    ]
    fields["interlocks"].append(
        {"id": "top", "when": {"signal": "L1", "is": "above", "value": 14.0}, "actuator": "V1.state",
         "must_be": "closed"},
    )  # fmt: skip
    return Site.model_validate(fields)


def ordinary(n: int, seed: int) -> dict[str, np.ndarray]:
    """n minutes: every two hours half an hour of flow through the tank, in as out; pressures follow the pump."""
    random = np.random.default_rng(seed)
    on = (np.arange(n) // 30) % 4 == 1
    zero = np.zeros(n)
    flow = np.where(on, 0.1 * (1 + random.normal(0, 0.002, n)), 0.0)
    level = 6.0 + random.normal(0, 0.002, n)
    columns = {
        "L1": np.round(level, 3),
        "K1": np.round(288.15 + random.normal(0, 0.05, n), 2),
        "F1": flow, "F2": flow, "V1.state": on.astype(float), "P1.state": on.astype(float),
        "S1.trip": zero, "S1.bypass": zero,
    }  # fmt: skip
    for i in range(4):
        bar = 3.0 + 2.0 * on + random.normal(0, 0.03, n)
        columns[f"Q{i}"] = np.round(bar, 2) * 1e5
    return columns


@cache
def lesson():
    """What the invariants learned of ordinary days."""
    block = Block(frames_of(ordinary(1440 * DAYS, 1)), ())
    found = InvariantDetector.learn(sensor_site(), InvariantDetector.Options(), [block])
    assert found is not None
    return found


def taught() -> InvariantDetector:
    """A detector that was taught."""
    return InvariantDetector(sensor_site(), InvariantDetector.Options(), lesson().baseline)


def raised(frames: Frames) -> list:
    """What it raises of sensors: (rule, subject's signals, detection)."""
    found = [f for f in taught().update(Block(frames, ())) if f.body.phase == "raised"]
    return [(f.body.rule, tuple(c.signal for c in f.body.contributions), f.body) for f in found]


def view_of(columns: dict[str, np.ndarray], context: int) -> View:
    """A view of columns behind nothing."""
    table = SignalTable(sensor_site())
    nothing = np.full((len(table), context), np.nan)
    return View.of(frames_of(columns), table, nothing, nothing)
