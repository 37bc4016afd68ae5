"""What sensors say that could bear a report out: alarms of gas heads, switches, doors and tracks."""

import math
from collections.abc import Iterator

import msgspec

from infrastress.core.units import scale_of
from infrastress.events import DoorState, Event, GasReading, SwitchState, TrackPoint
from infrastress.events.frames import Frames
from infrastress.site import Site
from infrastress.site.assets import GasDetector

__all__ = ["Alarmed", "alarm_of", "alarms_of_frame", "limits_of"]

_LEL = 0.1
_CALLS = ("alarm", "trip", "fire", "smoke", "flame", "intrusion", "pressed", "activated")
_NOT = ("clear", "normal", "reset", "restored", "test", "fault", "inhibit")
_PERIMETER = frozenset({"door", "camera", "fence"})


class Alarmed(msgspec.Struct, frozen=True, array_like=True):
    """A sensor's alarm: when, the event's id (empty for a signal), which asset, what it could know, where, m."""

    occurred: int
    event: str
    asset: str
    matters: tuple[str, ...]
    where: tuple[float, float] | None


def alarm_of(event: Event, site: Site) -> tuple[str, tuple[str, ...]] | None:
    """Which asset alarms in an event, and which matters it could know of; None where it doesn't."""
    body = event.body
    if isinstance(body, GasReading):
        asset = site.asset_by_id.get(body.detector)
        limit = asset.low_alarm_lel if isinstance(asset, GasDetector) else _LEL
        if body.condition == "measuring" and (body.alarmed or body.level_lel >= limit):
            return body.detector, ("release",)
    elif isinstance(body, SwitchState):
        state = body.state.lower()
        if any(word in state for word in _CALLS) and not any(word in state for word in _NOT):
            asset = site.asset_by_id.get(body.device)
            perimeter = asset is not None and asset.type in _PERIMETER
            return body.device, ("stranger",) if perimeter else ("release", "water")
    elif isinstance(body, DoorState) and body.state in ("forced", "tampered"):
        return body.door, ("stranger",)
    elif isinstance(body, TrackPoint) and not body.lost and body.what in ("person", "vehicle", "vessel", "drone"):
        return body.sensor, ("drone",) if body.what == "drone" else ("stranger",)
    return None


def limits_of(site: Site) -> dict[str, tuple[str, float]]:
    """Signals of gas with a high limit in the SI units of frames: their asset and that limit."""
    found = {}
    for signal in site.signals:
        high = signal.limits.high if signal.limits.high is not None else signal.limits.high_high
        if signal.kind == "gas" and high is not None:
            found[signal.id] = (signal.asset, _si(high, signal.unit))
    return found


def alarms_of_frame(frames: Frames, number: int, limits: dict[str, tuple[str, float]]) -> Iterator[str]:
    """Assets whose signals stand at or above their limit in a frame."""
    for column, tag in enumerate(frames.tags):
        if tag in limits:
            value = float(frames.mean[number, column])
            if math.isfinite(value) and value >= limits[tag][1]:
                yield limits[tag][0]


def _si(value: float, unit: str) -> float:
    scale = scale_of(unit)
    return value * scale.factor + scale.offset
