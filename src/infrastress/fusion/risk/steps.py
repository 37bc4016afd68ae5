"""What an attacker may do next: steps of the attack graph not yet made, in order of time, with their probability.

A step's probability ahead is that of its node in the window that has not begun, given the evidence; what stands within
the window now is its probability now. Steps are ordered by how many stand before them on the way from what has been
reached (`hops`), then by how much more likely they become.
"""

from collections.abc import Iterable, Mapping

from infrastress.events.assessment import NextStep
from infrastress.fusion.risk.generate import at, split
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.judgements import AHEAD, NOW
from infrastress.fusion.risk.structure import Model

__all__ = ["BAD", "next_steps", "step_nodes"]

BAD: Mapping[str, str] = {
    "presence": "intruder", "foothold": "attacker", "control": "yes", "reading": "falsified", "process": "manipulated",
    "barrier": "failed", "top": "yes",
}  # fmt: skip
"""The state of each kind of node that an attacker wants."""
_REACHED = 0.5
_LEAST = 0.01
_MOST = 6
_PHRASES: Mapping[str, str] = {
    "presence": "an intruder enters {name}",
    "foothold": "the attacker reaches computers of {name}",
    "control": "the attacker controls {name}",
    "reading": "the reading of {name} is forged",
    "process": "{name} is moved against orders",
    "barrier": "{name} fails or is put out of action",
    "top": "{name} happens",
}


def step_nodes(model: Model) -> tuple[str, ...]:
    """Nodes to ask for: all that are there both now and ahead."""
    names = model.by_name
    there = [split(name) for name in names if split(name)[2] == AHEAD and split(name)[0] in BAD]
    pairs = [(at(kind, place, NOW), at(kind, place, AHEAD)) for kind, place, _ in there]
    return tuple(name for pair in pairs for name in pair)


def next_steps(
    model: Model, found: Mapping[str, tuple[float, ...]], ground: Ground, asked: Iterable[str]
) -> tuple[NextStep, ...]:
    """The likeliest steps, in order of time."""
    states = model.by_name
    known = [(name, split(name)[0]) for name in asked if split(name)[0] in BAD]
    chance = {name: found[name][states[name].states.index(BAD[kind])] for name, kind in known}
    reached = {split(name)[:2] for name, value in chance.items() if split(name)[2] == NOW and value >= _REACHED}
    hops = _hops(model, reached)
    steps = []
    for name, value in chance.items():
        kind, place, window = split(name)
        if window != AHEAD or (kind, place) in reached:
            continue
        now = chance[at(kind, place, NOW)]
        if value - now >= _LEAST:
            text = _PHRASES[kind].format(name=_called(kind, place, ground))
            far = hops.get((kind, place), 0)
            steps.append(NextStep(node=name, text=text, now=round(now, 6), ahead=round(value, 6), hops=far))
    steps.sort(key=lambda step: (-(step.ahead - step.now), step.node))
    return tuple(sorted(steps[:_MOST], key=lambda step: (step.hops, -step.ahead, step.node)))


def _hops(model: Model, reached: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Steps from what has been reached, along the arrows; 1 where nothing has been."""
    far: dict[tuple[str, str], int] = dict.fromkeys(reached, 0)
    for _ in range(8):
        for node in model.nodes:
            place = split(node.name)[:2]
            ways = [far[split(parent)[:2]] for parent in node.parents if split(parent)[:2] in far]
            if ways and min(ways) + 1 < far.get(place, 1 << 30):
                far[place] = min(ways) + 1
    return far


def _called(kind: str, place: str, ground: Ground) -> str:
    site = ground.site
    if kind == "presence":
        name = ground.zones[place].name
    elif kind == "foothold":
        name = ground.security[place].name
    elif kind == "barrier" and place in ground.barriers:
        name = ground.barriers[place].name
    elif kind == "top":
        hazard = ground.hazards[place]
        name = f"{hazard.event.replace('_', ' ')} of {hazard.asset}"
        return f"{name} ({place})"
    else:
        name = site.asset_by_id[place].name if place in site.asset_by_id else ""
    return f"{name} ({place})" if name else place
