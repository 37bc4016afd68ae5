"""Treewidth: how hard a network is to judge exactly, and which arrows to cut where it is too hard.

Exact inference costs exponentially in the treewidth of the moral graph (Lauritzen and Spiegelhalter, J. R. Stat. Soc. B
50, 1988). The width of the better of two elimination orders, by least degree and by least fill-in (Kjaerulff 1990), is
an upper bound; where it holds, inference is cheap enough.
"""

from itertools import combinations
from math import inf

from infrastress.core.errors import ConfigurationError
from infrastress.fusion.risk.structure import Model

__all__ = ["MAX_WIDTH", "TooWideError", "check_width", "cut_for", "treewidth"]

MAX_WIDTH = 12
_CANDIDATES = 40
_MAX_CUT = 12

Graph = dict[str, set[str]]

Arrow = tuple[str, str]


class TooWideError(ConfigurationError):
    """The model can't be judged exactly in time; its remedy is a cut."""


def treewidth(model: Model, enough: int = MAX_WIDTH) -> int:
    """Upper bound of the treewidth; the second order is tried where the first is wider than `enough`."""
    graph = _moral(model, frozenset())
    width, _ = _eliminate(graph, fill=False)
    return width if width <= enough else min(width, _eliminate(graph, fill=True)[0])


def check_width(model: Model, limit: int = MAX_WIDTH, *, mend: bool = True) -> int:
    """The treewidth; raises TooWideError where it is above the limit, with the cut that would mend it if asked for.

    To look for the cut takes seconds: a generated model is made smaller instead.
    """
    width = treewidth(model, limit)
    if width > limit:
        cut = ", ".join(f"{parent} -> {child}" for parent, child in (cut_for(model, limit) if mend else ()))
        raise TooWideError(
            f"the risk model has treewidth {width}, above {limit}: it can't be judged exactly in time",
            remedy=f"cut {cut}" if cut else "split it into several bow-ties",
        )
    return width


def cut_for(model: Model, limit: int = MAX_WIDTH) -> tuple[Arrow, ...]:
    """Arrows (parent, child) without which the treewidth is within the limit; greedy, so not always the fewest.

    In each round the arrow is cut that lowers the width most, out of those inside the widest clique; empty where no
    twelve arrows are enough.
    """
    gone: set[Arrow] = set()
    while len(gone) < _MAX_CUT:
        width, clique = _bound(_moral(model, frozenset(gone)), limit)
        if width <= limit:
            return tuple(sorted(gone))
        best: tuple[float, int, Arrow] = (inf, 0, ("", ""))
        inside = [
            (parent, node.name)
            for node in model.nodes
            for parent in node.parents
            if parent in clique and (parent, node.name) not in gone
        ]
        for arrow in inside[:_CANDIDATES]:
            graph = _moral(model, frozenset({*gone, arrow}))
            found, its = _eliminate(graph, fill=False)
            best = min(best, (found, sum(len(graph[name]) for name in its), arrow))
        if best[0] == inf:
            break
        gone.add(best[2])
    width, _ = _bound(_moral(model, frozenset(gone)), limit)
    return tuple(sorted(gone)) if width <= limit else ()


def _bound(graph: Graph, limit: int) -> tuple[int, frozenset[str]]:
    first = _eliminate(graph, fill=False)
    return first if first[0] <= limit else min(first, _eliminate(graph, fill=True), key=lambda found: found[0])


def _moral(model: Model, gone: frozenset[Arrow]) -> Graph:
    graph: Graph = {node.name: set() for node in model.nodes}
    for node in model.nodes:
        family = [node.name, *(parent for parent in node.parents if (parent, node.name) not in gone)]
        for one, other in combinations(family, 2):
            graph[one].add(other)
            graph[other].add(one)
    return graph


def _eliminate(graph: Graph, *, fill: bool) -> tuple[int, frozenset[str]]:
    """Width of an elimination order and its widest clique; ties go to the name, so that it is the same everywhere."""
    left = {name: set(near) for name, near in graph.items()}
    width, widest = 0, frozenset[str]()
    costs = {name: _cost(left, name, fill=fill) for name in left}
    while left:
        name = min(left, key=lambda one: (costs[one], one))
        near = left.pop(name)
        if len(near) > width:
            width, widest = len(near), frozenset({name, *near})
        touched = set(near)
        for one in near:
            left[one].discard(name)
            missing = near - left[one] - {one}
            left[one] |= missing
            if fill:
                touched |= left[one]
        for one in touched:
            costs[one] = _cost(left, one, fill=fill)
    return width, widest


def _cost(graph: Graph, name: str, *, fill: bool) -> int:
    near = graph[name]
    if not fill:
        return len(near)
    return sum(other not in graph[one] for one, other in combinations(sorted(near), 2))
