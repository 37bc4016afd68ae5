"""The risk model as plain values: nodes with states, parents and conditional probabilities, in topological order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from infrastress.core.errors import ConfigurationError
from infrastress.core.ids import content_hash

__all__ = ["BOOLEAN", "Model", "Node", "boolean", "conditional", "deterministic", "noisy_or", "root"]

BOOLEAN = ("no", "yes")


@dataclass(frozen=True)
class Node:
    """One variable.

    Attributes:
        states: its states; the first is the quiet one.
        parents: names of the nodes it depends on.
        table: P(state | parents), flattened: own state fastest, last parent next, first parent slowest.
    """

    name: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    table: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """An acyclic network, each node behind its parents.

    Raises:
        ConfigurationError: a parent is missing or stands behind its child (so there may be a loop), a table has the
            wrong size, or a row of it doesn't sum to 1.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        seen: dict[str, int] = {}
        for node in self.nodes:
            where = f"risk model: {node.name}"
            missing = [parent for parent in node.parents if parent not in seen]
            if missing or node.name in seen:
                what = f"{missing[0]!r} doesn't stand before what depends on it" if missing else "a node comes twice"
                raise ConfigurationError(what, where=where, remedy="cut the loop that leads back to it")
            width = len(node.states)
            if len(node.table) != width * prod(seen[parent] for parent in node.parents):
                raise ConfigurationError(f"a table of {len(node.table)} numbers doesn't fit its parents", where=where)
            for start in range(0, len(node.table), width):
                row = node.table[start : start + width]
                if min(row) < 0.0 or abs(sum(row) - 1.0) > 1e-9:
                    raise ConfigurationError("probabilities of a row don't sum to 1", where=where)
            seen[node.name] = width

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def version(self) -> str:
        """Content hash: names the model in what was said by it."""
        return content_hash(repr([(n.name, n.states, n.parents, n.table) for n in self.nodes]).encode())[:16]

    def ancestral(self, names: Iterable[str]) -> "Model":
        """The nodes named and all they depend on: what else there is can't change their probabilities.

        Nodes with neither evidence nor a question below them are barren (Shachter, Operations Research 34, 1986).
        """
        wanted, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name not in wanted:
                wanted.add(name)
                todo.extend(self.by_name[name].parents)
        return Model(tuple(node for node in self.nodes if node.name in wanted))


def root(name: str, states: Sequence[str], probabilities: Sequence[float]) -> Node:
    """A node without parents."""
    return Node(name, tuple(states), (), tuple(probabilities))


def boolean(name: str, probability: float) -> Node:
    """A root that is "yes" with some probability."""
    return root(name, BOOLEAN, (1.0 - probability, probability))


def conditional(
    name: str, states: Sequence[str], parents: Sequence[Node], rule: Callable[[Mapping[str, str]], Sequence[float]]
) -> Node:
    """A node whose row for each combination of its parents' states (by name) is what a rule says."""
    names = tuple(parent.name for parent in parents)
    rows: list[float] = []
    for given in product(*(parent.states for parent in parents)):
        rows += rule(dict(zip(names, given, strict=True)))
    return Node(name, tuple(states), names, tuple(rows))


def noisy_or(name: str, parents: Sequence[Node], weights: Mapping[tuple[str, str], float], leak: float = 0.0) -> Node:
    """Whether it comes about: unless every cause fails to, each by itself (Pearl 1988, section 4.3.2; Henrion's leak).

    P(yes | parents) = 1 - (1 - leak) * prod(1 - weight of the state each parent is in).

    Args:
        name: of the node.
        parents: its causes.
        weights: probability that a parent (by name) in a state brings it about; 0 where none is given.
        leak: probability that it comes about without any of them.
    """
    rows = []
    for states in product(*(parent.states for parent in parents)):
        quiet = (1.0 - leak) * prod(
            1.0 - weights.get((parent.name, state), 0.0) for parent, state in zip(parents, states, strict=True)
        )
        rows += [quiet, 1.0 - quiet]
    return Node(name, BOOLEAN, tuple(parent.name for parent in parents), tuple(rows))


def deterministic(name: str, parents: Sequence[Node], when: Sequence[frozenset[str]], *, all_of: bool = False) -> Node:
    """Whether any parent (or all of them) is in one of its states of `when`."""
    rows: list[float] = []
    for states in product(*(parent.states for parent in parents)):
        met = [state in wanted for state, wanted in zip(states, when, strict=True)]
        holds = all(met) if all_of else any(met)
        rows += [0.0, 1.0] if holds else [1.0, 0.0]
    return Node(name, BOOLEAN, tuple(parent.name for parent in parents), tuple(rows))
