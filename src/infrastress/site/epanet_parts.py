"""What a network model says of its parts, in a site's terms: controls, curves, limits."""

from typing import Any, Literal, NamedTuple

from infrastress.core.units import scale_between, scale_of

__all__ = ["Control", "head_in", "level_limits", "pump_curve", "read_controls", "strapping", "switched_links"]

_SIDES: dict[str, Literal["above", "below"]] = {">": "above", ">=": "above", "<": "below", "<=": "below"}


class Control(NamedTuple):
    """`link` is switched when the level or pressure head at `node` is above or below `value` in m."""

    name: str
    node: str
    side: Literal["above", "below"]
    value: float
    link: str
    on: bool


def read_controls(network: Any) -> tuple[list[Control], list[str]]:
    """Controls with one condition on a level or pressure, and sentences on those of other kinds."""
    found: list[Control] = []
    notes: list[str] = []
    for name, control in network.controls():
        condition = _condition(control)
        links = _switches(control)
        if condition is None or not links or len(links) != len(control.actions()):
            notes.append(" ".join(str(control).split())[:160])
        else:
            found += [Control(name, *condition, link, on) for link, on in links]
    return found, notes


def switched_links(network: Any) -> set[str]:
    """Links that any control acts on, whatever its condition."""
    acted = set()
    for _, control in network.controls():
        for action in [*control.actions(), *(getattr(control, "_else_actions", None) or [])]:
            acted.add(getattr(action.target()[0], "name", ""))
    return acted


def _condition(control: Any) -> tuple[str, Literal["above", "below"], float] | None:
    condition = control.condition
    source: Any = getattr(condition, "_source_obj", None)
    attribute = getattr(condition, "_source_attr", "")
    if not hasattr(source, "node_type") or attribute not in ("level", "pressure", "head"):
        return None
    side = _SIDES.get(condition._relation.symbol)
    if side is None or source.node_type == "Reservoir":
        return None
    value = float(condition._threshold)
    return source.name, side, value - float(source.elevation) if attribute == "head" else value


def _switches(control: Any) -> list[tuple[str, bool]]:
    """Links that a control turns on or off. A pump's speed of 0 is off, any other on."""
    if getattr(control, "_else_actions", None):
        return []
    found = []
    for action in control.actions():
        target, attribute = action.target()
        # A valve's setting is a pressure or flow, not a switch.
        speed = attribute in ("base_speed", "setting") and getattr(target, "link_type", "") == "Pump"
        if hasattr(target, "link_type") and (attribute == "status" or speed):
            found.append((target.name, float(action._value) > 0))
    return found


def pump_curve(pump: Any) -> list[tuple[float, float]]:
    """Points of a pump's head curve as (m3/h, m), flows rising; empty where it has none."""
    if getattr(pump, "pump_type", "") != "HEAD":
        return []
    points = sorted((float(flow) * 3600, float(head)) for flow, head in pump.get_pump_curve().points)
    return _rising(points) if points and points[-1][0] > 0 else []


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
