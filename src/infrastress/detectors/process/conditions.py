"""Conditions of control rules over frames: how deep a comparison holds, and how sure a whole condition is.

Sureness is 1 where a condition surely holds, -1 where it surely doesn't, 0 where a value lies within its margin or a
span of the day begins or ends in the frame, NaN where unknown.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from infrastress.core.time import HOUR
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.site import Site
from infrastress.site.control import AllOf, AnyOf, Condition, ControlRule, DaySpan, Elapsed, TimeOfDay, comparisons
from infrastress.site.process import Comparison

__all__ = ["Command", "commands", "depth", "margin", "said", "sureness"]

_DAY_S = 86_400


@dataclass(frozen=True)
class Command:
    """What a control rule commands while `when` holds; a schedule is one command an entry.

    Attributes:
        key: the rule's id, with the time for an entry of a schedule.
        on: commanded state; None for a setting.
        judged: whether anything may be said where the actuator doesn't follow.
        negated: the command holds while `when` doesn't.
    """

    key: str
    actuator: str
    when: Condition
    on: bool | None
    within_s: float
    judged: bool
    negated: bool = False

    @property
    def simple(self) -> bool:
        """One comparison, and no more."""
        return isinstance(self.when, Comparison) and not self.negated


def commands(site: Site, table: SignalTable) -> list[Command]:
    """The commands of all control rules whose signals are there."""
    found = []
    for rule in site.control_rules:
        if rule.actuator not in table.row or any(part.signal not in table.row for part in comparisons(rule.when)):
            continue
        if rule.when is not None:
            found.append(_command(rule, rule.id, rule.when, rule.switches))
            if rule.otherwise is not None:
                opposite = _command(rule, f"{rule.id}:otherwise", rule.when, rule.otherwise)
                found.append(replace(opposite, judged=False, negated=True))
            continue
        daily = sorted((entry for entry in rule.schedule if entry.at is not None), key=lambda entry: entry.at or "")
        for one, following in pairwise([*daily, *daily[:1]]):
            span = TimeOfDay.model_validate({"clock": {"from": one.at, "to": following.at}})
            found.append(_command(rule, f"{rule.id}@{one.at}", span, one.switches))
        # When a simulated run began is nothing that a plant's frames tell.
        run = Elapsed.model_validate({"elapsed_h": {}})
        found += [
            _command(rule, f"{rule.id}@{entry.after_h}", run, entry.switches)
            for entry in rule.schedule
            if entry.at is None
        ]
    return found


def _command(rule: ControlRule, key: str, when: Condition, deed: object) -> Command:
    on = deed == "on" if deed in ("on", "off") else None
    return Command(key, rule.actuator, when, on, rule.within_s, rule.judged and on is not None)


def margin(table: SignalTable, when: Comparison) -> float:
    """How deep a comparison must hold to hold surely, SI: two accuracies or resolutions of its signal."""
    if when.is_ in ("equal", "unequal") or table.site.signal_by_id[when.signal].kind in ("state", "switch"):
        return 0.0
    return 2.0 * max(table.accuracy(when.signal), table.resolution(when.signal))


def depth(table: SignalTable, view: View, when: Comparison) -> Floats:
    """How far a comparison holds, in SI units of its signal; negative where it doesn't, NaN where unknown."""
    values: Floats = view.last[table.row[when.signal]]
    bound = table.si(when.signal, when.value)
    if when.is_ == "above":
        above: Floats = values - bound
        return above
    if when.is_ == "below":
        below: Floats = bound - values
        return below
    slack = max(table.resolution(when.signal) / 2.0, 1e-9)
    equal = np.where(np.isnan(values), np.nan, np.where(np.abs(values - bound) <= slack, 1.0, -1.0))
    return equal if when.is_ == "equal" else -equal


def sureness(table: SignalTable, view: View, when: Condition) -> Floats:
    """How sure a condition is, over all columns of the view."""
    if isinstance(when, Comparison):
        deep, least = depth(table, view, when), margin(table, when)
        return np.where(np.isnan(deep), np.nan, np.where(deep > least, 1.0, np.where(deep < -least, -1.0, 0.0)))
    if isinstance(when, TimeOfDay):
        return _within_day(view, when.clock, ZoneInfo(table.site.time_zone))
    if isinstance(when, Elapsed):
        return np.full(view.mean.shape[1], np.nan)
    parts = [sureness(table, view, part) for part in (when.all if isinstance(when, AllOf) else when.any)]
    join = np.minimum if isinstance(when, AllOf) else np.maximum
    # What an unknown part may be, at worst and at best: where both agree it doesn't matter (Kleene's logic).
    worst = reduce(join, [np.where(np.isnan(part), -1.0, part) for part in parts])
    best = reduce(join, [np.where(np.isnan(part), 1.0, part) for part in parts])
    return np.where(worst == best, worst, np.nan)


def _within_day(view: View, span: DaySpan, zone: ZoneInfo) -> Floats:
    columns = view.mean.shape[1]
    ends = view.ends[0] - view.width * np.arange(view.context, view.context - columns, -1, dtype=np.int64)
    hours, index = np.unique((ends - 1) // HOUR, return_inverse=True)
    offsets = [datetime.fromtimestamp(int(hour) * 3600, UTC).astimezone(zone).utcoffset() for hour in hours]
    offset = np.array([known.total_seconds() if known else 0.0 for known in offsets])[index]
    begin, finish = (int(text[:2]) * 3600 + int(text[3:]) * 60 for text in (span.from_, span.to))
    length = (finish - begin) % _DAY_S or _DAY_S
    if length == _DAY_S:
        return np.ones(columns)
    # Seconds from the span's begin to the frame's end, counted round the clock; the frame is the `width` before it.
    until = (ends / 1e9 + offset - begin) % _DAY_S
    until = np.where(until == 0.0, _DAY_S, until)
    starts = until - view.seconds
    inside, outside = (starts >= 0.0) & (until <= length), starts >= length
    return np.where(inside, 1.0, np.where(outside, -1.0, 0.0))


def said(table: SignalTable, view: View, when: Condition, column: int) -> str:
    """A condition with the values of one column, as a sentence's first half."""
    if isinstance(when, Comparison):
        signal = table.site.signal_by_id[when.signal]
        value = table.say(when.signal, float(view.last[table.row[when.signal], column]))
        word = {"equal": "equal to", "unequal": "not equal to"}.get(when.is_, when.is_)
        return f"{when.signal} is {value}, {word} {when.value:g} {signal.unit}".rstrip()
    if isinstance(when, TimeOfDay):
        return f"it is between {when.clock.from_} and {when.clock.to}"
    if isinstance(when, Elapsed):
        return "the run has begun"
    word = " and " if isinstance(when, AllOf) else " or "
    parts = when.all if isinstance(when, AllOf) else when.any
    shown = [said(table, view, part, column) for part in parts]
    return word.join(
        f"({text})" if isinstance(part, AllOf | AnyOf) else text for text, part in zip(shown, parts, strict=True)
    )
