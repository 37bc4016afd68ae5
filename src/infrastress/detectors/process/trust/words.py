"""What was learned of the sensors, one line each, and which faults of which can't be told."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from infrastress.detectors.process.trust.traits import DISCRETE
from infrastress.detectors.process.view import SignalTable
from infrastress.site.process import Signal

__all__ = ["Sensor", "blind_spots", "sensors_in_words", "sensors_learned"]

_BLIND = (
    ("rest", "a stuck value", "rest by themselves"),
    ("noise", "noise", "never moved"),
    ("digit", "last digits", "never moved"),
    ("spike", "spikes", "never moved"),
)
_FROZEN_FACTOR = 3.0


class Sensor(NamedTuple):
    """What is known of a sensor, in words; empty where it can't be judged by that."""

    signal: str
    digit: str
    noise: str
    spike: str
    rest: str


def sensors_learned(table: SignalTable, rules: Mapping[str, Any]) -> list[Sensor]:
    """One a measured signal, from the rules' parts of the baseline."""
    digits, noises = rules.get("process.resolution", {}), rules.get("process.noise", {})
    spikes, rests = rules.get("process.spike", {}), rules.get("process.frozen", {})
    found = []
    for signal in table.signals:
        if signal.kind in DISCRETE:
            continue
        grid, exact, *_ = digits.get(signal.id, (0.0, False))
        noise, back = noises.get(signal.id), spikes.get(signal.id, {}).get("back")
        scale = abs(table.scale[table.row[signal.id]].factor)
        least = f"{_of(signal, noise['least'] / scale)} to " if noise and noise["least"] else "up to "
        rest = rests.get(signal.id)
        found.append(
            Sensor(
                signal.id,
                _of(signal, grid) if exact else "any" if grid else "",
                f"{least}{_of(signal, noise['most'] / scale)}" if noise else "",
                " or ".join(dict.fromkeys(_of(signal, limit / scale) for limit in back)) if back else "",
                f"{rest / _FROZEN_FACTOR:.0f} frames" if rest is not None else "",
            )
        )
    return found


def _of(signal: Signal, value: float) -> str:
    return f"{value:.3g} {signal.unit}".rstrip()


def sensors_in_words(table: SignalTable, rules: Mapping[str, Any]) -> Iterator[str]:
    """A sentence a sensor."""
    for one in sensors_learned(table, rules):
        parts = [
            f"steps of {one.digit}" if one.digit not in ("", "any") else "",
            f"noise of {one.noise}" if one.noise else "",
            f"a spike from {one.spike} (calm or switching)" if one.spike else "",
            f"rests of at most {one.rest}" if one.rest else "",
        ]
        if any(parts):
            yield f"sensor {one.signal}: {', '.join(part for part in parts if part)}"


def blind_spots(table: SignalTable, rules: Mapping[str, Any]) -> Iterator[str]:
    """Which faults can't be told of which sensors, and why."""
    sensors = sensors_learned(table, rules)
    for field, fault, why in _BLIND:
        blind = [one.signal for one in sensors if not getattr(one, field)]
        if blind:
            yield f"{fault} can't be told of {', '.join(blind)}: they {why}, or are too seldom heard"
