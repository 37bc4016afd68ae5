"""Numbers and their units: a signal's unit fits its kind, limits stand in order, levels lie within their tank."""

from functools import cache
from itertools import pairwise

from infrastress.core.errors import UnitError
from infrastress.core.units import scale_between, scale_of
from infrastress.site.assets import Tank
from infrastress.site.control import ControlRule, Elapsed, condition_parts
from infrastress.site.faults import did_you_mean
from infrastress.site.model import Site
from infrastress.site.process import Comparison, Interlock, Signal
from infrastress.site.report import Path, Report

__all__ = ["COMMON_UNITS", "check_quantities"]

_NONE, _LENGTH, _TIME = "dimensionless", "[length]", "1 / [time]"
_FLOW = "[length] ** 3 / [time]"
_PRESSURE = "[mass] / [length] / [time] ** 2"
_SPEED = "[length] / [time]"
_POWER = "[mass] * [length] ** 2 / [time] ** 3"

# Units that plants write daily, with the dimension that core.units gives them (a test holds the two together): a site
# that uses no others is checked without loading the unit library, which takes as long as ten thousand assets.
COMMON_UNITS = {
    "": _NONE, "1": _NONE, "%": _NONE, "%LEL": _NONE, "ppm": _NONE,
    "m": _LENGTH, "cm": _LENGTH, "mm": _LENGTH,
    "m3/h": _FLOW, "m3/s": _FLOW, "l/s": _FLOW, "l/min": _FLOW,
    "bar": _PRESSURE, "barg": _PRESSURE, "mbar": _PRESSURE, "kPa": _PRESSURE, "Pa": _PRESSURE, "mH2O": _PRESSURE,
    "degC": "[temperature]", "°C": "[temperature]", "K": "[temperature]",
    "m/s": _SPEED, "km/h": _SPEED, "deg": _NONE,
    "rpm": _TIME, "Hz": _TIME, "kW": _POWER, "W": _POWER, "MW": _POWER,
}  # fmt: skip

_ALLOWED: dict[str, tuple[tuple[str, ...], str]] = {
    "level": ((_LENGTH,), "a length such as m or mm"),
    "flow": ((_FLOW,), "volume by time such as m3/h or l/s"),
    "pressure": ((_PRESSURE, _LENGTH), "a pressure such as bar or kPa, or metres of head (m)"),
    "temperature": (("[temperature]",), "a temperature such as degC"),
    "state": ((_NONE,), "no unit (0 or 1)"),
    "switch": ((_NONE,), "no unit (0 or 1)"),
    "speed": ((_TIME, _NONE, _SPEED), "a speed such as rpm, Hz or %"),
    "position": ((_NONE, _LENGTH), "a position such as %"),
    "gas": ((_NONE, "[mass] / [length] ** 3"), "a concentration such as %LEL, ppm or mg/m3"),
    "power": ((_POWER,), "a power such as kW"),
    "wind_direction": ((_NONE,), "degrees from north (deg)"),
    "wind_speed": ((_SPEED,), "a speed such as m/s"),
}
_LIMITS = ("low_low", "low", "high", "high_high")
_OPEN_SHUT = ("open", "closed")


def check_quantities(site: Site, report: Report) -> None:
    """Report units, limits, ranges, tables and levels that can't be."""
    for index, signal in enumerate(site.signals):
        _unit(signal, ("signals", index), report)
        _limits(signal, ("signals", index), report)
    _assets(site, report)
    _rules(site, report)


@cache
def _dimension(unit: str) -> str | None:
    if unit in COMMON_UNITS:
        return COMMON_UNITS[unit]
    try:
        return scale_of(unit).dimension
    except UnitError:
        return None


def _unit(signal: Signal, here: Path, report: Report) -> None:
    dimension = _dimension(signal.unit)
    if dimension is None:
        known = [unit for unit in COMMON_UNITS if unit]
        hint = did_you_mean(signal.unit, known)
        report.add(
            (*here, "unit"), f"unknown unit {signal.unit!r}", "a unit such as m, m3/h, l/s, bar, degC or %", hint
        )
        return
    allowed = _ALLOWED.get(signal.kind)
    if allowed is not None and dimension not in allowed[0]:
        found = f"{signal.unit!r} for a {signal.kind}" if signal.unit else f"no unit for a {signal.kind}"
        report.add((*here, "unit"), found, allowed[1], _unit_hint(signal))


