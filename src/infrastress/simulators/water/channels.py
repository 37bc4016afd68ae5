"""The way of a measurement: true value, what the controller is told, what the operator sees.

    plant -> instrument (bias, noise, its own faults) -> controller -> control room (concealment, lost cells)

An attack between instrument and controller changes what both are told; one between controller and control room only
what the operator and the historian see.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from infrastress.simulators.randomness import Randomness
from infrastress.simulators.water.ranges import RANGES
from infrastress.site.epanet_controls import Quantity

__all__ = ["Channel", "Lie", "LieKind"]

LieKind = Literal["constant", "offset", "drift", "hold", "replay"]


@dataclass(frozen=True)
class Lie:
    """One falsification of a channel, or one fault of its instrument; values are SI.

    Attributes:
        kind: `constant` shows `value`; `offset` adds it; `drift` adds `value` per second up to `most`; `hold` repeats
            the last value; `replay` repeats what was told `value` seconds before.
        began, ended: seconds after the start.
        value, most: see above.
        noisy: whether a constant is dressed with the instrument's own noise.
    """

    kind: LieKind
    began: float
    ended: float
    value: float = 0.0
    most: float = 0.0
    noisy: bool = False

    def holds(self, second: float) -> bool:
        """Whether it is told at a moment."""
        return self.began <= second < self.ended


@dataclass
class Channel:
    """One measured quantity; asked once per scan or row, in order of time.

    Attributes:
        quantity: what it measures.
        period: seconds between two questions.
        bias: absolute, or of reading for a flow; noise likewise, one standard deviation.
        cutoff: flows smaller than this show 0.
        stream: of its noise.
        faults: of the instrument; lies: of an attacker between instrument and controller.
        noisy: spans (began, ended, times) in which the instrument is noisier.
        told: everything it told so far.
    """

    quantity: Quantity
    period: float
    bias: float
    noise: float
    cutoff: float
    stream: np.random.Generator
    faults: list[Lie] = field(default_factory=list)
    lies: list[Lie] = field(default_factory=list)
    noisy: list[tuple[float, float, float]] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    _held: dict[Lie, float] = field(default_factory=dict)

    def ask(self, second: float, true: float) -> float:
        """What the controller is told of a true value."""
        shake = float(self.stream.standard_normal()) * self.noise
        for began, ended, times in self.noisy:
            if began <= second < ended:
                shake *= times
        if self.quantity in ("flow", "demand"):
            value = true * (1 + self.bias) * (1 + shake)
            value = 0.0 if abs(value) < self.cutoff else value
        else:
            value = true + self.bias + shake
        for lie in (*self.faults, *self.lies):
            if lie.holds(second):
                value = self._lied(lie, second, value, shake)
        self.told.append(value)
        return value

    def _lied(self, lie: Lie, second: float, value: float, shake: float) -> float:
        last = self.told[-1] if self.told else value
        match lie.kind:
            case "constant":
                return lie.value + (shake if lie.noisy and self.quantity not in ("flow", "demand") else 0.0)
            case "offset":
                return value + lie.value
            case "drift":
                moved = lie.value * (second - lie.began)
                return value + float(np.clip(moved, -abs(lie.most), abs(lie.most)))
            case "hold":
                return self._held.setdefault(lie, last)
            case _:
                back = max(1, round(lie.value / self.period))
                return self.told[-back] if back <= len(self.told) else last

    @classmethod
    def make(
        cls, quantity: Quantity, period: float, name: str, *, varied: bool, largest: float, draws: Randomness
    ) -> "Channel":
        """A channel with its bias drawn; `largest` is the largest flow it is likely to see, m3/s."""
        r = RANGES
        bias = float(draws.stream(f"bias.{name}").standard_normal())
        sizes = {
            "level": (r.level_bias_m, r.level_noise_m),
            "pressure": (r.pressure_bias_m, r.pressure_noise_m),
            "head": (r.pressure_bias_m, r.pressure_noise_m),
            "flow": (r.flow_bias, r.flow_noise),
            "demand": (r.flow_bias, r.flow_noise),
        }
        about, noise = sizes.get(quantity, (0.0, 0.0)) if varied else (0.0, 0.0)
        return cls(
            quantity,
            period,
            float(np.clip(bias, -2, 2)) * about,
            noise,
            r.flow_cutoff * largest if varied else 0.0,
            draws.stream(f"noise.{name}"),
        )
