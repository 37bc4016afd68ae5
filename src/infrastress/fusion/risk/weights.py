"""How much each piece of evidence moved a hypothesis: I. J. Good's weight of evidence, given all the rest.

For evidence e with likelihood l(x) on node X, and all evidence E,

    W(H : e | E without e) = log2 [ P(e | H, rest) / P(e | not H, rest) ]
                           = log2 [ sum_x P(x | not H, E) / l(x)  /  sum_x P(x | H, E) / l(x) ]

since P(rest | H) / P(E | H) = sum_x P(x | H, E) / l(x). It is what leaving e out would change in the log odds of H, for
all pieces from two inferences. Weights of dependent pieces need not sum to the whole change: of two witnesses who say
the same each is worth little once the other has spoken.
"""

from collections.abc import Mapping, Sequence
from math import inf, log2

from infrastress.fusion.risk.posterior import Likelihoods, Network

__all__ = ["log_odds", "weights_of"]


def log_odds(probability: float) -> float:
    """Log odds in bits."""
    if probability <= 0.0 or probability >= 1.0:
        return inf if probability >= 1.0 else -inf
    return log2(probability / (1.0 - probability))


def weights_of(
    network: Network, likelihoods: Likelihoods, hypothesis: tuple[str, str], pieces: Mapping[str, tuple[str, int]]
) -> dict[str, float]:
    """Bits by which each piece moved the odds of a hypothesis.

    Args:
        network: the compiled model.
        likelihoods: all evidence.
        hypothesis: a node and the state of it that is the hypothesis.
        pieces: for each piece its node and the number of its vector there; its entries must be above 0.
    """
    name, state = hypothesis
    states = network.model.by_name[name].states
    holds = tuple(float(one == state) for one in states)
    wanted = sorted({node for node, _ in pieces.values()} | {name})
    sides = []
    for vector in (tuple(1.0 - value for value in holds), holds):
        given: dict[str, Sequence[Sequence[float]]] = {**likelihoods, name: [*likelihoods.get(name, ()), vector]}
        sides.append(network.posterior(given, wanted))
    found = {}
    for piece, (node, number) in pieces.items():
        vector = tuple(likelihoods[node][number])
        without, within = (
            sum(value / heard for value, heard in zip(side[node], vector, strict=True) if value > 0.0) for side in sides
        )
        found[piece] = log2(without / within)
    return found
