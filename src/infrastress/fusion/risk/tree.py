"""Attack trees and bow-ties as nodes of the network.

An attack tree's leaf is a root with its probability; `any` is OR, `all` is AND over its steps (Schneier, Dr. Dobb's
Journal, December 1999). A bow-tie becomes threats -> top event -> consequences, with a node for each barrier (after
Khakzad, Khan and Amyotte, Process Safety and Environmental Protection 91, 2013): each threat that is there leads to the
top event by itself unless one of its barriers works,

    P(top | threats, barriers) = 1 - (1 - p0) * prod(1 - leads of each threat there whose barriers have all failed),

where p0 is `without_threat`; an entry of `together` says the probability for one combination outright, its barriers
included. A consequence follows the top event with its probability unless one of its barriers works.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from infrastress.fusion.risk.structure import BOOLEAN, Model, Node, boolean, deterministic, noisy_or
from infrastress.site.risk import AttackTree, Bowtie, Consequence

__all__ = ["bowtie_nodes", "consequence_node", "threat_node", "top_node", "tree_nodes", "tree_probability"]

_YES = frozenset({"yes"})


def tree_nodes(tree: AttackTree, prefix: str) -> list[Node]:
    """Nodes of a tree, leaves first, its goal last; names are the steps' ids behind a prefix."""
    steps = {step.id: step for step in tree.steps}
    made: dict[str, Node] = {}

    def make(name: str) -> Node:
        if name not in made:
            step = steps[name]
            if step.probability is not None:
                made[name] = boolean(prefix + name, step.probability)
            else:
                below = [make(part) for part in dict.fromkeys((*step.any, *step.all))]
                made[name] = deterministic(prefix + name, below, [_YES] * len(below), all_of=bool(step.all))
        return made[name]

    make(tree.steps[0].id)
    return list(made.values())


def tree_probability(tree: AttackTree) -> float:
    """Probability that the goal is reached, exact where steps are shared too."""
    from infrastress.fusion.risk.posterior import Network

    nodes = tree_nodes(tree, "")
    return Network(Model(tuple(nodes))).posterior({}, [nodes[-1].name])[nodes[-1].name][1]


def threat_node(bowtie: Bowtie, threat: str) -> str:
    """Name of a threat's node."""
    return f"threat:{bowtie.id}/{threat}"


def top_node(bowtie: Bowtie) -> str:
    """Name of the top event's node."""
    return f"top:{bowtie.id}"


def consequence_node(bowtie: Bowtie, consequence: str) -> str:
    """Name of a consequence's node."""
    return f"consequence:{bowtie.id}/{consequence}"


def bowtie_nodes(
    bowtie: Bowtie,
    trees: Mapping[str, AttackTree],
    barriers: Mapping[str, Node],
    places: Mapping[str, tuple[Node, str]],
) -> list[Node]:
    """Nodes of a bow-tie behind those it hangs on.

    Args:
        bowtie: as the site file says it.
        trees: attack trees by id.
        barriers: the node of each barrier, by the barrier's id; its state "failed" lets a threat through.
        places: for each threat that is a way into a zone (by its id) the node of that zone, and the state that is it.
    """
    made: list[Node] = []
    threats: dict[str, Node] = {}
    for threat in bowtie.threats:
        name = threat_node(bowtie, threat.id)
        if threat.probability is not None:
            node = boolean(name, threat.probability)
        elif threat.attack_tree is not None:
            made += tree_nodes(trees[threat.attack_tree], f"step:{bowtie.id}/{threat.id}/")
            node = deterministic(name, [made[-1]], [_YES])
        else:
            place, state = places[threat.id]
            node = noisy_or(name, [place], {(place.name, state): 1.0})
        threats[threat.id] = node
        made.append(node)
    top = _top(bowtie, threats, barriers)
    made.append(top)
    made += [_consequence(bowtie, end, top, barriers) for end in bowtie.consequences]
    return made


def _top(bowtie: Bowtie, threats: Mapping[str, Node], barriers: Mapping[str, Node]) -> Node:
    used = list(dict.fromkeys(name for threat in bowtie.threats for name in threat.barriers))
    together = {frozenset(entry.threats): entry.probability for entry in bowtie.together}
    parents = [*threats.values(), *(barriers[name] for name in used)]
    rows: list[float] = []
    for states in product(*(parent.states for parent in parents)):
        there = {threat.id for threat, state in zip(bowtie.threats, states, strict=False) if state == "yes"}
        failed = {name for name, state in zip(used, states[len(threats) :], strict=True) if state == "failed"}
        said = together.get(frozenset(there))
        if said is None:
            through = [t.leads for t in bowtie.threats if t.id in there and failed.issuperset(t.barriers)]
            said = 1.0 - (1.0 - bowtie.without_threat) * prod(1.0 - leads for leads in through)
        rows += [1.0 - said, said]
    return Node(top_node(bowtie), BOOLEAN, tuple(parent.name for parent in parents), tuple(rows))


def _consequence(bowtie: Bowtie, end: Consequence, top: Node, barriers: Mapping[str, Node]) -> Node:
    stand: Sequence[Node] = [barriers[name] for name in dict.fromkeys(end.barriers)]
    rows: list[float] = []
    for state, *others in product(top.states, *(node.states for node in stand)):
        holds = state == "yes" and all(other == "failed" for other in others)
        rows += [1.0 - end.probability, end.probability] if holds else [1.0, 0.0]
    parents = (top.name, *(node.name for node in stand))
    return Node(consequence_node(bowtie, end.id), BOOLEAN, parents, tuple(rows))
