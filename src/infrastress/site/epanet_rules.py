"""Controls of a network model as control rules of a site: conditions, schedules, settings, and what isn't metered."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any, NamedTuple

from infrastress.site.epanet_controls import Action, ControlLogic, Premise
from infrastress.site.epanet_names import listed

__all__ = ["Meter", "RuleEntry", "Rules", "rules_of"]

_DAY = 86_400
_SIDES = {
    "above": "above", "at_least": "above", "below": "below", "at_most": "below", "equal": "equal", "unequal": "unequal",
}  # fmt: skip


class Meter(NamedTuple):
    """A signal of the site, with the factor and offset that take the model's SI value to the signal's unit."""

    signal: str
    factor: float = 1.0
    offset: float = 0.0


Find = Callable[[str, str], Meter | None]
"""Signal of (quantity, element); None where it isn't metered."""


@dataclass
class RuleEntry:
    """One control rule: texts of its fields in the site file, in order."""

    link: str
    word: str
    fields: dict[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass
class Rules:
    """Rules, links some of whose controls couldn't be carried over, and sentences on those."""

    entries: list[RuleEntry] = field(default_factory=list)
    half_known: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


class _NotCarriedError(Exception):
    """Why a control can't be said in the site model."""


class _UnmeteredError(_NotCarriedError):
    """It looks at or changes (`verb`) a quantity of an element that isn't metered."""

    def __init__(self, verb: str, quantity: str, element: str) -> None:
        super().__init__(verb, quantity, element)


def rules_of(network: Any, logic: tuple[ControlLogic, ...], find: Find) -> Rules:
    """Control rules for the controls of a network.

    Simple controls by the clock make one daily schedule for each link; so do controls by the time since the start
    that say the same every day of a run of at least two days.

    Args:
        network: a `wntr.network.WaterNetworkModel`.
        logic: its controls.
        find: finds the signal for a quantity of an element.
    """
    carrier = _Carrier(network, find)
    timed: dict[str, list[tuple[Premise, Action]]] = defaultdict(list)
    for control in logic:
        only = control.premises[0][0] if len(control.premises) == 1 and len(control.premises[0]) == 1 else None
        if control.simple and only is not None and only.quantity in ("clock", "elapsed"):
            for action in control.then:
                timed[action.link].append((only, action))
        else:
            carrier.rule(control)
    for link, entries in timed.items():
        carrier.schedules(link, entries)
    for name, pump in network.pumps():
        if pump.speed_pattern_name:
            carrier.pattern(name, pump)
    carrier.found.notes = carrier.notes()
    return carrier.found


class _Carrier:
    """Carries controls over one by one."""

    def __init__(self, network: Any, find: Find) -> None:
        self.network, self.find = network, find
        self.pumps = set(network.pump_name_list)
        self.found = Rules()
        self.unmetered: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def rule(self, control: ControlLogic) -> None:
        """A control with a condition: one rule for each link it acts on."""
        try:
            when = _condition(control.premises, self.find, float(self.network.options.time.rule_timestep))
        except _NotCarriedError as reason:
            self._left_out(control.name, reason, *(a.link for a in (*control.then, *control.otherwise)))
            return
        # A status and a setting of one link are two deeds.
        otherwise = {(action.link, self._switch(action) is None): action for action in control.otherwise}
        for action in control.then:
            opposite = otherwise.pop((action.link, self._switch(action) is None), None)
            try:
                actuator, deed = self._done(action)
                entry = RuleEntry(
                    action.link, deed.get("switches", "set").strip('"'), {"when": when, "actuator": actuator, **deed}
                )
                if opposite is not None:
                    entry.fields["otherwise"] = next(iter(self._done(opposite)[1].values()))
                if control.priority and not control.simple:
                    entry.fields["priority"] = f"{control.priority:g}"
                self.found.entries.append(entry)
            except _NotCarriedError as reason:
                self._left_out(control.name, reason, action.link)
        for action in otherwise.values():
            alone = _NotCarriedError(f"{action.link} is acted on by its ELSE alone")
            self._left_out(control.name, alone, action.link)

    def schedules(self, link: str, entries: list[tuple[Premise, Action]]) -> None:
        """One schedule of the day and one of the run for a link, whichever it has."""
        run = [(premise.value, action) for premise, action in entries if premise.quantity == "elapsed"]
        repeated = _every_day(self.network, run)
        daily = {} if repeated is None else repeated
        daily |= {premise.value % _DAY: action for premise, action in entries if premise.quantity == "clock"}
        comment = f"the model says so for each day of its run: {len(run)} controls" if repeated is not None else ""
        by_clock = [(f'at: "{_clock(at)}"', action) for at, action in sorted(daily.items())]
        self._schedule(link, "day", by_clock, comment)
        if repeated is None:
            run.sort(key=lambda one: one[0])
            self._schedule(link, "run", [(f"after_h: {after / 3600:.6g}", action) for after, action in run], "")

    def pattern(self, name: str, pump: Any) -> None:
        """A pump's speed pattern as a schedule of the day, where it fits into one."""
        times, pattern = self.network.options.time, pump.speed_timeseries.pattern
        factors = [float(factor) * float(pump.base_speed) for factor in pattern.multipliers]
        step, start = float(times.pattern_timestep), float(times.pattern_start) - float(times.start_clocktime)
        if len(set(factors)) < 2:
            return
        if _DAY % (step * len(factors)):
            reason = f"the speed pattern {pump.speed_pattern_name} doesn't repeat each day"
            self._left_out(f"pump {name}", _NotCarriedError(reason), name)
            return
        # Its steps begin at these seconds of the day.
        begins = sorted((count * step - start) % _DAY for count in range(round(_DAY / step)))
        speeds = [factors[floor((begin + start) / step + 1e-9) % len(factors)] for begin in begins]
        changes = [
            (at, new) for at, new, old in zip(begins, speeds, speeds[-1:] + speeds[:-1], strict=True) if new != old
        ]
        lines = [(f'at: "{_clock(at)}"', Action(name, "setting", speed)) for at, speed in changes]
        self._schedule(name, "pattern", lines, f"the model's speed pattern {pump.speed_pattern_name}")

    def _schedule(self, link: str, word: str, lines: list[tuple[str, Action]], comment: str) -> None:
        if not lines:
            return
        try:
            done = [(time, *self._done(action)) for time, action in lines]
            if len({actuator for _, actuator, _ in done}) > 1:
                raise _NotCarriedError("it is switched at some times and set at others")
        except _NotCarriedError as reason:
            self._left_out(f"schedule of {link}", reason, link)
            return
        shown = ("{" + time + ", " + ", ".join(f"{k}: {v}" for k, v in deed.items()) + "}" for time, _, deed in done)
        fields = {"actuator": done[0][1], "schedule": "[" + ", ".join(shown) + "]"}
        self.found.entries.append(RuleEntry(link, word, fields, comment))

    def _left_out(self, name: str, reason: _NotCarriedError, *links: str) -> None:
        self.found.half_known.update(links)
        if isinstance(reason, _UnmeteredError):
            verb, quantity, element = reason.args
            self.unmetered[verb, quantity].setdefault(name, element)
        else:
            self.found.notes.append(f"{name}: {reason}")

    def notes(self) -> list[str]:
        """One sentence for all controls that miss the same kind of signal, and one for each other."""
        found = []
        for (verb, quantity), missing in self.unmetered.items():
            elements = listed(list(dict.fromkeys(missing.values())))
            who = next(iter(missing)) if len(missing) == 1 else f"{len(missing)} controls"
            deed = verb if len(missing) == 1 else {"changes": "change", "looks at": "look at"}[verb]
            found.append(f"{who} {deed} the {quantity} of {elements}, which isn't metered")
        return [*found, *self.found.notes]

    def _switch(self, action: Action) -> str | None:
        """Where an action switches, `"on"` or `"off"`; None where it sets. A pump's speed of 0 is off, of 1 on."""
        if action.quantity == "status" or (action.link in self.pumps and action.value in (0.0, 1.0)):
            return '"on"' if action.value > 0 else '"off"'
        return None

    def _done(self, action: Action) -> tuple[str, dict[str, str]]:
        """The actuator's signal, and `switches` or `sets`."""
        switch = self._switch(action)
        quantity = "status" if switch or action.link in self.pumps else "setting"
        meter = self.find(quantity, action.link)
        if meter is None:
            raise _UnmeteredError("changes", "state" if quantity == "status" else "setting", action.link)
        if switch:
            return meter.signal, {"switches": switch}
        return meter.signal, {"sets": f"{action.value * meter.factor + meter.offset:.6g}"}


# Conditions


def _condition(groups: tuple[tuple[Premise, ...], ...], find: Find, step: float) -> str:
    texts = []
    bounds = _clock_bounds(groups)
    if bounds is not None:
        texts.append(_day(*bounds))
    for group in groups:
        if bounds is not None and _is_clock_bound(group):
            continue
        parts = [_part(premise, find, step) for premise in group]
        texts.append(parts[0] if len(parts) == 1 else "{any: [" + ", ".join(parts) + "]}")
    return texts[0] if len(texts) == 1 else "{all: [" + ", ".join(texts) + "]}"


def _is_clock_bound(group: tuple[Premise, ...]) -> bool:
    return len(group) == 1 and group[0].quantity == "clock" and group[0].relation not in ("equal", "unequal")


def _clock_bounds(groups: tuple[tuple[Premise, ...], ...]) -> tuple[float, float] | None:
    """From and to, where one premise says at least and another at most: one span of the day."""
    bounds = [group[0] for group in groups if _is_clock_bound(group)]
    lower = [premise.value for premise in bounds if _SIDES[premise.relation] == "above"]
    upper = [premise.value for premise in bounds if _SIDES[premise.relation] == "below"]
    return (lower[0], upper[0]) if len(lower) == len(upper) == 1 and lower[0] < upper[0] else None


def _part(premise: Premise, find: Find, step: float) -> str:
    side = _SIDES[premise.relation]
    if premise.quantity == "clock":
        spans = {"above": (premise.value, _DAY), "below": (0.0, premise.value)}
        if side == "unequal":
            raise _NotCarriedError("a time that is not equal")
        # "Equal" holds in the step in which the time passes.
        return _day(*spans.get(side, (premise.value, premise.value + max(60.0, step))))
    if premise.quantity == "elapsed":
        hours = f"{premise.value / 3600:.6g}"
        if side == "above":
            return "{elapsed_h: {from: " + hours + "}}"
        if side == "below":
            return "{elapsed_h: {to: " + hours + "}}"
        raise _NotCarriedError("a moment of the run as one of several conditions")
    meter = find(premise.quantity, premise.element)
    if meter is None:
        raise _UnmeteredError("looks at", premise.quantity, premise.element)
    if premise.quantity == "status":
        # A state may be a speed: anything above 0 is open or running.
        opened = (premise.value > 0) == (side == "equal")
        return f"{{signal: {meter.signal}, is: {'above' if opened else 'equal'}, value: 0}}"
    value = f"{premise.value * meter.factor + meter.offset:.6g}"
    return f"{{signal: {meter.signal}, is: {side}, value: {value}}}"


def _day(begin: float, end: float) -> str:
    return '{clock: {from: "' + _clock(begin) + '", to: "' + _clock(end) + '"}}'


def _clock(seconds: float) -> str:
    minutes = ceil(seconds / 60 - 1e-9) % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _every_day(network: Any, run: list[tuple[float, Action]]) -> dict[float, Action] | None:
    """What is done at which second of the day, where a run of two days or more says the same each day; else None."""
    start, duration = float(network.options.time.start_clocktime), float(network.options.time.duration)
    days: dict[int, dict[float, Action]] = defaultdict(dict)
    for after, action in run:
        day, second = divmod(after + start, _DAY)
        days[int(day)][second] = action
    whole = {second: action for known in days.values() for second, action in known.items()}
    last = int((start + duration - 1) // _DAY)
    if len(days) < 2 or max(days) < last - 1:
        return None
    for day in range(last + 1):
        for second, action in whole.items():
            within = start <= day * _DAY + second < start + duration
            if within and days[day].get(second) != action:
                return None
    return whole
