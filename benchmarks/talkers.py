"""Twenty live sources of different cadence with lively, slow and still signals: stopped, frozen, delayed in turn."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.site import Site

__all__ = ["KINDS", "PLAN", "Fault", "faults_of", "play", "talkers"]

PLAN: dict[str, Any] = json.loads((Path(__file__).parent / "seeds" / "silence.json").read_text())
START = 1_767_225_600 * SECOND
KINDS = ("level", "pressure", "gas", "quality", "flow", "state", "switch", "temperature", "setpoint")
"""Kinds of the signals of each source: four lively, one that rests with its pump, two still, one slow, one set."""


@dataclass(frozen=True)
class Fault:
    """What is done to a source from `began` to `ended` (ns); `delay` ns where it is delayed."""

    kind: Literal["stopped", "frozen", "delayed"]
    source: int
    began: int
    ended: int
    delay: int = 0


def talkers(cadences_s: list[float]) -> Site:
    """A site of sources s0, s1, ... with a signal of each kind."""
    sources = [{"id": f"s{i}", "kind": "telemetry", "cadence_s": c} for i, c in enumerate(cadences_s)]
    units = {"level": "m", "pressure": "bar", "flow": "m3/h", "temperature": "degC", "setpoint": "m"}
    signals = [
        {"id": f"s{i}-{kind}", "asset": "plant", "kind": kind, "source": f"s{i}", "unit": units.get(kind, "")}
        for i in range(len(cadences_s))
        for kind in KINDS
    ]
    assets = [{"id": "plant", "type": "other"}]
    return Site.model_validate({"id": "talkers", "assets": assets, "signals": signals, "sources": sources})


def faults_of(cadences_s: list[float], seed: int) -> list[Fault]:
    """Every fault at every source, one after the other, with as long a rest behind each."""
    random = np.random.default_rng(seed)
    now = START + round(max(cadences_s) * PLAN["learning_tellings"] * SECOND)
    faults = []
    for kind in PLAN["faults"]:
        for i, cadence in enumerate(cadences_s):
            lasts = round(max(PLAN["lasts_cadences"] * cadence, 120.0) * SECOND)
            began = now + round(random.uniform(0.0, cadence) * SECOND)
            delay = max(PLAN["least_delay_s"], random.uniform(*PLAN["delay_cadences"]) * cadence)
            faults.append(Fault(kind, i, began, began + lasts, round(delay * SECOND) if kind == "delayed" else 0))
            now = began + 2 * lasts
    return faults


def play(cadences_s: list[float], faults: list[Fault], seed: int, until: int) -> Iterator[tuple[int, list[Samples]]]:
    """(event clock, what has arrived since the last) four times a second; values are drawn from the seed."""
    random = np.random.default_rng([seed, 1])
    arriving: list[tuple[int, int, Samples]] = []
    due = [START + round(random.uniform(0.0, c) * SECOND) for c in cadences_s]
    states = [_Source(i, random) for i in range(len(cadences_s))]
    numbers = [0] * len(cadences_s)
    standing = sorted(faults, key=lambda fault: fault.began)
    now = START
    while now < until:
        now += SECOND // 4
        standing = [fault for fault in standing if fault.ended > now - 600 * SECOND]
        for i, cadence in enumerate(cadences_s):
            while due[i] <= now:
                time, due[i] = due[i], due[i] + round(cadence * SECOND)
                fault = next((f for f in standing if f.source == i and f.began <= time < f.ended), None)
                values = states[i].values(time, frozen=fault is not None and fault.kind == "frozen")
                if fault is not None and fault.kind == "stopped":
                    continue
                arrives = time + round(random.exponential(0.1) * SECOND) + (fault.delay if fault else 0)
                samples = Samples("talkers", f"s{i}", numbers[i], np.array([time]), states[i].tags, values)
                numbers[i] += 1
                arriving.append((arrives, numbers[i], samples))
        here = sorted((item for item in arriving if item[0] <= now), key=lambda item: item[:2])
        arriving = [item for item in arriving if item[0] > now]
        yield now, [item[2] for item in here]


class _Source:
    """Signals of one source as a plant would show them."""

    def __init__(self, number: int, random: np.random.Generator) -> None:
        self.tags = tuple(sorted(f"s{number}-{kind}" for kind in KINDS))
        self._random, self._number = random, number
        self._shown = np.zeros((1, len(self.tags)))
        self._level, self._warmth, self._pump, self._switches_at = 5.0, 288.0, 1.0, 0

    def values(self, time: int, *, frozen: bool) -> np.ndarray:
        """A row; a frozen source repeats its last."""
        random = self._random
        if time >= self._switches_at:  # a pump runs or rests for hours
            self._pump, self._switches_at = 1.0 - self._pump, time + round(random.exponential(2 * 3600) * SECOND)
        self._level += 0.0003 * (self._pump - 0.5)
        self._warmth += random.normal(0.0, 0.002)
        of = {
            "level": round(self._level + random.normal(0.0, 0.002), 3),
            "pressure": round(2e5 + random.normal(0.0, 300.0), -2),
            "gas": round(2.0 + random.normal(0.0, 0.03), 2),
            "quality": round(0.5 + random.normal(0.0, 0.03), 2),
            "flow": self._pump * round(0.02 + random.normal(0.0, 0.0002), 4),
            "state": self._pump,
            "switch": 0.0,
            "temperature": round(2.0 * self._warmth) / 2.0,
            "setpoint": 4.0,
        }
        if not frozen:
            self._shown = np.array([[of[tag.split("-")[1]] for tag in self.tags]])
        return self._shown.copy()
