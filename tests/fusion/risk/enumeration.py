"""The rival that can't be wrong: every combination of states, one by one."""

from itertools import product
from random import Random


def seeded(seed):
    """Randomness of a seed."""
    return Random(seed)


def enumerate_posterior(model, likelihoods, wanted):
    """P(state | evidence) of a node of a small model."""
    names = [node.name for node in model.nodes]
    at = {name: index for index, name in enumerate(names)}
    totals = dict.fromkeys(next(node for node in model.nodes if node.name == wanted).states, 0.0)
    for states in product(*(range(len(node.states)) for node in model.nodes)):
        weight = 1.0
        for node in model.nodes:
            row = 0
            for parent in node.parents:
                row = row * len(model.nodes[at[parent]].states) + states[at[parent]]
            weight *= node.table[row * len(node.states) + states[at[node.name]]]
            if weight == 0.0:
                break
        else:
            for name, vectors in likelihoods.items():
                for vector in vectors:
                    weight *= vector[states[at[name]]]
            node = model.nodes[at[wanted]]
            totals[node.states[states[at[wanted]]]] += weight
    total = sum(totals.values())
    return tuple(value / total for value in totals.values())


def random_model(rng, nodes=7, most_parents=3):
    """A small model with random arrows, states and tables."""
    from infrastress.fusion.risk.structure import Model, Node

    made = []
    for index in range(rng.randint(2, nodes)):
        parents = rng.sample(made, min(len(made), rng.randint(0, most_parents)))
        states = tuple(f"s{number}" for number in range(rng.choice((2, 2, 3))))
        rows = 1
        for parent in parents:
            rows *= len(parent.states)
        table = []
        for _ in range(rows):
            weights = [rng.random() ** 3 + 1e-3 for _ in states]
            if rng.random() < 0.1:
                weights = [1.0, *[0.0] * (len(states) - 1)]
            table += [weight / sum(weights) for weight in weights]
        made.append(Node(f"n{index}", states, tuple(parent.name for parent in parents), tuple(table)))
    return Model(tuple(made))


def random_evidence(rng, model, most=4):
    """Likelihood vectors on random nodes, several on one at times."""
    found = {}
    for _ in range(rng.randint(0, most)):
        node = rng.choice(model.nodes)
        found.setdefault(node.name, []).append(tuple(rng.uniform(0.01, 1.0) for _ in node.states))
    return found
