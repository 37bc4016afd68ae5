"""What an attacker may do next: steps of the attack graph not yet made, in order of time, with their probability.

A step's probability ahead is that it is made by the end of the window that has not begun, given the evidence; its
probability now that it was made already. Steps are ordered by how many stand before them on the way from what has been
reached (`hops`), then by their probability.
"""

from collections.abc import Iterable, Mapping

from infrastress.events.assessment import NextStep
from infrastress.fusion.risk.generate import BY_NOW, split
from infrastress.fusion.risk.ground import Ground
from infrastress.fusion.risk.structure import Model

__all__ = ["BAD", "by_now_and_ahead", "next_steps", "step_nodes"]

_STEP = BY_NOW, BY_NOW | {"ahead"}
BAD: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "intruder": _STEP, "attacker": _STEP, "controlled": _STEP,
    "reading": (frozenset({"falsified"}), frozenset({"falsified", "soon"})),
    "process": (frozenset({"manipulated"}), frozenset({"manipulated", "soon"})),
    "barrier": (frozenset({"failed"}), frozenset({"failed", "soon"})),
    "top": (frozenset({"yes"}), frozenset({"yes", "soon"})),
}  # fmt: skip
"""The states of each kind of node that an attacker wants: by now, and by the end of the window ahead."""
_REACHED = 0.5
_LEAST = 0.01
_MOST = 6
_PHRASES: Mapping[str, str] = {
    "intruder": "an intruder enters {name}",
    "attacker": "the attacker reaches computers of {name}",
    "controlled": "the attacker controls {name}",
    "reading": "the reading of {name} is forged",
    "process": "{name} is moved against orders",
    "barrier": "{name} fails or is put out of action",
    "top": "{name} happens",
}


def step_nodes(model: Model) -> tuple[str, ...]:
    """Nodes to ask for."""
    return tuple(node.name for node in model.nodes if split(node.name)[0] in BAD and "/" not in node.name)


def by_now_and_ahead(model: Model, name: str, found: Mapping[str, tuple[float, ...]]) -> tuple[float, float]:
    """Probability that a step is made by now, and by the end of the window ahead."""
    states = zip(model.by_name[name].states, found[name], strict=True)
    now, ahead = BAD[split(name)[0]]
    chances = list(states)
    return (
        sum(chance for state, chance in chances if state in now),
        min(sum(chance for state, chance in chances if state in ahead), 1.0),
    )


def next_steps(
    model: Model, found: Mapping[str, tuple[float, ...]], ground: Ground, asked: Iterable[str]
) -> tuple[NextStep, ...]:
    """The likeliest steps, in order of time."""
    chance = {name: by_now_and_ahead(model, name, found) for name in asked if split(name)[0] in BAD}
    reached = {name for name, (now, _) in chance.items() if now >= _REACHED}
    hops = _hops(model, reached)
    steps = []
    for name, (now, ahead) in chance.items():
        if name not in reached and ahead - now >= _LEAST:
            kind, place, _ = split(name)
            text = _PHRASES[kind].format(name=_called(kind, place, ground))
            far = hops.get(name, 0)
            steps.append(NextStep(node=name, text=text, now=round(now, 6), ahead=round(ahead, 6), hops=far))
    steps.sort(key=lambda step: (-(step.ahead - step.now), step.node))
    return tuple(sorted(steps[:_MOST], key=lambda step: (step.hops, -step.ahead, step.node)))


def _hops(model: Model, reached: set[str]) -> dict[str, int]:
    """Steps from what has been reached, along the arrows; nothing where nothing has been."""
    far = dict.fromkeys(reached, 0)
    for node in model.nodes:  # parents stand before their children
        ways = [far[parent] for parent in node.parents if parent in far]
        if ways and node.name not in far:
            far[node.name] = min(ways) + (split(node.name)[0] in BAD)
    return far


def _called(kind: str, place: str, ground: Ground) -> str:
    site = ground.site
    if kind == "intruder":
        name = ground.zones[place].name
    elif kind == "attacker":
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
