"""What a network model says of its parts, in a site's terms: curves, volumes, limits, words."""

from itertools import pairwise
from math import pi
from typing import Any

from infrastress.core.units import scale_between, scale_of

__all__ = ["head_in", "level_limits", "pump_curve", "shut_off_head", "strapping", "usable_volume", "valve_words"]


def pump_curve(pump: Any) -> list[tuple[float, float]]:
    """Points of a pump's head curve as (m3/h, m), flows rising; empty where it has none."""
    if getattr(pump, "pump_type", "") != "HEAD":
        return []
    points = sorted((float(flow) * 3600, float(head)) for flow, head in pump.get_pump_curve().points)
    return _rising(points) if points and points[-1][0] > 0 else []


def shut_off_head(curve: list[tuple[float, float]]) -> float | None:
    """Head of a pump that moves nothing, m. Of one point EPANET makes a curve that begins at 4/3 of its head."""
    if not curve or (len(curve) > 1 and curve[0][0] > 0):
        return None
    return curve[0][1] if curve[0][0] == 0 else curve[0][1] * 4 / 3


_VALVES = {
    "PRV": "Pressure-reducing valve", "PSV": "Pressure-sustaining valve", "PBV": "Pressure-breaking valve",
    "FCV": "Flow-control valve", "TCV": "Throttle-control valve", "GPV": "General-purpose valve",
}  # fmt: skip


def valve_words(valve: Any, *, metric: bool) -> str:
    """What a valve is and what it is set to, such as "Pressure-reducing valve, set to 28.1 m"."""
    name = _VALVES.get(valve.valve_type, "Valve")
    setting = valve.initial_setting
    if valve.valve_type == "GPV" or not isinstance(setting, int | float) or not setting:
        return name
    if valve.valve_type in ("PRV", "PSV", "PBV"):
        shown = f"{setting:.4g} m" if metric else f"{head_in(setting, 'psi'):.4g} psi ({setting:.4g} m)"
    elif valve.valve_type == "FCV":
        shown = f"{setting * 3600:.4g} m3/h"
    else:
        shown = f"a loss coefficient of {setting:.4g}"
    return f"{name}, set to {shown}"


def usable_volume(tank: Any) -> float:
    """Volume between a tank's lowest and highest level, m3; 0 where the model says nothing."""
    low, high = float(tank.min_level), float(tank.max_level)
    table = strapping(tank.vol_curve)
    if not table:
        return max(0.0, high - low) * pi / 4 * float(tank.diameter) ** 2
    return max(0.0, _volume_at(table, high) - _volume_at(table, low))


def _volume_at(table: list[tuple[float, float]], level: float) -> float:
    for (below, least), (above, most) in pairwise(table):
        if level <= above:
            return least + (most - least) * max(0.0, level - below) / (above - below)
    return table[-1][1]


def strapping(curve: Any) -> list[tuple[float, float]]:
    """A tank's volume curve as (level m, volume m3) pairs, both rising; empty without one."""
    if curve is None:
        return []
    points = sorted((float(level), float(volume)) for level, volume in curve.points)
    table: list[tuple[float, float]] = []
    for level, volume in _rising(points):
        if not table or volume > table[-1][1]:
            table.append((level, volume))
    return table if len(table) > 1 else []


def _rising(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points whose first coordinate still rises when written with six digits."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if not kept or float(f"{point[0]:.6g}") > float(f"{kept[-1][0]:.6g}"):
            kept.append(point)
    return kept


def level_limits(tank: Any, unit: str) -> tuple[float, float] | None:
    """Lowest and highest level the model allows, in a unit; None where it says nothing."""
    low, high = head_in(float(tank.min_level), unit), head_in(float(tank.max_level), unit)
    return (low, high) if high > low else None


def head_in(metres: float, unit: str) -> float:
    """A level or head in m, in a signal's unit; a unit of pressure takes it as a column of water."""
    factor, offset = scale_between("m" if scale_of(unit).dimension == "[length]" else "mH2O", unit)
    return metres * factor + offset
