"""Learned relations and their findings in words a process engineer can check."""

from infrastress.core.time import HOUR
from infrastress.detectors.process.residuals.limits import CLIP, SCALES
from infrastress.detectors.process.residuals.relations import HOURS, Relation
from infrastress.detectors.process.view import SignalTable
from infrastress.detectors.process.words import clock_span

__all__ = ["deviation", "explained_by", "relation_in_words", "smallest_offset"]

_NAMED = 3


def explained_by(relation: Relation, width_s: float) -> str:
    """What a relation rests on, the most telling first: "F_PU1, S_PU2, the hour of the day and its own last 2 h"."""
    if relation.rests:
        return "its rest"
    names = ("the hour of the day" if one.name in HOURS else one.name for one in relation.inputs)
    others = [name for name in dict.fromkeys(names) if name != relation.signal]
    parts = others[:_NAMED]
    if len(others) > _NAMED:
        parts.append(f"{len(others) - _NAMED} more")
    own = max((one.lag for one in relation.inputs if one.name == relation.signal), default=0)
    if own:
        parts.append(f"its own last {clock_span(own * width_s)}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or "nothing"


def deviation(table: SignalTable, signal: str, size: float) -> str:
    """A difference in SI in the signal's own unit: "0.12 m"."""
    known = table.site.signal_by_id[signal]
    factor = abs(table.scale[table.row[signal]].factor)
    return f"{size / factor:.3g} {known.unit}".rstrip()


def smallest_offset(relation: Relation, frames: int) -> float:
    """Smallest lasting offset of the signal alone that its own relation tells within `frames`, SI; inf where none.

    Over a window of w frames an offset d leaves d * (1 + (w - 1) * (1 - memory)) of residual: the first frame is off
    by d, each later one by what its own past does not hand on. Where how sure it is depends on pumps and valves, they
    do what makes it surest. Noise and what other signals' relations see are left out; a window whose limit the clipped
    residuals can't reach tells nothing.
    """
    left = 1.0 - relation.memory
    scale = relation.scale if relation.scales is None else min(relation.scales.leaves)
    sizes = [
        limit * scale / gain
        for window, limit in zip(SCALES, relation.limits, strict=True)
        if window <= max(1, frames) and limit <= CLIP * window and (gain := 1.0 + (window - 1) * left) > 0
    ]
    return min(sizes, default=float("inf"))


def relation_in_words(table: SignalTable, relation: Relation, width: int) -> str:
    """The relation, how tightly it holds, and what it can see."""
    if relation.rests:
        resting = table.say(relation.signal, relation.base)
        return f"{relation.signal} rests at {resting}; that it moves is seen in one frame"
    offsets = [smallest_offset(relation, int(span * HOUR // width)) for span in (1, 24)]
    said = [deviation(table, relation.signal, offset) for offset in offsets]
    return (
        f"{relation.signal} is explained by {explained_by(relation, width / 1e9)} within "
        f"{_within(table, relation)} ({relation.explained:.1%} of its variance); "
        f"an offset of {said[0]} is seen in an hour, {said[1]} in a day"
    )


def _within(table: SignalTable, relation: Relation) -> str:
    """How sure it is: "0.109 m", or "0.0213 m to 0.208 m by what S_PU4 and S_V2 do"."""
    tree = relation.scales
    if tree is None or not tree.signals:
        return deviation(table, relation.signal, relation.scale)
    least, most = (deviation(table, relation.signal, one) for one in (min(tree.leaves), max(tree.leaves)))
    return f"{least} to {most} by what {' and '.join(tree.signals)} do"