def _unit_hint(signal: Signal) -> str:
    if signal.kind == "level" and signal.unit == "%":
        return "give it in metres, or make it of kind other"
    if signal.kind == "flow" and _dimension(signal.unit) == "[mass] / [time]":
        return "divide by the density, or make it of kind other"
    return ""


def _limits(signal: Signal, here: Path, report: Report) -> None:
    span = signal.range
    if span is not None and span[0] >= span[1]:
        report.add((*here, "range"), f"[{span[0]:g}, {span[1]:g}]", "a range that rises", "swap the two")
        span = None
    if not signal.limits.model_fields_set:
        return
    values = [(name, getattr(signal.limits, name)) for name in _LIMITS]
    values = [(name, value) for name, value in values if value is not None]
    for (lower, low), (upper, high) in pairwise(values):
        if low >= high:
            report.add((*here, "limits", upper), f"{upper} {high:g}, not above {lower} {low:g}", f"more than {low:g}")
    if span is not None:
        for name, value in values:
            if not span[0] <= value <= span[1]:
                expected = f"a value within range [{span[0]:g}, {span[1]:g}]"
                report.add((*here, "limits", name), f"{name} {value:g}", expected)


def _assets(site: Site, report: Report) -> None:
    balanced = {end for line in site.connections for end in (line.from_, line.to)}
    for index, asset in enumerate(site.assets):
        here = ("assets", index)
        if asset.type == "tank":
            _tank(asset, here, asset.id in balanced, report)
        elif asset.type == "level_switch":
            tank = site.asset_by_id.get(asset.tank)
            if isinstance(tank, Tank) and asset.level_m > tank.height_m:
                expected = f"at most {tank.height_m:g}, the height of {tank.id}"
                report.add((*here, "level_m"), f"{asset.level_m:g} m", expected)
        elif asset.type == "gas_detector" and asset.low_alarm_lel >= asset.high_alarm_lel:
            expected = f"more than low_alarm_lel, {asset.low_alarm_lel:g}"
            report.add((*here, "high_alarm_lel"), f"{asset.high_alarm_lel:g}", expected)
        elif asset.type == "pump" and asset.curve is not None:
            for number, (one, next_) in enumerate(pairwise(asset.curve)):
                if next_[0] <= one[0]:
                    found = f"flow {next_[0]:g} m3/h behind {one[0]:g}"
                    report.add((*here, "curve", number + 1), found, "flows that rise")


def _tank(tank: Tank, here: Path, balanced: bool, report: Report) -> None:
    if tank.minimum_level_m >= tank.height_m:
        expected = f"less than the height, {tank.height_m:g}"
        report.add((*here, "minimum_level_m"), f"{tank.minimum_level_m:g} m", expected)
    if tank.strapping is not None:
        for number, (one, next_) in enumerate(pairwise(tank.strapping)):
            if next_[0] <= one[0] or next_[1] <= one[1]:
                found = f"[{next_[0]:g}, {next_[1]:g}] behind [{one[0]:g}, {one[1]:g}]"
                report.add((*here, "strapping", number + 1), found, "levels and volumes that both rise")
        if tank.strapping[0][0] < 0 or tank.strapping[0][1] < 0:
            report.add((*here, "strapping", 0), "a level or volume below 0", "a table that begins at 0 or above")
        if tank.strapping[-1][0] < tank.height_m:
            found = f"a table that ends at {tank.strapping[-1][0]:g} m"
            report.add((*here, "strapping"), found, f"one up to the height, {tank.height_m:g}", severity="warning")
    elif tank.diameter_m is None and balanced:
        found = "a tank with connections and neither diameter nor strapping table"
        report.add(here, found, "`diameter_m` or `strapping`: its mass balance needs the volume of a level")


def _rules(site: Site, report: Report) -> None:
    for index, lock in enumerate(site.interlocks):
        _comparison(site, lock.when, ("interlocks", index, "when", "value"), report)
        _actuated(site, lock, ("interlocks", index, "must_be"), report)
    for index, rule in enumerate(site.control_rules):
        here = ("control_rules", index)
        _deed(rule, here, report)
        for path, part in condition_parts(rule.when):
            if isinstance(part, Comparison):
                _comparison(site, part, (*here, "when", *path, "value"), report)
            elif isinstance(part, Elapsed):
                _run_span(part, (*here, "when", *path, "elapsed_h"), report)
        _schedule(rule, here, report)


def _deed(rule: ControlRule, here: Path, report: Report) -> None:
    """A rule has a condition with one deed, or a schedule, whose entries have theirs."""
    if rule.when is not None and rule.schedule:
        report.add((*here, "schedule"), "a condition and a schedule", "one of the two", "make two rules of it")
    elif rule.when is None and not rule.schedule:
        report.add(here, "neither a condition nor a schedule", "`when` or `schedule`")
    deeds = [name for name in ("switches", "sets") if getattr(rule, name) is not None]
    if rule.schedule:
        for name in (*deeds, *(("otherwise",) if rule.otherwise is not None else ())):
            report.add((*here, name), f"`{name}` beside a schedule", "it in the entries of the schedule")
    elif len(deeds) != 1:
        found = "neither `switches` nor `sets`" if not deeds else "both `switches` and `sets`"
        report.add((*here, *deeds[1:]), found, "one of the two")


def _schedule(rule: ControlRule, here: Path, report: Report) -> None:
    by_clock = {entry.at is not None for entry in rule.schedule}
    times = set()
    for number, entry in enumerate(rule.schedule):
        path = (*here, "schedule", number)
        if (entry.at is None) == (entry.after_h is None):
            report.add(path, "no time" if entry.at is None else "two times", "`at` or `after_h`")
        elif len(by_clock) > 1 and entry.at is None:
            report.add((*path, "after_h"), "hours after the start beside times of the day", "one of the two in a rule")
        elif (entry.at, entry.after_h) in times:
            report.add(path, f"{entry.at or entry.after_h} again", "each time once")
        if (entry.switches is None) == (entry.sets is None):
            report.add(path, "no deed" if entry.switches is None else "two deeds", "`switches` or `sets`")
        times.add((entry.at, entry.after_h))


def _run_span(part: Elapsed, path: Path, report: Report) -> None:
    span = part.elapsed_h
    if span.to is not None and span.to <= span.from_:
        report.add((*path, "to"), f"{span.to:g} h", f"more than `from`, {span.from_:g} h")


def _comparison(site: Site, when: Comparison, path: Path, report: Report) -> None:
    signal = site.signal_by_id.get(when.signal)
    if signal is None:
        return
    found = f"{when.is_} {when.value:g}, which never holds"
    if signal.range is not None:
        low, high = signal.range
        never = when.value >= high if when.is_ == "above" else when.value <= low if when.is_ == "below" else False
        if never or (when.is_ == "equal" and not low <= when.value <= high):
            report.add(path, found, f"a value within the range of {signal.id}, [{low:g}, {high:g}]", severity="warning")
            return
    tank = site.asset_by_id.get(signal.asset)
    if isinstance(tank, Tank) and signal.kind == "level" and _dimension(signal.unit) == _LENGTH and when.is_ == "above":
        factor, offset = scale_between(signal.unit, "m") if signal.unit != "m" else (1.0, 0.0)
        if when.value * factor + offset > tank.height_m * (1 + 1e-6):
            expected = f"a level below the height of {tank.id}, {tank.height_m:g} m"
            report.add(path, found, expected, severity="warning")


def _actuated(site: Site, lock: Interlock, path: Path, report: Report) -> None:
    must_be = lock.must_be
    signal = site.signal_by_id.get(lock.actuator)
    asset = site.asset_by_id.get(signal.asset) if signal is not None else None
    if asset is None or asset.type not in ("pump", "valve"):
        return
    words = _OPEN_SHUT if asset.type == "valve" else ("running", "stopped")
    if must_be not in words:
        hint = f"did you mean {words[0 if must_be in ('open', 'running') else 1]!r}?"
        report.add(path, f"{must_be!r} for a {asset.type}", " or ".join(words), hint)
